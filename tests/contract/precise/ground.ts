import { suspectsOf } from "../../../cli/diagnose/suspects";
import type { Connection } from "../../../clients/connection";
import { exec, type RunScript } from "../../../clients/ssh";
import type { Difference, FileAspect } from "../../../providers/guest/manifest/compare";
import { keepContents } from "../../../providers/guest/manifest/contents";
import { type KindName, kinds } from "../../../providers/guest/manifest/kinds";
import { Mask } from "../../../providers/guest/manifest/masks";
import { Mending } from "../../../providers/guest/manifest/mend";
import { type FileFacts, type Reading, takeReading } from "../../../providers/guest/manifest/reading";
import { newKey, Store } from "../../../providers/guest/manifest/store";
import { now, record } from "./node-double";

const facts: FileFacts = { type: "f", mode: "640", owner: "root", group: "nova", size: 4, digest: "0".repeat(64) };
const reading: Reading = {
    files: {
        "/etc/nova": { ...facts, type: "d" },
        "/etc/link": { ...facts, type: "l", target: "nova" },
        "/etc/f": facts,
    },
    lines: {},
};

/** A line of each kind as a node may have it, once as it is and once as it was; those with a name are the second and third word. */
const lines: Readonly<Record<KindName, readonly [string, string]>> = {
    stopped: ["nova-api 812", "nova-api 812"],
    rules: ["filter -A INPUT -j DROP", "nat -P POSTROUTING DROP"],
    strangeRules: ["filter -A nova-network-FORWARD -j DROP", "filter -A LIBVIRT_FWI -j DROP"],
    rulesSix: ["filter -N other", "filter -A INPUT -j DROP"],
    olderRules: ["filter -A INPUT -j DROP", "filter -P INPUT DROP"],
    frameRules: ["filter -A FORWARD -j DROP", "filter -P FORWARD DROP"],
    addressRules: ["filter -A INPUT -j DROP", "filter -P INPUT DROP"],
    nativeRules: ["inet evil in drop", "inet evil in policy drop"],
    connected: ["10.0.0.0/24 eth1 10.0.0.7", "10.0.0.0/24 eth1 10.0.0.7"],
    neighbours: ["10.0.0.3 eth1 00:00:00:00:00:01", "10.0.0.3 eth1 00:00:00:00:00:02"],
    cardSettings: ["eth1/arp_ignore 8", "eth1/forwarding 0"],
    links: ["eth0 down with MTU 1400", "eth0 up with MTU 1500"],
    addresses: ["eth0 10.0.0.9/24", "eth0 10.0.0.3/24"],
    routes: ["default via 10.0.0.1 dev eth0", "default via 10.0.0.1 dev eth0 metric 100"],
    policies: ["100: from all lookup main", "100: from all lookup main"],
    queues: ["qdisc netem 8001: dev eth0 root limit 1000", "qdisc ingress ffff: dev eth0 parent ffff:fff1"],
    sysctls: ["net.ipv4.ip_forward 0", "net.ipv4.ip_forward 1"],
    hostName: ["name other", "name db-node"],
    resolver: ["nameserver 10.0.0.9", "nameserver 10.0.0.1"],
    mounts: ["/etc/nova tmpfs:writable+tmpfs:writable", "/etc/nova tmpfs:read-only"],
    full: ["/var disk", "/var disk"],
    packages: ["nova-api 2", "nova-api 1"],
    programs: ["/opt/nova 1 a.py", "/opt/nova 2 b.py"],
    queueHosts: ["/other", "/"],
    queuePolicies: ["/\tother\t.*\tall\t{}\t0", "/\tone\t.*\tall\t{}\t0"],
    queueMemory: ["watermark 0.1", "watermark 0.4"],
    queueLimits: ["parameter\t/\tvhost-limits\tlimits\t1", "topic\t/\tnova\tnova\t1"],
    queueAlarms: ["disk alarm", "memory alarm"],
    emptyQuotas: ["nova.0123abcd.cores 0", "cinder.volumes 0"],
    environment: ["MYSQLD_OPTS --x", "LANG C"],
    timers: ["run-1.timer there", "run-2.timer there"],
    accounts: ["other@% there", "nova@localhost there"],
    quotas: ["nova.cores 1", "nova.cores 20"],
    tables: ["nova.instances MyISAM", "nova.instances InnoDB"],
    databaseSettings: ["sql_mode ANSI", "sql_mode ''"],
    groups: [
        "/sys/fs/cgroup/system.slice/x.service/cpu.max 1000 100000",
        "/sys/fs/cgroup/system.slice/x.service/cpu.max 2 1",
    ],
    treatment: ["nova-api:nice 19", "nova-api:open-files 10"],
    lostPrograms: ["812 /usr/sbin/tgtd", "812 /usr/sbin/tgtd"],
    targets: ["volume-1", "volume-1 guests"],
    lostFiles: ["/usr/lib/x nova-common", "/usr/lib/y nova-common"],
    logOwners: ["/var/log/nova/nova-api.log root, not nova", "/var/log/nova/nova-api.log nova, read-only nova"],
    executables: ["/usr/sbin/dnsmasq 20-1", "/usr/sbin/dnsmasq 21-1"],
    libraries: ["/usr/lib/python2.7/dist-packages/paste there", "/usr/lib/python2.7/dist-packages/paste there"],
    options: ["/etc/nova/nova.conf[DEFAULT]debug#2 true", "/etc/nova/nova.conf[DEFAULT]debug false"],
    databaseEvents: ["event:nova.other there", "trigger:nova.other there"],
};

