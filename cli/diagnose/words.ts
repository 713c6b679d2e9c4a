import { nodeNames } from "../../config/nodes";
import { visible } from "../../system/output";
import type { Cause, Examined } from "./diagnosis";
import { type Change, changeLine, placeOf } from "../operate/events";

/** What finds a resource of a type by its id: grants name user, role and tenant by it. */
export type NameOf = (type: string, id: unknown) => string;

const isNode = (area: string): boolean => (nodeNames as readonly string[]).includes(area);
const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
/** What was answered, without a page's marks, as long as it may stand in a line. */
const brief = (answer: string): string => {
    const words = answer
        .replace(/<[^<>]*>/g, " ")
        .replace(/\s+/g, " ")
        .trim();
    return words.length > 140 ? `${words.slice(0, 139)}…` : words;
};
const list = (items: readonly string[]): string =>
    items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;

interface Words {
    /** What it is: `mysql on db-node`. */
    what(e: Examined, nameOf: NameOf): string;
    /** What follows it where the resource is gone. Default `is gone`. */
    gone?: string;
    /** What follows it for a change, by the property's path; the first that fits. */
    changed?: readonly (readonly [path: RegExp, words: string | ((change: Change, e: Examined) => string)])[];
}

const input =
    (key: string) =>
    ({ inputs }: Examined): string =>
        text(inputs[key]);
const on =
    (what: (e: Examined) => string) =>
    (e: Examined): string =>
        `${what(e)} on ${e.area}`;
const password = "has another password than it should";
const power = (machine: (e: Examined) => string): Words => ({
    what: machine,
    gone: "does not exist any more",
    changed: [[/^power$/, ({ old, new: now }) => `is ${text(now)}, but it should be ${text(old)}`]],
});

/** Whether nothing of a thing is another but one property. */
const isOnly = (property: string, { verdict }: Examined): boolean =>
    verdict.found === "drifted" && verdict.changes.every(({ path }) => path === property);
/** Whether all that is found of it holds up its work: each is a sentence of its own, with the thing itself in it. */
const isHinderedAlone = (e: Examined): boolean => isOnly("hindered", e);
/** The sentences, with the host's name. */
const hindered = [
    /^hindered$/,
    ({ old, new: now }: Change, e: Examined) => text(now ?? old).replace("this host", () => `${e.area}`),
] as const;

const units = [
    ["days", 86_400],
    ["h", 3600],
    ["min", 60],
] as const;

/** A time in the largest unit of which it has `least`: 7203 s → `2 h`. */
export function inUnits(seconds: number, least = 2): string {
    const [unit, length] = units.find(([, of]) => seconds >= least * of) ?? (["s", 1] as const);
    return `${Math.round(seconds / length)} ${unit}`;
}

/** How far off a clock is: `7203 s ahead` → `2 h ahead`. */
const offset = (found: string): string => {
    const [, count, way] = /^(\d+) s (ahead|behind)$/.exec(found) ?? [];
    return count === undefined ? found : `${inUnits(Number(count), 1.9)} ${way}`;
};

/** What a service that runs lacks of the signs that it works. */
function lacking(what: string, { inputs }: Examined): string {
    if (what === "stopped") return "runs, but its process is stopped by a signal";
    if (what === "port") return `runs, but does not listen on port ${text(inputs.port)}`;
    if (what === "queue" || what === "database")
        return `runs, but has no connection to its ${what} (${text(inputs[what])})`;
    return `runs without its ${what}`;
}

/** `secretOptions.DEFAULT.sql_connection` → `[DEFAULT] sql_connection`. */
const option = (path: string): string => {
    const [, section, key] = /^(?:o|secretO)ptions\.([^.]*)\.(.+)$/.exec(path) ?? [];
    return key === undefined ? path : section === "" ? key : `[${section}] ${key}`;
};

/** Services that have not read a file's last change. */
const unreadBy = ({ verdict }: Examined): string[] =>
    verdict.found === "drifted" ? verdict.changes.filter(c => c.path === "unread").map(c => text(c.new)) : [];

