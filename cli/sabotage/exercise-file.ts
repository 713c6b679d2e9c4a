import * as yaml from "yaml";
import * as z from "zod";
import { mistakable } from "../../engine/plain-words";
import { type Exercise, exerciseSchema } from "./exercise";
import { problemsOf } from "./facts";
import { stepNames } from "./steps";

type Path = readonly PropertyKey[];

/** An exercise as its file has it, or every mistake in the file: each a line, by itself to be understood. */
export type Read = { exercise: Exercise; mistakes?: undefined } | { mistakes: string[] };

/**
 * Reads the file of an exercise by the nodes of its YAML document, so that each mistake has its line.
 * @param file as mistakes name it
 */
export function readExercise(file: string, text: string): Read {
    return new ExerciseFile(file, text).read();
}

class ExerciseFile {
    private readonly mistakes: string[] = [];
    private readonly lines = new yaml.LineCounter();
    /** Where each key, or place in a list, stands, by its path. */
    private readonly offsets = new Map<string, number>();

    constructor(
        private readonly file: string,
        private readonly text: string,
    ) {}

    read(): Read {
        const document = yaml.parseDocument(this.text, {
            version: "1.2",
            lineCounter: this.lines,
            uniqueKeys: false,
            prettyErrors: false,
        });
        // What comes after the first is mostly because of it.
        const [error] = document.errors;
        if (error) {
            this.tell(this.lines.linePos(error.pos[0]).line, [], `no YAML: ${error.message.split("\n")[0]}`);
            return { mistakes: this.mistakes };
        }
        const value = this.value(document.contents, []);
        if (this.mistakes.length > 0) return { mistakes: this.mistakes };
        const parsed = exerciseSchema.safeParse(value);
        if (!parsed.success) {
            for (const issue of parsed.error.issues) this.issue(issue, value);
            return { mistakes: this.mistakes };
        }
        for (const { at, reason } of problemsOf(parsed.data)) this.wrong(at, reason);
        return this.mistakes.length > 0 ? { mistakes: this.mistakes } : { exercise: parsed.data };
    }

    private tell(line: number, at: Path, reason: string): void {
        this.mistakes.push(
            `${this.file}: line ${line}: ${at.length > 0 ? `${at.map(String).join(".")}: ` : ""}${reason}`,
        );
    }

    /** Tells a mistake at its key, or at the nearest around it that is there. */
    private wrong(at: Path, reason: string): void {
        for (let length = at.length; length >= 0; length--) {
            const offset = this.offsets.get(keyOf(at.slice(0, length)));
            if (offset !== undefined || length === 0)
                return this.tell(this.lines.linePos(offset ?? 0).line, at, reason);
        }
    }

    /** The value of a node; what readers of YAML differ in is a mistake. */
    private value(node: unknown, at: Path): unknown {
        if (yaml.isNode(node) && !this.offsets.has(keyOf(at))) this.offsets.set(keyOf(at), node.range?.[0] ?? 0);
        if (yaml.isAlias(node)) this.wrong(at, `*${node.source} stands for something elsewhere; write that out`);
        else if (yaml.isNode(node) && (node.anchor !== undefined || node.tag !== undefined))
            this.wrong(at, "anchors (&) and tags (!) are not for exercises; leave it out");
        if (yaml.isMap(node)) return this.map(node, at);
        if (yaml.isSeq(node)) return node.items.map((item, i) => this.value(item, [...at, i]));
        if (!yaml.isScalar(node)) return undefined;
        const reason = node.type === "PLAIN" ? mistakable(node.source ?? "") : undefined;
        if (reason !== undefined) this.wrong(at, reason);
        // A text over several lines ends with a line's end that nobody means.
        return typeof node.value === "string" ? node.value.replace(/\n+$/, "") : node.value;
    }

