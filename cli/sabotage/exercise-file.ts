import * as yaml from "yaml";
import type * as z from "zod";
import { mistakable } from "../../engine/plain-words";
import { type Exercise, exerciseSchema } from "./exercise";
import { problemsOf } from "./facts";
import {
    isForPeople,
    isMandatory,
    issueInWords,
    type Path,
    placeInWords,
    unknownKey,
    yamlInWords,
} from "./mistake-words";

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
            this.tell(this.lines.linePos(error.pos[0]).line, [], yamlInWords(error));
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
        this.mistakes.push(`${this.file}: line ${line}: ${at.length > 0 ? `${placeInWords(at)}: ` : ""}${reason}`);
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
        if (yaml.isNode(node)) {
            this.place(node, at);
            this.refuseIndirect(node, at);
        }
        if (yaml.isMap(node)) return this.map(node, at);
        if (yaml.isSeq(node)) return node.items.map((item, i) => this.value(item, [...at, i]));
        return yaml.isScalar(node) ? this.scalar(node, at) : undefined;
    }

    /** Keeps where a node stands, unless its key's place is known. */
    private place({ range }: yaml.Node, at: Path): void {
        if (!this.offsets.has(keyOf(at))) this.offsets.set(keyOf(at), range?.[0] ?? 0);
    }

    /** Tells of what YAML has for programs: a value that stands elsewhere, a name for one, a type. */
    private refuseIndirect(node: yaml.Node, at: Path): void {
        if (yaml.isAlias(node)) this.wrong(at, `*${node.source} stands for something elsewhere; write that out`);
        else if (node.anchor !== undefined || node.tag !== undefined)
            this.wrong(at, "anchors (&) and tags (!) are not for exercises; leave it out");
    }

    private scalar(node: yaml.Scalar, at: Path): unknown {
        if (node.type === "PLAIN") this.plain(node, at);
        // A text over several lines ends with a line's end that nobody means.
        return typeof node.value === "string" ? node.value.replace(/\n+$/, "") : node.value;
    }

    /** Tells what another reader, or its writer, takes a text without quotation marks for. */
    private plain(node: yaml.Scalar, at: Path): void {
        const { source = "" } = node,
            reason = mistakable(source);
        if (reason !== undefined) this.wrong(at, source === "" && isMandatory(at) ? "no value; write one" : reason);
        else if (isForPeople(at)) this.remark(node, at);
    }

    /** Tells of a remark behind a text for people, who may mean it as a part of the text. */
    private remark({ comment, range }: yaml.Scalar, at: Path): void {
        const behind = this.text.slice(range?.[1] ?? 0, range?.[2] ?? 0);
        if (comment && /^ +#/.test(behind))
            this.wrong(
                at,
                `the text ends before " #${comment}"; put quotation marks around the whole text, or the remark in a line of its own`,
            );
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
        if (issue.code === "unrecognized_keys")
            for (const key of issue.keys) this.wrong([...path, key], unknownKey(key, path, given));
        else this.wrong(path, issueInWords(issue, value));
    }
}

const keyOf = (at: Path): string => JSON.stringify(at);
