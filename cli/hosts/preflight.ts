import { type Answer, list, number, optional, text, yesOrNo } from "../../clients/answer";
import { quote } from "../../clients/ssh";
import { pools } from "../../components/golden-image";
import { dataDiskMiB, sizes } from "../../components/team-cloud";
import { type HostRole, type NodeName } from "../../config/nodes";
import { idsOf, type Settings } from "../../config/settings";
import { uplinkedNetworks, type Uplink, type UplinkedNetwork, usualMtu, vxlanBytes } from "../../config/uplinks";
import { rootsDir } from "../../providers/machine/container-xml";
import { releaseOf } from "../../releases";
import { type Fetched, fetchedFields, fetchedFor, fetchedLacks, fetchedScript } from "./host-archives";
import { libvirtFields, libvirtLacks, libvirtScript, type LibvirtWanted } from "./host-libvirt";
import { networkFields, networkLacks, networkScript, type OwnRange, rangesOn } from "./host-networks";
import { type Need, toolFields, toolLacks, toolScript } from "./host-tools";

/** The allowed systems of physical hosts: ID and VERSION_ID of /etc/os-release, and the name. */
const systems = [
    ["debian", "12", "Debian 12"],
    ["ubuntu", "22.04", "Ubuntu 22.04"],
    ["ubuntu", "24.04", "Ubuntu 24.04"],
] as const;
/** Of libvirt. */
const leastVersion = 8;

/**
 * What a node takes of its host. A virtual machine's memory is its own from the start, a container's is a limit: seldom is
 * a quarter of it in use. Disks grow as they are written to: what they hold when everything is installed is counted.
 */
const takes = {
    memoryMiB: { vm: 1, container: 0.25 },
    diskMiB: { vm: 2048, container: 400 },
    goldenImageMiB: 1024,
} as const;

/** The program that mounts the root of a container with ids of its own. */
const mountRoot = "/usr/local/lib/classroom/mount-root";

/** A stack's needs of a physical host. */
interface Wanted extends LibvirtWanted {
    nodes: { name: NodeName; kind: "vm" | "container"; memoryMiB: number; diskMiB: number }[];
    kvm: boolean;
    tools: readonly Need[];
    networks: readonly OwnRange[];
    fetched: readonly Fetched[];
    /** Whether containers are to have ids of their own. */
    ranges: boolean;
    /** Folders that something is going to be written into. */
    folders: { vm: string; container: string; image?: string };
    uplinks: readonly WantedUplink[];
}

/** A network's way to the other host. */
interface WantedUplink {
    network: UplinkedNetwork;
    uplink: Uplink;
    /** Of a VXLAN: the address of its other end. */
    peer?: string;
}

/** What a stack needs of one of its hosts, before anything of it is made there. */
export function wantedOf(settings: Settings, role: HostRole): Wanted {
    const nodes = nodesOn(settings, role),
        has = (kind: "vm" | "container") => nodes.some(n => n.kind === kind),
        image = has("vm") ? imageOf(settings) : undefined;
    return {
        nodes,
        kvm: settings.hypervisor === "kvm" && has("vm"),
        nested: settings.libvirtType === "kvm" && role === "compute" && has("vm"),
        tools: toolsFor(settings, has("vm"), image),
        networks: rangesOn(settings, role),
        fetched: nodes.length > 0 ? fetchedFor(settings, image) : [],
        pools: has("vm") ? Object.values(pools) : [],
        ranges: nodes.some(({ name }) => idsOf(settings, name) !== undefined),
        drivers: has("container") ? ["qemu", "lxc"] : ["qemu"],
        folders: {
            vm: pools.machines.path,
            container: rootsDir,
            ...(image !== undefined && { image: pools.golden.path }),
        },
        uplinks: uplinksOn(settings, role),
    };
}

/** Where virtual machines' image is fetched from; undefined where the release has none. */
const imageOf = ({ goldenImage, release }: Settings): string | undefined =>
    goldenImage?.url ?? releaseOf(release).goldenImage?.url;

