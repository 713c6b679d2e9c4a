import { type NamesOf, type OptionName, takeOut, writeOptions } from "../ini";
import type { Grammar } from "./grammar";
import { type Matching, type Reader, type Source, Understood } from "./reader";

/** Options with the values that they are to have; undefined: they are to be taken out. */
export type Wanted = Record<string, Record<string, string | undefined>>;

/** A file without the lines for which its program would give it up. */
function accepted(text: string, grammar: Grammar): string {
    const { refused } = grammar.read(text);
    if (refused.length === 0) return text;
    const lines = text.split("\n");
    for (const { line, instead } of [...refused].reverse())
        lines.splice(line, 1, ...(instead === undefined ? [] : [instead]));
    // Without its mark a line may be refused for another reason.
    return accepted(lines.join("\n"), grammar);
}

/** Every name of an option that would be read in the place of its own. */
const others =
    ({ names, instead }: Reader): NamesOf =>
    (section, key) => [...names(section, key).flat(), ...instead(section, key)];

/** How many lines of other files may shadow one option. */
const SHADOWS = 200;

/**
 * What the files are to be so that services get the options: the file itself has them, and of the others those lines are
 * taken out that are read in their place, and no more.
 */
export function mended<S extends Source>(
    sources: readonly S[],
    wanted: Wanted,
    reader: Reader,
    matching?: Matching,
): S[] {
    const { grammar } = reader;
    const files = sources.map(source => {
        const text = source.stands === "within" ? source.text : accepted(source.text, grammar);
        return {
            ...source,
            text: source.stands === "itself" ? writeOptions(text, wanted, grammar, others(reader)) : text,
        };
    });
    const shadowOf = (name: OptionName, value: string): [file: S, line: number] | undefined => {
        const understood = new Understood(reader, files, matching),
            found = understood.gives(name, value) ? undefined : understood.find(...name),
            file = files.find(f => f.path === found?.path && f.stands !== "itself");
        return found && file && [file, found.line - 1];
    };
    for (const [section, options] of Object.entries(wanted))
        for (const [key, value] of Object.entries(options))
            for (let i = 0; value !== undefined && i < SHADOWS; i++) {
                const shadow = shadowOf([section, key], value);
                if (!shadow) break;
                shadow[0].text = takeOut(shadow[0].text, shadow[1], grammar);
            }
    return files;
}
