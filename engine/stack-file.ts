import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import { type Mistake, Mistaken } from "../config/mistakes";
import { UserError } from "../system/errors";
import { replaceFile } from "../system/files";
import { projectDir } from "../system/paths";
import { isNothing, offsetOf, type Path, PlainYaml, printable } from "./plain-yaml";

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

/** One reading of a stack's file, with the mistakes found in it. */
class StackFile extends PlainYaml {
    read(): StackFileRead {
        const { contents, whole } = this.parsed();
        const lineOf = (path: Path) =>
            this.lineIn(contents, ["config", ...path], (name, i) => (i === 1 ? [name, `${PROJECT}:${name}`] : [name]));
        const texts = whole ? this.configured(this.top(contents)) : {};
        return { texts, mistakes: this.mistakes, lineOf };
    }

    protected override wrong(offset: number | undefined, path: Path, reason: string): void {
        super.wrong(offset, path[0] === "config" && path.length === 1 ? [] : path, reason, path);
    }

    protected override below(at: Path, key: string): Path {
        return at.length === 1 && at[0] === "config" ? [key] : super.below(at, key);
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

    /** A password is a text; it is never shown. */
    protected override plainReason(source: string, value: unknown, at: Path): string | undefined {
        const reason = super.plainReason(source, value, at);
        if (at[0] !== "credentials" || (typeof value === "string" && reason === undefined)) return reason;
        return "not a text as it stands; put the password into quotation marks";
    }

    /** Only what the engine encrypted may look so: it takes an object with this one key for such a thing. */
    protected override checkMap(node: yaml.YAMLMap, found: readonly [string, unknown][], at: Path): void {
        const [[key, value] = []] = found;
        if (found.length !== 1 || key !== "secure" || (typeof value === "string" && /^v\d+:/.test(value))) return;
        this.wrong(
            offsetOf(node),
            this.below(at, "secure"),
            "the engine takes this for something that it encrypted, which begins with v1:; an object with the one key secure cannot be",
        );
    }
}
