import { gunzipSync } from "zlib";
import { ask, poured } from "../../../clients/answer";
import { type Connection, Unreachable } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { toText } from "../file-text";
import { apart, type Kind } from "./kind";
import { type KindName, kinds, linesOf } from "./kinds";
import { listingShell } from "./listing";

/** What is known of a file, a folder or a link. */
export interface FileFacts {
    /** As find names it: `f` a file, `d` a folder, `l` a link. */
    type: string;
    /** Octal digits. */
    mode: string;
    owner: string;
    group: string;
    /** Bytes; of files alone. */
    size?: number;
    /** SHA-256 of the content; of files up to 1 MiB. */
    digest?: string;
    /** Of a link. */
    target?: string;
    /** The immutable bit, or the one that lets it grow alone. */
    immutable?: true | "append";
    /** Of a folder with too much in it: what is not listed of it may be there all the same. */
    many?: true;
}

/** A node at one moment. */
export interface Reading {
    /** By path. */
    files: Record<string, FileFacts>;
    /** Of each kind that the node could tell, its lines. */
    lines: Partial<Record<KindName, string[]>>;
}

/** Of each part of a node's answer, unpacked. */
const MOST_BYTES = 32 << 20;

/** Kinds with a question of their own. */
const asked = (Object.entries(kinds) as [KindName, Kind][]).filter(([, kind]) => kind.with === undefined);

/**
 * Shell with options of 2012. All kinds are one stream, each with its length before it: a program for each kind would take an
 * emulated node seconds.
 */
const script = `LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH
${listingShell}
put() { if got=$("$1" 2> /dev/null); then printf '%s %s\\n%s\\n' "$1" "\${#got}" "$got"; fi; }
${asked.map(([name, { ask: command }]) => `${name}() { ${command}; }`).join("\n")}
all() {
:
${asked.map(([name]) => `put ${name}`).join("\n")}
}
all | gzip -1 | pour kinds`;

/** Takes a reading of a node. @throws Unreachable where its answer is not what it was asked for */
export async function takeReading(run: RunScript, on: Connection): Promise<Reading> {
    const said = await ask(
        run,
        on,
        script,
        { files: poured, digests: poured, immutable: poured, kinds: poured },
        { timeoutSeconds: 120 },
    );
    try {
        const printed = printedOf(gunzipped(said.kinds));
        return {
            files: filesOf(unpacked(said.files), unpacked(said.digests), unpacked(said.immutable)),
            lines: Object.fromEntries(
                (Object.keys(kinds) as KindName[]).flatMap(name => {
                    const found = printed.get((kinds[name] as Kind).with ?? name);
                    return found === undefined ? [] : [[name, linesOf(name, toText(found))]];
                }),
            ),
        };
    } catch (e) {
        throw new Unreachable(`${on.name}: its answer is not understood: ${(e as Error).message}`);
    }
}

/** What each kind's question printed: `NAME BYTES`, and so many bytes. @throws Error where it is not so */
function printedOf(all: Buffer): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (let at = 0; at < all.length;) {
        const begin = all.indexOf("\n", at) + 1,
            [, name, bytes] = /^([A-Za-z]{1,40}) (\d{1,9})\n$/.exec(all.toString("latin1", at, begin)) ?? [],
            end = begin + Number(bytes);
        if (name === undefined || all[end] !== NEWLINE) throw new Error("the list of its kinds is not whole");
        found.set(name, all.subarray(begin, end));
        at = end + 1;
    }
    return found;
}
const NEWLINE = 0x0a;

const gunzipped = (packed: Buffer): Buffer => gunzipSync(packed, { maxOutputLength: MOST_BYTES });
const unpacked = (packed: Buffer): string => toText(gunzipped(packed));

/** @throws Error where it is not as it was asked for */
export function filesOf(found: string, digests: string, immutable: string): Reading["files"] {
    const files: Reading["files"] = {},
        parts = found.split("\0");
    if (parts.pop() !== "" || parts.length % 3 !== 0 || parts.length === 0)
        throw new Error("the list of files is not whole");
    for (let i = 0; i < parts.length; i += 3) files[parts[i + 1]!] = factsOf(parts[i]!, parts[i + 2]!);
    for (const [path, digest] of digestsOf(digests)) if (files[path]?.type === "f") files[path].digest = digest;
    markFixed(files, immutable);
    return files;
}

/** @param printed `lsattr`: a file's bits and its name, a line each */
function markFixed(files: Reading["files"], printed: string): void {
    for (const line of printed.split("\n")) {
        const [bits, path] = apart(line),
            file = files[path];
        if (file) file.immutable = bits.includes("i") || "append";
    }
}

const ABOUT = /^(?<type>[a-zA-Z?]) (?<mode>[0-7]{1,4}) (?<owner>\S{1,64}) (?<group>\S{1,64}) (?<size>\d{1,15})$/;

function factsOf(about: string, target: string): FileFacts {
    const found = ABOUT.exec(about)?.groups as Record<"type" | "mode" | "owner" | "group" | "size", string> | undefined;
    if (!found) throw new Error(`a file's line is ${JSON.stringify(about.slice(0, 80))}`);
    const { type, mode, owner, group, size } = found;
    if (type === "l") return { type, mode: "777", owner, group, target };
    if (type === "D") return { type: "d", mode, owner, group, many: true };
    return { type, mode, owner, group, ...(type === "f" && { size: Number(size) }) };
}

/** `sha256sum`: a name with a newline or a backslash in it has these escaped, and its line begins with a backslash. */
function digestsOf(printed: string): [path: string, digest: string][] {
    return printed
        .split("\n")
        .filter(Boolean)
        .map(line => {
            const [, escaped, digest, name] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
            if (digest === undefined) throw new Error(`a digest's line is ${JSON.stringify(line.slice(0, 80))}`);
            return [escaped ? name!.replace(/\\([\\n])/g, (_, c) => (c === "n" ? "\n" : "\\")) : name!, digest];
        });
}
