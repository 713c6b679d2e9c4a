import { type Grammar, type Reading, type Setting } from "./grammar";

/** A statement's lines, however many: strings, brackets and backslashes have it go on. Comments are not in its text. */
interface Logical {
    from: number;
    to: number;
    /** Blanks before it. */
    indent: number;
    text: string;
}

/** One step through Python's source: a string or a comment as a whole, else a character. */
const TOKEN =
    /("""|''')(?:\\[^]|(?!\1)[^\\])*(?:\1|$)|(["'])(?:\\[^]|(?!\2)[^\\\n])*(?:\2|(?=\n)|$)|#[^\n]*|\\\r?\n|[^]/gy;

/** How many brackets are open behind a token. */
function depthAfter(depth: number, token: string): number {
    if (/^[([{]$/.test(token)) return depth + 1;
    return /^[)\]}]$/.test(token) ? Math.max(0, depth - 1) : depth;
}

/** The statements of a file, one a logical line; the last may be cut off by the file's end. */
function logicalLines(text: string): Logical[] {
    const found: Logical[] = [],
        lines = text.split("\n");
    let line = 0,
        depth = 0,
        open: Logical | undefined;
    for (const [token] of text.matchAll(TOKEN)) {
        if (token.startsWith("#")) continue;
        depth = depthAfter(depth, token);
        if (token === "\n" && depth === 0) {
            if (open) found.push({ ...open, to: line + 1 });
            open = undefined;
        } else if (open) open.text += /^\\\r?\n$/.test(token) ? " " : token;
        else if (!/^\s$/.test(token))
            open = { from: line, to: 0, indent: /^\s*/.exec(lines[line]!)![0].length, text: token };
        line += token.split("\n").length - 1;
    }
    if (open) found.push({ ...open, to: line + 1 });
    return found;
}

/** A text's parts between separators that are in no string and no bracket. */
function parts(text: string, separator: RegExp): string[] {
    const found = [""];
    let depth = 0;
    const tokens = [...text.matchAll(TOKEN)].map(([token]) => token);
    tokens.forEach((token, i) => {
        if (/^[([{]$/.test(token)) depth++;
        if (/^[)\]}]$/.test(token)) depth--;
        const around = (tokens[i - 1] ?? "") + token + (tokens[i + 1] ?? "");
        if (depth === 0 && token.length === 1 && separator.test(token) && !(token === "=" && /[=!<>]=|==/.test(around)))
            found.push("");
        else found[found.length - 1] += token;
    });
    return found;
}

/** A line's simple statements, and what stands before them: the head of a block that is in the same line. */
function statements({ text }: Logical): { head: string; simple: string[] } {
    const isHead = /^(if|elif|else|for|while|try|except|finally|with|def|class)\b/.test(text);
    const [first = "", ...rest] = isHead ? parts(text, /:/) : ["", text],
        body = rest.join(":");
    // The body of a function or a class does not count for the module.
    const own = /^(def|class)\b/.test(text) ? [] : parts(body, /;/);
    return { head: isHead ? `${first}:` : "", simple: own.map(s => s.trim()).filter(s => s !== "") };
}

const names = (target: string): string[] =>
    target
        .replace(/[()[\]*\s]/g, " ")
        .split(/[ ,]+/)
        .filter(Boolean);
const isName = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text);

/** One way to write a text without escapes: other quotes are the same to Python. */
const normal = (value: string): string => value.replace(/^[uU]?(['"])([^'"\\\n]*)\1$/, '"$2"');

/** The names that a simple statement, or a block's head, sets; with the value if it can be told. */
function bound(statement: string): { key: string; value: string }[] {
    const as = (found: readonly string[]) => found.filter(isName).map(key => ({ key, value: statement }));
    const augmented = /^([A-Za-z_]\w*)\s*(?:\*\*|\/\/|>>|<<|[-+*/%&|^@])=/.exec(statement)?.[1];
    if (augmented !== undefined) return as([augmented]);
    const imported = /^(?:from\s+\S+\s+)?import\s+([^]*)$/.exec(statement)?.[1];
    if (imported !== undefined)
        return as(
            imported
                .replace(/[()\s]+/g, " ")
                .split(",")
                .map(n => n.trim().split(/ as |\./))
                .map(n => (/ as /.test(imported) ? n[n.length - 1]! : n[0]!)),
        );
    const other =
        /^(?:for\s([^]*?)\sin\b|del\s+([^]*)|(?:def|class)\s+(\w+)|(?:with|except)\b[^]*?\bas\s+([\w, ()]+))/.exec(
            statement,
        );
    if (other) return as(other.slice(1).flatMap(target => names(target ?? "")));
    const sides = parts(statement, /=/);
    if (sides.length < 2) return [];
    const value = normal(sides[sides.length - 1]!.trim());
    return sides.slice(0, -1).flatMap(side => {
        const target = side.replace(/:[^]*$/, "").trim();
        return isName(target)
            ? [{ key: target, value }]
            : /[.[]\s*\S/.test(target) && !/^[([]/.test(target)
              ? []
              : as(names(target));
    });
}

/** A simple statement that does not give a name a value any more; none where it does nothing else. */
function withoutName(statement: string, name: string): string[] {
    if (!bound(statement).some(b => b.key === name)) return [statement];
    const sides = parts(statement, /=/),
        targets = sides.slice(0, -1).filter(side => side.trim() !== name);
    return targets.length > 0 && targets.every(side => isName(side.trim()))
        ? [[...targets.map(side => side.trim()), sides[sides.length - 1]!.trim()].join(" = ")]
        : [];
}

/** The statements of the module itself, blocks of it included, functions and classes not. */
function ofModule(all: readonly Logical[]): Logical[] {
    let inside: number | undefined;
    return all.filter(line => {
        if (inside !== undefined && line.indent > inside) return false;
        inside = /^(def|class)\b/.test(line.text) ? line.indent : undefined;
        return true;
    });
}

/** Lines behind which a new one at the margin would tear something apart. */
function closed(all: readonly Logical[], count: number): Set<number> {
    const found = new Set<number>();
    all.forEach((line, i) => {
        const next = all[i + 1],
            tears = next && (next.indent > 0 || /^(elif|else|except|finally)\b/.test(next.text));
        // All of them up to the next statement, or those that the statement goes on behind.
        const end = tears || line.text.startsWith("@") ? (next?.from ?? count) : line.to - 1;
        for (let at = line.from; at < end; at++) found.add(at);
    });
    return found;
}

/**
 * A file of Python's in which names are given values: the dashboard's settings. Whether a block is run is not computed: what
 * it gives a name counts. Of a line with several statements each is a setting of its own.
 */
export const pythonSettings: Grammar = {
    read(text): Reading {
        const all = logicalLines(text);
        const settings = ofModule(all).flatMap((line): Setting[] => {
            const { head, simple } = statements(line),
                isAlone = head === "" && simple.length === 1 && line.indent === 0;
            return [...(head === "" ? [] : [head]), ...simple].flatMap(statement => {
                const names = bound(statement),
                    isInner = !isAlone || names.length > 1;
                return names.map(({ key, value }) => ({
                    section: "",
                    key,
                    value,
                    from: line.from,
                    to: line.to,
                    ...(isInner && { isInner }),
                }));
            });
        });
        return { settings, headers: [], refused: [], closed: closed(all, text.split("\n").length) };
    },
    section: name => name,
    key: name => name,
    literal: value => pythonSettings.read(`x = ${value}`).settings[0]?.value ?? value,
    without(lines, { key, from, to }) {
        const line = logicalLines(lines.join("\n")).find(l => l.from === from)!,
            { head, simple } = statements(line),
            kept = simple.flatMap(s => withoutName(s, key));
        const blanks = lines[from]!.slice(0, line.indent);
        if (head !== "" && bound(head).some(b => b.key === key)) return lines.slice(from, to);
        if (kept.length > 0 || head !== "")
            return [`${blanks}${head}${head === "" ? "" : " "}${kept.join("; ") || "pass"}`];
        return line.indent > 0 ? [`${blanks}pass`] : [];
    },
};
