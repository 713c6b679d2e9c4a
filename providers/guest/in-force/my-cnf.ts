import { type Grammar, type Header, type Reading, type Refusal, type Setting, strip, stripEnd } from "./grammar";

/** The quotes that are open behind a character. */
function openAfter(open: string, c: string): string {
    if (c !== "'" && c !== '"') return open;
    if (open === "") return c;
    return open === c ? "" : open;
}

/** A line up to a `#` that is in no quotes. */
function withoutComment(line: string): string {
    let quote = "",
        isEscaped = false;
    for (let i = 0; i < line.length; i++) {
        const c = line[i]!;
        if (!isEscaped) quote = openAfter(quote, c);
        if (quote === "" && c === "#") return line.slice(0, i);
        isEscaped = quote !== "" && c === "\\" && !isEscaped;
    }
    return line;
}

const escapes: Readonly<Record<string, string>> = {
    n: "\n",
    t: "\t",
    r: "\r",
    b: "\b",
    s: " ",
    '"': '"',
    "'": "'",
    "\\": "\\",
};

/** `key = value`, or a key alone: without quotes and comments, with escapes replaced. */
function split(line: string): { key: string; value: string } {
    const whole = withoutComment(line),
        at = whole.indexOf("=");
    if (at < 0) return { key: strip(whole), value: "" };
    const given = strip(whole.slice(at + 1)),
        isQuoted = given.length > 1 && /^["']/.test(given) && given[0] === given[given.length - 1];
    const value = (isQuoted ? given.slice(1, -1) : given).replace(/\\([^])/g, (all, c: string) => escapes[c] ?? all);
    return { key: strip(whole.slice(0, at)), value };
}

/** The files that a line has read in its place. */
function included(line: string): string | undefined {
    const [, directive, file] = /^![ \t\r\v\f]*(includedir|include)[ \t\r\v\f]+([^]*)$/.exec(line) ?? [];
    if (file === undefined || !file.startsWith("/")) return undefined;
    return directive === "include" ? strip(file) : `${stripEnd(strip(file), "/")}/*.cnf`;
}

/**
 * MySQL's files: blanks before an option do not count, `-` and `_` are one, the last value counts, be it of another
 * group of the server's.
 */
export const myCnf: Grammar = {
    read(text) {
        const settings: Setting[] = [],
            headers: Header[] = [],
            refused: Refusal[] = [],
            includes: NonNullable<Reading["includes"]> = [];
        let section: string | undefined;
        text.split("\n").forEach((whole, i) => {
            const line = strip(whole);
            if (line === "" || /^[#;]/.test(line)) return;
            if (line.startsWith("!")) {
                const pattern = included(line);
                if (pattern !== undefined) includes.push({ line: i, pattern });
            } else if (line.startsWith("[")) {
                const end = line.indexOf("]");
                if (end < 0) refused.push({ line: i, reason: "a group's name ends with ]" });
                else headers.push({ section: (section = stripEnd(line.slice(1, end))), line: i });
            } else if (section === undefined) refused.push({ line: i, reason: "an option stands in a group" });
            else settings.push({ section, ...split(line), from: i, to: i + 1 });
        });
        return { settings, headers, refused, includes };
    },
    section: name => name.toLowerCase(),
    key: name => name.replace(/_/g, "-").replace(/^loose-/, ""),
    literal: value => split(`x = ${value}`).value,
};
