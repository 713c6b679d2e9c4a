import * as fs from "fs";
import { setTimeout as sleep } from "timers/promises";
import { leavable } from "./interrupt";

/** Start time of a process in clock ticks, which with its id names it for good; undefined when it is gone. */
export function processStart(pid: number): string | undefined {
    try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    } catch {
        return undefined;
    }
}

/** The live process that holds a lock file; undefined where none does. */
export function lockHolder(file: string): number | undefined {
    let owner: string;
    try {
        owner = fs.readFileSync(file, "utf8");
    } catch {
        return undefined;
    }
    const [pid, start] = owner.split(" ");
    return start !== undefined && processStart(Number(pid)) === start ? Number(pid) : undefined;
}

/** Runs `work` while holding the lock file; one left by a dead process is taken over. `signal` ends the wait for it. */
export async function withLock<T>(
    file: string,
    work: () => Promise<T>,
    waiting?: (owner: number) => void,
    signal?: AbortSignal,
): Promise<T> {
    const mine = `${process.pid} ${processStart(process.pid)}`;
    for (let told = false; ;) {
        try {
            fs.writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
            break;
        } catch (e) {
            if ((e as NodeJS.ErrnoException).code !== "EEXIST") throw e;
        }
        let owner = "";
        try {
            owner = fs.readFileSync(file, "utf8");
        } catch {
            continue;
        }
        const [pid, start] = owner.split(" ");
        if (owner !== "" && processStart(Number(pid)) !== start) {
            fs.rmSync(file, { force: true });
            continue;
        }
        if (!told) {
            told = true;
            waiting?.(Number(pid));
        }
        await leavable(signal, () => sleep(200));
    }
    try {
        return await work();
    } finally {
        fs.rmSync(file, { force: true });
    }
}
