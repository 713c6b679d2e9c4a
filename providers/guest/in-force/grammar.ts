/** One option as the program that reads the file finds it: its lines are those from `from` on, without `to`. */
export interface Setting {
    /** As the file has it; `""` where options stand before the first header. */
    section: string;
    key: string;
    /** The value that the program reads: with continued lines, without quotes and comments, if the program does so. */
    value: string;
    from: number;
    to: number;
    /** It is in a block, or beside others in one line: a line at the margin cannot stand in its place. */
    isInner?: true;
}

/** Lines that begin a section. */
export interface Header {
    section: string;
    line: number;
}

/** A line that the program refuses: with one of these it reads nothing at all, and does not start. */
export interface Refusal {
    line: number;
    reason: string;
    /** The line without the refused part; absent if all of it is refused. */
    instead?: string;
}

/** A file as its program reads it. Lines are counted from 0, those of `text.split("\n")`. */
export interface Reading {
    settings: Setting[];
    headers: Header[];
    refused: Refusal[];
    /** Files that are read in the place of a line: a shell's pattern. */
    includes?: { line: number; pattern: string }[];
    /** Lines behind which no new one may be put. */
    closed?: ReadonlySet<number>;
}

/** How a kind of program reads its files of sections and options. */
export interface Grammar {
    read(text: string): Reading;
    /** By which names of sections and options are the same to it. */
    section(name: string): string;
    key(name: string): string;
    /** How a value that is written as `key = value` is read. */
    literal(value: string): string;
    /** The line in place of a removed option. Default: none. */
    without?(lines: readonly string[], setting: Setting): string[];
}

const BLANKS = " \t\n\r\v\f";
/**
 * ASCII's blanks off the end: neither oslo.config nor MySQL knows others. An expression for it takes the square of the time that a
 * line of blanks is long.
 */
export function stripEnd(text: string, characters = BLANKS): string {
    let end = text.length;
    while (end > 0 && characters.includes(text[end - 1]!)) end--;
    return text.slice(0, end);
}
/** The same at both ends. */
export const strip = (text: string): string => stripEnd(text).replace(/^[ \t\n\r\v\f]+/, "");

/**
 * Sections and `key = value` in single lines, as simple readers have it: of one name the first section counts, and in
 * it the last value.
 */
export const plain: Grammar = {
    read(text) {
        const settings: Setting[] = [],
            headers: Header[] = [];
        let section = "";
        text.split("\n").forEach((line, i) => {
            const header = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1],
                set = /^([A-Za-z0-9_.$%-][^=\s]*)\s*=([^]*)$/.exec(line);
            if (header !== undefined) headers.push({ section: (section = header), line: i });
            else if (set) settings.push({ section, key: set[1]!, value: set[2]!.trim(), from: i, to: i + 1 });
        });
        return { settings, headers, refused: [] };
    },
    section: name => name,
    key: name => name,
    literal: value => value,
};
