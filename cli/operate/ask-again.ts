import type { RecordedResource } from "../../engine/state";
import type { WithoutDisk } from "../hosts/libvirt-objects";
import { type Tally } from "./events";
import { shortType } from "../../engine/urn";
import type { Unasked } from "./report";

/** A machine whose disk is gone, as what could not be asked. */
export const withoutDisk = ({ id, reason }: WithoutDisk): Unasked => ({
    resource: `domain:Domain ${id}`,
    type: "domain:Domain",
    id,
    reason,
});

/** What the engine calls the resources that could not be asked. */
export const urnsOf = (unasked: readonly Unasked[], recorded: readonly RecordedResource[]): string[] =>
    recorded.filter(r => unasked.some(u => u.id === r.id && u.type === shortType(r.type))).map(r => r.urn);

/** One run of the engine: what it found, and whether it was the last. */
export interface Round {
    /** Names of what was found gone or different; of a run that mends, nothing. */
    drifted: readonly string[];
    /** It failed or was interrupted: nothing is done after it. */
    over: boolean;
}

/** What came of asking again. */
export interface Again<R extends Round> {
    rounds: R[];
    /** What could not be asked this time either. */
    left: Unasked[];
}

/** How a run sees to what it could not ask. */
export interface Ways<R extends Round> {
    /** What is recorded now. */
    recorded(): readonly RecordedResource[];
    /** Machines that cannot be asked, for their disk is gone. */
    lost(): Promise<readonly WithoutDisk[]>;
    /** Asks these alone; tells what could not be. */
    ask(urns: string[]): Promise<{ round: R; unasked: Unasked[] }>;
    mend(): Promise<R>;
}

/**
 * Asks what could not be asked before the mending, once more and no oftener; what has drifted of it is mended. What was
 * made anew in the meantime is as it was made.
 * @param unasked what could not be asked before, and `recorded` what was recorded then
 */
export async function askAgain<R extends Round>(
    unasked: readonly Unasked[],
    recorded: readonly RecordedResource[],
    ways: Ways<R>,
): Promise<Again<R>> {
    if (unasked.length === 0) return { rounds: [], left: [] };
    const there = new Set(ways.recorded().map(r => r.urn)),
        lost = await ways.lost(),
        again = urnsOf(unasked, recorded).filter(urn => there.has(urn) && !lost.some(l => l.urn === urn));
    const left = lost.map(withoutDisk);
    if (again.length === 0) return { rounds: [], left };
    const { round, unasked: still } = await ways.ask(again);
    left.push(...still);
    if (round.over || round.drifted.length === 0) return { rounds: [round], left };
    return { rounds: [round, await ways.mend()], left };
}

/** What two runs that made or mended something did together; what is unchanged is so after the last. */
export const together = (one: Tally, then: Tally): Tally => ({
    created: one.created + then.created,
    updated: one.updated + then.updated,
    replaced: one.replaced + then.replaced,
    deleted: one.deleted + then.deleted,
    failed: one.failed + then.failed,
    unchanged: then.unchanged,
    drifted: [...one.drifted, ...then.drifted],
});

/** The last words of a run that leaves something unasked: what it is, and what to do. */
export const leftLines = (stack: string, left: readonly Unasked[]): string[] =>
    left.length === 0
        ? []
        : [
              ...left.map(({ resource, reason }) => `could not be asked: ${resource}: ${reason}`),
              `${left.length === 1 ? "one resource" : `${left.length} resources`} could not be asked, before the mending and after it: whether they are as they should be is not known. ` +
                  `See to what keeps them from answering (./classroom diagnose ${stack} says where it lies), then run: ./classroom up ${stack} --refresh`,
          ];
