import { type NetworkName, type NodeName, nodeNames, nodes } from "../../config/nodes";
import { tutorialCredentials } from "../../config/credentials";
import { type ReleaseName, releaseNames } from "../../config/releases";
import { readSettings, type Settings } from "../../config/settings";
import { releaseOf } from "../../releases";
import { softwareOf } from "../../releases/own-options";
import type { ConfigFile } from "../../releases/release";
import type { Exercise } from "./exercise";
import { noticedFaults } from "./noticed";
import { solutionFault } from "./solution";
import { INSTANCES, nodeOf, type Step, type StepOf } from "./steps";

/** What is wrong with a value of an exercise: where, by keys and places in lists, and what is allowed. */
export interface Problem {
    at: readonly (string | number)[];
    reason: string;
}

/** A stack like a team's: what releases write depends on it in addresses alone. */
const sample = (() => {
    const made = new Map<ReleaseName, Settings>();
    return (release: ReleaseName): Settings => {
        const hosts = { central: { address: "192.0.2.1" }, compute: { address: "192.0.2.2" } };
        const found = made.get(release) ?? readSettings("team01", { number: 1, hosts, release });
        made.set(release, found);
        return found;
    };
})();

const hostsOf = ({ plan }: Settings, node: NodeName): string[] => [
    "127.0.0.1 localhost",
    `127.0.1.1 ${node}`,
    ...plan.hostsEntries().map(({ address, names }) => `${address} ${names.join(" ")}`),
];

/** What a release has on a node. */
interface NodeSoftware {
    services: string[];
    packages: string[];
    files: ConfigFile[];
    /** The lines of its /etc/hosts. */
    hosts: string[];
}

const known = new Map<string, NodeSoftware>();
function softwareFacts(release: ReleaseName, node: NodeName): NodeSoftware {
    const key = `${release} ${node}`,
        before = known.get(key);
    if (before) return before;
    const software = softwareOf(releaseOf(release), node);
    const found = {
        services: software.flatMap(s => s.services.map(({ service }) => service)),
        packages: [...new Set(software.flatMap(s => s.packages))],
        files: software.flatMap(s => s.config({ ...sample(release), credentials: tutorialCredentials }, node)),
        hosts: hostsOf(sample(release), node),
    };
    known.set(key, found);
    return found;
}

/** The options that a release sets in a file, with their values. */
const optionsOf = ({ options, secretOptions = {} }: ConfigFile): Record<string, string> =>
    Object.assign({}, ...Object.values(options), ...Object.values(secretOptions)) as Record<string, string>;

type Fault = { key: string; reason: string };
const oneOf = (key: string, value: string, allowed: readonly string[], where: string): Fault[] =>
    allowed.includes(value) ? [] : [{ key, reason: `"${value}" is not of ${where}; it has ${allowed.join(", ")}` }];

/** What a step says of a file's option that is not so. */
function optionFaults(
    step: Step & { file: string; option: string },
    files: readonly ConfigFile[],
    where: string,
): Fault[] {
    const file = files.find(f => f.path === step.file);
    if (!file)
        return oneOf(
            "file",
            step.file,
            files.map(f => f.path),
            where,
        );
    const options = optionsOf(file),
        value = options[step.option];
    if (value === undefined)
        return oneOf("option", step.option, Object.keys(options), `${step.file} of ${where}, as the program writes it`);
    if (step.do === "set-option" && step.value === value)
        return [{ key: "value", reason: `"${value}" is what the program itself sets there, so nothing would change` }];
    if (step.do === "flip-option" && !/^(true|false)$/i.test(value))
        return [{ key: "option", reason: `"${step.option}" is neither true nor false in ${step.file}` }];
    if (step.do === "wrong-password" && !value.includes("://"))
        return [{ key: "option", reason: `"${step.option}" is no URL with a password in ${step.file}` }];
    return [];
}

const onNetwork = (key: string, node: NodeName, network: NetworkName, addressed: boolean): Fault[] => {
    const all = nodes[node].networks.filter(n => n !== "nat" && (!addressed || n !== "private"));
    return all.includes(network)
        ? []
        : [
              {
                  key,
                  reason: `${node} has no ${addressed ? "address" : "card"} in the network ${network}; it has ${all.join(", ")}`,
              },
          ];
};

const HOSTS = "/etc/hosts";
/** Folders that hold one software's files. */
const FOLDER = /^\/(etc|var\/lib|var\/log)\/[a-z]+$/;
/** Every file that a release writes on some node. */
const knownFiles = (): string[] =>
    releaseNames.flatMap(release =>
        nodeNames.flatMap(node => softwareFacts(release, node).files.map(({ path }) => path)),
    );

const computes = nodeNames.filter(name => nodes[name].host === "compute");
const bridged = nodeNames.filter(name => nodes[name].networks.includes("private"));

/** A node as a step may speak of it. */
interface Place extends NodeSoftware {
    node: NodeName;
    /** As messages name it. */
    where: string;
}
const service = (step: { service: string }, { services, where }: Place): Fault[] =>
    oneOf("service", step.service, services, where);
const option = (step: Step & { file: string; option: string }, { files, where }: Place): Fault[] =>
    optionFaults(step, files, where);
