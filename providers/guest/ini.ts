import { type Grammar, plain, type Reading, type Setting } from "./in-force/grammar";

/** Options by section. The section `""` stands before the first header (python settings, /etc/default). */
export type Options = Record<string, Record<string, string>>;

/** An option by section and name. */
export type OptionName = readonly [section: string, key: string];
/** Other names by which a program finds an option, its own included. */
export type NamesOf = (section: string, key: string) => readonly OptionName[];

const itself: NamesOf = (section, key) => [[section, key]];

/** Whether a setting is of one of these names, to the program that reads the file. */
export const isOf = ({ section, key }: Setting, names: readonly OptionName[], grammar: Grammar): boolean =>
    names.some(([s, k]) => grammar.section(s) === grammar.section(section) && grammar.key(k) === grammar.key(key));

/** Line numbers of a section: its first line after the header, and the one behind its last. */
function extent(
    reading: Reading,
    section: string,
    grammar: Grammar,
    end: number,
): { from: number; to: number } | undefined {
    const { headers } = reading,
        at = headers.findIndex(h => grammar.section(h.section) === grammar.section(section));
    if (section === "") return { from: 0, to: headers[0]?.line ?? end };
    return at < 0 ? undefined : { from: headers[at]!.line + 1, to: headers[at + 1]?.line ?? end };
}

/**
 * The file's value of each of the named options; those that it does not set are absent. Where one is set twice, the
 * last counts.
 */
export function readOptions(text: string, wanted: Record<string, readonly string[]>): Options {
    const { settings, headers } = plain.read(text),
        found: Options = {};
    for (const [section, keys] of Object.entries(wanted)) {
        const part = extent({ settings, headers, refused: [] }, section, plain, Infinity);
        for (const { key, value, from } of settings)
            if (part && from >= part.from && from < part.to && keys.includes(key)) (found[section] ??= {})[key] = value;
    }
    return found;
}

/**
 * Where a new option goes: behind the comment that shows its default, else to the end of its section; never into a
 * value.
 */
function place(
    lines: readonly string[],
    { from, to }: { from: number; to: number },
    key: string,
    reading: Reading,
): number {
    const shown = lines.findIndex(
        (line, i) =>
            i >= from &&
            i < to &&
            /^\s*#/.test(line) &&
            plain.read(line.replace(/^\s*#\s*/, "")).settings[0]?.key === key &&
            !reading.settings.some(s => s.from <= i && i < s.to) &&
            !reading.closed?.has(i),
    );
    if (shown >= 0) return shown + 1;
    let end = to;
    while (end > from && lines[end - 1]!.trim() === "") end--;
    return end;
}

/** Puts one option into the lines, or takes it out (`undefined`). */
function set(
    lines: string[],
    [section, key]: OptionName,
    value: string | undefined,
    grammar: Grammar,
    namesOf: NamesOf,
): void {
    const reading = grammar.read(lines.join("\n")),
        own = reading.settings.filter(s => isOf(s, [[section, key]], grammar)),
        line = `${key} = ${value}`,
        keep = value === undefined ? undefined : own.find(s => !s.isInner);
    const others = reading.settings.filter(
        s => s !== keep && (own.includes(s) || (value !== undefined && isOf(s, namesOf(section, key), grammar))),
    );
    // Several of one line go together.
    const edits = others
        .filter((s, i) => others.findIndex(o => o.from === s.from) === i && s.from !== keep?.from)
        .map(s => ({ ...s, instead: grammar.without?.(lines, s) ?? [] }));
    if (keep && keep.value !== grammar.literal(value!)) edits.push({ ...keep, instead: [line] });
    for (const { from, to, instead } of edits.sort((a, b) => b.from - a.from))
        lines.splice(from, to - from, ...instead);
    if (value === undefined || keep) return;
    const after = grammar.read(lines.join("\n"));
    lines.splice(place(lines, extent(after, section, grammar, lines.length)!, key, after), 0, line);
}

/** The file without the setting that begins at a line. */
export function takeOut(text: string, line: number, grammar: Grammar): string {
    const lines = text.split("\n"),
        setting = grammar.read(text).settings.find(s => s.from === line)!;
    lines.splice(line, setting.to - line, ...(grammar.without?.(lines, setting) ?? []));
    return lines.join("\n");
}

/** Puts a section's header behind the last line, with an empty line before it. */
function addSection(lines: string[], section: string): void {
    if (lines.length > 0 && lines[lines.length - 1] !== "") lines.push("");
    lines.push(`[${section}]`);
}

/**
 * The file with options set (`undefined`: taken out). Everything else, comments included, stays as it is, but for what
 * the option would be read from in its place: further lines of it and, where it is set, of its other names.
 */
export function writeOptions(
    text: string,
    wanted: Record<string, Record<string, string | undefined>>,
    grammar = plain,
    namesOf = itself,
): string {
    const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    for (const [section, options] of Object.entries(wanted)) {
        if (!extent(grammar.read(lines.join("\n")), section, grammar, lines.length)) {
            if (Object.values(options).every(v => v === undefined)) continue;
            addSection(lines, section);
        }
        for (const [key, value] of Object.entries(options)) set(lines, [section, key], value, grammar, namesOf);
    }
    return lines.length > 0 ? lines.join("\n") + "\n" : "";
}