/** The nodes that are made on a host, with their share of it; one that is off has no memory. */
const nodesOn = (settings: Settings, role: HostRole): Wanted["nodes"] =>
    settings.plan
        .on(role)
        .filter(({ name }) => settings.made.includes(name))
        .map(({ name }) => {
            const kind = settings.kindOf(name);
            return {
                name,
                kind,
                diskMiB: takes.diskMiB[kind] + (name === "volume-node" && kind === "vm" ? dataDiskMiB : 0),
                memoryMiB:
                    settings.powerOf(name) === "off" ? 0 : Math.ceil(sizes[name].memoryMiB * takes.memoryMiB[kind]),
            };
        });

function toolsFor({ uplinks }: Settings, virtualMachines: boolean, image: string | undefined): Need[] {
    const needs: Need[] = ["every host"];
    if (virtualMachines) needs.push("virtual machines");
    if (image !== undefined) needs.push("downloads");
    if (uplinkedNetworks.some(network => uplinks[network].kind !== "bridge")) needs.push("uplinks");
    return needs;
}

/** Each network's uplink, a VXLAN with its end on the other host. */
const uplinksOn = ({ uplinks }: Settings, role: HostRole): WantedUplink[] =>
    uplinkedNetworks.map(network => {
        const uplink = uplinks[network],
            peer = uplink.kind === "vxlan" ? uplink.ends[role === "central" ? "compute" : "central"] : undefined;
        return { network, uplink, ...(peer !== undefined && { peer }) };
    });

/** A host's answers, by name. */
export const preflightFields = {
    /** ID, VERSION_ID and PRETTY_NAME of /etc/os-release. */
    system: optional(text(/\S* \S* .*/)),
    kernel: list(text(/8021q|vxlan/)),
    virsh: yesOrNo,
    /** A driver and its version, or why it does not answer. */
    libvirt: list(text(/(qemu|lxc) .*/)),
    mute: list(text(/(qemu|lxc) .*/)),
    running: list(text(/\S.*/)),
    kvm: yesOrNo,
    /** Whether it can give containers ids of their own. */
    ranges: yesOrNo,
    /** KiB. */
    memory: list(number),
    /** A folder, KiB, and where its file system is mounted. */
    disk: list(text(/\/\S* \d+ \/.*/)),
    made: list(text(/\S+/)),
    /** An interface and its MTU. */
    bridge: list(text(/\S+ \d+/)),
    card: list(text(/\S+ \d+/)),
    /** The other end, and the card on the way to it. */
    way: list(text(/\S+ \S+ \d+/)),
    ...toolFields,
    ...networkFields,
    ...libvirtFields,
    ...fetchedFields,
};

/** A shell script that answers with {@link preflightFields}; it changes nothing. */
export function preflightScript(wanted: Wanted): string {
    const { nodes, drivers, folders, uplinks } = wanted;
    return `export LC_ALL=C
has() { command -v "$1" > /dev/null; }
[ ! -r /etc/os-release ] || (. /etc/os-release; say system "$ID $VERSION_ID $PRETTY_NAME")
# A module that is there is loaded when it is needed; what is built in shows in /sys.
kernel() { if [ -d /sys/module/$1 ] || modprobe -n -q $1 2> /dev/null; then say kernel "$1"; fi; }
if has virsh; then
    say virsh yes
    for d in ${drivers.join(" ")}; do
        if v=$(virsh -q -c $d:///system version --daemon 2>&1); then
            say libvirt "$d $(echo "$v" | sed -n 's/^Running against daemon: //p')"
            virsh -q -c $d:///system list --name | while read -r n; do [ -z "$n" ] || say running "$n"; done
        else say mute "$d $(echo "$v" | head -n 1)"; fi
    done
else say virsh no; fi
if [ -c /dev/kvm ]; then say kvm yes; else say kvm no; fi
if [ -x ${mountRoot} ]; then say ranges yes; else say ranges no; fi
sed -n 's/^\\(MemAvailable\\|SwapFree\\): *\\([0-9]*\\) kB$/\\2/p' /proc/meminfo | while read -r kib; do say memory "$kib"; done
for d in ${[...new Set(Object.values(folders))].join(" ")}; do
    p=$d; while [ ! -e "$p" ]; do p=$(dirname "$p"); done
    free=$(df -Pk "$p" | awk 'NR == 2 {print $4, $6}'); say disk "$d $free"
done
making=
for n in ${nodes.map(n => n.name).join(" ")}; do if [ -e ${folders.vm}/$n.qcow2 ] || [ -d ${folders.container}/$n ]; then say made "$n"; else making=yes; fi; done
${[...uplinks.map(uplinkScript), toolScript(wanted.tools), networkScript, libvirtScript(wanted)].join("\n")}
# What is there already needs nothing of an archive.
if [ -n "$making" ]; then
${fetchedScript(wanted.fetched)}
fi`;
}

