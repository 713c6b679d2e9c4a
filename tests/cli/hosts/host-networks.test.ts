import { networkFields, networkLacks, networkScript, rangesOn } from "../../../cli/hosts/host-networks";
import type { Answer } from "../../../clients/answer";
import { type HostRole } from "../../../config/nodes";
import { readSettings } from "../../../config/settings";
import { bareHost, withShell } from "./bare-host";

const settings = (own: object = {}) =>
    readSettings("team01", { number: 1, hosts: { central: { address: "a" }, compute: { address: "b" } }, ...own });
type Said = Answer<typeof networkFields>;
const lacks = (said: Partial<Said>, role: HostRole = "central", own: object = {}): string[] =>
    networkLacks(rangesOn(settings(own), role), { route: [], network: [], bridges: [], ...said });

async function said(programs: Record<string, string>): Promise<Said> {
    const host = bareHost(programs);
    try {
        return await host.ask(withShell(networkScript), networkFields);
    } finally {
        host.remove();
    }
}

const ROUTES = `cat << 'END'
default via 192.0.2.1 dev eth0
0.0.0.0/1 via 10.8.0.1 dev tun0
128.0.0.0/1 via 10.8.0.1 dev tun0
10.8.0.1 dev tun0 proto kernel scope link src 10.8.0.2
172.16.0.0/12 via 10.8.0.1 dev tun0
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
blackhole 198.51.100.0/24
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1
local 192.0.2.5 dev eth0 table local proto kernel scope host src 192.0.2.5
broadcast 192.0.2.255 dev eth0 table local proto kernel scope link src 192.0.2.5
END`;
const VIRSH = `case $* in
*net-list*) printf 'default\\nnat\\nplain\\n\\n' ;;
*net-info\\ default) printf 'Name:           default\\nUUID:           1\\nActive:         yes\\nPersistent:     yes\\nAutostart:      no\\nBridge:         virbr0\\n' ;;
*net-info\\ nat) printf 'Active:         no\\nAutostart:      yes\\nBridge:         br-nat\\n' ;;
*net-info\\ plain) printf 'Active:         no\\nAutostart:      no\\nBridge:         br0\\n' ;;
*net-dumpxml\\ plain) echo "<network><forward mode='bridge'/></network>" ;;
*net-dumpxml\\ nat) echo "  <ip family='ipv4' address='10.5.0.1' prefix='24'>" ;;
*net-dumpxml*) printf "<network>\\n  <ip address='192.168.122.1' netmask='255.255.255.0'>\\n  <ip family='ipv6' address='fd00::1' prefix='64'>\\n" ;;
esac`;

test("a host's routes, addresses and libvirt's networks are told, the way to everything and to itself not", async () => {
    expect(await said({ ip: ROUTES, virsh: VIRSH })).toEqual({
        bridges: [],
        route: ["10.8.0.1 tun0", "172.16.0.0/12 tun0", "172.17.0.0/16 docker0", "198.51.100.0/24 -", "192.0.2.5 eth0"],
        network: ["yes no virbr0 192.168.122.1 255.255.255.0 default", "no yes br-nat 10.5.0.1 24 nat"],
    });
});

test("a host without ip and without libvirt says nothing of them", async () => {
    expect(await said({})).toEqual({ route: [], network: [], bridges: [] });
});

test("a host with more routes than a script may answer with is asked nevertheless", async () => {
    const { route } = await said({ ip: `awk 'BEGIN { for (i = 0; i < 30000; i++) print "10.1.2.3 dev eth0" }'` });
    expect(route).toHaveLength(5000);
});

test("the course's own networks are in nobody's way on an ordinary host", () => {
    const route = ["192.0.2.0/24 eth0", "192.0.2.5 eth0", "172.17.0.0/16 docker0"];
    expect([lacks({ route }), lacks({ route }, "compute")]).toEqual([[], []]);
});

