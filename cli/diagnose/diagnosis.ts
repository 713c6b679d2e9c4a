import type { Change } from "../operate/events";

/** What was found of one resource. */
export type Verdict =
    | { found: "sound" }
    | { found: "drifted"; changes: readonly Change[] }
    | { found: "gone" }
    | { found: "unasked"; reason: string }
    | { found: "off"; node: string };

/** One resource, or something that resources stand on without being one: a physical host, ssh of a node. */
export interface Examined {
    id: string;
    /** `guest:Service`; of what is no resource, `host` or `ssh`. */
    type: string;
    name: string;
    /** The id that the state has of a resource. */
    resourceId?: string;
    /** What it stands on, by id; what is not examined does not count. */
    needs: readonly string[];
    /** The node that it is in, else the part of the cloud (keystone, nova, glance) or the host that it belongs to. */
    area: string;
    inputs: Readonly<Record<string, unknown>>;
    verdict: Verdict;
}

/** Something broken that nothing else explains, and what suffers from it. */
export interface Cause {
    of: Examined;
    /** More of the same area that cannot be asked, where no resource says why. */
    beside: Examined[];
    /** Broken themselves, because of this. */
    follows: Examined[];
    /** Services that work on what is broken and cannot be told to do well. */
    leans: Examined[];
}

const isBroken = ({ verdict: { found } }: Examined): boolean =>
    found === "drifted" || found === "gone" || found === "unasked";

/** A host, or ssh of a node: no resource, but the way to some. */
const isWay = ({ type }: Examined): boolean => type === "host" || type === "ssh";

/** A golden clone is off: nothing stands on it once the machine is made. */
const isDormant = ({ name }: Examined): boolean => /-golden(-|$)/.test(name);

/** What of a drift comes about by itself when something below is broken; everything else somebody did. */
const follow: Readonly<Record<string, readonly string[]>> = {
    "guest:Service": ["running", "lacks"],
    "nova:ServiceState": ["state"],
};

/** Whether all that is found of a resource comes about by itself: something below it, or nobody knows what, is the reason. */
export const isSymptom = ({ type, verdict }: Examined): boolean =>
    verdict.found === "drifted" && verdict.changes.every(c => follow[type]?.includes(c.path));

/** Whether a broken resource may be so because of what is broken below it. */
function mayFollow(e: Examined, below: readonly Examined[]): boolean {
    const { verdict } = e;
    if (verdict.found === "unasked") return below.length > 0;
    if (verdict.found === "gone") return below.some(b => b.verdict.found === "gone");
    return below.length > 0 && isSymptom(e);
}

/** Kinds whose failing reaches services of other nodes; a file's or a package's reaches those of its own. */
const reachesFar = new Set([
    "host",
    "ssh",
    "machine:Clock",
    "machine:Container",
    "machine:DomainPower",
    "domain:Domain",
    "machine:HostState",
    "machine:NetworkState",
    "machine:Uplink",
    "network:Network",
    "guest:Service",
    "guest:Bridge",
    "guest:Database",
    "guest:DatabaseGrant",
    "guest:DatabaseRoot",
    "guest:RabbitUser",
    "keystone:Tenant",
    "keystone:Role",
    "keystone:User",
    "keystone:Grant",
    "keystone:Service",
    "keystone:Endpoint",
]);

/** Whether a sound service leans on a cause: one that reads the file, or that was made on top of it. */
function leansOn(service: Examined, { type, area, inputs }: Examined): boolean {
    if (service.type !== "guest:Service" || service.verdict.found !== "sound") return false;
    if (reachesFar.has(type)) return true;
    return (
        service.area === area && (!Array.isArray(inputs.restarts) || inputs.restarts.includes(service.inputs.service))
    );
}

/** Every id that can be walked to, without the one that is begun with. */
function reach(from: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
    const seen = new Set<string>(),
        open = [...(edges.get(from) ?? [])];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
        if (seen.has(at) || at === from) continue;
        seen.add(at);
        open.push(...(edges.get(at) ?? []));
    }
    return seen;
}

/**
 * Tells what is broken at the root from what suffers: a cause is broken and stands on nothing broken, or is so in a way
 * that nothing below brings about. What cannot be asked for no reason that is known here is one cause an area.
 */
export function diagnose(all: readonly Examined[]): Cause[] {
    const byId = new Map(all.map(e => [e.id, e]));
    const below = new Map(
        all.map(e => [
            e.id,
            [...new Set(e.needs)].filter(id => byId.has(id) && (isDormant(e) || !isDormant(byId.get(id)!))),
        ]),
    );
    const above = new Map<string, string[]>(all.map(e => [e.id, []]));
    for (const [id, needs] of below) for (const need of needs) above.get(need)!.push(id);
    const roots = all
        .filter(isBroken)
        .filter(e => !mayFollow(e, [...reach(e.id, below)].map(id => byId.get(id)!).filter(isBroken)));
    const isRoot = new Set(roots.map(r => r.id));
    const groups = new Map<string, Examined[]>();
    for (const root of roots) {
        const alone = root.verdict.found !== "unasked" || isWay(root);
        const key = alone ? root.id : `unasked ${root.area}`;
        groups.set(key, [...(groups.get(key) ?? []), root]);
    }
    const causes = [...groups.values()].map(([of, ...beside]) => {
        const reached = new Set([of!, ...beside].flatMap(r => [...reach(r.id, above)]));
        const suffering = all
            .filter(e => reached.has(e.id) && !isRoot.has(e.id))
            .filter(e => {
                // Where ssh or the host is what fails, nothing else keeps a resource from being asked.
                const mute =
                    e.verdict.found === "unasked"
                        ? below.get(e.id)!.filter(id => isWay(byId.get(id)!) && isBroken(byId.get(id)!))
                        : [];
                return mute.length === 0 || mute.some(id => id === of!.id || reached.has(id));
            });
        return { of: of!, beside, follows: suffering.filter(isBroken), leans: suffering.filter(e => leansOn(e, of!)) };
    });
    const weight = ({ beside, follows, leans }: Cause) => beside.length + follows.length * 1000 + leans.length;
    return causes.sort((a, b) => weight(b) - weight(a));
}

/** 0 sound, 3 drifted; 2 where a cause is nothing that drifted but something that does not answer. */
export function exitCodeOf(causes: readonly Cause[]): 0 | 2 | 3 {
    if (causes.some(c => c.of.verdict.found === "unasked")) return 2;
    return causes.length > 0 ? 3 : 0;
}
