import type { Examined, Verdict } from "../../../cli/diagnose/diagnosis";
import { causeInWords } from "../../../cli/diagnose/words";
import { nodeOf, type Step, type StepOf } from "../../../cli/sabotage/steps";
import { type NodeName, nodes } from "../../../config/nodes";
import { tutorialCredentials } from "../../../config/credentials";
import { kinds } from "../../../providers/guest/manifest/kinds";
import { releaseOf } from "../../../releases";
import { softwareOf } from "../../../releases/own-options";
import { databaseAccount } from "../../../releases/tutorial";
import { type ReleaseName, settings } from "./loaded";

/**
 * What `diagnose` says of the resource that a step breaks, by diagnose's own words: a cause that an exercise expects is one that can be
 * said. Whether it is said of a real cloud is for a lab to show.
 */
const said = (
    type: string,
    area: string,
    inputs: Record<string, unknown>,
    verdict: Verdict,
    names: Record<string, string> = {},
): string => {
    const of: Examined = { id: "x", resourceId: "x", type, name: "x", area, needs: [], inputs, verdict };
    return causeInWords({ of }, (kind: string) => names[kind] ?? "?");
};
const gone: Verdict = { found: "gone" };
const drift = (path: string, old: unknown, now: unknown): Verdict => ({
    found: "drifted",
    changes: [{ path, old, new: now }],
});

/** The section of an option that a release writes, and whether it is secret. */
function sectionOf(file: string, option: string, node: NodeName, release: ReleaseName): [string, string] {
    const files = softwareOf(releaseOf(release), node).flatMap(s =>
        s.config({ ...settings[release], credentials: tutorialCredentials }, node),
    );
    const found = files.find(f => f.path === file)!;
    for (const kind of ["options", "secretOptions"] as const)
        for (const [section, options] of Object.entries(found[kind] ?? {}))
            if (option in options) return [kind, section];
    throw new Error(`${file} has no ${option}`);
}
const edited = (
    { file, option }: { file: string; option: string },
    node: NodeName,
    release: ReleaseName,
    now: unknown,
): string[] => {
    const [kind, section] = sectionOf(file, option, node, release);
    return [said("guest:OptionsFile", node, { path: file }, drift(`${kind}.${section}.${option}`, "old", now))];
};
const inFile = (node: NodeName, path: string, verdict: Verdict) => [said("guest:OptionsFile", node, { path }, verdict)];
const service = (node: NodeName, name: string, property: string) => [
    said("guest:Service", node, { service: name }, drift(property, true, false)),
];
const state = (host: string, binary: string, property: string) =>
    said("nova:ServiceState", "nova", { host, binary }, drift(property, true, false));
const agents = (["compute-1", "compute-2"] as const).map(host => state(host, "nova-compute", "state"));
const power = (node: NodeName, now: string) => [
    said("machine:Container", nodes[node].host, { name: node }, drift("power", "on", now)),
    said("machine:DomainPower", nodes[node].host, { domain: node }, drift("power", "on", now)),
];
/** What the record of a node says. */
const onGround = (node: NodeName, difference: string) => [
    said("guest:Ground", node, {}, drift("differences", undefined, difference)),
];
const lines = (step: { file: string }, node: NodeName) =>
    step.file === "/etc/hosts" ? [said("guest:HostsEntries", node, {}, drift("entries", "a", "b"))] : [];

