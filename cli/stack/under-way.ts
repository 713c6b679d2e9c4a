import { stackStore } from "../../engine/stack-store";

/** An exercise that was done to a stack and is not known to be mended. */
export interface UnderWay {
    /** `S4-mysql` */
    name: string;
    /** ISO 8601, by this machine's clock. */
    since: string;
    /** Part of it is taken back by `sabotage --undo` alone. */
    hasUndo: boolean;
    /** The trusted folder of its scripts. */
    scripts?: string;
}

/** The note of a stack about its exercise under way; none for a removed cloud. */
const NOTE = "sabotage.json";

const isUnderWay = (value: unknown): value is UnderWay =>
    typeof value === "object" && value !== null && typeof (value as UnderWay).name === "string";

/** The exercise under way on a stack; nothing if its note cannot be understood. */
export function underWay(stack: string): UnderWay[] {
    try {
        const found: unknown = JSON.parse(stackStore.note(stack, NOTE) ?? "[]");
        return Array.isArray(found) ? found.filter(isUnderWay) : [];
    } catch {
        return [];
    }
}

const keep = (stack: string, wanted: (one: UnderWay) => boolean, more: readonly UnderWay[] = []): void => {
    const before = underWay(stack),
        all = [...before.filter(wanted), ...more];
    if (before.length + all.length > 0) stackStore.putNote(stack, NOTE, `${JSON.stringify(all)}\n`);
};

/** Notes that an exercise begins. */
export const begun = (stack: string, one: UnderWay): void => keep(stack, o => o.name !== one.name, [one]);

/** Notes that an exercise is over: it is mended, or was never done. */
export const over = (stack: string, name: string): void => keep(stack, o => o.name !== name);

/** Notes that everything that was asked of a stack is as it should be. */
export const soundAgain = (stack: string): void => keep(stack, o => o.hasUndo);
