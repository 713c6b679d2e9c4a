import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { type Mistake, Mistaken } from "../config/mistakes";
import { UserError } from "../system/errors";
import { replaceFile } from "../system/files";
import { projectDir } from "../system/paths";
import { mistakable } from "./plain-words";

export const PROJECT = "gridka-cloud-classroom";

/** Keys beside `config` that a stack's file may have: the engine's own, for what it encrypts. */
export const TOP = ["config", "encryptionsalt", "secretsprovider", "encryptedkey"];
/** What else a stack's file may configure; a key of another package is a mistyped one of the project's. */
const OTHERS = /^(pulumi|libvirt):/;

/** The stacks that a file of this checkout configures. */
export const configuredStacks = (): string[] =>
    fs
        .readdirSync(projectDir())
        .flatMap(f => /^Pulumi\.(.+)\.yaml$/.exec(f)?.[1] ?? [])
        .sort();

/**
 * The file that configures a stack of this checkout.
 * @throws UserError when there is none, with the stacks there are
 */
export function configFile(stack: string): string {
    const project = projectDir(),
        file = path.join(project, `Pulumi.${stack}.yaml`);
    if (/^[A-Za-z0-9_.-]+$/.test(stack) && fs.existsSync(file)) return file;
    throw new UserError(
        `there is no stack "${printable(stack)}": no Pulumi.${printable(stack)}.yaml; there are ${configuredStacks().join(", ")}`,
    );
}

/**
 * The text of a stack's file, without a byte order mark.
 * @throws UserError where it is no text
 */
export function textOf(stack: string): string {
    const file = configFile(stack);
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(fs.readFileSync(file));
    } catch (e) {
        throw new UserError(
            (e as NodeJS.ErrnoException).code === "ERR_ENCODING_INVALID_ENCODED_DATA"
                ? `Pulumi.${stack}.yaml is not in UTF-8; save it in that encoding. Nothing was changed`
                : `Pulumi.${stack}.yaml cannot be read (${(e as Error).message}); nothing was changed`,
        );
    }
}

/**
 * What a stack's file configures, as the engine hands it to a program: a text for each key of the project's, words as they
 * are and everything else as JSON; keys without the project's prefix. What another reader of YAML, the engine's above all,
 * could understand otherwise is refused: a file means one thing.
 * @throws Mistaken naming every mistake, each with its line, its key and how to write it
 */
export function textsIn(text: string, stack: string): Record<string, string> {
    const { texts, mistakes } = readStackFile(text);
    if (mistakes.length > 0) throw new Mistaken(`Pulumi.${stack}.yaml`, mistakes);
    return texts;
}

/** What a stack's file has in it, whatever is wrong with it. */
export interface StackFileRead {
    /** As {@link textsIn} has them; none of a file that is no YAML. */
    texts: Record<string, string>;
    mistakes: readonly Mistake[];
    /** The line that a key stands in, without the project's prefix; of one that is missing, that of what it would be in. */
    lineOf(path: readonly string[]): number | undefined;
}

export const readStackFile = (text: string): StackFileRead => new StackFile(text).read();

/** The salt of what the engine encrypts in a stack's file; undefined where it has none. */
export function saltIn(text: string): string | undefined {
    const salt: unknown = yaml.parseDocument(text).get("encryptionsalt");
    return typeof salt === "string" ? salt : undefined;
}

/** The text of a stack's file with a salt in it; one that has its own keeps that. */
export const withSalt = (text: string, salt: string | undefined): string =>
    salt === undefined || saltIn(text) !== undefined ? text : `encryptionsalt: ${salt}\n${text}`;

/** A change of a stack's file: a path below `config`, its first part without the project's prefix, and what comes there. */
export interface Edit {
    at: readonly [string, ...string[]];
    /** Given what is there. */
    next(before: unknown): number;
}

/** The text of a stack's file with some values in it set; all else of it stays as it is, comments too. */
export function edited(text: string, edits: readonly Edit[]): string {
    const document = yaml.parseDocument(text);
    for (const { at, next } of edits) {
        const [first, ...rest] = at,
            key = document.hasIn(["config", first]) ? first : `${PROJECT}:${first}`;
        const given = document.getIn(["config", key]);
        // The engine's own way to write an object is a text.
        if (typeof given === "string") document.setIn(["config", key], document.createNode(JSON.parse(given)));
        document.setIn(["config", key, ...rest], next(document.getIn(["config", key, ...rest])));
    }
    return document.toString({ lineWidth: 0 });
}

