import { settingsWithoutSecrets } from "../stack/reach";
import { whyNot } from "./choose";
import type { Exercise } from "./exercise";

/** The exercises of which some way can be done to the stack, with those ways alone. */
export function drawnFrom(stack: string, exercises: readonly Exercise[]): Exercise[] {
    const settings = settingsWithoutSecrets(stack);
    return exercises
        .map(exercise => ({
            ...exercise,
            ways: exercise.ways.filter(variant => whyNot({ exercise, variant }, settings) === undefined),
        }))
        .filter(exercise => exercise.ways.length > 0);
}
