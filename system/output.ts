/**
 * All output of this program goes through here. Text from a node or a service may hold characters that a terminal obeys: a title, the
 * clipboard, a line that is taken back. It may also hold characters that a terminal hides, so that one value passes for another.
 */

/**
 * Control characters, marks of writing direction, invisible characters, spaces other than the usual one, halves of a
 * pair.
 */
const HIDDEN =
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]|(?! )\p{Zs}/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");

function written(character: string): string {
    const code = character.codePointAt(0)!;
    if (code < 0x100) return SHORT[character] ?? `\\x${hex(code, 2)}`;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
}

/** The text in one line. Characters that a terminal would obey or hide are written out: `\x1b`, `\u202e`, `\n`. */
export const visible = (text: string): string => text.replace(HIDDEN, written);

/** Whether nothing in a text of one line has to be written out. */
export const isVisible = (text: string): boolean => visible(text) === text;

/** Begins every further line of one message, so that a value with a newline cannot pass for a message of its own. */
const FURTHER = "  | ";

/** A text of several lines as it is printed. */
export const printable = (text: string): string => text.split("\n").map(visible).join(`\n${FURTHER}`);

/** The same JSON, safe on a terminal. Its parsed value is unchanged. */
export const visibleJson = (json: string): string =>
    json.replace(HIDDEN, character =>
        character
            .split("")
            .map(unit => `\\u${hex(unit.charCodeAt(0), 4)}`)
            .join(""),
    );

/** Characters of one column each; others may take two. */
const isNarrow = (character: string): boolean => {
    const code = character.codePointAt(0)!;
    return code < 0x1100 || (code >= 0x2010 && code < 0x2e80 && !/\p{Emoji_Presentation}/u.test(character));
};

/**
 * As much of a line as surely fits into a terminal's columns: one that went on in the next row could not be taken back.
 */
export function fit(line: string, columns: number): string {
    const all = [...line],
        widthOf = (character: string) => (isNarrow(character) ? 1 : 2);
    if (all.reduce((sum, character) => sum + widthOf(character), 0) < columns) return line;
    let left = columns - 2,
        cut = "";
    for (const character of all) {
        left -= widthOf(character);
        if (left < 0) break;
        cut += character;
    }
    return `${cut}…`;
}

// The console's own write ignores a reader that has gone: `render lab | head`.
/** Prints to standard output. */
export const say = (text: string): void => console.log(printable(text));
/** Prints to standard error. */
export const complain = (text: string): void => console.error(printable(text));
/** Prints lines of this program's own making: a table, or files, whose tabs stay. */
export const sayLines = (lines: readonly string[]): void =>
    console.log(lines.map(line => line.split("\t").map(visible).join("\t")).join("\n"));
/** Prints a value as one line of JSON. */
export const sayJson = (value: unknown): void => console.log(visibleJson(JSON.stringify(value)));
/** Asks for something to be typed behind it. */
export const ask = (question: string): void => {
    process.stderr.write(visible(question));
};