test("libvirt's own network: what it has, and what to do; the route over its bridge is not told twice", () => {
    const network = ["yes yes virbr0 192.168.122.1 255.255.255.0 default"];
    expect(lacks({ network, route: ["192.168.122.0/24 virbr0", "192.168.122.1 virbr0"] })).toEqual([
        "the network nat is to have 192.168.122.0/24, but libvirt's network default has 192.168.122.0/24: let networks.nat be another range, or take that one away (virsh net-destroy default; virsh net-autostart --disable default)",
    ]);
});

test("one that starts with the host only is found before; one that never does is not in the way", () => {
    const of = (line: string) => lacks({ network: [line] }).length;
    expect(of("no yes virbr0 192.168.122.1 24 default")).toBe(1);
    expect(of("no no virbr0 192.168.122.1 24 default")).toBe(0);
});

test("another range in the stack's file, and it is no longer in the way", () => {
    const network = ["yes yes virbr0 192.168.122.1 24 default"];
    expect(lacks({ network }, "central", { networks: { nat: "192.168.150.0/24" } })).toEqual([]);
});

test("the stack's own networks and what is on their bridges are in nobody's way", () => {
    expect(
        lacks({
            network: ["yes yes br-nat 192.168.122.1 24 nat", "yes yes br-public 172.16.0.1 16 public"],
            route: [
                "192.168.122.0/24 br-nat",
                "192.168.122.1 br-nat",
                "172.16.0.0/16 br-public",
                "10.0.0.0/24 br-internal",
                "10.0.0.1 br-internal",
            ],
        }),
    ).toEqual([]);
});

test("a bridge of a network's name that is none of libvirt's is in the way; the network's own is not", async () => {
    const host = bareHost({});
    try {
        host.put("sys/class/net/br-nat/address", "");
        const { bridges } = await host.ask(withShell(networkScript), networkFields);
        expect(lacks({ bridges })).toEqual([
            "the network nat is to have the bridge br-nat, but there is an interface of that name which is not of this network: take it away (ip link delete br-nat)",
        ]);
        expect(lacks({ bridges, network: ["yes yes br-nat 192.168.122.1 24 nat"] })).toEqual([]);
    } finally {
        host.remove();
    }
});

test("a VPN's wider route is in the way where the host gets an address of its own, and there alone", () => {
    const route = ["172.16.0.0/12 tun0", "10.0.0.0/8 tun0"];
    expect(lacks({ route })).toEqual([
        "the network public is to have 172.16.0.0/16, but the host has a route to 172.16.0.0/12 over tun0: let networks.public be another range, or take that route away",
    ]);
    // The public network is made on the central host.
    expect(lacks({ route }, "compute")).toEqual([]);
});

test("a narrower route, or an address, of the nodes' own range is in the way", () => {
    expect(lacks({ route: ["10.0.0.128/25 tun0", "10.0.0.129 tun0", "10.99.3.7 eno1"] })).toEqual([
        "the network internal is to have 10.0.0.0/24, but the host has a route to 10.0.0.128/25 over tun0: let networks.internal be another range, or take that route away",
        "the network fixed is to have 10.99.0.0/22, but eno1 has, or leads to, 10.99.3.7: let networks.fixed be another range",
    ]);
});

test.each([
    ["a route to no address", "say route '999.0.0.0/24 eth0'"],
    ["a route with a prefix that is none", "say route '10.0.0.0/33 eth0'"],
    ["a route with more behind it", "say route '10.0.0.0/24 eth0 ; reboot'"],
    ["a network with a name that ends a line", "say network \"$(printf 'yes yes b 10.0.0.1 24 x\\ny')\""],
    ["a network without a mask", "say network 'yes yes virbr0 10.0.0.1 x'"],
])("%s is no answer", async (_title, script) => {
    const host = bareHost({});
    try {
        await expect(host.ask(script, networkFields)).rejects.toThrow(/^host a: its answer is not understood: /);
    } finally {
        host.remove();
    }
});