    private map(node: yaml.YAMLMap, at: Path): Record<string, unknown> {
        const found: Record<string, unknown> = {};
        for (const { key, value } of node.items) {
            if (!yaml.isScalar(key) || typeof key.value !== "string" || key.value === "__proto__") {
                this.wrong(at, "a key that is no word");
                continue;
            }
            const path = [...at, key.value];
            this.offsets.set(keyOf(path), key.range?.[0] ?? 0);
            if (key.value in found) this.wrong(path, "set twice; leave one of them out");
            found[key.value] = this.value(value, path);
        }
        return found;
    }

    private issue(issue: z.core.$ZodIssue, given: unknown): void {
        const { path } = issue,
            value = path.reduce<unknown>((v, k) => (v as Record<PropertyKey, unknown> | undefined)?.[k], given);
        if (issue.code === "unrecognized_keys") {
            const allowed = keysAt(exerciseSchema, path, given);
            for (const key of issue.keys)
                this.wrong([...path, key], `there is no such key; allowed are ${allowed.join(", ")}`);
        } else if (issue.code === "invalid_union")
            this.wrong(
                path,
                value === undefined
                    ? `missing; it is one of ${stepNames.join(", ")}`
                    : `${wordOf(value)} is not one of ${stepNames.join(", ")}`,
            );
        else if (issue.code === "invalid_value" && value === undefined)
            this.wrong(path, `missing; it is one of ${issue.values.join(", ")}`);
        else if (issue.code === "invalid_value")
            this.wrong(path, `${wordOf(value)} is not one of ${issue.values.join(", ")}`);
        else if (value === undefined) this.wrong(path, `missing${allowedBy(issue)}`);
        else if (issue.code === "invalid_type" && issue.expected === "string" && typeof value !== "object")
            this.wrong(path, `${String(value)} is not a text as it stands; write "${String(value)}"`);
        else if (issue.code === "invalid_type")
            this.wrong(
                path,
                `${wordOf(value)} is not allowed; allowed is ${typeWords[issue.expected] ?? issue.expected}`,
            );
        else this.wrong(path, `${wordOf(value)} is not allowed; allowed is ${limitOf(issue)}`);
    }
}

const keyOf = (at: Path): string => JSON.stringify(at);

const typeWords: Readonly<Record<string, string>> = {
    array: "a list",
    tuple: "a list",
    object: "a map of keys and values",
    int: "a whole number",
    number: "a number",
    string: "a text",
};
const allowedBy = (issue: z.core.$ZodIssue): string =>
    issue.code === "invalid_type" ? `; it is ${typeWords[issue.expected] ?? issue.expected}` : "";

/** The limit that a value is beyond, in words. */
function limitOf(issue: z.core.$ZodIssue): string {
    const counted = "origin" in issue && issue.origin === "array" ? " entries" : "";
    if (issue.code === "too_small") return `${String(issue.minimum)}${counted} or more`;
    if (issue.code === "too_big") return `${String(issue.maximum)}${counted} at most`;
    return issue.message;
}

/** A value for a message, as long as it may stand in a line. */
const wordOf = (value: unknown): string => {
    const word = value === undefined ? "nothing" : JSON.stringify(value);
    return word.length > 80 ? `${word.slice(0, 79)}…` : word;
};

/** The keys that a map may have, by where it stands. */
function keysAt(schema: z.core.$ZodType, path: Path, given: unknown): string[] {
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
        return keysAt(schema.unwrap() as z.core.$ZodType, path, given);
    if (schema instanceof z.ZodDiscriminatedUnion) {
        const name = (given as { do?: unknown }).do,
            kinds = schema.options as readonly z.ZodObject[];
        const kind = kinds.find(k => (k.shape.do as z.ZodLiteral).value === name);
        return kind ? keysAt(kind, path, given) : ["do"];
    }
    const [first, ...rest] = path,
        below = (given as Record<PropertyKey, unknown> | undefined)?.[first ?? ""];
    if (schema instanceof z.ZodObject)
        return first === undefined
            ? Object.keys(schema.shape)
            : keysAt(schema.shape[String(first)] as z.core.$ZodType, rest, below);
    return schema instanceof z.ZodArray ? keysAt(schema.element, rest, below) : [];
}