const differences = (): Difference[] => {
    // Where packages differ, no file is mended.
    const mended = (Object.keys(kinds) as KindName[]).filter(kind => kind !== "packages");
    const ofKinds = mended.flatMap((kind): Difference[] => {
        const apart = (line: string): [string, string] => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)];
        const changed = (to: string, from: string): Difference => {
            const [name, is] = apart(to);
            return { words: "", kind, name, how: "changed", now: is, before: apart(from)[1] };
        };
        const [one, other] = lines[kind];
        return [
            ...[one, other].flatMap((line): Difference[] => [
                { words: "", kind, line, how: "added" },
                { words: "", kind, line, how: "gone" },
            ]),
            changed(one, other),
            changed(other, one),
        ];
    });
    const aspects: FileAspect[] = ["immutable", "added", "type", "gone", "target", "content", "access", "many"];
    const ofFiles = aspects.flatMap(aspect =>
        Object.keys(reading.files).map((file): Difference => ({ words: "", file, aspect, within: ["/etc/f"] })),
    );
    return [...ofKinds, ...ofFiles, { words: "", file: "/etc/init/x.conf", aspect: "access", within: [] }];
};

/** What records a node's files, firewall, network and mounts, and mends them; and what looks for suspects. */
export async function byGround(node: Connection): Promise<void> {
    now.by = "guest/ground and guest/baseline";
    // What a node evaluates comes as input.
    const run: RunScript = (to, script, options) => {
        if (script.includes('eval "$all"')) record(to, String(options?.input), "providers/guest/manifest/mend.ts");
        return exec(to, script, { ...options, allowFailure: true });
    };
    const store = new Store(run, node, newKey()),
        manifest = { reading, packs: {} };
    await takeReading(run, node).catch(() => undefined);
    await keepContents(run, node, store, manifest, new Mask({ paths: [], lines: [] })).catch(() => undefined);
    // What the host keeps of the node's files.
    store.contents = (_, digests) => Promise.resolve(new Map(digests.map(digest => [digest, Buffer.from("text")])));
    const mending = new Mending(run, node, store, manifest);
    await mending.mend(differences(), { services: ["nova-api"], ready: {} }).catch(() => undefined);
    now.by = "diagnose";
    const of = { area: "nova", type: "step", verdict: { found: "unasked" }, inputs: { host: "db-node" } };
    await suspectsOf(
        [{ of, beside: [], follows: [], leans: [] } as never],
        [{ inputs: { connection: node } } as never],
        600,
        run,
    );
}
