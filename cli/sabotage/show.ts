import { configuredStacks } from "../../engine/stack-file";
import { UserError } from "../../system/errors";
import { sayJson, sayLines } from "../../system/output";
import { type Chosen, named, nameOf, waysOf } from "./choose";
import type { Exercise, Variant } from "./exercise";
import { noticedInWords } from "./noticed";
import { hasUndo } from "./render";
import { hasPlace, nodeOf, type Step } from "./steps";
import { underWay } from "../stack/under-way";

const waysInWords = ({ ways }: Exercise): string => (ways.length > 1 ? ` (${ways.length} ways)` : "");
const untried = ({ tried }: Exercise): string => (tried.length === 0 ? " (not yet tried on a lab)" : "");

/** An exercise in a line: what is noticed of it, and not why. */
export const listLine = (e: Exercise): string =>
    `${e.id.padEnd(4)} ${e.difficulty.padEnd(12)} ${String(e.minutes).padStart(3)} min  ${e.symptom}${waysInWords(e)}${untried(e)}`;

/** What `--list --json` has of an exercise: nothing that gives it away. */
export const listed = (e: Exercise): object => ({
    id: e.id,
    title: e.title,
    kind: e.kind,
    difficulty: e.difficulty,
    minutes: e.minutes,
    story: e.story,
    symptom: e.symptom,
    releases: e.releases,
    machines: e.machines,
    tried: e.tried,
    ways: e.ways.length,
});

/** Shows exercises without what is broken. */
export function showList(exercises: readonly Exercise[], json: boolean): void {
    if (json) sayJson({ exercises: exercises.map(listed) });
    else sayLines(exercises.length > 0 ? exercises.map(listLine) : ["no exercise is like that"]);
}

/** A step with its place, its keys and how it is mended: `stop on api-node (service: nova-api); mended by up --refresh`. */
function stepLine(step: Step, variant: Variant): string {
    const keys = Object.entries(step).flatMap(([key, value]) =>
        key === "do" || key === "node" ? [] : [`${key}: ${value}`],
    );
    const mends = hasUndo({ ...variant, steps: [step] }) ? "sabotage --undo" : "up --refresh";
    return `${step.do}${placeOf(step, variant)}${keys.length > 0 ? ` (${keys.join(", ")})` : ""}; mended by ${mends}`;
}
/** Steps about the cloud have no place of their own. */
const placeOf = (step: Step, { node }: Variant): string => (hasPlace(step) ? ` on ${nodeOf(step, node)}` : "");

/** Everything that is known of an exercise, as lines. */
export function explanation(ways: readonly Chosen[]): string[] {
    const { exercise } = ways[0]!;
    const { id, title, kind, difficulty, minutes, story, symptom, hints } = exercise;
    return [
        `${id}  ${title} (${kind}, ${difficulty}, ${minutes} min)${untried(exercise)}`,
        ...story.split("\n"),
        `symptom: ${symptom}`,
        ...hints.map((hint, i) => `hint ${i + 1}: ${hint}`),
        ...ways.flatMap(chosen => [
            "",
            `${nameOf(chosen)}, on ${chosen.variant.node}`,
            ...chosen.variant.steps.map((step, i) => `    step ${i + 1}: ${stepLine(step, chosen.variant)}`),
            ...(chosen.variant.noticed
                ? [`    noticed by ${noticedInWords(chosen.variant.noticed, chosen.variant.node)}`]
                : []),
            ...(chosen.variant.causes.length > 0
                ? chosen.variant.causes.map(cause => `    diagnose: ${cause}`)
                : ["    diagnose: finds nothing"]),
            `    mended by: ${hasUndo(chosen.variant) ? "sabotage --undo, or by hand" : "up --refresh, or by hand"}`,
            ...chosen.variant.solution.split("\n").map(line => `    ${line}`),
        ]),
    ];
}

/** Whether a name stands for something that is under way on a stack, or on any. */
function openOn(ways: readonly Chosen[], stack: string | undefined): string | undefined {
    const names = new Set(ways.map(nameOf));
    return (stack === undefined ? configuredStacks() : [stack]).find(s => underWay(s).some(o => names.has(o.name)));
}

/**
 * Shows what an exercise breaks and how it is mended.
 * @throws UserError while it is under way, unless it is to be revealed
 */
export function explain(
    exercises: readonly Exercise[],
    wanted: string,
    stack: string | undefined,
    { reveal = false, json = false },
): void {
    const ways = named(exercises, wanted),
        open = reveal ? undefined : openOn(ways, stack);
    if (open !== undefined)
        throw new UserError(
            `${wanted} is under way on ${open}: it is explained when ./classroom diagnose ${open} or sabotage ${open} --undo has ended well, or with --reveal`,
        );
    if (!json) return sayLines(explanation(ways));
    const { exercise } = ways[0]!;
    const { ways: _all, ...rest } = exercise;
    sayJson({ ...rest, ways: ways.map(({ variant }) => ({ ...variant, undo: hasUndo(variant) })) });
}

/**
 * Shows a hint to what is under way on a stack, or to an exercise.
 * @throws UserError where there is nothing, or several things, that it could be for
 */
export function showHint(
    exercises: readonly Exercise[],
    stack: string,
    wanted: string | undefined,
    number: string,
    json: boolean,
): void {
    if (!/^[123]$/.test(number)) throw new UserError(`--hint "${number}" is not allowed; there are hints 1, 2 and 3`);
    const open = new Set(underWay(stack).map(o => o.name));
    const ids = [...new Set((wanted === undefined ? opened(exercises, open) : named(exercises, wanted)).map(idOf))];
    if (ids.length !== 1)
        throw new UserError(
            ids.length === 0
                ? `nothing is under way on ${stack}, as far as this machine knows; name the exercise`
                : `several exercises are under way on ${stack}; name one of ${ids.join(", ")}`,
        );
    const hint = exercises.find(e => e.id === ids[0])!.hints[Number(number) - 1]!;
    if (json) sayJson({ id: ids[0], hint: Number(number), text: hint });
    else sayLines([hint]);
}
const idOf = ({ exercise }: Chosen): string => exercise.id;
const opened = (exercises: readonly Exercise[], open: ReadonlySet<string>): Chosen[] =>
    waysOf(exercises).filter(chosen => open.has(nameOf(chosen)));