/** The part that asks for what carries an uplink's frames. */
function uplinkScript({ uplink, peer }: WantedUplink): string {
    switch (uplink.kind) {
        case "bridge":
            return `i=${quote(uplink.bridge)}; [ ! -d "/sys/class/net/$i/bridge" ] || say bridge "$i $(cat "/sys/class/net/$i/mtu")"`;
        case "vlan":
            return `kernel 8021q
i=${quote(uplink.nic)}; [ ! -e "/sys/class/net/$i" ] || say card "$i $(cat "/sys/class/net/$i/mtu")"`;
        case "vxlan":
            return `kernel vxlan
p=${quote(peer!)}; a=$(getent ahostsv4 "$p" | head -n 1) || true; a=\${a%% *}
if [ -n "$a" ]; then i=$(ip -o route get "$a" 2> /dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p'); [ -z "$i" ] || say way "$p $i $(cat "/sys/class/net/$i/mtu")"; fi`;
    }
}

type Said = Answer<typeof preflightFields>;
/** The rest of the answers that begin with a word. */
const after = (values: readonly string[], word: string): string[] =>
    values.flatMap(value => (value.startsWith(`${word} `) ? [value.slice(word.length + 1)] : []));

const gib = (mib: number): string => `${(mib / 1024).toFixed(1)} GiB`;

/**
 * A host's gaps, a sentence each.
 * @param said the script's answer
 */
export const lacks = (wanted: Wanted, said: Said): string[] => [
    ...systemLacks(said),
    ...daemonLacks(said),
    ...kvmLacks(wanted, said),
    ...idLacks(wanted, said),
    ...toolLacks(said.missing),
    ...libvirtLacks(wanted, said),
    ...networkLacks(wanted.networks, said),
    ...memoryLacks(wanted, said),
    ...diskLacks(wanted, said),
    ...wanted.uplinks.flatMap(uplink => uplinkLacks(uplink, said)),
    ...fetchedLacks(wanted.fetched, said.fetched),
];

function systemLacks(said: Said): string[] {
    const [id, version, ...name] = (said.system ?? "").split(" ");
    if (systems.some(s => s[0] === id && s[1] === version)) return [];
    const supported = systems.map(([, , words]) => words).join(", ");
    return [`its system is ${name.join(" ") || "not known (no /etc/os-release)"}; supported are ${supported}`];
}

/** Of libvirt's daemons: whether they are there, answer and are new enough. */
function daemonLacks(said: Said): string[] {
    const mute = said.mute.map(m => m.split(" ")),
        [libvirt] = after(said.libvirt, "qemu");
    return [
        ...(said.virsh ? [] : ["it has no libvirt (no virsh): install libvirt-daemon-system and libvirt-clients"]),
        ...mute.map(
            ([driver, ...words]) =>
                `its libvirt does not answer as ${driver}:///system (${words.join(" ")})${driver === "lxc" ? ": install libvirt-daemon-driver-lxc" : ""}`,
        ),
        ...(libvirt !== undefined && Number(libvirt.split(".")[0]) < leastVersion
            ? [`its libvirt is ${libvirt}; needed is ${leastVersion} or newer`]
            : []),
    ];
}

const kvmLacks = (wanted: Wanted, said: Said): string[] =>
    wanted.kvm && !said.kvm
        ? [
              "it has no KVM (/dev/kvm): switch virtualisation on in its firmware, or let hypervisor be qemu, which emulates",
          ]
        : [];

const idLacks = (wanted: Wanted, said: Said): string[] =>
    wanted.ranges && !said.ranges
        ? [
              `it cannot give containers ids of their own (no ${mountRoot}, which the hosts of a lab have): without, root in a node is root of the host; if that may be, let containerIds be host`,
          ]
        : [];