/** Whether nothing of an image is another but its bytes in the store. */
const isOfData = (e: Examined): boolean => isOnly("data", e);

/** How what is broken is said, by type. What is not here is said by its property. */
const words: Readonly<Record<string, Words>> = {
    host: { what: e => `host ${e.name}` },
    ssh: { what: e => `${e.area} does not answer ssh, though its machine runs` },
    "guest:Service": {
        what: on(input("service")),
        changed: [
            [
                /^running$/,
                ({ new: now, where }) => (now === true ? "runs, but it should not" : `is stopped${placeOf({ where })}`),
            ],
            [/^lacks$/, ({ new: now, where }, e) => `${lacking(text(now), e)}${placeOf({ where })}`],
            [
                /^enabled$/,
                ({ new: now }) => (now === true ? "starts at boot, but it should not" : "does not start at boot"),
            ],
        ],
    },
    "guest:OptionsFile": {
        what: on(input("path")),
        changed: [
            [/^secretOptions/, change => `has ${option(change.path)} changed or removed (secret)${placeOf(change)}`],
            [
                /^options\./,
                ({ path, old, new: now, where }) =>
                    now === undefined
                        ? `does not set ${option(path)} (it should be ${text(old)})`
                        : `has ${option(path)} ${text(now)} instead of ${text(old)}${placeOf({ where })}`,
            ],
            [/^unread$/, (_, e) => `is not read by ${list(unreadBy(e))} since its last change`],
            [/./, ({ path, old, new: now }) => `has ${path} ${text(now)} instead of ${text(old)}`],
        ],
    },
    "guest:File": {
        what: on(input("path")),
        changed: [
            [/ontent$/, "has another content"],
            [/./, ({ path, old, new: now }) => `has ${path} ${text(now)} instead of ${text(old)}`],
        ],
    },
    "guest:Folder": {
        what: on(input("path")),
        changed: [[/^foreign$/, ({ new: now }) => `holds ${text(now)}, which does not belong there`]],
    },
    "guest:Packages": {
        what: e => e.area,
        changed: [[/^packages$/, ({ old, new: now }) => `lacks the package ${text(old ?? now)}`]],
    },
    "guest:Database": { what: e => `database ${input("database")(e)} on ${e.area}` },
    "guest:DatabaseGrant": {
        what: e => `the database account ${input("user")(e)} on ${e.area}`,
        changed: [[/^password$/, ({ where }) => (where === undefined ? password : `does not get in: ${where}`)]],
    },
    "guest:DatabaseRoot": {
        what: e => `the database's root on ${e.area}`,
        changed: [
            [/^password$/, "has another password, or its file /root/.my.cnf differs"],
            [
                /^hindered$/,
                ({ new: now }) => `finds the running server with ${text(now)}, which keeps services from their work`,
            ],
        ],
    },
    "guest:RabbitUser": {
        what: e => `the queue's account ${input("user")(e)} on db-node`,
        changed: [
            [/^password$/, password],
            [
                /^rights$/,
                ({ new: now }) => `may not do everything: what it may configure, write and read is ${text(now)}`,
            ],
        ],
    },
    "guest:Step": { what: e => `step ${input("step")(e)} on ${e.area}`, gone: "has not run" },
    "guest:AptArchive": { what: on(e => `the package archive ${input("archive")(e)}`) },
    "guest:Bridge": { what: on(input("bridge")) },
    "guest:Sysctl": { what: on(input("key")) },
    "guest:HostsEntries": { what: on(() => "/etc/hosts") },
    "guest:VolumeGroup": {
        what: on(e => `the volume group ${input("group")(e)}`),
        changed: [[/^group$/, ({ new: now }) => `is called ${text(now)}`]],
    },
    "guest:AuthorizedKeys": {
        what: on(e => `${input("member")(e)}'s key`),
        changed: [[/^keys\b/, () => "is another one in /root/.ssh/authorized_keys"]],
    },
    // Its differences are sentences.
    "guest:Ground": {
        what: e => `${e.area}:`,
        changed: [[/^differences$/, ({ old, new: now }) => text(now ?? old)]],
        gone: "nothing is recorded of it",
    },
    "guest:Baseline": {
        what: e => e.area,
        gone: "has no record of its right content",
        changed: [[/^recorded$/, "has no record of its right content (./classroom accept makes one)"]],
    },
    "guest:SshKey": { what: on(e => `the key ${input("path")(e)}`) },
    "machine:Clock": {
        what: e => `the clock of ${isNode(e.area) ? e.area : `the ${e.area} host`}`,
        changed: [
            [/^offset$/, ({ new: now }) => `is ${offset(text(now))}`],
            [/^speed$/, ({ new: now }) => `runs ${text(now)}`],
        ],
    },
    "machine:Container": power(input("name")),
    "machine:DomainPower": power(input("domain")),
    "domain:Domain": { what: e => `the virtual machine ${input("name")(e)}`, gone: "does not exist any more" },
    "network:Network": {
        what: e => `the network ${input("name")(e)} of ${e.area}`,
        gone: "does not exist any more",
        changed: [[/^autostart$/, "does not start with its host"]],
    },
    "machine:HostState": { what: e => (isHinderedAlone(e) ? "" : e.area), changed: [hindered] },
    "machine:NetworkState": {
        what: e => (isHinderedAlone(e) ? "" : `the network ${input("network")(e)} of ${e.area}`),
        changed: [
            hindered,
            [/^active$/, ({ new: now }) => (now === true ? "runs, but it should not" : "is stopped")],
            [/^apart$/, ({ new: now }) => `has a guest's card off its bridge: ${text(now)}`],
        ],
    },
    "machine:Uplink": {
        what: e => `the uplink of the network ${input("network")(e)} on ${e.area}`,
        changed: [
            [/^up$/, "is down"],
            [/^persistent$/, "would be another, or none, after the host's next start"],
            [
                /^ports$/,
                ({ old, new: now }) =>
                    now === undefined
                        ? `lacks its interface ${text(old)}`
                        : `has ${text(now)} in its bridge, which does not belong there`,
            ],
            [/./, ({ path, old, new: now }) => `has ${path} ${text(now)} instead of ${text(old)}`],
        ],
    },
    "keystone:Tenant": { what: e => `tenant ${input("tenant")(e)}`, changed: [[/^enabled$/, "is disabled"]] },
    "keystone:User": {
        what: e => `user ${input("user")(e)}`,
        changed: [
            [/^enabled$/, "is disabled"],
            [/^password$/, password],
        ],
    },
    "keystone:Role": { what: e => `role ${input("role")(e)}` },
    "keystone:Grant": {
        what: ({ inputs }, nameOf) =>
            `user ${nameOf("keystone:User", inputs.userId)} has no longer the role ${nameOf("keystone:Role", inputs.roleId)} in tenant ${nameOf("keystone:Tenant", inputs.tenantId)}`,
        gone: "",
    },
    "keystone:Service": { what: e => `service ${input("service")(e)} of the catalogue` },
    "keystone:Endpoint": {
        what: ({ inputs }, nameOf) => `the endpoint of ${nameOf("keystone:Service", inputs.serviceId)}`,
        changed: [
            [/^foreign$/, ({ new: now }) => `has another beside it: ${text(now)}`],
            [
                /^malformed$/,
                ({ new: now }) => `shares the catalogue with one that nobody can log in with: ${text(now)}`,
            ],
        ],
    },
    "glance:Image": {
        what: e =>
            `${isOfData(e) ? "the data of " : ""}image ${input("name")(e)}${isOfData(e) ? " on image-node" : ""}`,
        changed: [[/^data$/, ({ new: now }) => text(now)]],
    },
    "nova:Flavor": { what: e => `flavor ${input("name")(e)}` },
    "nova:Keypair": { what: e => `keypair ${input("name")(e)}` },
    "nova:Network": { what: e => `network ${input("label")(e)} of nova` },
    "nova:SecurityRule": { what: e => `the rule for ${input("protocol")(e)} of security group ${input("group")(e)}` },
    "nova:FloatingRange": {
        what: e => `the floating addresses ${input("range")(e)}`,
        gone: "are gone, all of them",
        changed: [
            [/^missing$/, ({ new: now }) => `lack ${text(now)}`],
            [/^foreign$/, ({ new: now }) => `have beside them ${text(now)}, which is not theirs`],
        ],
    },
    "nova:ServiceState": {
        what: e => `${input("binary")(e)} on ${input("host")(e)}`,
        gone: "is not known to nova",
        changed: [
            [/^state$/, "does not report itself to nova"],
            [/^enabled$/, ({ new: now }) => (now === true ? "is used, but it should not be" : "is disabled in nova")],
        ],
    },
};

