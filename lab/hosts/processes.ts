import * as fs from "fs";
import { setTimeout as sleep } from "timers/promises";
import { processStart } from "../../system/lock";

/** Ids of all processes. */
export const processIds = (): number[] =>
    fs
        .readdirSync("/proc")
        .filter(name => /^\d+$/.test(name))
        .map(Number);

/** Ids of the processes that carry `variable=value` in the environment they were started with. */
export function processesWith(variable: string, value: string): number[] {
    const wanted = `${variable}=${value}`;
    return processIds().filter(pid => {
        try {
            return fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(wanted);
        } catch {
            return false;
        }
    });
}

/** Whether a process is there and not just waiting to be reaped; with its start time: whether it is that one still. */
export function isAlive(pid: number, start?: string): boolean {
    const found = processStart(pid);
    return found !== undefined && [found, undefined].includes(start);
}

/**
 * Kills the processes that `find` returns, again and again until there are none: one of them may just have
 * started another.
 * @throws Error when some are left after `deadlineSeconds`
 */
export async function killAll(find: () => number[], deadlineSeconds = 20): Promise<void> {
    const deadline = performance.now() + deadlineSeconds * 1000;
    for (let left = find().filter(pid => isAlive(pid)); left.length > 0; left = find().filter(pid => isAlive(pid))) {
        if (performance.now() > deadline)
            throw new Error(`processes ${left.join(", ")} are still there ${deadlineSeconds} s after they were killed`);
        for (const pid of left)
            try {
                process.kill(pid, "SIGKILL");
            } catch {
                /* ended meanwhile */
            }
        await sleep(50);
    }
}