/** Puts another text into the file that configures a stack, which nobody sees half of. */
export function replaceConfig(stack: string, text: string): void {
    const file = configFile(stack);
    replaceFile(file, text, fs.statSync(file).mode);
}

type Path = readonly string[];

/** What moves a cursor or ends a line to some readers only. */
const UNPRINTABLE = /[^ -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** One reading of a stack's file, with the mistakes found in it. */
class StackFile {
    private readonly mistakes: Mistake[] = [];
    private readonly lines = new yaml.LineCounter();

    constructor(private readonly text: string) {}

    read(): StackFileRead {
        this.characters();
        const document = yaml.parseDocument(this.text, {
            version: "1.2",
            lineCounter: this.lines,
            uniqueKeys: false,
            prettyErrors: false,
        });
        const lineOf = (path: Path) => this.lineOf(document.contents, path);
        // What else is wrong with such lines is a consequence.
        if (this.mistakes.length === 0)
            for (const { message, pos } of document.errors)
                this.wrong(pos[0], [], `no YAML: ${message.split("\n")[0]}`);
        const texts = document.errors.length === 0 ? this.configured(this.top(document.contents)) : {};
        return { texts, mistakes: this.mistakes, lineOf };
    }

    private lineOf(contents: unknown, path: Path): number | undefined {
        let at: unknown = contents,
            line: number | undefined;
        for (const [i, name] of ["config", ...path].entries()) {
            const items: readonly yaml.Pair[] = yaml.isMap(at) ? at.items : [],
                names = i === 1 ? [name, `${PROJECT}:${name}`] : [name];
            const pair = items.find(({ key }) => yaml.isScalar(key) && names.includes(String(key.value))),
                item = yaml.isSeq(at) ? at.items[Number(name)] : undefined;
            const offset = offsetOf(pair?.key ?? item);
            if (offset === undefined) break;
            line = this.lines.linePos(offset).line;
            at = pair ? pair.value : item;
        }
        return line;
    }

    private wrong(offset: number | undefined, path: Path, reason: string): void {
        this.mistakes.push({
            ...(offset !== undefined && { line: this.lines.linePos(offset).line }),
            path: path[0] === "config" && path.length === 1 ? [] : path,
            key: path.map(printable).join("."),
            reason,
        });
    }

    /** What no line of such a file has, wherever it stands. */
    private characters(): void {
        this.text.split("\n").forEach((line, i) => {
            const wrong = (reason: string) => this.mistakes.push({ line: i + 1, path: [], key: "", reason });
            if (/^[^#]*\t/.test(line)) wrong("a tab; write spaces");
            const [control] = UNPRINTABLE.exec(line.replace(/\r$/, "")) ?? [];
            if (control !== undefined && control !== "\t") wrong(`a control character (${printable(control)})`);
            if (/^(---|\.\.\.)(\s|$)|^%/.test(line))
                wrong(
                    `${printable(line.trim())} begins another document or says of what kind it is; the file is one document without such lines`,
                );
        });
    }

    /** The keys at the left edge; returns what `config` holds. */
    private top(contents: unknown): unknown {
        if (isNothing(contents)) return undefined;
        let config: unknown;
        for (const [key, value, offset] of this.pairs(contents, [])) {
            if (key === "config") config = value;
            else if (key === "environment")
                this.wrong(
                    offset,
                    [key],
                    "an environment of Pulumi's cloud service, which a stack whose state is in files cannot have; write its values under config",
                );
            else if (!TOP.includes(key))
                this.wrong(
                    offset,
                    [key],
                    `there is no such key at the left edge; there are ${TOP.join(", ")}. A setting stands below config`,
                );
            else if (typeof this.value(value, [key]) !== "string") this.wrong(offset, [key], "not a text");
        }
        return config;
    }

    private configured(config: unknown): Record<string, string> {
        if (isNothing(config)) return {};
        const texts: [string, string][] = [],
            seen = new Map<string, string>();
        for (const [key, value, offset] of this.pairs(config, ["config"])) {
            const own = key.startsWith(`${PROJECT}:`) ? key.slice(PROJECT.length + 1) : key;
            const before = seen.get(own);
            if (before !== undefined && before !== key)
                this.wrong(offset, [own], `set twice, as ${before} and as ${key}; leave one of them out`);
            seen.set(own, key);
            const found = this.value(value, [own]);
            if (!OTHERS.test(key)) texts.push([own, typeof found === "string" ? found : JSON.stringify(found ?? null)]);
        }
        return Object.fromEntries(texts);
    }

    /** The keys and values of a map, each key once. */
    private *pairs(node: unknown, at: Path): Generator<[string, unknown, number | undefined]> {
        this.plainNode(node, at);
        if (!yaml.isMap(node)) {
            this.wrong(offsetOf(node), at, "not a map of keys and values (key: value)");
            return;
        }
        const seen = new Set<string>();
        for (const { key, value } of node.items) {
            const name = this.key(key, at);
            if (name === undefined) continue;
            if (seen.has(name)) this.wrong(offsetOf(key), below(at, name), "set twice; leave one of them out");
            seen.add(name);
            yield [name, value, offsetOf(key)];
        }
    }

    private key(node: unknown, at: Path): string | undefined {
        const source = yaml.isScalar(node) && node.type === "PLAIN" ? (node.source ?? "") : undefined;
        if (source === "<<")
            this.wrong(offsetOf(node), at, "<<: takes in another map to some readers only; write its keys out");
        else if (!yaml.isScalar(node)) this.wrong(offsetOf(node), at, "a key that is no word");
        else if (source !== undefined && (mistakable(source) !== undefined || typeof node.value !== "string"))
            this.wrong(offsetOf(node), below(at, source), `a key that is no word; write "${source}":`);
        else if (node.value === "" || node.value === "__proto__")
            this.wrong(offsetOf(node), at, "a key without a name");
        else {
            this.plainNode(node, at);
            return String(node.value);
        }
        return undefined;
    }

    /** The value of a node, whole maps and lists too. */
    private value(node: unknown, at: Path): unknown {
        if (yaml.isMap(node)) {
            const found: [string, unknown][] = [];
            for (const [key, value] of this.pairs(node, at)) found.push([key, this.value(value, below(at, key))]);
            this.encrypted(node, found, at);
            return Object.fromEntries(found);
        }
        this.plainNode(node, at);
        if (yaml.isSeq(node)) return node.items.map((item, i) => this.value(item, below(at, String(i))));
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
            const reason = at[0] === "credentials" ? passwordReason(source, value) : mistakable(source);
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

    /** Only what the engine encrypted may look so: it takes an object with this one key for such a thing. */
    private encrypted(node: yaml.YAMLMap, found: readonly [string, unknown][], at: Path): void {
        const [[key, value] = []] = found;
        if (found.length !== 1 || key !== "secure" || (typeof value === "string" && /^v\d+:/.test(value))) return;
        this.wrong(
            offsetOf(node),
            below(at, "secure"),
            "the engine takes this for something that it encrypted, which begins with v1:; an object with the one key secure cannot be",
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
                `&${node.anchor} names what follows; leave it out, and write out what refers to it`,
            );
        if (node.tag !== undefined)
            this.wrong(offsetOf(node), at, `a tag (${node.tag}); leave it out, and put a text into quotation marks`);
    }
}

const isNothing = (node: unknown): boolean =>
    node === null || node === undefined || (yaml.isScalar(node) && node.type === "PLAIN" && (node.source ?? "") === "");

const below = (at: Path, key: string): Path => (at.length === 1 && at[0] === "config" ? [key] : [...at, key]);

const offsetOf = (node: unknown): number | undefined => (yaml.isNode(node) ? node.range?.[0] : undefined);

/** A password is a text; it is never shown. */
const passwordReason = (source: string, value: unknown): string | undefined =>
    typeof value === "string" && mistakable(source) === undefined
        ? undefined
        : "not a text as it stands; put the password into quotation marks";

/** A word of the file for a message: nothing in it moves the cursor. */
const printable = (word: string): string =>
    word.replace(
        /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/g,
        c => `U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
    );
