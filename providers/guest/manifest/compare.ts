import { visible } from "../../../system/output";
import { apart, type Kind } from "./kind";
import { type KindName, kinds } from "./kinds";
import { Mask, type Managed } from "./masks";
import type { FileFacts, Reading } from "./reading";

/** In what a file is another. */
export type FileAspect = "added" | "gone" | "type" | "content" | "access" | "target" | "immutable" | "many";

/** One difference between a node and its manifest. */
export type Difference = {
    /** In words, without anything that may be secret: `/etc/nova/rootwrap.d is gone, with 5 in it`. */
    words: string;
} & (
    | { file: string; aspect: FileAspect; within: string[] }
    | { kind: KindName; line: string; how: "added" | "gone" }
    | { kind: KindName; name: string; how: "changed"; now: string; before: string }
);

const typeNames: Readonly<Record<string, string>> = { f: "a file", d: "a folder", l: "a link" };
const typeName = (type: string): string => typeNames[type] ?? "something else";

const contentOf = ({ digest, size }: FileFacts): string => `${digest} ${size}`;
const accessOf = ({ mode, owner, group }: FileFacts): string => `${owner}:${group} ${mode}`;

/** Whether two files are alike in all that is not masked. */
function aspects(before: FileFacts, now: FileFacts, path: string, mask: Mask): [FileAspect, string][] {
    const found: [FileAspect, string][] = [];
    if (now.immutable && !before.immutable)
        found.push([
            "immutable",
            `cannot be changed (its ${now.immutable === "append" ? "append-only" : "immutable"} bit is set)`,
        ]);
    if (mask.hidesAll(path)) return found;
    if (now.type !== before.type)
        return [...found, ["type", `is ${typeName(now.type)} instead of ${typeName(before.type)}`]];
    const [is, was] = [accessOf(now), accessOf(before)];
    const others: [boolean, FileAspect, string][] = [
        [now.target !== before.target, "target", `leads to ${now.target} instead of ${before.target}`],
        [contentOf(now) !== contentOf(before) && !mask.hidesContent(path), "content", "has another content"],
        [now.many === true && !before.many, "many", "holds too much to be looked at one by one"],
        [is !== was, "access", `is ${is} instead of ${was}`],
    ];
    return [
        ...found,
        ...others.flatMap(([differs, aspect, said]): [FileAspect, string][] => (differs ? [[aspect, said]] : [])),
    ];
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** Those of some paths that are in none of the others, with what is in them. */
function tops(paths: readonly string[]): Map<string, string[]> {
    const all = new Set(paths),
        found = new Map<string, string[]>(),
        topOf = (path: string): string => (all.has(parentOf(path)) ? topOf(parentOf(path)) : path);
    for (const path of [...paths].sort()) {
        const top = topOf(path);
        found.set(top, [...(found.get(top) ?? []), ...(top === path ? [] : [path])]);
    }
    return found;
}

/** Whether a path may be there although it is not listed: below a folder with too much in it. */
function isUnlisted(files: Reading["files"], path: string): boolean {
    if (files[path]) return false;
    for (let above = parentOf(path); above !== ""; above = parentOf(above)) if (files[above]?.many) return true;
    return false;
}

/** How much is in a folder that came or went. */
function withIn(files: Reading["files"], file: string, within: readonly string[]): string {
    if ([file, ...within].some(path => files[path]?.many)) return ", with too much in it to be looked at one by one";
    return within.length > 0 ? `, with ${within.length} in it` : "";
}

function ofFiles(manifest: Reading["files"], reading: Reading["files"], mask: Mask): Difference[] {
    const comeOrGone = (paths: string[], aspect: "added" | "gone", said: string): Difference[] =>
        [...tops(paths)].map(([file, within]) => ({
            file,
            aspect,
            within,
            words: `${file} ${said}${withIn(aspect === "added" ? reading : manifest, file, within)}`,
        }));
    return [
        ...comeOrGone(
            Object.keys(manifest).filter(path => !reading[path] && !mask.hidesGone(path) && !isUnlisted(reading, path)),
            "gone",
            "is gone",
        ),
        ...comeOrGone(
            Object.keys(reading).filter(
                path => !manifest[path] && !mask.hidesAdded(path) && !isUnlisted(manifest, path),
            ),
            "added",
            "was added",
        ),
        ...Object.entries(manifest).flatMap(([file, before]) => {
            const now = reading[file];
            return now
                ? aspects(before, now, file, mask).map(([aspect, said]): Difference => ({
                      file,
                      aspect,
                      within: [],
                      words: `${file} ${said}`,
                  }))
                : [];
        }),
    ];
}

/** Items of a list that another has not, or not as often. */
function without(list: readonly string[], others: readonly string[]): string[] {
    const left = new Map<string, number>();
    for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
    return list.filter(item => {
        const count = left.get(item) ?? 0;
        left.set(item, count - 1);
        return count <= 0;
    });
}

function ofNamed(name: KindName, before: readonly string[], now: readonly string[]): Difference[] {
    const kind: Kind = kinds[name],
        known = new Map(before.map(apart)),
        there = new Set(now.map(line => apart(line)[0]));
    const gone = before.filter(line => kind.kept && !there.has(apart(line)[0]));
    const others = now.flatMap((line): Difference[] => {
        const [key, value] = apart(line),
            recorded = known.get(key);
        if (recorded === undefined)
            return kind.mend?.added ? [{ kind: name, line, how: "added", words: kind.words.added(line) }] : [];
        return recorded === value
            ? []
            : [
                  {
                      kind: name,
                      name: key,
                      how: "changed",
                      now: value,
                      before: recorded,
                      words: kind.words.changed!(key, value, recorded),
                  },
              ];
    });
    return [
        ...gone.map((line): Difference => ({ kind: name, line, how: "gone", words: kind.words.gone(line) })),
        ...others,
    ];
}

function ofKind(name: KindName, before: readonly string[], now: readonly string[], mask: Mask): Difference[] {
    const kind: Kind = kinds[name],
        shown = (lines: readonly string[]) =>
            lines.filter(
                line => !mask.hidesLine(name, line) && (!kind.inFile || mask.manages(kind.inFile(line) ?? "")),
            );
    if (kind.named) return ofNamed(name, shown(before), shown(now));
    const wanted = kind.never ? [] : shown(before);
    return [
        ...without(shown(now), wanted).map((line): Difference => ({
            kind: name,
            line,
            how: "added",
            words: kind.words.added(line),
        })),
        ...without(wanted, shown(now)).map((line): Difference => ({
            kind: name,
            line,
            how: "gone",
            words: kind.words.gone(line),
        })),
    ];
}

/** In what a node is another than its manifest says; what one of both could not tell is no difference. */
export function compare(manifest: Reading, reading: Reading, managed: Managed): Difference[] {
    const mask = new Mask(managed);
    return [
        ...(Object.keys(kinds) as KindName[]).flatMap(name => {
            // Of what is never right no record is needed: one of before this kind has none.
            const never = (kinds[name] as Kind).never && [];
            const [before, now] = [manifest.lines[name] ?? never, reading.lines[name]];
            return before && now ? ofKind(name, before, now, mask) : [];
        }),
        ...ofFiles(manifest.files, reading.files, mask),
    ];
}

/** As much of the state as they may take. */
const MOST_BYTES = 6000;
/** Of one, as much as is told. */
const MOST_CHARACTERS = 300;

/** Differences in words, as many as the state may hold; the last says how many more there are. */
export function inWords(all: readonly Difference[]): string[] {
    const told: string[] = [];
    let size = 0;
    for (const difference of all) {
        const words = visible(difference.words.replace(/\n/g, "\\n").replace(/\t/g, " ")),
            text = words.length > MOST_CHARACTERS ? `${words.slice(0, MOST_CHARACTERS - 1)}…` : words;
        size += Buffer.byteLength(JSON.stringify(text)) + 1;
        if (size > MOST_BYTES - 40) return [...told, andMore(all.length - told.length)];
        told.push(text);
    }
    return told;
}

const andMore = (count: number): string => `… and ${count} more`;

/** Those of the differences that stand now which were told before; all of them where not all were told. */
export function stillThere(now: readonly Difference[], told: readonly string[]): Difference[] {
    if (told.some(words => /^… and \d+ more$/.test(words))) return [...now];
    const known = new Set(told);
    return now.filter(difference => inWords([difference]).some(words => known.has(words)));
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A file after a run, as far as it is known that the run made it what it is. */
function fileAfterRun(path: string, manifest: Reading, before: Reading, after: Reading): FileFacts | undefined {
    if (isUnlisted(before.files, path) || isUnlisted(after.files, path)) return manifest.files[path];
    const [was, is] = [before.files[path], after.files[path]];
    if (same(was, is)) return manifest.files[path];
    // Of what is in it now nobody knows since when: it is not called added, and not recorded.
    return was?.many && is?.type === "d" ? { ...is, many: true } : is;
}

/** What a run has made of a node: where a reading after it is another than the one before it, as it is after it; all else as it was recorded. */
export function afterRun(manifest: Reading, before: Reading, after: Reading): Reading {
    const files: Reading["files"] = {};
    for (const path of new Set([...Object.keys(manifest.files), ...Object.keys(after.files)])) {
        const facts = fileAfterRun(path, manifest, before, after);
        if (facts) files[path] = facts;
    }
    const lines: Reading["lines"] = {};
    for (const name of Object.keys(kinds) as KindName[]) {
        const [recorded, was, is] = [manifest.lines[name], before.lines[name], after.lines[name]];
        const known = recorded && was && is ? changedLines(kinds[name], recorded, was, is) : (recorded ?? is);
        if (known) lines[name] = known;
    }
    return { files, lines };
}

function changedLines(
    kind: Kind,
    recorded: readonly string[],
    was: readonly string[],
    is: readonly string[],
): string[] {
    const [added, gone] = [without(is, was), without(was, is)];
    const replaced = new Set(kind.named ? added.map(line => apart(line)[0]) : []);
    return [
        ...without(recorded, gone).filter(line => !replaced.has(apart(line)[0])),
        ...without(added, kind.named ? [] : recorded),
    ].sort();
}

/** What of a manifest still holds while a run is under way that was cut off: nothing is known of what has changed since it began. */
export function untouched(manifest: Reading, before: Reading, now: Reading): { manifest: Reading; now: Reading } {
    const paths = [...new Set([...Object.keys(manifest.files), ...Object.keys(now.files)])].filter(
        path =>
            same(before.files[path], now.files[path]) &&
            !isUnlisted(before.files, path) &&
            !isUnlisted(now.files, path),
    );
    const names = (Object.keys(kinds) as KindName[]).filter(
        name => same(before.lines[name], now.lines[name]) || (kinds[name] as Kind).never,
    );
    const only = (reading: Reading): Reading => ({
        files: Object.fromEntries(paths.flatMap(path => (reading.files[path] ? [[path, reading.files[path]]] : []))),
        lines: Object.fromEntries(names.flatMap(name => (reading.lines[name] ? [[name, reading.lines[name]]] : []))),
    });
    return { manifest: only(manifest), now: only(now) };
}
