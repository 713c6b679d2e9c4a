import type { Connection } from "../../../clients/connection";
import { hostStateHandler } from "../../../providers/machine/host-state";
import { networkStateHandler } from "../../../providers/machine/network-state";
import { lacks, RealHost } from "./real-host";

const real = lacks ? describe.skip : describe,
    connection = { name: "host a" } as Connection;
/** All rules; an empty table is none. */
const RULES = "iptables-save | grep '^-A'";
/** A rule about the cloud that stood before it. */
const THEIRS = "-s 192.168.122.0/24 -d 10.1.0.0/16 -j DROP";
const nat = { connection, network: "nat", active: true, spanningTree: false, apart: [], hindered: [] },
    internal = { connection, network: "internal", active: true, apart: [], hindered: [] };
const ours = {
    connection,
    bridges: ["br-nat", "br-public", "br-internal"],
    ranges: ["192.168.122.0/24", "10.0.0.0/24", "172.16.0.0/16"],
    pools: ["machines", "absent"],
    hindered: [],
};

real(`a host with libvirt${lacks ? ` (skipped: ${lacks})` : ""}`, () => {
    let host: RealHost;
    beforeAll(async () => {
        host = await RealHost.begin();
        host.sh(`for i in $(seq 100); do virsh -q -c qemu:///system version > /dev/null 2>&1 && break; sleep 0.1; done
virsh() { /usr/bin/virsh -q -c qemu:///system "$@" > /dev/null; }
ip link add br-internal type bridge stp_state 0; ip link set br-internal up
ip link add eth1 type veth peer name far; ip link set eth1 master br-internal up; ip link set far up
ip link add vnet9 type veth peer name guest; ip link set vnet9 master br-internal up; ip link set guest up
printf "<network><name>nat</name><forward mode='nat'/><bridge name='br-nat' stp='off' delay='0'/><ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip></network>" > /tmp/nat.xml
printf "<network><name>internal</name><forward mode='bridge'/><bridge name='br-internal'/></network>" > /tmp/internal.xml
for n in nat internal; do virsh net-define /tmp/$n.xml; virsh net-start $n; done
mkdir -p /var/lib/libvirt/machines; virsh pool-define-as machines dir --target /var/lib/libvirt/machines
virsh pool-start machines; virsh pool-autostart machines`);
    }, 60_000);
    afterAll(async () => await host.end());

    const state = () => networkStateHandler(host.run),
        made = async (inputs: typeof nat | typeof internal) => {
            const { outputs } = await state().create(inputs as typeof nat);
            return { ...(inputs as typeof nat), ...outputs };
        };
    /** Breaks a network, and says what is found; afterwards it is mended. */
    const broken = async (inputs: typeof nat | typeof internal, shell: string): Promise<string[] | undefined> => {
        const recorded = await made(inputs);
        expect(await state().read("", recorded)).toEqual(recorded);
        host.sh(shell);
        const found = await state().read("", recorded);
        await state().update("", { ...recorded, ...found }, inputs as typeof nat);
        expect(await state().read("", recorded)).toEqual(recorded);
        return found?.hindered;
    };

    test.each<[words: string, shell: string]>([
        ["the bridge br-nat of this host is down", "ip link set br-nat down"],
        ["the bridge br-nat of this host has MTU 1280 instead of 1500", "ip link set br-nat mtu 1280"],
        ["the bridge br-nat of this host does not ask for addresses (NOARP)", "ip link set br-nat arp off"],
        ["the bridge br-nat of this host lacks its address 192.168.122.1/24", "ip addr flush dev br-nat"],
        ["this host has no route to 192.168.122.0/24 over the bridge br-nat", "ip route del 192.168.122.0/24"],
        ["this host has the route blackhole 192.168.122.11", "ip route add blackhole 192.168.122.11"],
        [
            "this host has the routing rule from all to 192.168.122.0/24 prohibit",
            "ip rule add to 192.168.122.0/24 pref 9 prohibit",
        ],
        [
            "the bridge br-nat of this host has a fixed neighbour: 192.168.122.11 lladdr 02:00:00:00:00:01 PERMANENT",
            "ip neigh add 192.168.122.11 lladdr 02:00:00:00:00:01 dev br-nat nud permanent",
        ],
        [
            "the bridge br-nat of this host has traffic control: tbf rate 8Kbit burst 1600b lat 50ms",
            "tc qdisc add dev br-nat root tbf rate 8kbit burst 1600 latency 50ms",
        ],
        ["the bridge br-nat of this host does not forward", "echo 0 > /proc/sys/net/ipv4/conf/br-nat/forwarding"],
        ["libvirt's dnsmasq of the network nat on this host does not run", "pkill -9 -x dnsmasq"],
        ["libvirt's dnsmasq of the network nat on this host is stopped by a signal", "pkill -STOP -x dnsmasq"],
        [
            "the bridge br-nat of this host lacks 10 of libvirt's 10 firewall rules",
            "iptables -F; iptables -X; iptables -t nat -F; iptables -t nat -X",
        ],
        ["the bridge br-nat of this host lacks 8 of libvirt's 10 firewall rules", "iptables -F"],
        ["the bridge br-nat of this host lacks 10 of libvirt's 10 firewall rules", "nft flush ruleset"],
        [
            "the bridge br-nat of this host lacks 1 of libvirt's 10 firewall rules, -A LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE",
            "iptables -t nat -D LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE",
        ],
        ["the bridge br-nat of this host is gone", "ip link delete br-nat"],
    ])("%s", async (words, shell) => expect(await broken(nat, shell)).toEqual([words]), 60_000);

    test.each<[words: string, shell: string]>([
        ["the bridge br-internal of this host is down", "ip link set br-internal down"],
        ["the bridge br-internal of this host has MTU 1280 instead of 1500", "ip link set br-internal mtu 1280"],
        ["the port eth1 of the bridge br-internal of this host is down", "ip link set eth1 down"],
        ["the bridge br-internal of this host lacks its port eth1", "ip link set eth1 nomaster"],
    ])("%s", async (words, shell) => expect(await broken(internal, shell)).toEqual([words]), 60_000);

    test("what an administrator does with interfaces of the host's own is left alone", async () => {
        const recorded = await made(internal);
        host.sh(
            "tc qdisc add dev eth1 root tbf rate 1gbit burst 100k latency 50ms; ip link set br-internal mtu 9000 2> /dev/null || true",
        );
        expect((await state().read("", recorded))?.hindered).toEqual([]);
        expect(host.sh("tc qdisc show dev eth1")).toContain("tbf");
        host.sh("tc qdisc del dev eth1 root; ip link set br-internal mtu 1500");
    });

    const handler = () => hostStateHandler(host.run);
    test.each<[words: string, shell: string]>([
        ["this host does not forward (net.ipv4.ip_forward is 0)", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
        ["the pool machines of this host is stopped", "virsh -c qemu:///system pool-destroy machines"],
        [
            "the pool machines of this host does not start with it",
            "virsh -c qemu:///system pool-autostart machines --disable",
        ],
        ...(
            [
                ["-A FORWARD -j DROP (iptables, table filter)", "iptables -I FORWARD -j DROP"],
                ["-A INPUT -i br-nat -j DROP (iptables, table filter)", "iptables -A INPUT -i br-nat -j DROP"],
                [
                    "-A INPUT -p udp -m udp --dport 67 -j DROP (iptables, table filter)",
                    "iptables -I INPUT -p udp --dport 67 -j DROP",
                ],
                [
                    '-A FORWARD -s 192.168.122.11/32 -m comment --comment "a; reboot \\" b" -j REJECT --reject-with icmp-port-unreachable (iptables, table filter)',
                    `iptables -I FORWARD -s 192.168.122.11 -m comment --comment 'a; reboot " b' -j REJECT`,
                ],
                [
                    "-A FORWARD -m statistic --mode random --probability 0.50000000000 -j DROP (iptables, table filter)",
                    "iptables -I FORWARD -m statistic --mode random --probability 0.5 -j DROP",
                ],
                [
                    "-A PREROUTING -s 172.16.0.5/32 -j DROP (iptables, table raw)",
                    "iptables -t raw -A PREROUTING -s 172.16.0.5 -j DROP",
                ],
                [
                    "-A POSTROUTING -s 192.168.122.0/24 -j ACCEPT (iptables, table nat)",
                    "iptables -t nat -I POSTROUTING -s 192.168.122.0/24 -j ACCEPT",
                ],
                ["-A LIBVIRT_FWO -j DROP (iptables, table filter)", "iptables -I LIBVIRT_FWO -j DROP"],
                ["-A FORWARD -i vnet9 -j DROP (ebtables, table filter)", "ebtables -A FORWARD -i vnet9 -j DROP"],
                [
                    "drop (nft, inet evil f)",
                    "nft add table inet evil; nft add chain inet evil f '{ type filter hook forward priority 0; }'; nft add rule inet evil f counter drop",
                ],
                [
                    'iifname "br-nat" drop (nft, inet evil g)',
                    "nft add table inet evil; nft add chain inet evil g '{ type filter hook input priority 0; }'; nft add rule inet evil g ct state new accept; nft add rule inet evil g iifname br-nat drop",
                ],
                [
                    "policy drop (nft, inet evil h)",
                    "nft add table inet evil; nft add chain inet evil h '{ type filter hook forward priority 0; policy drop; }'",
                ],
            ] as const
        ).map(([rule, shell]): [string, string] => [
            `the firewall rule ${rule} on this host takes the cloud's traffic away`,
            shell,
        ]),
    ])(
        "%s",
        async (words, shell) => {
            host.sh(`iptables -C FORWARD ${THEIRS} 2> /dev/null || iptables -A FORWARD ${THEIRS}`);
            const { outputs } = await handler().create(ours),
                recorded = { ...ours, ...outputs },
                before = host.sh(RULES);
            expect(recorded.stood).toEqual([
                "the firewall rule -A FORWARD -s 192.168.122.0/24 -d 10.1.0.0/16 -j DROP (iptables, table filter) on this host takes the cloud's traffic away",
            ]);
            expect(await handler().read("", recorded)).toEqual(recorded);
            host.sh(shell);
            const found = await handler().read("", recorded);
            expect(found?.hindered).toEqual([words]);
            expect(await handler().update("", { ...recorded, ...found }, ours)).toEqual(outputs);
            expect(await handler().read("", recorded)).toEqual(recorded);
            expect(host.sh(RULES)).toBe(before);
        },
        60_000,
    );

    test.each([
        "iptables -A FORWARD -j DROP",
        "iptables -I FORWARD -m conntrack --ctstate INVALID -j DROP",
        "iptables -I FORWARD -i eth0 -j DROP",
        "iptables -I FORWARD -s 192.168.0.0/16 -j DROP",
        "iptables -I FORWARD ! -i br-nat -j DROP",
        "iptables -I INPUT -p tcp --dport 80 -j DROP",
        "iptables -P FORWARD DROP",
        "iptables -N theirs; iptables -A theirs -s 203.0.113.9 -j DROP; iptables -I FORWARD -j theirs",
        "nft add table inet theirs; nft add chain inet theirs f '{ type filter hook forward priority 0; policy drop; }'; nft add rule inet theirs f accept; nft add rule inet theirs f drop",
    ])("an administrator's own is left alone: %s", async shell => {
        host.sh(`iptables -D FORWARD ${THEIRS} 2> /dev/null || true; nft delete table inet evil 2> /dev/null || true`);
        host.sh(shell);
        expect(await handler().read("", { ...ours, stood: [] })).toEqual({ ...ours, stood: [] });
    });
});
