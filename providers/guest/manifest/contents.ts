import { gunzipSync, gzipSync } from "zlib";
import { ask, bytes } from "../../../clients/answer";
import type { Connection } from "../../../clients/connection";
import { quote, type RunScript } from "../../../clients/ssh";
import { toBytes } from "../file-text";
import type { Mask } from "./masks";
import { digestOf, type Manifest, type Store } from "./store";

/** Of one file, packed, that is kept. */
const MOST_OF_ONE = 64 << 10;
/** Of one file, as it is, that is looked at. */
const MOST_LOOKED_AT = 512 << 10;
/** Of the files that are fetched at once. */
const AT_ONCE = 900 << 10;

/**
 * Prints of each file of a list (its name, its size) that many bytes. One program for all files: on an emulated machine the
 * start of four for each of them took a minute.
 */
const READ = `while (defined($f = <STDIN>)) {
    chomp $f; $size = <STDIN> + 0; $read = "";
    if (open F, "<", $f) { read F, $read, $size; close F }
    print $read, "\\0" x ($size - length $read);
}`;

/** A file's name that can be a line of a list. */
const isPlain = (path: string): boolean => !/[\x00-\x1f]/.test(path);

/** Groups of files of which each is fetched at once. */
function batches(files: readonly { path: string; size: number }[]): { path: string; size: number }[][] {
    const all: { path: string; size: number }[][] = [];
    let room = 0;
    for (const file of files) {
        if (file.size > room || all.length === 0) {
            all.push([]);
            room = AT_ONCE;
        }
        all[all.length - 1]!.push(file);
        room -= file.size;
    }
    return all;
}

/** Files whose contents are worth keeping, by their digests: those that are neither masked, nor too large, nor held already. */
function wantedOf({ reading, packs }: Manifest, mask: Mask): Map<string, { path: string; size: number }> {
    const held = new Set(Object.values(packs).flat());
    return new Map(
        Object.entries(reading.files).flatMap(([path, { digest, size = 0 }]) =>
            digest && size <= MOST_LOOKED_AT && !held.has(digest) && isPlain(path) && !mask.hidesContent(path)
                ? [[digest, { path, size }]]
                : [],
        ),
    );
}

/** Packs of which at least one content is still a file's. */
function packsOf({ reading, packs }: Manifest): Manifest["packs"] {
    const digests = new Set(Object.values(reading.files).map(({ digest }) => digest));
    return Object.fromEntries(Object.entries(packs).filter(([, held]) => held.some(digest => digests.has(digest))));
}

/** Keeps the contents of a reading's files which a manifest's packs do not hold yet. */
export async function keepContents(
    run: RunScript,
    on: Connection,
    store: Store,
    manifest: Manifest,
    mask: Mask,
): Promise<Manifest["packs"]> {
    const wanted = wantedOf(manifest, mask);
    const digestAt = new Map([...wanted].map(([digest, { path }]) => [path, digest]));
    const kept: Manifest["packs"] = {};
    for (const batch of batches([...wanted.values()])) {
        const contents = new Map<string, Buffer>();
        for (const [path, content] of await fetched(run, on, batch)) {
            const digest = digestOf(content);
            // One that has changed since belongs to no digest.
            if (digest === digestAt.get(path) && gzipSync(content).length <= MOST_OF_ONE) contents.set(digest, content);
        }
        if (contents.size > 0) kept[await store.keep(contents)] = [...contents.keys()];
    }
    return { ...packsOf(manifest), ...kept };
}

/** Contents of files, cut by the sizes that they had: one that is shorter now is filled up. */
async function fetched(
    run: RunScript,
    on: Connection,
    files: readonly { path: string; size: number }[],
): Promise<Map<string, Buffer>> {
    const { packed } = await ask(
        run,
        on,
        `perl -e ${quote(READ)} | gzip -1 | tell packed`,
        { packed: bytes },
        { input: toBytes(files.map(({ path, size }) => `${path}\n${size}\n`).join("")), timeoutSeconds: 120 },
    );
    const all = gunzipSync(packed, { maxOutputLength: 2 * AT_ONCE }),
        found = new Map<string, Buffer>();
    let at = 0;
    for (const { path, size } of files) {
        found.set(path, all.subarray(at, at + size));
        at += size;
    }
    return found;
}
