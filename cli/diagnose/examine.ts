import { type HostRole, hostRoles, type NodeName, nodeNames, nodes } from "../../config/nodes";
import { type RecordedResource, realOnes } from "../../engine/state";
import type { Examined, Verdict } from "./diagnosis";
import type { HostDown } from "../hosts/hosts-check";
import { roleOf } from "../hosts/libvirt-objects";
import { type ResourceChange } from "../operate/events";
import { nameOf, shortType } from "../../engine/urn";
import type { Unasked } from "../operate/report";

/** What a refresh found out. */
export interface Findings {
    changes: readonly ResourceChange[];
    unreachable: readonly Unasked[];
    off: readonly Unasked[];
    down: readonly HostDown[];
}

/** Where a resource is: in a node, on a host, or what is stored in the cloud, which is asked from the central host. */
interface Place {
    node?: NodeName;
    host?: HostRole;
    area: string;
}

/** @param addresses of the physical hosts */
function placeOf({ type, inputs, provider }: RecordedResource, addresses: Readonly<Record<HostRole, string>>): Place {
    const connection = inputs?.connection as { name?: string; host?: string } | undefined;
    const node = nodeNames.find(name => name === connection?.name);
    if (node) return { node, host: nodes[node].host, area: node };
    const host = roleOf(String(provider)) ?? hostRoles.find(role => addresses[role] === connection?.host);
    if (host) return { host, area: host };
    const part = shortType(type).split(":")[0]!;
    return ["keystone", "nova", "glance"].includes(part)
        ? { host: "central", area: part }
        : { area: "the operator's machine" };
}

/** The resources that cannot be asked because their host does not answer. */
export const onHosts = (
    resources: readonly RecordedResource[],
    down: readonly HostDown[],
    addresses: Readonly<Record<HostRole, string>>,
): string[] =>
    realOnes(resources)
        .filter(r => down.some(({ role }) => role === placeOf(r, addresses).host))
        .map(r => r.urn);

/** The machine that a node is: its resources on the host. */
const isMachineOf = (node: string, { type, inputs }: RecordedResource): boolean =>
    inputs?.[
        { "machine:Container": "name", "domain:Domain": "name", "machine:DomainPower": "domain" }[shortType(type)] ?? ""
    ] === node;

/** The network over which a node is reached from its host. */
const isWayOf = (node: NodeName, { type, area, inputs }: Examined): boolean =>
    ["machine:NetworkState", "network:Network"].includes(type) &&
    area === nodes[node].host &&
    (inputs.network ?? inputs.name) === "nat";

/** The resources of a state with what was found of each, and what they stand on that is no resource: hosts, and ssh of nodes. */
export function examine(
    resources: readonly RecordedResource[],
    findings: Findings,
    addresses: Readonly<Record<HostRole, string>>,
): Examined[] {
    const real = realOnes(resources),
        changesOf = byResource(findings.changes);
    const examined = real.map(r => {
        const place = placeOf(r, addresses);
        return examinedResource(r, place, verdictOf(r, place, changesOf.get(nameOf(r.urn)) ?? [], findings));
    });
    const hosts = hostRoles.map(role => examinedHost(role, addresses[role], findings.down));
    const ssh = nodeNames.map(node => examinedSsh(node, real, examined));
    return [...hosts, ...ssh, ...examined];
}

function byResource(changes: readonly ResourceChange[]): Map<string, ResourceChange[]> {
    const all = new Map<string, ResourceChange[]>();
    for (const change of changes) all.set(change.resource, [...(all.get(change.resource) ?? []), change]);
    return all;
}

/** @param found its changes */
function verdictOf(
    { id, type }: RecordedResource,
    { host }: Place,
    found: readonly ResourceChange[],
    { down, unreachable, off }: Findings,
): Verdict {
    const isIt = (u: Unasked): boolean => u.id === id && u.type === shortType(type);
    const dead = down.find(d => d.role === host),
        mute = unreachable.find(isIt),
        isOff = off.find(isIt);
    if (dead) return { found: "unasked", reason: dead.reason };
    if (isOff) return { found: "off", node: isOff.reason };
    if (mute) return { found: "unasked", reason: mute.reason };
    if (found.some(c => c.action === "gone")) return { found: "gone" };
    if (found.length === 0) return { found: "sound" };
    return {
        found: "drifted",
        // JSON has null where there is nothing.
        changes: found.map(c => ({
            path: c.property!,
            old: c.old ?? undefined,
            new: c.new ?? undefined,
            ...(c.where !== undefined && { where: c.where }),
        })),
    };
}

function examinedResource(r: RecordedResource, { node, host, area }: Place, verdict: Verdict): Examined {
    const under = node ? [`ssh ${node}`] : host ? [`host ${host}`] : [];
    const { dependencies = [], propertyDependencies = {}, deletedWith } = r;
    return {
        id: r.urn,
        resourceId: r.id ?? "",
        type: shortType(r.type),
        name: nameOf(r.urn),
        area,
        inputs: r.inputs ?? {},
        needs: [
            ...under,
            ...dependencies,
            ...Object.values(propertyDependencies).flat(),
            ...(deletedWith ? [deletedWith] : []),
        ],
        verdict,
    };
}

function examinedHost(role: HostRole, name: string, down: readonly HostDown[]): Examined {
    const dead = down.find(d => d.role === role);
    return {
        id: `host ${role}`,
        type: "host",
        name,
        area: role,
        needs: [],
        inputs: {},
        verdict: dead ? { found: "unasked", reason: dead.reason } : { found: "sound" },
    };
}

/** A node answers ssh where anything in it could be asked. */
function examinedSsh(node: NodeName, real: readonly RecordedResource[], examined: readonly Examined[]): Examined {
    const inside = examined.filter(e => e.area === node && e.verdict.found !== "off").map(e => e.verdict);
    const [first] = inside,
        mute = first?.found === "unasked" && inside.every(v => v.found === "unasked");
    return {
        id: `ssh ${node}`,
        type: "ssh",
        name: node,
        area: node,
        inputs: {},
        needs: [
            `host ${nodes[node].host}`,
            ...real.filter(r => isMachineOf(node, r)).map(r => r.urn),
            ...examined.filter(e => isWayOf(node, e)).map(e => e.id),
        ],
        verdict: mute ? first : { found: "sound" },
    };
}