const line = (step: StepOf<"replace-text" | "remove-line">, { files, where, hosts }: Place): Fault[] => [
    ...oneOf("file", step.file, [...files.map(f => f.path), HOSTS], where),
    ...(step.file === HOSTS && !hosts.some(entry => entry.includes(step.text))
        ? [{ key: "text", reason: `no line of ${HOSTS} on ${where} has "${step.text}"; it has ${hosts.join(", ")}` }]
        : []),
    ...(step.do === "replace-text" && step.with === step.text
        ? [{ key: "with", reason: `"${step.with}" is the text itself, so nothing would change` }]
        : []),
];
/** A file that a step changes as a whole: folders keep more alive than an exercise is about. */
const whole = ({ file }: { file: string }): Fault[] =>
    FOLDER.test(file) || knownFiles().some(known => known.startsWith(`${file}/`))
        ? [{ key: "file", reason: `"${file}" is a folder; name a file in it` }]
        : [];
const other = (key: "peer" | "to", named: NodeName | undefined, { node }: Place): Fault[] =>
    named === node ? [{ key, reason: `${node} is the step's own node; name another` }] : [];
const bridge = (_step: Step, { node }: Place): Fault[] =>
    oneOf("node", node, bridged, "those that have the bridge br100");

/** What a step may say of a release's node that is not so, by its word. */
const checks: { readonly [K in Step["do"]]?: (step: StepOf<K>, place: Place) => Fault[] } = {
    stop: service,
    signal: service,
    disable: service,
    "set-option": option,
    "remove-option": option,
    "flip-option": option,
    "wrong-password": option,
    "replace-text": line,
    "remove-line": line,
    mode: whole,
    owner: whole,
    move: whole,
    "remove-package": (step, { packages, where }) => oneOf("package", step.package, packages, where),
    firewall: ({ peer, network }, place) =>
        peer === undefined ? [] : [...other("peer", peer, place), ...onNetwork("peer", peer, network, true)],
    route: ({ to, network }, place) => [...other("to", to, place), ...onNetwork("to", to, network, true)],
    traffic: ({ network }, { node }) => onNetwork("network", node, network, false),
    "unplug-bridge": bridge,
    "bridge-down": bridge,
    "disable-agent": ({ agent, host }) =>
        oneOf("host", host, agent === "nova-network" ? ["network-node"] : computes, `the nodes with ${agent}`),
    fill: ({ folder }, { node }) =>
        folder === INSTANCES ? oneOf("node", node, computes, `the nodes with ${INSTANCES}`) : [],
    "kernel-setting": ({ key }, { node }) =>
        oneOf("node", node, ["network-node"], `the nodes whose ${key} the program sets`),
};

/** What a step says of a release's node that is not so. */
function faultsOf(step: Step, node: NodeName, release: ReleaseName): Fault[] {
    const place = { ...softwareFacts(release, node), node, where: `${node} (${release})` };
    // TypeScript cannot tell that the check found by a step's word is that step's.
    return (checks[step.do] as ((step: Step, place: Place) => Fault[]) | undefined)?.(step, place) ?? [];
}

/** What only a virtual machine has of its own, by step; a container has its host's. */
const ofMachines: Partial<Record<Step["do"], string>> = {
    clock: "the clock",
    suspend: "a pause",
};
const needsMachine = (step: Step): string | undefined =>
    step.do === "fill" && step.folder !== INSTANCES ? "the disk" : ofMachines[step.do];

/** What of a step on traffic does not go together. */
function trafficFault({ delay, loss, rate }: StepOf<"traffic">): string | undefined {
    const late = delay !== undefined || loss !== undefined;
    if (late && rate !== undefined) return "a rate goes with neither a delay nor a loss";
    return late || rate !== undefined
        ? undefined
        : "traffic wants a delay (milliseconds), a loss (percent), or both; or a rate (kbit/s)";
}

/** What an exercise says that is not so of its releases, or of its kinds of machine: each once. */
export function problemsOf({ releases, machines, ways }: Exercise): Problem[] {
    const found = new Map<string, Problem>();
    const tell = (at: readonly (string | number)[], reason: string) =>
        found.set(`${at.join(".")} ${reason}`, { at, reason });
    ways.forEach((way, w) => {
        if (ways.findIndex(other => other.name === way.name) !== w)
            tell(["ways", w, "name"], `"${way.name}" is another way's name; each has its own`);
        for (const [key, reason] of way.noticed ? noticedFaults(way.noticed, way.node) : [])
            tell(["ways", w, "noticed", ...(key === "" ? [] : [key])], reason);
        const untypable = solutionFault(way.solution);
        if (untypable !== undefined) tell(["ways", w, "solution"], untypable);
        way.steps.forEach((step, s) => {
            const at = ["ways", w, "steps", s],
                own = needsMachine(step),
                node = nodeOf(step, way.node);
            if (own !== undefined && machines.includes("container"))
                tell([...at, "do"], `${own} of a container is its host's; write machines: [vm]`);
            const unclear = step.do === "traffic" ? trafficFault(step) : undefined;
            if (unclear !== undefined) tell([...at, "do"], unclear);
            for (const release of releases)
                for (const { key, reason } of faultsOf(step, node, release)) tell([...at, key], reason);
        });
    });
    return [...found.values()];
}
