import { lacks, preflightFields, preflightScript, wantedOf } from "../../../cli/hosts/preflight";
import { type Answer, ask } from "../../../clients/answer";
import type { Connection } from "../../../clients/connection";
import { pools } from "../../../components/golden-image";
import { type HostRole } from "../../../config/nodes";
import { readSettings } from "../../../config/settings";
import { rootsDir } from "../../../providers/machine/container-xml";
import { bareHost } from "./bare-host";

const hosts = { central: { address: "a.example.org" }, compute: { address: "b.example.org" } };
const wanted = (own: object = {}, role: HostRole = "compute") =>
    wantedOf(readSettings("team01", { number: 1, hosts, ...own }), role);

const disks = (kib: number) =>
    [pools.machines.path, rootsDir, pools.golden.path].map(folder => `disk ${folder} ${kib} /`);

/** What a host says that lacks nothing, with some lines in place of others: those that begin with the same words. */
function said(...own: string[]): string[] {
    const sound = [
        "system debian 12 Debian GNU/Linux 12 (bookworm)",
        "virsh yes",
        "socket yes",
        "libvirt qemu 9.0.0",
        "libvirt lxc 9.0.0",
        "kvm yes",
        "ranges no",
        "memory 33554432",
        "memory 0",
        ...disks(99999999),
        "bridge br-internal 1500",
        "bridge br-private 1500",
    ];
    const about = (line: string) =>
        line
            .split(" ")
            .slice(0, /^(libvirt|disk|bridge) /.test(line) ? 2 : 1)
            .join(" ");
    return [
        ...sound.filter(line => !own.some(o => about(o) === about(line))),
        ...own.filter(line => !line.endsWith(" -")),
    ];
}
/** As the host's script answers it. */
const answer = (lines: string[]): Promise<Answer<typeof preflightFields>> =>
    ask(
        async () => ({ stdout: lines.map(line => `${line}\n`).join(""), stderr: "", code: 0 }),
        { name: "host a" } as Connection,
        "",
        preflightFields,
    );
const found = async (lines: string[], own: object = {}, role?: HostRole) =>
    lacks(wanted(own, role), await answer(lines));

test("a host that has everything lacks nothing", async () => {
    for (const role of ["central", "compute"] as const) expect(await found(said(), {}, role)).toEqual([]);
});

test.each([
    [
        "system ubuntu 20.04 Ubuntu 20.04.6 LTS",
        "its system is Ubuntu 20.04.6 LTS; supported are Debian 12, Ubuntu 22.04, Ubuntu 24.04",
    ],
    ["virsh no", "it has no libvirt (no virsh): install libvirt-daemon-system and libvirt-clients"],
    ["libvirt qemu 7.0.0", "its libvirt is 7.0.0; needed is 8 or newer"],
    ["mute qemu error: failed to connect", "its libvirt does not answer as qemu:///system (error: failed to connect)"],
    [
        "kvm no",
        "it has no KVM (/dev/kvm): switch virtualisation on in its firmware, or let hypervisor be qemu, which emulates",
    ],
    ["memory 1048576", "it has 1.0 GiB of memory free, but the nodes that do not run yet need 4.0 GiB"],
    [
        "bridge br-private -",
        "it has no bridge br-private (uplinks.private.bridge), which connects the network private to the other host",
    ],
    ["bridge br-internal 1400", "its bridge br-internal carries frames of 1400 bytes; the network internal needs 1500"],
])("%s: a sentence of its own", async (line, sentence) => {
    expect(await found(said(line))).toEqual([sentence]);
});

test("disk is counted by file system, for what is not made yet; memory for what does not run yet", async () => {
    const little = said(...disks(1048576));
    expect(await found(little)).toEqual(["it has 1.0 GiB free on /, but the nodes that are not made yet need 5.0 GiB"]);
    expect(await found([...little, "made compute-1", "made compute-2"])).toEqual([]);
    expect(await found([...said("memory 1048576"), "running compute-1", "running compute-2"])).toEqual([]);
});

test("only nodes that there are are counted, and of those that are off no memory", () => {
    expect(wanted({ upTo: "auth-node" }, "central").nodes.map(n => n.name)).toEqual(["db-node", "auth-node"]);
    expect(wanted({ upTo: "auth-node" }).nodes).toEqual([]);
    expect(wanted({ nodes: { "compute-1": { power: "off" } } }).nodes.map(n => n.memoryMiB)).toEqual([0, 2048]);
});

test("VLANs and VXLAN want a kernel that knows them, a card, and room for their frames", async () => {
    const vlan = { uplinks: { private: { vlan: { nic: "eno2" } } } },
        vxlan = { uplinks: { internal: { vxlan: {} } } };
    expect(await found(said(), vlan)).toEqual([
        "its kernel knows no VLANs (8021q), which uplinks.private asks for",
        "it has no network card eno2 (uplinks.private.vlan.nic)",
    ]);
    expect(await found(said("kernel 8021q", "card eno2 1500"), vlan)).toEqual([]);
    expect(await found(said("kernel vxlan", "way a.example.org eno1 1450"), vxlan)).toEqual([
        "its network card eno1, on the way to a.example.org, carries 1450 bytes, but frames of 1450 in VXLAN need 1500; allowed is uplinks.internal.vxlan.mtu up to 1400",
    ]);
    expect(await found(said("kernel vxlan"), vxlan)).toEqual([
        "it has no way to a.example.org, the other end of uplinks.internal: neither an address of IPv4 nor a name that it can look up and reach",
    ]);
});

