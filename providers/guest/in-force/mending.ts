import { NamesOf, OptionName, writeOptions } from "../ini";
import type { Grammar } from "./grammar";
import type { Reader, Source } from "./reader";

/** Options with the values that they are to have; undefined: they are to be taken out. */
export type Wanted = Record<string, Record<string, string | undefined>>;

/** A file without the lines for which its program would give it up. */
export function accepted(text: string, grammar: Grammar): string {
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

/** What a file is to be so that the options have their values: what shadows them is taken out, and nothing else. */
export function mended({ text, stands }: Source, wanted: Wanted, reader: Reader): string {
    const { grammar } = reader,
        sound = accepted(text, grammar);
    if (stands === "itself") return writeOptions(sound, wanted, grammar, others(reader));
    const shadows = (section: string, key: string): readonly OptionName[] =>
        stands === "after" ? others(reader)(section, key) : reader.instead(section, key);
    const gone: Wanted = {};
    for (const [section, options] of Object.entries(wanted))
        for (const [key, value] of Object.entries(options))
            if (value !== undefined) for (const [s, k] of shadows(section, key)) (gone[s] ??= {})[k] = undefined;
    return writeOptions(sound, gone, grammar);
}
