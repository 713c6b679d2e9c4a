import { quote, quoteWords } from "../../../clients/ssh";
import { type Kind, nonEmpty } from "./kind";
import { installedKinds } from "./installed-kinds";
import { optionKinds } from "./option-kinds";
import { reachKinds } from "./reach-kinds";
import { ruleKinds } from "./rule-kinds";
import { serviceKinds } from "./service-kinds";

/** Cards and bridges that nova, libvirt and instances bring and take away by themselves. */
const THEIRS = /\b(virbr|vnet|tap|macvtap|vlan|br)\d/;

/** Settings of the kernel that are a container's own. */
const SYSCTLS = [
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv4.ip_default_ttl",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.disable_ipv6",
    "net.core.somaxconn",
];
const procOf = (key: string): string => `/proc/sys/${key.replace(/\./g, "/")}`;

/** The queues that the kernel gives a card by itself. */
const USUAL_QUEUE = /^qdisc (noqueue|pfifo_fast|mq|fq_codel|fq|pfifo|noop) /;

/** Folders whose mounts are the kernel's, nova's or people's. */
const OTHERS_MOUNTS = /^\/(proc|sys|dev|run|mnt|media|root|home|tmp)(\/|$)|^\/var\/lib\/(nova|libvirt|cinder)\//;

/** `/proc/mounts`: each place with what is mounted there, one over the other. */
function mounts(printed: readonly string[]): string[] {
    const places = new Map<string, string[]>();
    for (const line of printed) {
        const [, place, type, options] = /^\S+ (\S+) (\S+) (\S+)/.exec(line) ?? [];
        if (place === undefined || OTHERS_MOUNTS.test(place)) continue;
        places.set(place, [
            ...(places.get(place) ?? []),
            `${type}:${options!.split(",").includes("ro") ? "read-only" : "writable"}`,
        ]);
    }
    return [...places].map(([place, all]) => `${place} ${all.join("+")}`);
}

