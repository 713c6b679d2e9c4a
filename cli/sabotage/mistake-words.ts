import type * as yaml from "yaml";
import * as z from "zod";
import { exerciseSchema } from "./exercise";
import { stepNames } from "./steps";

/** Where something stands in an exercise: keys, and places in lists. */
export type Path = readonly PropertyKey[];

/** What one entry of a list is called. */
const one: Readonly<Record<string, string>> = { machines: "kind of machine", tried: "tried release" };

/** `way 1, step 2, service`: people count from one. */
export function placeInWords(at: Path): string {
    const words: string[] = [];
    for (const key of at) {
        const list = words.at(-1) ?? "";
        if (typeof key === "number") words.splice(-1, 1, `${one[list] ?? list.replace(/s$/, "")} ${key + 1}`);
        else words.push(String(key));
    }
    return words.join(", ");
}

const QUOTES =
    'put quotation marks around the whole text; a text wants them that has ": " or " #" in it, or begins with a character such as * [ { @ %';

/** What to do about the first thing in a file that no reader of YAML takes. */
export function yamlInWords({ code, message }: yaml.YAMLParseError | yaml.YAMLError): string {
    const said = message.split("\n")[0]!;
    const bracket = /^Flow (?:map|sequence) .* end with a ([\]}])/.exec(said)?.[1];
    if (bracket !== undefined)
        return `a ${bracket} is missing in a line above, at the end of what begins with ${bracket === "}" ? "{" : "["}`;
    if (code === "BLOCK_AS_IMPLICIT_KEY" || code === "BAD_SCALAR_START" || /^Unexpected (alias|scalar)/.test(said))
        return QUOTES;
    if (code === "MULTILINE_IMPLICIT_KEY") return "a line that is neither a key with its value nor an entry of a list";
    if (code === "TAB_AS_INDENT") return "a tab at the beginning of the line; write blanks";
    return `no YAML: ${said}`;
}

const typeWords: Readonly<Record<string, string>> = {
    array: "a list",
    tuple: "a list",
    object: "a map of keys and values",
    int: "a whole number",
    number: "a number",
    string: "a text",
};

/** A value for a message, as long as it may stand in a line. */
const wordOf = (value: unknown): string => {
    const word = value === undefined ? "nothing" : JSON.stringify(value);
    return word.length > 80 ? `${word.slice(0, 79)}…` : word;
};

const numbers = ["no", "one", "two", "three"];

/** The limit that the number of a list's entries, or a value, is beyond. */
function limitInWords(issue: z.core.$ZodIssue, value: unknown): string {
    if (issue.code !== "too_small" && issue.code !== "too_big")
        return `${wordOf(value)} is not allowed; allowed is ${issue.message}`;
    const limit = Number(issue.code === "too_small" ? issue.minimum : issue.maximum),
        bound = issue.code === "too_small" ? "or more" : "at most";
    if (!Array.isArray(value)) return `${wordOf(value)} is not allowed; allowed is ${limit} ${bound}`;
    if (issue.path.join() === "hints") return `there are three hints; it has ${value.length}`;
    return `${numbers[limit] ?? limit} ${limit === 1 ? "entry" : "entries"} ${bound}; it has ${value.length}`;
}

/** The words that a value may be, where they are few. */
function choicesOf(issue: z.core.$ZodIssue): readonly unknown[] | undefined {
    if (issue.code === "invalid_union") return stepNames;
    return issue.code === "invalid_value" ? issue.values : undefined;
}

/** What is wrong with a value, and what is allowed. */
export function issueInWords(issue: z.core.$ZodIssue, value: unknown): string {
    const choices = choicesOf(issue);
    if (choices)
        return `${value === undefined ? "missing; it is one of" : `${wordOf(value)} is not one of`} ${choices.join(", ")}`;
    if (issue.code !== "invalid_type") return value === undefined ? "missing" : limitInWords(issue, value);
    const type = typeWords[issue.expected] ?? issue.expected;
    if (value === undefined) return `missing; it is ${type}`;
    if (issue.expected === "string" && typeof value !== "object")
        return `${String(value)} is not a text as it stands; write "${String(value)}"`;
    return `${wordOf(value)} is not allowed; allowed is ${type}`;
}

/** A key that there is not, with the one that is meant, or with all. */
export function unknownKey(key: string, path: Path, given: unknown): string {
    const allowed = keysAt(exerciseSchema, path, given),
        [meant] = allowed.filter(word => isNear(key, word));
    return `there is no such key; ${meant === undefined ? `allowed are ${allowed.join(", ")}` : `is ${meant} meant?`}`;
}

/** Whether two words differ by one letter: another, one more or less, or two that changed places. */
function isNear(word: string, other: string): boolean {
    if (word.length > other.length) return isNear(other, word);
    let at = 0;
    while (at < word.length && word[at] === other[at]) at++;
    const [rest, others] = [word.slice(at), other.slice(at)];
    if (word.length < other.length) return rest === others.slice(1);
    return rest.slice(1) === others.slice(1) || rest === `${others[1]}${others[0]}${others.slice(2)}`;
}

/** Whether the key cannot be left out: those of an exercise, and of its ways. */
export function isMandatory(at: Path): boolean {
    const way = exerciseSchema.shape.ways.element,
        shape: Record<string, unknown> = at.length === 1 ? exerciseSchema.shape : way.shape;
    const found = at.length === 1 || (at.length === 3 && at[0] === "ways") ? shape[String(at.at(-1))] : undefined;
    return found !== undefined && !(found instanceof z.ZodOptional);
}

/** Whether the key holds a text for people, where a plain # is more likely a part of it. */
export const isForPeople = (at: Path): boolean =>
    ["title", "story", "symptom", "hints"].includes(String(at[0])) ||
    (at[0] === "ways" && ["causes", "solution"].includes(String(at[2])));

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