/** What is broken, in one sentence. */
function sentence(e: Examined, nameOf: NameOf): string {
    const own = words[e.type],
        what = own?.what(e, nameOf) ?? e.name,
        { verdict } = e;
    if (verdict.found === "gone") return `${what} ${own?.gone ?? "is gone"}`.trimEnd();
    if (verdict.found === "unasked")
        return e.type === "host" || e.type === "ssh" ? `${what}: ${verdict.reason}` : `${what} cannot be asked`;
    if (verdict.found !== "drifted") return what;
    const said = verdict.changes.map(change => {
        const found = own?.changed?.find(([path]) => path.test(change.path))?.[1];
        return found === undefined ? `has ${changeLine(change)}` : typeof found === "string" ? found : found(change, e);
    });
    return `${what} ${list([...new Set(said)])}`.trimStart();
}

/** A cause in one sentence. */
export function causeInWords({ of }: Pick<Cause, "of">, nameOf: NameOf): string {
    if (of.verdict.found !== "unasked" || of.type === "host" || of.type === "ssh") return visible(sentence(of, nameOf));
    return visible(`${of.area} cannot be asked, and nothing that is recorded says why: ${brief(of.verdict.reason)}`);
}

const byArea = (all: readonly Examined[]): [string, Examined[]][] => {
    const areas = new Map<string, Examined[]>();
    for (const e of all) areas.set(e.area, [...(areas.get(e.area) ?? []), e]);
    return [...areas].sort(([a], [b]) => (a < b ? -1 : 1));
};

