import * as yaml from "yaml";
import { type Mistake } from "../config/mistakes";
import { mistakable } from "./plain-words";

export type Path = readonly string[];

/** What moves a cursor or ends a line to some readers only. */
const UNPRINTABLE = /[^ -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * One reading of a file of YAML that means one thing to every reader: it works on the nodes of the document, and tells each
 * mistake with its line, its key and how to write it.
 */
export abstract class PlainYaml {
    protected readonly mistakes: Mistake[] = [];
    private readonly lines = new yaml.LineCounter();

    constructor(private readonly text: string) {}

    /** The document. `whole`: it is one, whatever is wrong in it. */
    protected parsed(): { contents: unknown; whole: boolean } {
        this.characters();
        const document = yaml.parseDocument(this.text, {
            version: "1.2",
            lineCounter: this.lines,
            uniqueKeys: false,
            prettyErrors: false,
        });
        // What else is wrong with such lines is a consequence.
        if (this.mistakes.length === 0)
            for (const { message, pos } of document.errors)
                this.wrong(pos[0], [], `no YAML: ${message.split("\n")[0]}`);
        return { contents: document.contents, whole: document.errors.length === 0 };
    }

    /**
     * The line that a key stands in; of one that is missing, that of what it would be in.
     * @param spellings of a part of the path, by its place
     */
    protected lineIn(
        contents: unknown,
        path: Path,
        spellings: (name: string, place: number) => readonly string[] = name => [name],
    ): number | undefined {
        let at: unknown = contents,
            line: number | undefined;
        for (const [i, name] of path.entries()) {
            const items: readonly yaml.Pair[] = yaml.isMap(at) ? at.items : [],
                names = spellings(name, i);
            const pair = items.find(({ key }) => yaml.isScalar(key) && names.includes(String(key.value))),
                item = yaml.isSeq(at) ? at.items[Number(name)] : undefined;
            const offset = offsetOf(pair?.key ?? item);
            if (offset === undefined) break;
            line = this.lines.linePos(offset).line;
            at = pair ? pair.value : item;
        }
        return line;
    }

    /** @param shown the path in words, where it is not the mistake's own */
    protected wrong(offset: number | undefined, path: Path, reason: string, shown = path): void {
        this.mistakes.push({
            ...(offset !== undefined && { line: this.lines.linePos(offset).line }),
            path,
            key: shown.map(printable).join("."),
            reason,
        });
    }

    protected below(at: Path, key: string): Path {
        return [...at, key];
    }

    /** Why a scalar without quotation marks is not unmistakable. */
    protected plainReason(source: string, _value: unknown, _at: Path): string | undefined {
        return mistakable(source);
    }

    /** What else a map must not be. */
    protected checkMap(_node: yaml.YAMLMap, _found: readonly [string, unknown][], _at: Path): void {}

    /** What no line of such a file has, wherever it stands. */
    private characters(): void {
        this.text.split("\n").forEach((line, i) => {
            const wrong = (reason: string) => this.mistakes.push({ line: i + 1, path: [], key: "", reason });
            if (/^[^#]*\t/.test(line)) wrong("a tab; write spaces");
            const [control] = UNPRINTABLE.exec(line.replace(/\r$/, "")) ?? [];
            if (control !== undefined && control !== "\t") wrong(`a control character (${printable(control)})`);
            if (/^(---|\.\.\.)(\s|$)|^%/.test(line))
                wrong(
                    `${printable(line.trim())} begins another document, or is a directive; the file is one document without such lines`,
                );
        });
    }

    /** The keys and values of a map, each key once. */
    protected *pairs(node: unknown, at: Path): Generator<[string, unknown, number | undefined]> {
        this.plainNode(node, at);
        if (!yaml.isMap(node)) {
            this.wrong(offsetOf(node), at, "not a map of keys and values (key: value)");
            return;
        }
        const seen = new Set<string>();
        for (const { key, value } of node.items) {
            const name = this.key(key, at);
            if (name === undefined) continue;
            if (seen.has(name)) this.wrong(offsetOf(key), this.below(at, name), "set twice; leave one of them out");
            seen.add(name);
            yield [name, value, offsetOf(key)];
        }
    }

    private key(node: unknown, at: Path): string | undefined {
        const source = yaml.isScalar(node) && node.type === "PLAIN" ? (node.source ?? "") : undefined;
        if (source === "<<")
            this.wrong(offsetOf(node), at, "<<: takes in another map to some readers only; write its keys out");
        else if (!yaml.isScalar(node)) this.wrong(offsetOf(node), at, "a key that is no word");
        else if (source !== undefined && isNoWord(source, node.value))
            this.wrong(offsetOf(node), this.below(at, source), `a key that is no word; write "${source}":`);
        else if (node.value === "" || node.value === "__proto__")
            this.wrong(offsetOf(node), at, "a key without a name");
        else {
            this.plainNode(node, at);
            return String(node.value);
        }
        return undefined;
    }

    /** The value of a node, whole maps and lists too. */
    protected value(node: unknown, at: Path): unknown {
        if (yaml.isMap(node)) {
            const found: [string, unknown][] = [];
            for (const [key, value] of this.pairs(node, at)) found.push([key, this.value(value, this.below(at, key))]);
            this.checkMap(node, found, at);
            return Object.fromEntries(found);
        }
        this.plainNode(node, at);
        if (yaml.isSeq(node)) return node.items.map((item, i) => this.value(item, this.below(at, String(i))));
        if (!yaml.isScalar(node)) {
            // An alias has been told of; what is left is a key without anything behind it.
            if (!yaml.isAlias(node)) this.wrong(offsetOf(node), at, "no value; write one, or leave the key out");
            return undefined;
        }
        return this.scalar(node, at);
    }

    private scalar(node: yaml.Scalar, at: Path): unknown {
        const { value, type, source = "" } = node;
        if (type === "PLAIN") {
            const reason = this.plainReason(source, value, at);
            if (reason !== undefined) this.wrong(offsetOf(node), at, reason);
        } else if (type === "QUOTE_DOUBLE") this.escapes(node, at);
        return value;
    }

    /** What a backslash in quotation marks can stand for is not the same to all readers; these few are. */
    private escapes(node: yaml.Scalar, at: Path): void {
        const [from, to] = node.range ?? [0, 0];
        const found = /\\([^\\"n\r\n xu]|u[dD][89a-fA-F])/.exec(this.text.slice(from, to).replace(/\\\\/g, ""));
        if (found && !/[\u0000-\u001f]/.test(String(node.value)))
            this.wrong(
                offsetOf(node),
                at,
                `the escape ${found[0]} is not read alike everywhere; write the character itself, or the text in single quotation marks`,
            );
    }

    /** Anchors, aliases and tags: shorthands that readers differ in. */
    private plainNode(node: unknown, at: Path): void {
        if (yaml.isAlias(node))
            this.wrong(offsetOf(node), at, `*${node.source} stands for something elsewhere; write that out`);
        if (!yaml.isNode(node) || yaml.isAlias(node)) return;
        if (node.anchor !== undefined)
            this.wrong(
                offsetOf(node),
                at,
                `&${node.anchor} is an anchor; leave it out, and write the value at each of its aliases`,
            );
        if (node.tag !== undefined)
            this.wrong(offsetOf(node), at, `a tag (${node.tag}); leave it out, and put a text into quotation marks`);
    }
}

const isNoWord = (source: string, value: unknown): boolean =>
    mistakable(source) !== undefined || typeof value !== "string";

export const isNothing = (node: unknown): boolean =>
    node === null || node === undefined || (yaml.isScalar(node) && node.type === "PLAIN" && (node.source ?? "") === "");

export const offsetOf = (node: unknown): number | undefined => (yaml.isNode(node) ? node.range?.[0] : undefined);

/** A word of the file for a message: nothing in it moves the cursor. */
export const printable = (word: string): string =>
    word.replace(
        /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g,
        c => `U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
    );