function memoryLacks({ nodes }: Wanted, said: Said): string[] {
    const running = new Set(said.running),
        memory = nodes.filter(n => !running.has(n.name)).reduce((sum, n) => sum + n.memoryMiB, 0),
        free = said.memory.reduce((sum, kib) => sum + kib / 1024, 0);
    return free < memory
        ? [`it has ${gib(free)} of memory free, but the nodes that do not run yet need ${gib(memory)}`]
        : [];
}

/** By file system, for machines that are not made yet. */
function diskLacks({ nodes, folders }: Wanted, said: Said): string[] {
    const made = new Set(said.made);
    const disks = new Map(
        said.disk
            .map(line => line.split(" "))
            .map(([folder, kib, ...mount]) => [folder!, { mib: Number(kib) / 1024, mount: mount.join(" ") }]),
    );
    const toMake = nodes.filter(n => !made.has(n.name));
    const writes = [
        ...toMake.map(n => [folders[n.kind], n.diskMiB] as const),
        ...(folders.image !== undefined && toMake.some(n => n.kind === "vm")
            ? [[folders.image, takes.goldenImageMiB] as const]
            : []),
    ];
    return [...new Set([...disks.values()].map(d => d.mount))].flatMap(mount => {
        const mib = writes
            .filter(([folder]) => disks.get(folder)?.mount === mount)
            .reduce((sum, [, size]) => sum + size, 0);
        const [disk] = [...disks.values()].filter(d => d.mount === mount);
        return disk!.mib < mib
            ? [`it has ${gib(disk!.mib)} free on ${mount}, but the nodes that are not made yet need ${gib(mib)}`]
            : [];
    });
}

function uplinkLacks({ network, uplink, peer }: WantedUplink, said: Said): string[] {
    switch (uplink.kind) {
        case "bridge":
            return bridgeLacks(network, uplink.bridge, said);
        case "vlan":
            return [...moduleLacks(network, "8021q", "VLANs", said), ...cardLacks(network, uplink, said)];
        case "vxlan":
            return [...moduleLacks(network, "vxlan", "VXLAN", said), ...wayLacks(network, uplink.mtu, peer!, said)];
    }
}

function bridgeLacks(network: UplinkedNetwork, bridge: string, said: Said): string[] {
    const [mtu] = after(said.bridge, bridge);
    if (mtu === undefined)
        return [
            `it has no bridge ${bridge} (uplinks.${network}.bridge), which connects the network ${network} to the other host`,
        ];
    return Number(mtu) < usualMtu
        ? [`its bridge ${bridge} carries frames of ${mtu} bytes; the network ${network} needs ${usualMtu}`]
        : [];
}

const moduleLacks = (network: UplinkedNetwork, module: "8021q" | "vxlan", words: string, said: Said): string[] =>
    said.kernel.includes(module) ? [] : [`its kernel knows no ${words} (${module}), which uplinks.${network} asks for`];

/** Of the network card that a VLAN is on. */
function cardLacks(network: UplinkedNetwork, uplink: Extract<Uplink, { kind: "vlan" }>, said: Said): string[] {
    const [mtu] = after(said.card, uplink.nic);
    if (mtu === undefined) return [`it has no network card ${uplink.nic} (uplinks.${network}.vlan.nic)`];
    return Number(mtu) < uplink.mtu
        ? [`its network card ${uplink.nic} carries frames of ${mtu} bytes; the network ${network} needs ${uplink.mtu}`]
        : [];
}

/** Of the way to a VXLAN's other end. */
function wayLacks(network: UplinkedNetwork, frame: number, peer: string, said: Said): string[] {
    const key = `uplinks.${network}`,
        [way] = after(said.way, peer);
    if (way === undefined)
        return [
            `it has no way to ${peer}, the other end of ${key}: neither an address of IPv4 nor a name that it can look up and reach`,
        ];
    const [card, mtu] = way.split(" "),
        most = Number(mtu) - vxlanBytes;
    if (most >= frame) return [];
    return [
        `its network card ${card}, on the way to ${peer}, carries ${mtu} bytes, but frames of ${frame} in VXLAN need ${frame + vxlanBytes}` +
            (network === "internal" ? `; allowed is ${key}.vxlan.mtu up to ${most}` : ""),
    ];
}
