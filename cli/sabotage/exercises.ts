import * as fs from "fs";
import * as path from "path";
import { UserError } from "../../system/errors";
import { projectDir } from "../../system/paths";
import type { Exercise } from "./exercise";
import { readExercise } from "./exercise-file";

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

/**
 * Every exercise of a folder, S1 first.
 * @param folder whose files *.yaml hold one exercise each, named by its id
 * @throws UserError naming every mistake in them: file, line, key, what is allowed
 */
export function loadExercises(folder = path.join(projectDir(), "exercises")): Exercise[] {
    const name = path.basename(folder),
        mistakes: string[] = [],
        found: Exercise[] = [];
    for (const file of fs
        .readdirSync(folder)
        .filter(f => f.endsWith(".yaml"))
        .sort()) {
        const shown = `${name}/${file}`,
            read = textOf(path.join(folder, file));
        const parsed =
            "text" in read
                ? readExercise(shown, read.text)
                : { mistakes: [`${shown}: cannot be read: ${read.reason}`] };
        if (parsed.mistakes) mistakes.push(...parsed.mistakes);
        else if (`${parsed.exercise.id}.yaml` !== file)
            mistakes.push(
                `${shown}: line 1: id: the exercise ${parsed.exercise.id} is in the file ${parsed.exercise.id}.yaml; rename one of them`,
            );
        else found.push(parsed.exercise);
    }
    if (mistakes.length > 0)
        throw new UserError(
            `the exercises have ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}; nothing was broken\n${mistakes.map(m => `  ${m}`).join("\n")}`,
        );
    return found.sort(order);
}
