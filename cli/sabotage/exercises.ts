import * as fs from "fs";
import * as path from "path";
import { UserError } from "../../system/errors";
import { complain } from "../../system/output";
import { projectDir } from "../../system/paths";
import type { Exercise } from "./exercise";
import { type Read, readExercise } from "./exercise-file";

/** A file of more than this is none that a person has written. */
const LARGEST = 256 * 1024;

/** The text of an exercise's file, or why it cannot be read. */
function textOf(file: string): { text: string } | { reason: string } {
    try {
        if (fs.statSync(file).size > LARGEST) return { reason: `larger than ${LARGEST / 1024} KiB` };
        return { text: new TextDecoder("utf-8", { fatal: true }).decode(fs.readFileSync(file)) };
    } catch (e) {
        return {
            reason:
                (e as NodeJS.ErrnoException).code === "ERR_ENCODING_INVALID_ENCODED_DATA"
                    ? "not in UTF-8; save it in that encoding"
                    : (e as Error).message,
        };
    }
}

/** S2 before S10, and the tutorial's before others. */
function order(a: Exercise, b: Exercise): number {
    const [[, word = "", number], [, other = "", counted]] = [a.id, b.id].map(id => /^([A-Z]+)(\d+)$/.exec(id)!) as [
        RegExpExecArray,
        RegExpExecArray,
    ];
    const rank = (letters: string) => (letters === "S" ? "" : letters);
    return rank(word).localeCompare(rank(other)) || Number(number) - Number(counted);
}

/** A file of a folder of exercises: the exercise, or its mistakes. */
function readFile(folder: string, file: string): Read {
    const shown = `${path.basename(folder)}/${file}`,
        read = textOf(path.join(folder, file));
    if (!("text" in read)) return { mistakes: [`${shown}: cannot be read: ${read.reason}`] };
    const parsed = readExercise(shown, read.text);
    if (parsed.mistakes || `${parsed.exercise.id}.yaml` === file) return parsed;
    const line = read.text.split("\n").findIndex(text => text.startsWith("id:")) + 1;
    return {
        mistakes: [`${shown}: line ${line}: id is "${parsed.exercise.id}", the file is ${file}: make them equal`],
    };
}

/** The mistakes of one exercise's file, wherever it is. */
export const mistakesOf = (file: string): string[] =>
    readFile(path.dirname(path.resolve(file)), path.basename(file)).mistakes ?? [];

const inLines = (mistakes: readonly string[]): string => mistakes.map(m => `\n  ${m}`).join("");
const counted = ({ length }: readonly string[]): string => (length === 1 ? "a mistake" : `${length} mistakes`);
/** `X1` of X1.yaml. */
const idOf = (file: string): string => file.replace(/\.ya?ml$/, "");

/** The files of a folder that are read, in order. A name that somebody may have meant so is told. */
function filesOf(folder: string, tell: (text: string) => void): string[] {
    const files = fs.readdirSync(folder).sort();
    for (const file of files.filter(name => name.endsWith(".yml")))
        tell(`classroom: ${path.basename(folder)}/${file} is not read; call it ${idOf(file)}.yaml`);
    return files.filter(name => name.endsWith(".yaml"));
}

/**
 * The exercises of a folder that have no mistake, S1 first. What is wrong with others is told, and does not stop these.
 * @param needed exercises, or ways of them, that have to be sound
 * @param folder whose files *.yaml hold one exercise each, named by its id
 * @param tell how mistakes are told that stop nothing
 * @throws UserError naming every mistake in what is needed: file, line, key, what is allowed
 */
export function loadExercises(
    needed: readonly (string | undefined)[] = [],
    folder = path.join(projectDir(), "exercises"),
    tell: (text: string) => void = complain,
): Exercise[] {
    const ids = needed.flatMap(name => name?.replace(/-.*$/, "").toUpperCase() ?? []),
        wrong: string[] = [],
        found: Exercise[] = [];
    for (const file of filesOf(folder, tell)) {
        const { exercise, mistakes } = readFile(folder, file) as { exercise?: Exercise; mistakes?: string[] };
        if (exercise) found.push(exercise);
        else if (ids.includes(idOf(file).toUpperCase())) wrong.push(...mistakes!);
        else tell(`classroom: ${idOf(file)} is left out, because it has ${counted(mistakes!)}${inLines(mistakes!)}`);
    }
    if (wrong.length > 0)
        throw new UserError(
            `${ids.length === 1 ? "the exercise has" : "the exercises have"} ${counted(wrong)}; nothing was broken${inLines(wrong)}`,
        );
    return found.sort(order);
}
