import { type NodeName, nodeNames } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { UserError } from "../../system/errors";
import { difficulties, type Exercise, exerciseKinds, type Variant } from "./exercise";
import { nodesOf } from "./render";

/** One way to do an exercise. */
export interface Chosen {
    exercise: Exercise;
    variant: Variant;
}
/** `S4-mysql` */
export const nameOf = ({ exercise, variant }: Chosen): string => `${exercise.id}-${variant.name}`;

/** Every way of every exercise, in their order. */
export const waysOf = (exercises: readonly Exercise[]): Chosen[] =>
    exercises.flatMap(exercise => exercise.ways.map(variant => ({ exercise, variant })));

/** Which exercises are wanted, as the options have it. */
export interface Wanted {
    kind?: string;
    difficulty?: string;
    /** Those too that nobody has done on a lab yet. */
    all?: boolean;
}

/** @throws UserError for a kind or a difficulty that there is not */
export function filtered(exercises: readonly Exercise[], { kind, difficulty, all }: Wanted): Exercise[] {
    if (kind !== undefined && !(exerciseKinds as readonly string[]).includes(kind))
        throw new UserError(`--kind "${kind}" is not a kind of exercise; there are ${exerciseKinds.join(", ")}`);
    if (difficulty !== undefined && !(difficulties as readonly string[]).includes(difficulty))
        throw new UserError(`--difficulty "${difficulty}" is not one; there are ${difficulties.join(", ")}`);
    return exercises.filter(
        e =>
            (kind === undefined || e.kind === kind) &&
            (difficulty === undefined || e.difficulty === difficulty) &&
            (all === true || e.tried.length > 0),
    );
}

/** The seed that was given, or one by chance. */
export function seedOf(text: string | undefined): number {
    if (text === undefined) return Math.floor(Math.random() * 100_000);
    if (!/^\d{1,9}$/.test(text)) throw new UserError(`--seed "${text}" is not a whole number of at most nine digits`);
    return Number(text);
}

/** A number from 0 to below 1, the same for the same seed (mulberry32's first). */
export function drawn(seed: number): number {
    let t = (seed + 0x6d2b79f5) | 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/**
 * The ways that a name stands for.
 * @param wanted `S4`, or `S4-mysql`
 * @throws UserError with what there is
 */
export function named(exercises: readonly Exercise[], wanted: string): Chosen[] {
    const fitting = waysOf(exercises).filter(
        c => wanted.toUpperCase() === c.exercise.id || wanted.toLowerCase() === nameOf(c).toLowerCase(),
    );
    if (fitting.length > 0) return fitting;
    const found = exercises.find(e => wanted.toUpperCase().startsWith(`${e.id}-`));
    throw new UserError(
        `there is no exercise "${wanted}"; there are ${(found ? waysOf([found]).map(nameOf) : exercises.map(e => e.id)).join(", ")}`,
    );
}

/**
 * One way to do an exercise; of several one by the seed.
 * @param exercises all that there are, or for `random` those that are drawn from
 * @param wanted `S4`, or `S4-mysql`
 * @throws UserError with what there is
 */
export function choose(
    exercises: readonly Exercise[],
    wanted: string | undefined,
    node: string | undefined,
    random: boolean,
    seed: number,
): Chosen {
    if (node !== undefined && !nodeNames.includes(node as NodeName))
        throw new UserError(`--node "${node}" is not a node; there are ${nodeNames.join(", ")}`);
    if ((wanted === undefined) !== random)
        throw new UserError(
            random ? "give either an exercise or --random" : "which exercise? Give one, or --random; --list shows them",
        );
    const fitting = wanted === undefined ? waysOf(exercises) : named(exercises, wanted);
    const there = fitting.filter(c => node === undefined || c.variant.node === node);
    if (there.length === 0)
        throw new UserError(
            fitting.length === 0
                ? "no exercise is like that; --list shows them, with --all those too that were not tried on a lab"
                : `${wanted ?? "no exercise"} is not done on ${node}, but on ${[...new Set(fitting.map(c => c.variant.node))].join(", ")}`,
        );
    return there[Math.floor(drawn(seed) * there.length)]!;
}

type Stack = Pick<Settings, "training" | "release" | "powerOf" | "kindOf" | "made">;

/** Why a way cannot be done to a stack as that is configured; undefined where it can. */
export function whyNot({ exercise, variant }: Chosen, settings: Omit<Stack, "training">): string | undefined {
    const { id, releases, machines } = exercise;
    if (!releases.includes(settings.release))
        return `${id} is for release ${releases.join(", ")}, and the stack's is ${settings.release}, so nothing was broken`;
    for (const node of nodesOf(variant)) {
        if (!settings.made.includes(node)) return `${node} does not exist yet (upTo), so nothing in it can be broken`;
        if (settings.powerOf(node) === "off")
            return `${node} is off by configuration (nodes.${node}.power), so nothing in it can be broken`;
        if (!machines.includes(settings.kindOf(node)))
            return `${id} is for machines of the kind ${machines.join(", ")}, and ${node} is of the kind ${settings.kindOf(node)}, so nothing was broken`;
    }
    return undefined;
}

/** @throws UserError for a stack that is not there to practise on, and for a way that cannot be done to it */
export function checkAllowed(stack: string, settings: Stack, chosen: Chosen): void {
    if (!settings.training)
        throw new UserError(
            `stack ${stack} is not there to practise on, so nothing was broken; if it is, put training: true into Pulumi.${stack}.yaml`,
        );
    const reason = whyNot(chosen, settings);
    if (reason !== undefined) throw new UserError(reason);
}
