import { HostRole, hostRoles, NodeName, nodeNames, nodes } from "../../config/nodes";
import { RecordedResource, realOnes } from "../../engine/state";
import type { Examined, Verdict } from "./diagnosis";
import type { HostDown } from "../hosts/hosts-check";
import { roleOf } from "../hosts/libvirt-objects";
import { ResourceChange } from "../operate/events";
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

/** The resources of a state with what was found of each, and what they stand on that is no resource: hosts, and ssh of nodes. */
export function examine(
    resources: readonly RecordedResource[],
    { changes, unreachable, off, down }: Findings,
    addresses: Readonly<Record<HostRole, string>>,
): Examined[] {
    const real = realOnes(resources),
        changesOf = new Map<string, ResourceChange[]>();
    for (const change of changes) changesOf.set(change.resource, [...(changesOf.get(change.resource) ?? []), change]);
    const same =
        (type: string, id: string | undefined) =>
        (u: Unasked): boolean =>
            u.id === id && u.type === type;
    const verdictOf = (r: RecordedResource, { host }: Place): Verdict => {
        const found = changesOf.get(nameOf(r.urn)) ?? [],
            type = shortType(r.type);
        const dead = down.find(d => d.role === host),
            mute = unreachable.find(same(type, r.id)),
            isOff = off.find(same(type, r.id));
        if (dead) return { found: "unasked", reason: dead.reason };
        if (isOff) return { found: "off", node: isOff.reason };
        if (mute) return { found: "unasked", reason: mute.reason };
        if (found.some(c => c.action === "gone")) return { found: "gone" };
        // JSON has null where there is nothing.
        return found.length === 0
            ? { found: "sound" }
            : {
                  found: "drifted",
                  changes: found.map(c => ({
                      path: c.property!,
                      old: c.old ?? undefined,
                      new: c.new ?? undefined,
                      ...(c.where !== undefined && { where: c.where }),
                  })),
              };
    };
    const examined = real.map((r): Examined => {
        const place = placeOf(r, addresses);
        const under = place.node ? [`ssh ${place.node}`] : place.host ? [`host ${place.host}`] : [];
        const { dependencies = [], propertyDependencies = {}, deletedWith } = r;
        return {
            id: r.urn,
            resourceId: r.id ?? "",
            type: shortType(r.type),
            name: nameOf(r.urn),
            area: place.area,
            inputs: r.inputs ?? {},
            needs: [
                ...under,
                ...dependencies,
                ...Object.values(propertyDependencies).flat(),
                ...(deletedWith ? [deletedWith] : []),
            ],
            verdict: verdictOf(r, place),
        };
    });
    const hosts = hostRoles.map((role): Examined => {
        const dead = down.find(d => d.role === role);
        return {
            id: `host ${role}`,
            type: "host",
            name: addresses[role],
            area: role,
            needs: [],
            inputs: {},
            verdict: dead ? { found: "unasked", reason: dead.reason } : { found: "sound" },
        };
    });
    const ssh = nodeNames.map((node): Examined => {
        const inside = examined.filter(e => e.area === node && e.verdict.found !== "off").map(e => e.verdict);
        const [first] = inside,
            mute = first?.found === "unasked" && inside.every(v => v.found === "unasked");
        return {
            id: `ssh ${node}`,
            type: "ssh",
            name: node,
            area: node,
            inputs: {},
            needs: [`host ${nodes[node].host}`, ...real.filter(r => isMachineOf(node, r)).map(r => r.urn)],
            verdict: mute ? first : { found: "sound" },
        };
    });
    return [...hosts, ...ssh, ...examined];
}
