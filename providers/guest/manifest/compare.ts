import { visible } from "../../../system/output";
import { apart, type Kind } from "./kind";
import { type KindName, kinds } from "./kinds";
import { Mask, type Managed } from "./masks";
import type { FileFacts, Reading } from "./reading";

/** In what a file is another. */
export type FileAspect = "added" | "gone" | "type" | "content" | "access" | "target" | "immutable";

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

/** Whether two files are alike in all that is not masked. */
function aspects(before: FileFacts, now: FileFacts, path: string, mask: Mask): [FileAspect, string][] {
    const found: [FileAspect, string][] = [];
    if (now.immutable && !before.immutable) found.push(["immutable", "cannot be changed (its immutable bit is set)"]);
    if (mask.hidesAll(path)) return found;
    if (now.type !== before.type)
        return [...found, ["type", `is ${typeName(now.type)} instead of ${typeName(before.type)}`]];
    if (now.target !== before.target) found.push(["target", `leads to ${now.target} instead of ${before.target}`]);
    if ((now.digest !== before.digest || now.size !== before.size) && !mask.hidesContent(path))
        found.push(["content", "has another content"]);
    const access = ({ mode, owner, group }: FileFacts) => `${owner}:${group} ${mode}`;
    if (access(now) !== access(before)) found.push(["access", `is ${access(now)} instead of ${access(before)}`]);
    return found;
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

function ofFiles(manifest: Reading["files"], reading: Reading["files"], mask: Mask): Difference[] {
    const comeOrGone = (paths: string[], aspect: "added" | "gone", said: string): Difference[] =>
        [...tops(paths)].map(([file, within]) => ({
            file,
            aspect,
            within,
            words: `${file} ${said}${within.length > 0 ? `, with ${within.length} in it` : ""}`,
        }));
    return [
        ...comeOrGone(
            Object.keys(manifest).filter(path => !reading[path] && !mask.hidesGone(path)),
            "gone",
            "is gone",
        ),
        ...comeOrGone(
            Object.keys(reading).filter(path => !manifest[path] && !mask.hidesAdded(path)),
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
        shown = (lines: readonly string[]) => lines.filter(line => !mask.hidesLine(name, line));
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

/** What a run has made of a node: where a reading after it is another than the one before it, as it is after it; all else as it was recorded. */
export function afterRun(manifest: Reading, before: Reading, after: Reading): Reading {
    const files: Reading["files"] = {};
    for (const path of new Set([...Object.keys(manifest.files), ...Object.keys(after.files)])) {
        const [was, is] = [before.files[path], after.files[path]];
        const facts = JSON.stringify(was) === JSON.stringify(is) ? manifest.files[path] : is;
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
    const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
    const paths = [...new Set([...Object.keys(manifest.files), ...Object.keys(now.files)])].filter(path =>
        same(before.files[path], now.files[path]),
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
