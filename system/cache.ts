import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { setImmediate as turn } from "timers/promises";
import { thisStart } from "./boot";
import { replaceFile } from "./files";
import { withLock } from "./lock";
import { cacheDir, ownCacheDir } from "./paths";
import { type Progress, silent } from "./progress";

/** The inputs of an entry: two entries with equal inputs are the same entry. */
export interface CacheEntry {
    /** Folder below the cache, e.g. `golden-root`. */
    kind: string;
    /** For people: leads the entry's folder name. */
    name: string;
    /** Everything the content depends on, as plain JSON. */
    inputs: unknown;
    /** Shows the reading of an entry that takes seconds to read. */
    progress?: Progress;
}

/** The manifest's file name; written last, so an entry without it was cut short. */
const MANIFEST = ".complete";

/** Folder of an entry, whether it exists or not. */
export function entryDir(entry: CacheEntry): string {
    const hash = createHash("sha256").update(JSON.stringify(entry.inputs)).digest("hex").slice(0, 16);
    return path.join(cacheDir(), entry.kind, `${entry.name}-${hash}`);
}

/**
 * The folder of a finished entry, made by `build` in a folder beside it when it is missing,
 * cut short or damaged. One process builds an entry at a time; others wait for it.
 */
export async function cached(entry: CacheEntry, build: (dir: string) => Promise<void>): Promise<string> {
    const dir = entryDir(entry),
        wanted = underWay.get(dir) ?? made(entry, build).finally(() => underWay.delete(dir));
    underWay.set(dir, wanted);
    return await wanted;
}

/** Entries that this process looks at or builds just now: several builds side by side may need the same one. */
const underWay = new Map<string, Promise<string>>();

async function made(entry: CacheEntry, build: (dir: string) => Promise<void>): Promise<string> {
    // First of all: a folder of another user's is not used.
    const cache = ownCacheDir(),
        dir = entryDir(entry),
        { progress = silent } = entry;
    const isWhole = () => isWholeIn(dir, work => progress.step(`Reading the cache's ${entry.kind}`, work));
    if (await isWhole()) return dir;
    fs.mkdirSync(path.join(cache, entry.kind), { recursive: true, mode: 0o700 });
    return await withLock(`${dir}.lock`, async () => {
        if (await isWhole()) return dir;
        const building = `${dir}.building`;
        removeTree(building);
        removeTree(dir);
        fs.mkdirSync(building, { recursive: true });
        try {
            await build(building);
        } catch (e) {
            removeTree(building);
            throw e;
        }
        const made = fingerprint(building);
        remember(dir, { made, content: await digest(building) });
        fs.writeFileSync(path.join(building, MANIFEST), made + "\n");
        fs.renameSync(building, dir);
        return dir;
    });
}

/** The manifest of an entry's content, in a file beside the entry. */
interface Known {
    /** The manifest that it belongs to. */
    made: string;
    content: string;
    /** The start of the machine in which it was last seen to be so. */
    seen?: string;
}

const knownFile = (dir: string): string => `${dir}.content`;

function remember(dir: string, known: Known): void {
    replaceFile(knownFile(dir), JSON.stringify({ ...known, seen: thisStart() }) + "\n", 0o600);
}

/**
 * Whether an entry is complete and what was stored: by size and time of each file, and by its content where it was not looked at
 * since the machine was started. What leaves files damaged with their size and time as they were is a machine that goes down.
 */
async function isWholeIn(dir: string, slowly: (work: () => Promise<string>) => Promise<string>): Promise<boolean> {
    if (!isIntact(dir)) return false;
    const made = recordedFingerprint(dir),
        start = thisStart(),
        known = knownOf(dir, made);
    if (known && start !== undefined && known.seen === start) return true;
    const content = await slowly(() => digest(dir));
    if (known && known.content !== content) return false;
    try {
        remember(dir, { made, content });
    } catch (e) {
        // A cache that this user may only read is looked at each time.
        if (!["EACCES", "EPERM", "EROFS"].includes((e as NodeJS.ErrnoException).code ?? "")) throw e;
    }
    return true;
}

/** The manifest of an entry as it was made. For an entry of a former version it is made of the present content. */
function knownOf(dir: string, made: string): Known | undefined {
    try {
        const known = JSON.parse(fs.readFileSync(knownFile(dir), "utf8")) as Known | null;
        return known?.made === made ? known : undefined;
    } catch {
        return undefined;
    }
}

/** Whether an entry is complete and every file still has the size and time it was stored with. */
export function isIntact(dir: string): boolean {
    try {
        return recordedFingerprint(dir) === fingerprint(dir);
    } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== "ENOENT") throw e;
        return false;
    }
}

const recordedFingerprint = (dir: string): string => fs.readFileSync(path.join(dir, MANIFEST), "utf8").trim();

/** Everything below a folder but its manifest, each folder before its content, in a fixed order. */
function* itemsIn(dir: string, below = ""): Generator<{ name: string; item: fs.Dirent }> {
    const items = fs.readdirSync(path.join(dir, below), { withFileTypes: true });
    for (const item of items.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const name = path.join(below, item.name);
        if (name === MANIFEST) continue;
        yield { name, item };
        if (item.isDirectory()) yield* itemsIn(dir, name);
    }
}

/** One digest over path, kind, size and modification time of everything below `dir`. */
function fingerprint(dir: string): string {
    const hash = createHash("sha256");
    for (const { name, item } of itemsIn(dir)) {
        if (item.isDirectory()) hash.update(`d ${name}\n`);
        else if (!item.isFile()) hash.update(`o ${name}\n`);
        else {
            const { size, mtimeMs } = fs.lstatSync(path.join(dir, name));
            hash.update(`f ${name} ${size} ${Math.trunc(mtimeMs)}\n`);
        }
    }
    return hash.digest("hex");
}

/** How much is read before this process does something else. */
const AT_A_TIME = 8 * 2 ** 20;

/** One digest over path and content of every file below `dir`, and over the targets of links. */
async function digest(dir: string): Promise<string> {
    const hash = createHash("sha256"),
        buffer = Buffer.alloc(2 ** 20);
    let bytes = 0;
    for (const { name, item } of itemsIn(dir)) {
        const file = path.join(dir, name);
        hash.update(`${name}\n`);
        if (item.isSymbolicLink()) hash.update(`${fs.readlinkSync(file)}\n`);
        if (!item.isFile()) continue;
        const open = fs.openSync(file, "r");
        try {
            for (let read; (read = fs.readSync(open, buffer)) > 0;) {
                hash.update(buffer.subarray(0, read));
                if ((bytes += read) >= AT_A_TIME) {
                    bytes = 0;
                    await turn();
                }
            }
        } finally {
            fs.closeSync(open);
        }
    }
    return hash.digest("hex");
}

function removeTree(dir: string): void {
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 2 });
}