test("containers with ids of their own want what mounts their roots, unless the host's may do", async () => {
    const containers = { machine: "container", goldenRoot: "/srv/golden" },
        lack =
            "it cannot give containers ids of their own (no /usr/local/lib/classroom/mount-root, which the hosts of a lab have): without, root in a node is root of the host; if that may be, let containerIds be host";
    expect(await found(said(), containers)).toEqual([lack]);
    expect(await found(said("ranges yes"), containers)).toEqual([]);
    expect(await found(said(), { ...containers, containerIds: "host" })).toEqual([]);
    expect(await found(said(), { ...containers, nodes: { "compute-1": { kind: "vm" } } })).toEqual([lack]);
});

test("the script asks for no more than what is wanted", () => {
    expect(preflightScript(wanted({ machine: "container", goldenRoot: "/srv/golden" }))).toContain(
        "for d in qemu lxc; do",
    );
    expect(preflightScript(wanted())).toContain("for d in qemu; do");
});

test("what is asked for follows from what is made: programs, pools, networks, what is fetched, nesting", () => {
    const vm = wanted({ libvirtType: "kvm" });
    expect(vm.tools).toEqual(["every host", "virtual machines", "downloads"]);
    expect(vm.fetched.map(({ key }) => key)).toEqual([
        "baseArchiveUrl",
        "baseArchiveUrl",
        "baseArchiveUrl",
        "archiveUrl",
        "goldenImage.url",
    ]);
    expect([vm.pools.length, vm.nested, wanted({ libvirtType: "kvm" }, "central").nested]).toEqual([2, true, false]);
    const containers = wanted({ machine: "container", goldenRoot: "/srv/golden", libvirtType: "kvm" });
    expect([containers.tools, containers.pools, containers.nested]).toEqual([["every host"], [], false]);
    expect(containers.fetched.map(({ key }) => key)).not.toContain("goldenImage.url");
    expect(wanted({ uplinks: { private: { vlan: { nic: "eno2" } } } }).tools).toContain("uplinks");
    expect(wanted({ upTo: "auth-node" }).fetched).toEqual([]);
});

test("every part's findings are said", async () => {
    const lines = [
        "missing genisoimage",
        "pool /data machines",
        "route 10.0.0.7 eth0",
        "fetched 0 404",
        "network yes yes virbr0 192.168.122.1 24 default",
    ];
    expect((await found([...said(), ...lines])).map(sentence => sentence.slice(0, 40))).toEqual([
        "it has no genisoimage, which makes the d",
        "its storage pool machines is to have the",
        "the network nat is to have 192.168.122.0",
        "the network internal is to have 10.0.0.0",
        "it cannot fetch the package archive prec",
    ]);
});

test("a host without libvirt is told of what else it lacks, too", async () => {
    expect(await found([...said("virsh no"), "missing qemu-img"])).toEqual([
        "it has no libvirt (no virsh): install libvirt-daemon-system and libvirt-clients",
        "it has no qemu-img, by which libvirt makes disks: apt-get install qemu-utils",
    ]);
});

describe("one question to a host", () => {
    const everything = {
        libvirtType: "kvm",
        uplinks: {
            internal: { vlan: { nic: "eno2" } },
            private: { vxlan: { between: { central: "192.0.2.1", compute: "192.0.2.2" } } },
        },
    };
    const ofHost = async (programs: Record<string, string>, files: readonly string[] = []) => {
        const host = bareHost(programs);
        try {
            for (const file of files) host.put(file, "");
            return await host.ask(preflightScript(wanted(everything)), preflightFields);
        } finally {
            host.remove();
        }
    };

    test("a bare one answers, with all that it lacks", async () => {
        const { missing, virsh, fetched, route } = await ofHost({});
        expect([virsh, fetched, route]).toEqual([false, [], []]);
        expect(missing).toEqual([
            "ip",
            "iptables",
            "dnsmasq",
            "qemu-system-x86_64",
            "qemu-img",
            "genisoimage",
            "curl",
            "modprobe",
        ]);
    });

    test("one whose programs all fail answers nevertheless", async () => {
        const fails = Object.fromEntries(
            ["virsh", "ip", "curl", "modprobe"].map(name => [name, "echo no >&2; exit 1"]),
        );
        const { mute, fetched } = await ofHost(fails);
        expect(mute).toEqual(["qemu no"]);
        expect(fetched.sort()).toEqual(["0 no", "1 no", "2 no", "3 no", "4 no"]);
    });

    test("nothing is fetched where every node is made already", async () => {
        const made = ["compute-1", "compute-2"].map(name => `${pools.machines.path.slice(1)}/${name}.qcow2`);
        const { fetched } = await ofHost({ curl: "printf ' 200'" }, made);
        expect(fetched).toEqual([]);
        expect((await ofHost({ curl: "printf ' 200'" }, made.slice(1))).fetched).toHaveLength(5);
    });
});