export const kinds = {
    stopped: {
        ask: `ps -eo pid= -o tty= -o stat= -o comm= | awk '$2 == "?" && $3 ~ /^T/ { print $4, $1 }'`,
        lines: printed => nonEmpty(printed).filter(line => /^\S{1,64} \d{1,10}$/.test(line)),
        never: true,
        words: {
            added: line => `the process ${line.replace(/ /, " (")}) is stopped by a signal`,
            gone: line => line,
        },
        mend: { added: line => `kill -CONT ${quote(line.split(" ")[1]!)}` },
    },
    ...ruleKinds,
    links: {
        ask: "ip -o link show",
        lines: printed =>
            printed.flatMap(line => {
                const [, name, flags, mtu] = /^\d+: ([^:@ ]+)(?:@\S+)?: <([^>]*)> mtu (\d+)/.exec(line) ?? [];
                if (name === undefined || THEIRS.test(name)) return [];
                const set = flags!.split(","),
                    // Tunnels and the like have none of their own.
                    deaf = set.includes("NOARP") && /^(eth|en)/.test(name);
                return [`${name} ${set.includes("UP") ? "up" : "down"} with MTU ${mtu}${deaf ? " without ARP" : ""}`];
            }),
        named: true,
        words: {
            added: line => line,
            gone: line => line,
            changed: (name, now, before) => `its card ${name} is ${now} instead of ${before}`,
        },
        mend: {
            changed(name, now, before) {
                const card = `ip link set ${quote(name)}`,
                    [, state, mtu] = /^(up|down) with MTU (\d+)/.exec(before)!;
                return `${card} mtu ${quote(mtu!)}; ${card} ${state}${now.endsWith("ARP") ? `; ${card} arp on` : ""}`;
            },
        },
    },
    addresses: {
        ask: "ip -o -4 addr show",
        lines: printed =>
            printed.flatMap(line => {
                const [, name, address] = /^\d+: (\S+) +inet (\d+\.\d+\.\d+\.\d+\/\d+) /.exec(line) ?? [];
                // Floating addresses come one by one.
                return name === undefined || THEIRS.test(name) || address!.endsWith("/32") || / dynamic /.test(line)
                    ? []
                    : [`${name} ${address}`];
            }),
        words: {
            added: line => `its card ${line.replace(" ", " has the address ")}, which was added`,
            gone: line => `its card ${line.replace(" ", " lacks the address ")}`,
        },
        // A card's are mended together: manifest/addresses.ts.
    },
    ...reachKinds,
    routes: {
        ask: "ip -4 route show",
        lines: printed =>
            nonEmpty(printed)
                .filter(line => !/ proto kernel /.test(`${line} `) && !THEIRS.test(line))
                .map(line => line.replace(/ (linkdown|onlink)\b| expires \S+/g, ""))
                // A DHCP client counts it from the card's number, which is another after each start of the node.
                .map(line => (/ proto dhcp\b/.test(line) ? line.replace(/ metric \d+/, "") : line)),
        words: { added: line => `the route ${line} was added`, gone: line => `the route ${line} is gone` },
        mend: { added: line => `ip route del ${quoteWords(line)}`, gone: line => `ip route add ${quoteWords(line)}` },
    },
    policies: {
        ask: "ip -4 rule show",
        lines: nonEmpty,
        words: {
            added: line => `the routing rule ${line} was added`,
            gone: line => `the routing rule ${line} is gone`,
        },
        mend: { added: line => `ip rule del pref ${quote(line.split(":")[0]!)}` },
    },
    queues: {
        ask: "tc qdisc show",
        lines: printed =>
            nonEmpty(printed)
                .filter(line => !USUAL_QUEUE.test(line) && !THEIRS.test(line))
                .map(line => line.replace(/ refcnt \d+/, "")),
        words: {
            added: line => `the traffic control ${line} was added`,
            gone: line => `the traffic control ${line} is gone`,
        },
        mend: {
            added(line) {
                const device = / dev (\S+)/.exec(line)?.[1];
                return (
                    device && `tc qdisc del dev ${quote(device)} ${/^qdisc ingress /.test(line) ? "ingress" : "root"}`
                );
            },
        },
    },
    sysctls: {
        // One program for all of them: each start of one takes an emulated node long.
        ask: `grep -sH '' ${SYSCTLS.map(procOf).join(" ")} || true`,
        lines: printed =>
            printed.flatMap(line => {
                const [, path, value] = /^\/proc\/sys\/([\w/]+):(.*)$/.exec(line) ?? [];
                return path === undefined
                    ? []
                    : [`${path.replace(/\//g, ".")} ${value!.trim().replace(/\s+/g, " ")}`.trim()];
            }),
        named: true,
        words: {
            added: line => line,
            gone: line => line,
            changed: (name, now, before) => `${name} is ${now} instead of ${before}`,
        },
        mend: { changed: (name, _now, before) => `printf '%s\\n' ${quote(before)} > ${procOf(name)}` },
    },
    hostName: {
        ask: 'echo "name $(uname -n)"',
        lines: nonEmpty,
        named: true,
        words: {
            added: line => line,
            gone: line => line,
            changed: (_name, now, before) => `its host name is ${now} instead of ${before}`,
        },
        mend: { changed: (_name, _now, before) => `hostname ${quote(before)}` },
    },
    resolver: {
        ask: "grep -v '^[#;]' /etc/resolv.conf || true",
        lines: nonEmpty,
        words: {
            added: line => `/etc/resolv.conf has "${line}", which was added`,
            gone: line => `/etc/resolv.conf lacks "${line}"`,
        },
        mend: {
            added: line =>
                `kept=$(grep -vxF ${quote(line)} /etc/resolv.conf || true); printf '%s\\n' "$kept" > /etc/resolv.conf`,
            gone: line => `printf '%s\\n' ${quote(line)} >> /etc/resolv.conf`,
        },
    },
    mounts: {
        ask: "cat /proc/mounts",
        lines: mounts,
        words: {
            added: line => `${line.split(" ")[0]} has something mounted on it (${line.split(" ")[1]}), which was added`,
            gone: line => `${line.split(" ")[0]} is mounted no longer`,
            changed: (name, now, before) => `${name} is mounted ${now} instead of ${before}`,
        },
        named: true,
        mend: {
            added: line => `umount ${quote(line.split(" ")[0]!)}`,
            changed: (name, now, before) =>
                now.split("+").length > before.split("+").length
                    ? `umount ${quote(name)}`
                    : `mount -o remount,${before.endsWith("writable") ? "rw" : "ro"} ${quote(name)}`,
        },
    },
    full: {
        ask: `for u in k i; do df -P$u / /var /var/lib /var/log /tmp | awk -v u=$u '
u == "k" && NR > 1 && $2 > 0 && $4 < 20480 { print $6, "disk" }
u == "i" && NR > 1 && $2 > 0 && $4 < 200 { print $6, "inodes" }'; done | sort -u`,
        lines: nonEmpty,
        never: true,
        words: {
            added: line => `${line.split(" ")[0]} has no ${line.endsWith("disk") ? "space" : "inodes"} left`,
            gone: line => line,
        },
    },
    ...optionKinds,
    ...installedKinds,
    ...serviceKinds,
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

/** More than any node has. */
const LINES = 5000;

/** What counts of what a node printed. @throws Error where it is too much */
export function linesOf(name: KindName, printed: string): string[] {
    const all = printed.split("\n");
    if (all.length > LINES) throw new Error(`${name} has ${all.length} lines; allowed are ${LINES}`);
    return [...kinds[name].lines(all.map(line => line.slice(0, 2000)))].sort();
}
