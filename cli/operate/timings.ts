import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import type { RecordedResource } from "../../engine/state";
import { nameOf, shortType } from "../../engine/urn";
import { isReal } from "./events";

/** One step of the engine's with a resource. Times in milliseconds since 1970. */
export interface Step {
    urn: string;
    type: string;
    /** The engine's word: create, update, delete, refresh, same … */
    op: string;
    /** The machine that it works on, or `cloud` for what is stored in the cloud. */
    place: string;
    begin: number;
    end: number;
}

/** A part of a run that is no step: the preparation, the engine's run as a whole. */
export interface Part {
    name: string;
    begin: number;
    end: number;
}

/** Takes the times of steps from the engine's events as they come: their own timestamps are whole seconds. */
export class StepTimes {
    readonly steps: Step[] = [];
    private readonly begun = new Map<string, Pick<Step, "op" | "begin">>();

    handle(event: EngineEvent, now = Date.now()): void {
        const before = event.resourcePreEvent?.metadata,
            after = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
        if (before && isReal(before)) this.begun.set(before.urn, { op: before.op, begin: now });
        const begun = after && this.begun.get(after.urn);
        if (!begun) return;
        this.begun.delete(after.urn);
        this.steps.push({ urn: after.urn, type: after.type, place: placeOf(after), ...begun, end: now });
    }
}

function placeOf({ new: now, old }: StepEventMetadata): string {
    const { connection, guest } = ((now ?? old)?.inputs ?? {}) as Record<string, { name?: unknown } | undefined>;
    const name = (connection ?? guest)?.name;
    return typeof name === "string" ? name : "cloud";
}

/**
 * A step of the critical path, and how long it waited after the one that it had to wait for: for the engine or the
 * program.
 */
export interface Critical extends Step {
    waited: number;
}

/** How much earlier than the end of its predecessor a step may seem to begin: events are told one after another. */
const TOLERANCE_MS = 50;

/**
 * The steps that decided how long a run took, first to last: from the one that ended last back, each time to the one among those
 * that it had to wait for that ended last.
 * @param resources of the state before the run and after it: what depends on what
 * @param began when the engine's run began, in milliseconds since 1970
 */
export function criticalPath(
    steps: readonly Step[],
    resources: readonly RecordedResource[],
    began: number,
): readonly Critical[] {
    const graph = new Waiting(steps, resources),
        path: Critical[] = [],
        gone = new Set<Step>();
    let at = last(steps);
    while (at) {
        gone.add(at);
        const { begin } = at,
            earlier = graph.waitedFor(at).filter(s => s.end <= begin + TOLERANCE_MS && !gone.has(s)),
            before = last(earlier);
        path.unshift({ ...at, waited: Math.max(0, begin - (before?.end ?? began)) });
        at = before;
    }
    return path;
}

const last = (steps: readonly Step[]): Step | undefined =>
    steps.reduce<Step | undefined>((latest, step) => (latest && latest.end >= step.end ? latest : step), undefined);

const isDelete = ({ op }: Step): boolean => op.startsWith("delete");

/** Which steps wait for which. */
class Waiting {
    private readonly steps = new Map<string, Step[]>();
    private readonly needs = new Map<string, Set<string>>();
    private readonly users = new Map<string, Set<string>>();

    constructor(steps: readonly Step[], resources: readonly RecordedResource[]) {
        for (const step of steps) this.steps.set(step.urn, [...(this.steps.get(step.urn) ?? []), step]);
        for (const { urn, provider, ...resource } of resources) {
            const needed = [
                ...(resource.dependencies ?? []),
                ...Object.values(resource.propertyDependencies ?? {}).flat(),
                ...(resource.deletedWith === undefined ? [] : [resource.deletedWith]),
                // The id of the one that makes it stands after its urn.
                ...(provider === undefined ? [] : [provider.slice(0, provider.lastIndexOf("::"))]),
            ];
            for (const need of needed) {
                setOf(this.needs, urn).add(need);
                setOf(this.users, need).add(urn);
            }
        }
    }

