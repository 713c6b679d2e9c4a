import * as fs from "fs";
import { setTimeout as sleep } from "timers/promises";
import { createFile } from "./files";
import { leavable } from "./interrupt";

/**
 * Start time of a process in clock ticks, which with its id names it for good; undefined when it is gone, or has ended and
 * only waits for its parent.
 */
export function processStart(pid: number): string | undefined {
    try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
        const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return /^[ZX]/.test(state!) ? undefined : rest[18];
    } catch {
        return undefined;
    }
}

/** The live process that a lock file names; undefined for one that has died, and for a text that names none. */
function holderIn(text: string): number | undefined {
    const [pid, start] = text.split(" ");
    return start !== undefined && processStart(Number(pid)) === start ? Number(pid) : undefined;
}

function textOf(file: string): string | undefined {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (e) {
        if ((e as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw e;
    }
}

/** The live process that holds a lock file; undefined where none does. */
export const lockHolder = (file: string): number | undefined => holderIn(textOf(file) ?? "");

/** Takes a lock file if it can be had now; else returns the process that holds it. */
function take(file: string): "taken" | number {
    for (;;) {
        if (createFile(file, `${process.pid} ${processStart(process.pid)}`, 0o600)) return "taken";
        const found = textOf(file);
        if (found === undefined) continue;
        const holder = holderIn(found) ?? removeDead(file, found);
        if (holder !== undefined) return holder;
    }
}

/**
 * Removes a lock file that names no live process. Of several that want to, one does: the file may be another's already
 * when the slower ones get to it. So who removes it holds a lock that is named by what was found in it.
 * @returns a process that is about to do so
 */
function removeDead(file: string, found: string): number | undefined {
    const guard = `${file}.${/^\d+ \d+$/.test(found) ? found.replace(" ", "-") : "nobody"}`,
        taken = take(guard);
    if (taken !== "taken") return taken;
    try {
        if (textOf(file) === found) fs.rmSync(file, { force: true });
        return undefined;
    } finally {
        fs.rmSync(guard, { force: true });
    }
}

/** Runs `work` while holding the lock file; one left by a dead process is taken over. `signal` ends the wait for it. */
export async function withLock<T>(
    file: string,
    work: () => Promise<T>,
    waiting?: (owner: number) => void,
    signal?: AbortSignal,
): Promise<T> {
    let told = false;
    for (let holder = take(file); holder !== "taken"; holder = take(file)) {
        if (!told) waiting?.(holder);
        told = true;
        await leavable(signal, () => sleep(200));
    }
    try {
        return await work();
    } finally {
        fs.rmSync(file, { force: true });
    }
}