/**
 * A cause and what suffers from it, as lines: the first is the cause.
 * @param told ids of what the causes before it have told to suffer, which is not told again; those of this cause are added
 */
export function causeLines(cause: Cause, nameOf: NameOf, told = new Set<string>()): string[] {
    const { of, beside } = cause,
        fresh = (list: readonly Examined[]) => list.filter(e => !told.has(e.id)),
        follows = fresh(cause.follows),
        leans = fresh(cause.leans),
        again = cause.follows.length + cause.leans.length - follows.length - leans.length;
    [...follows, ...leans].forEach(e => told.add(e.id));
    // That ssh of a node does not answer is said by all in it that cannot be asked.
    const isUnasked = (e: Examined) => e.verdict.found === "unasked";
    const mute = [...beside, ...follows.filter(e => isUnasked(e) && e.type !== "ssh")],
        broken = follows.filter(e => !isUnasked(e));
    const reason = (e: Examined | undefined) => (e?.verdict.found === "unasked" ? brief(e.verdict.reason) : "");
    const served = byArea(leans).map(
        ([area, services]) => `${area}: ${services.map(s => text(s.inputs.service)).join(", ")}`,
    );
    return [
        `! ${causeInWords({ of }, nameOf)}`,
        ...broken.map(e => `    so ${sentence(e, nameOf)}`),
        ...(served.length > 0 ? ["    needed by", ...served.map(line => `        ${line}`)] : []),
        ...byArea(mute).map(
            ([area, all]) =>
                `    cannot be asked: ${all.length} in ${area}${of.type === "host" || of.type === "ssh" || reason(all[0]) === reason(of) ? "" : ` (${reason(all[0])})`}`,
        ),
        ...(again > 0 ? [`    and ${again} of what is told above`] : []),
    ].map(visible);
}