    /**
     * A delete waits for those of what uses it; anything else for what it uses, and for the delete of what it replaces.
     */
    waitedFor(step: Step): Step[] {
        const own = this.steps.get(step.urn)!.filter(other => other !== step),
            graph = isDelete(step) ? this.users : this.needs;
        return [...own, ...this.beyond(step.urn, graph).filter(other => isDelete(other) === isDelete(step))];
    }

    /** The steps of what is next in the graph; what had none is passed through. */
    private beyond(urn: string, graph: ReadonlyMap<string, ReadonlySet<string>>, seen = new Set<string>()): Step[] {
        return [...(graph.get(urn) ?? [])].flatMap(next => {
            if (seen.has(next)) return [];
            seen.add(next);
            return this.steps.get(next) ?? this.beyond(next, graph, seen);
        });
    }
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
    const found = map.get(key) ?? new Set<string>();
    map.set(key, found);
    return found;
}

/** How many of the slowest are told. */
const TOLD = 10;

export const slowest = (steps: readonly Step[]): Step[] =>
    [...steps].sort((a, b) => b.end - b.begin - (a.end - a.begin)).slice(0, TOLD);

const inSeconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);

const stepLine = (step: Step, waited = 0): string =>
    `${inSeconds(step.end - step.begin).padStart(7)} s  ${step.op} ${shortType(step.type)} ${nameOf(step.urn)}` +
    (waited >= TOLERANCE_MS ? `, after ${inSeconds(waited)} s of waiting` : "");

/** What a person reads of it. */
export function timingLines(path: readonly Critical[], slow: readonly Step[]): string[] {
    const told = path.filter(({ begin, end, waited }) => end - begin + waited >= TOLERANCE_MS),
        sum = path.reduce((all, { begin, end, waited }) => all + waited + end - begin, 0);
    return [
        `critical path, ${inSeconds(sum)} s (steps under ${TOLERANCE_MS} ms are left out):`,
        ...told.map(step => stepLine(step, step.waited)),
        `slowest of all:`,
        ...slow.map(step => stepLine(step)),
    ];
}

/** An event as chrome://tracing and Perfetto read it; times in microseconds. */
type TraceEvent = Readonly<Record<string, unknown>>;

/** Steps that overlap, in lanes in which none do. */
function lanes<T extends { begin: number; end: number }>(all: readonly T[]): { step: T; lane: number }[] {
    const free: number[] = [];
    return [...all]
        .sort((a, b) => a.begin - b.begin)
        .map(step => {
            const found = free.findIndex(until => until <= step.begin),
                lane = found < 0 ? free.length : found;
            free[lane] = step.end;
            return { step, lane };
        });
}

/**
 * The trace of a run. It has a process for the run itself and one for each place of work. A process has as many threads as it has steps
 * side by side. Steps of the critical path have the category `critical`.
 */
export function traceOf(parts: readonly Part[], steps: readonly Step[], path: readonly Critical[]): object {
    const waited = new Map(path.map(step => [`${step.urn} ${step.begin}`, step.waited])),
        places = [...new Set(steps.map(({ place }) => place))].sort();
    const named = (pid: number, name: string): TraceEvent => ({ ph: "M", name: "process_name", pid, args: { name } });
    const span = (name: string, cat: string, { begin, end }: Part | Step, pid: number, tid: number, args = {}) => ({
        ph: "X",
        name,
        cat,
        ts: begin * 1000,
        dur: (end - begin) * 1000,
        pid,
        tid,
        args,
    });
    const events = places.flatMap((place, at): TraceEvent[] => [
        named(at + 2, place),
        ...lanes(steps.filter(step => step.place === place)).map(({ step, lane }) => {
            const { op, type, urn, begin } = step,
                after = waited.get(`${urn} ${begin}`);
            return span(`${op} ${nameOf(urn)}`, after === undefined ? "step" : "critical", step, at + 2, lane, {
                type: shortType(type),
                ...(after !== undefined && { waitedMilliseconds: after }),
            });
        }),
    ]);
    const own = lanes(parts).map(({ step, lane }) => span(step.name, "run", step, 1, lane));
    return { displayTimeUnit: "ms", traceEvents: [named(1, "the run"), ...own, ...events] };
}