type Saying<K extends Step["do"]> = (step: StepOf<K>, node: NodeName, release: ReleaseName) => string[];
const sayings: { readonly [K in Step["do"]]?: Saying<K> } = {
    stop: (step, node) => service(node, step.service, "running"),
    disable: (step, node) => service(node, step.service, "enabled"),
    "set-option": (step, node, release) => edited(step, node, release, step.value),
    "remove-option": (step, node, release) => edited(step, node, release, undefined),
    "flip-option": (step, node, release) => edited(step, node, release, "false"),
    "wrong-password": (step, node, release) => edited(step, node, release, "new"),
    "replace-text": lines,
    "remove-line": lines,
    "remove-package": (step, node) => [said("guest:Packages", node, {}, drift("packages", step.package, undefined))],
    mode: (step, node) => inFile(node, step.file, drift("mode", "0640", step.mode)),
    owner: (step, node) => inFile(node, step.file, drift("group", "x", step.group)),
    move: (step, node) => inFile(node, step.file, gone),
    fill: (step, node) => [
        said("guest:Folder", node, { path: step.folder }, drift("foreign", undefined, "backup.img")),
    ],
    clock: ({ seconds }, node) => [
        said(
            "machine:Clock",
            node,
            {},
            drift("offset", "within 2 s", `${Math.abs(seconds)} s ${seconds > 0 ? "ahead" : "behind"}`),
        ),
    ],
    "kernel-setting": ({ key }, node) => [said("guest:Sysctl", node, { key }, drift("value", "1", "0"))],
    "unplug-bridge": (_step, node) => [
        said("guest:Bridge", node, { bridge: "br100" }, drift("ports", "eth3", undefined)),
    ],
    "bridge-down": (_step, node) => [said("guest:Bridge", node, { bridge: "br100" }, drift("up", true, false))],
    sql: ({ statement, account }) => {
        const verdicts = {
            revoke: drift("databases", account, undefined),
            "drop-account": gone,
            "change-password": drift("password", "a", "b"),
        };
        return [said("guest:DatabaseGrant", "db-node", { user: databaseAccount(account) }, verdicts[statement])];
    },
    queue: ({ action }) =>
        ({
            "change-password": [said("guest:RabbitUser", "db-node", { user: "guest" }, drift("password", "a", "b"))],
            "clear-permissions": [
                said("guest:RabbitUser", "db-node", { user: "guest" }, drift("rights", undefined, "none")),
            ],
            "no-writing": [
                said("guest:RabbitUser", "db-node", { user: "guest" }, drift("rights", undefined, ".* ^$ .*")),
            ],
            "stop-app": agents,
        })[action],
    firewall: (_step, node) =>
        onGround(node, kinds.rules.words.added("filter -A INPUT -s 10.0.0.20/32 --dport 5672 -j DROP")),
    route: (_step, node) => onGround(node, kinds.routes.words.added("blackhole 10.0.0.3")),
    traffic: (_step, node) => onGround(node, kinds.queues.words.added("qdisc tbf 8001: dev eth1 root")),
    signal: ({ service }, node) => onGround(node, kinds.stopped.words.added(`${service} 812`)),
    "read-only-database": () => [
        said("guest:DatabaseRoot", "db-node", {}, drift("hindered", undefined, "read_only ON")),
    ],
    "remove-role": ({ user }) => [
        said("keystone:Grant", "keystone", {}, gone, {
            "keystone:User": user,
            "keystone:Role": "admin",
            "keystone:Tenant": "service",
        }),
    ],
    "disable-user": ({ user }) => [said("keystone:User", "keystone", { user }, drift("enabled", true, false))],
    "user-password": ({ user }) => [said("keystone:User", "keystone", { user }, drift("password", "a", "b"))],
    "delete-service": ({ name }) => [said("keystone:Service", "keystone", { service: name }, gone)],
    "second-endpoint": ({ name }) => [
        said("keystone:Endpoint", "keystone", {}, drift("foreign", undefined, "x"), { "keystone:Service": name }),
    ],
    "disable-agent": ({ agent, host }) => [state(host, agent, "enabled")],
    "delete-flavor": ({ flavor }) => [said("nova:Flavor", "nova", { name: flavor }, gone)],
    "delete-keypair": ({ keypair }) => [said("nova:Keypair", "nova", { name: keypair }, gone)],
    "delete-rule": ({ protocol }) => [said("nova:SecurityRule", "nova", { protocol, group: "default" }, gone)],
    "delete-image": ({ image }) => [said("glance:Image", "glance", { name: image }, gone)],
    "delete-floating": () => [said("nova:FloatingRange", "nova", { range: "172.16.1.0/24" }, gone)],
    "replace-floating": ({ range }) => [
        said(
            "nova:FloatingRange",
            "nova",
            { range: "172.16.1.0/24" },
            drift("foreign", undefined, range.replace("0/28", "1")),
        ),
    ],
    suspend: (_step, node) => power(node, "paused"),
    "pull-plug": (_step, node) => power(node, "off"),
};

/** Every sentence that diagnose may say of a step of a way on a node. */
export const saidOf = (step: Step, node: NodeName, release: ReleaseName): string[] =>
    (sayings[step.do] as Saying<Step["do"]> | undefined)?.(step as never, nodeOf(step, node), release) ?? [];
