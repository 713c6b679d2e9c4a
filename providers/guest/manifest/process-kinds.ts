import { quote } from "../../../clients/ssh";
import { apart, IF_SYSTEMD, type Kind, nonEmpty } from "./kind";
import { SERVICES as LOGGING } from "./listing";

/** Processes of services, by the beginnings of the names that the kernel has of them. */
const SERVICES =
    "nova|glance|cinder|keystone|placement|mysqld[)]|mariadbd|beam|apache2|memcached|libvirtd|dnsmasq|tgtd";

/** Of the kernel's limits of a process: the value below which it keeps a service from its work, and what the process may do no more. */
const LIMITS: Readonly<Record<string, { least: number; words: string }>> = {
    "open files": { least: 256, words: "open files at once" },
    processes: { least: 64, words: "start processes at once" },
    "address space": { least: 1 << 30, words: "use bytes of memory" },
    "data size": { least: 1 << 30, words: "use bytes of memory for data" },
    "cpu time": { least: 1e7, words: "compute for seconds" },
    "file size": { least: 1 << 30, words: "write bytes into a file" },
};

/** What a unit's group is where nobody limits it. */
const UNLIMITED: Readonly<Record<string, RegExp>> = {
    "cpu.max": /^max /,
    "memory.max": /^max$/,
    "memory.high": /^max$/,
    "cgroup.freeze": /^0$/,
    "pids.max": /^(max|\d{3,})$/,
    "cpu.cfs_quota_us": /^-1$/,
    "memory.limit_in_bytes": /^\d{16,}$/,
};
/** What takes a limit away. */
const free = (file: string): string =>
    file === "cgroup.freeze" ? "0" : /^(cpu|memory|pids)\.(max|high)$/.test(file) ? "max" : "-1";

const groupFile = /^(\/sys\/fs\/cgroup\/[\w/]*system\.slice\/([\w@.-]+)\.service\/([a-z_.]+)):(.+)$/;

/** `/sys/fs/cgroup/system.slice/nova-api.service/cpu.max` in words. */
function ofGroup(path: string, value: string): string {
    const [unit, file] = path.split("/").slice(-2) as [string, string];
    const service = unit.replace(/\.service$/, "");
    return file === "cgroup.freeze"
        ? `the processes of ${service} are frozen`
        : `${service} is limited: ${file} is ${value}`;
}

interface Process {
    name: string;
    nice: number;
    limits: Map<string, number>;
}

/** `/proc/PID/stat` after its file's name: a process without a terminal. */
function processOf(line: string): [pid: string, Process] | undefined {
    const { pid, name, rest } =
        /^\/proc\/(?<pid>\d+)\/stat:\d+ \((?<name>[\w.:-]{1,15})\) (?<rest>.*)$/.exec(line)?.groups ?? {};
    const fields = rest?.split(" ") ?? [];
    return fields[4] === "0" ? [pid!, { name: name!, nice: Number(fields[16]), limits: new Map() }] : undefined;
}

/** Of the processes that were printed what is less than services need, with their limits: `/proc/PID/limits`. */
function hindrances(printed: readonly string[]): string[] {
    const found = new Map(printed.map(processOf).filter(entry => entry !== undefined));
    for (const line of printed) {
        const [, pid, limit, soft] = /^\/proc\/(\d+)\/limits:Max ([a-z ]+?) {2,}(\d+) /.exec(line) ?? [];
        if (pid !== undefined) found.get(pid)?.limits.set(limit!, Number(soft));
    }
    const first = Math.max(0, found.get("1")?.nice ?? 0);
    found.delete("1");
    return [...found.values()].flatMap(process => hindered(process, first));
}

/** What of a process is less than a service needs: `nova-api:nice 19`. A container's first process may be nice itself, and all of its others with it. */
const hindered = ({ name, nice, limits }: Process, first: number): string[] => [
    ...(nice > first ? [`${name}:nice ${nice}`] : []),
    ...[...limits].flatMap(([limit, soft]) =>
        soft < (LIMITS[limit]?.least ?? 0) ? [`${name}:${limit.replace(/ /g, "-")} ${soft}`] : [],
    ),
];

function ofProcess(thing: string, value: string): string {
    const [name, what] = thing.split(":") as [string, string];
    return what === "nice"
        ? `the processes ${name} give way to others (nice ${value})`
        : `the processes ${name} may ${LIMITS[what.replace(/-/g, " ")]!.words.replace(/^(\w+) /, `$1 ${value} `)} only (a restart of the service takes that back)`;
}

/** One that a service's own start gives it comes back with a restart; the machines of 2012 do not say which service it is. */
function unhindered(thing: string): string {
    const [name, what] = thing.split(":") as [string, string],
        each = `for p in $(pgrep -x ${quote(name)})`;
    if (what === "nice") return `${each}; do renice 0 -p "$p"; done`;
    return `${IF_SYSTEMD} ${each}; do u=$(sed -n 's,.*/\\([^/]*[.]service\\)$,\\1,p' "/proc/$p/cgroup" | head -n 1); [ -z "$u" ] || systemctl restart "$u"; done`;
}

