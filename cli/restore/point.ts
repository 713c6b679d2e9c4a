import { type HostRole, type NodeName, nodeNames, nodes } from "../../config/nodes";
import { type RecordedResource } from "../../engine/state";
import { labStatus } from "../../lab";
import { objectOf } from "../../providers/dynamic";
import { UserError } from "../../system/errors";
import type { Agent } from "./agents";
import { labOf } from "../stack/reach";
import { nameOf } from "../../engine/urn";
import { type Documents, stackStore } from "../../engine/stack-store";

/** A machine as the state records it. */
export interface StackMachine {
    name: NodeName;
    kind: "container" | "vm";
    host: HostRole;
    /** libvirt's identity of it: new each time it is made. */
    uuid: string;
    /** Of virtual machines: their disks, files of the host. */
    disks: string[];
}

/** A machine in a restore point. */
export interface KeptMachine extends StackMachine {
    /** Whether it ran; it does after a restore, too. */
    running: boolean;
    /** The services that have to run again, with their ports; absent if ssh did not answer. */
    services?: { service: string; port?: number; process?: string }[];
    /** On its host. */
    kibibytes: number;
    /** Of names and sizes of all that is kept of it. */
    digest: string;
}

/** The operator's record of a restore point. Without it the files on the hosts are no restore point. */
export interface RestorePoint {
    name: string;
    stack: string;
    /** When the machines stood still. */
    time: string;
    /** The files on the hosts under the name bear it too. */
    id: string;
    machines: KeptMachine[];
    /** The agents that have to report themselves to nova and cinder again; absent if these could not be asked. */
    agents?: Agent[];
    /** The file of the stack's state as it was; secrets in it are encrypted. */
    state: unknown;
}

/** The machines of a stack, without their golden clones, which nothing writes on. */
export function machinesOf(resources: readonly RecordedResource[]): StackMachine[] {
    return nodeNames.flatMap((name): StackMachine[] => {
        const found = resources.find(
            r => r.inputs?.name === name && r.id && (r.type === CONTAINER || r.type === DOMAIN),
        );
        if (!found) return [];
        const { host } = nodes[name];
        if (found.type === CONTAINER)
            return [
                { name, kind: "container", host, uuid: found.id!.slice(objectOf(found.id!).length + 1), disks: [] },
            ];
        const disks = ((found.inputs!.disks ?? []) as { volumeId?: string }[]).flatMap(d => d.volumeId ?? []);
        return [{ name, kind: "vm", host, uuid: found.id!, disks }];
    });
}

const CONTAINER = "pulumi-nodejs:dynamic/machine:Container",
    DOMAIN = "libvirt:index/domain:Domain";

/**
 * What a restore does not put back, for it lies outside of the machines: they themselves, their keys, disks and networks.
 * @returns names of those that are not the same any more
 */
export function madeAnew(then: readonly RecordedResource[], now: readonly RecordedResource[]): string[] {
    const ids = (resources: readonly RecordedResource[]) =>
        new Map(
            resources
                .filter(r => r.custom && /^(libvirt:index\/|pulumi-nodejs:dynamic\/machine:)/.test(r.type))
                .map(r => [r.urn, r.id]),
        );
    const [before, after] = [ids(then), ids(now)];
    return [...new Set([...before.keys(), ...after.keys()])]
        .filter(urn => before.get(urn) !== after.get(urn))
        .map(nameOf)
        .sort();
}

/**
 * Why what is kept of containers does not fit those of now: what root of the host wrote in one may be what a container with
 * ids of its own could not make. Undefined where it fits.
 */
export function otherIds(then: readonly RecordedResource[], now: readonly RecordedResource[]): string | undefined {
    const idsOf = (resources: readonly RecordedResource[], name: string) =>
        resources.find(r => r.type === CONTAINER && r.inputs?.name === name)?.inputs?.idmap ?? 0;
    const others = machinesOf(then).filter(
        ({ name, kind }) => kind === "container" && idsOf(then, name) !== idsOf(now, name),
    );
    if (others.length === 0) return undefined;
    const had = others.every(({ name }) => idsOf(then, name) === 0)
        ? "had ids of their own"
        : "had the ids that they have";
    return `It was made before these containers ${had}: ${others.map(({ name }) => name).join(", ")}`;
}

/** The resources of a state's file. */
export const resourcesOf = (state: unknown): RecordedResource[] =>
    (state as { checkpoint?: { latest?: { resources?: RecordedResource[] } } }).checkpoint?.latest?.resources ?? [];

/** @throws UserError for a name that could not be one of a folder */
export function checkName(name: string): void {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(name)) {
        throw new UserError(
            `"${name}" cannot be a restore point's name: letters, digits, dashes and underscores, at most 40, beginning with a letter or a digit`,
        );
    }
}

/** The records of a stack's restore points. A lab's go with its hosts. Undefined if that lab is not up. */
function kept(stack: string): Documents | undefined {
    const lab = labOf(stack);
    if (lab === undefined) return stackStore.restorePoints(stack);
    const dir = labStatus(lab)?.dir;
    return dir === undefined ? undefined : stackStore.restorePoints(stack, dir);
}

/** The restore points that a stack has, the oldest first. */
export const restorePoints = (stack: string): RestorePoint[] =>
    ((kept(stack)?.all() ?? []) as RestorePoint[]).sort((a, b) => (a.time < b.time ? -1 : 1));

/** @throws UserError with the names that there are */
export function restorePoint(stack: string, name: string): RestorePoint {
    const all = restorePoints(stack),
        found = all.find(p => p.name === name);
    if (found) return found;
    throw new UserError(
        `stack ${stack} has no restore point "${name}"; ${all.length === 0 ? `it has none; make one with: ./classroom snapshot ${stack} ${name}` : `there are ${all.map(p => p.name).join(", ")}`}`,
    );
}

/** Records a restore point: from now on there is one. */
export const record = (point: RestorePoint): void => kept(point.stack)!.put(point.name, point);

/** Forgets a restore point, or all of a stack. */
export const forget = (stack: string, name?: string): void => kept(stack)?.remove(name);

/**
 * The state's file and the resources that it records.
 * @throws UserError where there are no machines, or where a run was cut off in the middle
 */
export function stateToKeep(stack: string): { state: unknown; resources: RecordedResource[] } {
    const recorded = stackStore.state(stack);
    if (!recorded || machinesOf(recorded.resources).length === 0)
        throw new UserError(
            `the state of stack ${stack} knows no machines, so there is nothing to keep; make them with: ./classroom up ${stack}`,
        );
    if (recorded.pending.length > 0)
        throw new UserError(
            `the last run on stack ${stack} was cut off, so its state does not fit the cloud; first run: ./classroom up ${stack}`,
        );
    return { state: stackStore.whole(stack), resources: recorded.resources };
}
