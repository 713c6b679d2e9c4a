import { type Cause, type Examined, exitCodeOf } from "./diagnosis";
import { type Suspect, suspectLines } from "./suspects";
import { causeInWords, causeLines, type NameOf } from "./words";
import { offLines } from "../operate/report";
import type { Run } from "../operate/run";

/** What suffers from a cause, by the resources' names. */
interface DiagnosedCause {
    /** In words. */
    cause: string;
    /** Absent where it is a host, or ssh of a node. */
    resource?: string;
    type: string;
    properties: { property: string; old: unknown; new: unknown }[];
    reason?: string;
    brokenByIt: string[];
    unaskedByIt: string[];
    /** Services that need what is broken, though they look sound. */
    neededBy: string[];
    /** Of a cause that nothing explains: what changed on its nodes since the last `up`, the newest first. */
    suspects?: readonly Suspect[];
}

/** What was found, and why. */
interface Diagnosis {
    all: readonly Examined[];
    causes: readonly Cause[];
    suspects: ReadonlyMap<Cause, readonly Suspect[]>;
    /** Since the last `up`. */
    unchangedSeconds: number;
}

/** The part of `--json` that only a diagnosis has. */
export interface Diagnosed {
    causes: DiagnosedCause[];
    sound: number;
    examined: number;
}

/** Says what is broken at the root and what suffers from it. */
export function conclude(
    { terminal, stack }: Run,
    { all, causes, suspects, unchangedSeconds }: Diagnosis,
    seconds: number,
): Diagnosed & { exitCode: number } {
    const nameOf = namesIn(all),
        told = new Set<string>(),
        resources = all.filter(isResource),
        exitCode = exitCodeOf(causes);
    const count = (found: string) => resources.filter(e => e.verdict.found === found).length;
    for (const cause of causes)
        [...causeLines(cause, nameOf, told), ...suspectLines(suspects.get(cause) ?? [], unchangedSeconds)].forEach(
            line => terminal.line(line),
        );
    const off = resources.flatMap(e => (e.verdict.found === "off" ? [e.verdict.node] : []));
    offLines(off).forEach(line => terminal.line(line));
    const [unasked, drifted] = [count("unasked"), count("drifted") + count("gone")];
    terminal.line(
        causes.length === 0
            ? `${resources.length - off.length} of ${resources.length} resources examined in ${seconds.toFixed(1)} s: all as they were made`
            : `${causes.length} ${causes.length === 1 ? "cause" : "causes"}; of ${resources.length} resources ${drifted} drifted, ${unasked} could not be asked, in ${seconds.toFixed(1)} s`,
    );
    remedies(
        stack,
        resources.filter(e => ["drifted", "gone"].includes(e.verdict.found)),
    ).forEach(line => terminal.line(line));
    return {
        causes: causes.map(cause => ({
            ...inJson(cause, nameOf),
            ...(suspects.has(cause) && { suspects: suspects.get(cause)! }),
        })),
        sound: count("sound"),
        examined: resources.length,
        exitCode,
    };
}

/** The commands that put right what has drifted. `up` makes no record of a node, and mends none where `baseline` is `report`. */
export function remedies(stack: string, drifted: readonly Examined[]): string[] {
    const unrecorded = drifted.filter(e => e.type === "guest:Baseline"),
        left = drifted.filter(e => e.type === "guest:Ground" && e.inputs.mends === false),
        nodes = left.map(e => e.area).join(" ");
    return [
        ...(drifted.length > unrecorded.length + left.length ? [`mends it: ./classroom up ${stack} --refresh`] : []),
        ...(left.length > 0
            ? [
                  `up leaves differences of ${nodes} (baseline: report); takes them for right: ./classroom accept ${stack} ${nodes}`,
              ]
            : []),
        ...(unrecorded.length > 0 ? [`records what is right: ./classroom accept ${stack}`] : []),
    ];
}

const isResource = (e: Examined): boolean => e.resourceId !== undefined;

/** The names of objects that others know by their ids. */
const namesIn =
    (all: readonly Examined[]): NameOf =>
    (type, id) => {
        const found = all.find(e => e.type === type && e.resourceId === id);
        return String(found?.inputs[type.split(":")[1]!.toLowerCase()] ?? id);
    };

function inJson({ of, beside, follows, leans }: Cause, nameOf: NameOf): DiagnosedCause {
    const names = (list: readonly Examined[]) => list.filter(isResource).map(e => e.name);
    return {
        cause: causeInWords({ of }, nameOf),
        ...(isResource(of) && { resource: of.name }),
        type: of.type,
        properties:
            of.verdict.found === "drifted"
                ? of.verdict.changes.map(c => ({ property: c.path, old: c.old ?? null, new: c.new ?? null }))
                : [],
        ...(of.verdict.found === "unasked" && { reason: of.verdict.reason }),
        brokenByIt: names(follows.filter(e => e.verdict.found !== "unasked")),
        unaskedByIt: names([...beside, ...follows.filter(e => e.verdict.found === "unasked")]),
        neededBy: names(leans),
    };
}
