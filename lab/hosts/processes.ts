import * as fs from "fs";
import { setTimeout as sleep } from "timers/promises";
import { processStart } from "../../system/lock";

/** Ids of all processes. */
export const processIds = (): number[] =>
    fs
        .readdirSync("/proc")
        .filter(name => /^\d+$/.test(name))
        .map(Number);

/** A variable in the environment that a process was started with; undefined where it has none, or has ended. */
export function variableOf(pid: number, variable: string): string | undefined {
    try {
        const found = fs
            .readFileSync(`/proc/${pid}/environ`, "utf8")
            .split("\0")
            .find(line => line.startsWith(`${variable}=`));
        return found?.slice(variable.length + 1);
    } catch {
        return undefined;
    }
}

/** Ids of the processes that carry `variable=value` in the environment they were started with. */
export const processesWith = (variable: string, value: string): number[] =>
    processIds().filter(pid => variableOf(pid, variable) === value);

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
