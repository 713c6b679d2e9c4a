import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { cacheDir, ownCacheDir } from "./paths";
import { withLock } from "./lock";

/** What an entry is made from: two entries with equal inputs are the same entry. */
export interface CacheEntry {
    /** Folder below the cache, e.g. `golden-root`. */
    kind: string;
    /** For people: leads the entry's folder name. */
    name: string;
    /** Everything the content depends on, as plain JSON. */
    inputs: unknown;
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
    const dir = entryDir(entry);
    if (isIntact(dir)) return dir;
    fs.mkdirSync(path.join(ownCacheDir(), entry.kind), { recursive: true, mode: 0o700 });
    return await withLock(`${dir}.lock`, async () => {
        if (isIntact(dir)) return dir;
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
        fs.writeFileSync(path.join(building, MANIFEST), fingerprint(building) + "\n");
        fs.renameSync(building, dir);
        return dir;
    });
}

/** Whether an entry is complete and every file still has the size and time it was stored with. */
export function isIntact(dir: string): boolean {
    let recorded: string;
    try {
        recorded = fs.readFileSync(path.join(dir, MANIFEST), "utf8").trim();
    } catch {
        return false;
    }
    return recorded === fingerprint(dir);
}

/** One digest over path, kind, size and modification time of everything below `dir`. */
function fingerprint(dir: string): string {
    const hash = createHash("sha256");
    const walk = (below: string): void => {
        for (const item of fs
            .readdirSync(path.join(dir, below), { withFileTypes: true })
            .sort((a, b) => (a.name < b.name ? -1 : 1))) {
            const name = path.join(below, item.name);
            if (name === MANIFEST) continue;
            if (item.isDirectory()) {
                hash.update(`d ${name}\n`);
                walk(name);
                continue;
            }
            if (!item.isFile()) {
                hash.update(`o ${name}\n`);
                continue;
            }
            const { size, mtimeMs } = fs.lstatSync(path.join(dir, name));
            hash.update(`f ${name} ${size} ${Math.trunc(mtimeMs)}\n`);
        }
    };
    walk("");
    return hash.digest("hex");
}

function removeTree(dir: string): void {
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 2 });
}
