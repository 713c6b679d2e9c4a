import type { RecordedResource } from "../../engine/state";
import type { WithoutDisk } from "../hosts/libvirt-objects";
import { nodeOf, type Tally, type Unmended } from "./events";
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
    /** Names of what could not be mended. */
    failed: readonly string[];
    /** It failed as a whole or was interrupted: nothing is done after it. */
    over: boolean;
}

/** What is open after a mending. */
interface Open {
    /** What could not be asked before it. */
    unasked: readonly Unasked[];
    failed: readonly string[];
}

/** What came of asking again. */
export interface Again<R extends Round> {
    rounds: R[];
    /** What could not be asked the last time either. */
    left: readonly Unasked[];
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

/** How often a cloud is asked and mended, the first time included. */
const ROUNDS = 3;

/**
 * Asks what could not be asked before the mending once more, and mends what has drifted of it and what could not be mended;
 * then again, as long as that leads on, three rounds in all. What was made anew in the meantime is as it was made.
 * @param open after the first mending
 * @param recorded what was recorded before it
 */
export async function askAgain<R extends Round>(
    open: Open,
    recorded: readonly RecordedResource[],
    ways: Ways<R>,
): Promise<Again<R>> {
    const rounds: R[] = [];
    let left = open;
    for (let round = 2; round <= ROUNDS && left.unasked.length + left.failed.length > 0; round++) {
        const next = await goRound(left, recorded, ways),
            leadsOn = textOf(next) !== textOf(left);
        rounds.push(...next.rounds);
        left = next;
        if (!leadsOn || rounds[rounds.length - 1]?.over) break;
    }
    return { rounds, left: left.unasked };
}

const textOf = ({ unasked, failed }: Open): string =>
    JSON.stringify([unasked.map(u => `${u.type} ${u.id}`).sort(), [...failed].sort()]);

async function goRound<R extends Round>(
    { unasked, failed }: Open,
    recorded: readonly RecordedResource[],
    ways: Ways<R>,
): Promise<Open & { rounds: R[] }> {
    const there = new Set(ways.recorded().map(r => r.urn)),
        lost = unasked.length > 0 ? await ways.lost() : [],
        again = urnsOf(unasked, recorded).filter(urn => there.has(urn) && !lost.some(l => l.urn === urn));
    const rounds: R[] = [],
        mute = lost.map(withoutDisk);
    if (again.length > 0) {
        const { round, unasked: still } = await ways.ask(again);
        rounds.push(round);
        mute.push(...still);
    }
    const [asked] = rounds;
    if (asked?.over || (failed.length === 0 && !asked?.drifted.length)) return { unasked: mute, failed, rounds };
    const mended = await ways.mend();
    return { unasked: mute, failed: mended.failed, rounds: [...rounds, mended] };
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

/** The nodes in which something is that could not be asked. */
const nodesOf = (left: readonly Unasked[], recorded: readonly RecordedResource[]): (string | undefined)[] =>
    left.map(u => {
        const found = recorded.find(r => r.id === u.id && shortType(r.type) === u.type);
        return found && nodeOf(found.inputs);
    });

/** The last words of a run that leaves something unmended or unasked: what it is, and the commands that mend it. */
export function leftLines(
    stack: string,
    left: readonly Unasked[],
    unmended: readonly Unmended[] = [],
    recorded: readonly RecordedResource[] = [],
): string[] {
    if (left.length + unmended.length === 0) return [];
    const nodes = new Set([...unmended.map(u => u.node), ...nodesOf(left, recorded)].filter(n => n !== undefined));
    // What a node's record says is named by its node alone.
    const records = [...new Set(unmended.filter(u => u.resource === u.node).map(u => u.resource))].sort();
    const count = (n: number) => (n === 1 ? "one resource" : `${n} resources`);
    return [
        ...unmended.map(({ resource, reason }) => `could not be mended: ${resource}: ${reason}`),
        ...left.map(({ resource, reason }) => `could not be asked: ${resource}: ${reason}`),
        ...(left.length === 0
            ? []
            : [
                  `${count(left.length)} could not be asked, before the mending and after it: whether they are as they should be is not known`,
              ]),
        `See to the reason (./classroom diagnose ${stack} says where it lies), then run: ./classroom up ${stack} --refresh`,
        ...(nodes.size === 0
            ? []
            : [`Or make anew where it is: ./classroom rebuild ${stack} ${[...nodes].sort().join(" ")}`]),
        ...(records.length === 0
            ? []
            : [`Or take for right what differs in it: ./classroom accept ${stack} ${records.join(" ")}`]),
    ];
}