/** Where programs of packages are. */
const PROGRAM = /^\d+ (\/usr|\/bin|\/sbin|\/opt)\/[!-~]{1,200}$/;

/** `root, not nova` or `nova, read-only nova`: whose a log is, and in whose folder. */
function logWords(path: string, value: string): string {
    const [owner, how, service] = value.split(/,? /) as [string, string, string];
    if (owner !== service) return `the log ${path} belongs to ${owner} instead of ${service}`;
    return `the log ${path} cannot be written (${how})`;
}

/** How a node's processes are treated, and whether they can write their logs. */
export const processKinds = {
    groups: {
        ask: `grep -sH . ${Object.keys(UNLIMITED)
            .map(file =>
                /^cpu\.cfs|limit_in/.test(file)
                    ? `/sys/fs/cgroup/*/system.slice/*.service/${file}`
                    : `/sys/fs/cgroup/system.slice/*.service/${file}`,
            )
            .join(" ")} || true`,
        lines: printed =>
            printed.flatMap(line => {
                const [, path, , file, value] = groupFile.exec(line) ?? [];
                return file === undefined || (UNLIMITED[file] ?? /^/).test(value!) ? [] : [`${path} ${value}`];
            }),
        named: true,
        words: {
            added: line => ofGroup(...apart(line)),
            gone: line => line,
            changed: (path, now, before) => `${ofGroup(path, now)} instead of ${before}`,
        },
        mend: {
            added(line) {
                const [path] = apart(line);
                return `echo ${free(path.slice(path.lastIndexOf("/") + 1))} > ${quote(path)}`;
            },
            changed: (path, _now, before) => `echo ${quote(before)} > ${quote(path)}`,
        },
    },
    treatment: {
        // Of limits the small ones alone: a node may have a thousand processes.
        ask: `grep -sHE '^1 [(]|^[0-9]+ [(](${SERVICES})' /proc/[0-9]*/stat || true
grep -sHE '^Max (open files|processes) +[0-9]{1,3} |^Max (address space|data size|file size|cpu time) +[0-9]{1,10} ' /proc/[0-9]*/limits || true`,
        lines: printed => [...new Set(hindrances(printed))],
        named: true,
        words: {
            added: line => ofProcess(...apart(line)),
            gone: line => line,
            changed: (thing, now, before) => `${ofProcess(thing, now)}, instead of ${before}`,
        },
        mend: {
            added: line => unhindered(apart(line)[0]),
            changed: (thing, _now, before) =>
                thing.endsWith(":nice")
                    ? `for p in $(pgrep -x ${quote(thing.split(":")[0]!)}); do renice ${quote(before)} -p "$p"; done`
                    : unhindered(thing),
        },
    },
    lostPrograms: {
        // One that an upgrade replaced is there again under its name.
        ask: `ls -l /proc/[0-9]*/exe 2> /dev/null | sed -n 's,^.* /proc/\\([0-9]*\\)/exe -> \\(.*\\) (deleted)$,\\1 \\2,p' | while read -r p f; do [ -e "$f" ] || echo "$p $f"; done`,
        lines: printed => nonEmpty(printed).filter(line => PROGRAM.test(line)),
        never: true,
        words: {
            added: line =>
                `the program ${apart(line)[1]} of the process ${apart(line)[0]} is gone: its next start fails (apt-get install --reinstall of its package brings it back, or a rebuild)`,
            gone: line => line,
        },
    },
    logOwners: {
        // Another's log keeps a service from its next start. Nova's helpers, and whoever works by hand, are root and leave logs of root's own.
        ask: `for s in ${LOGGING}; do [ ! -d /var/log/$s ] || { o=$(stat -c %U /var/log/$s); find /var/log/$s -maxdepth 1 -type f -name '*.log' -printf "%p %u %m $o\\n"; }; done | while read -r p u m o; do
b=\${p##*/}; b=\${b%.log}; d=\${p%/*}; d=\${d##*/}
for n in "$b" "$d-$b"; do [ ! -e "/etc/init/$n.conf" ] && [ ! -e "/etc/init.d/$n" ] && [ ! -e "/lib/systemd/system/$n.service" ] || { echo "$p $u $m $o"; break; }; done
done`,
        lines: printed =>
            nonEmpty(printed).flatMap(line => {
                const [, path, owner, mode, service] =
                    /^(\/var\/log\/[\w./-]+) ([\w.-]+) ([0-7]{1,4}) ([a-z][\w.-]*)$/.exec(line) ?? [];
                if (path === undefined) return [];
                const mute = (parseInt(mode!, 8) & 0o200) === 0;
                return owner === service && !mute ? [] : [`${path} ${owner}, ${mute ? "read-only" : "not"} ${service}`];
            }),
        named: true,
        words: {
            added: line => logWords(...apart(line)),
            gone: line => line,
            changed: (path, now) => logWords(path, now),
        },
        mend: {
            added(line) {
                const path = quote(apart(line)[0]),
                    service = quote(line.slice(line.lastIndexOf(" ") + 1));
                return `[ -h ${path} ] || { chown -h ${service} ${path}; chmod u+w ${path}; }`;
            },
        },
    },
} as const satisfies Record<string, Kind>;
