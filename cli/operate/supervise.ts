import type { ChildProcess } from "child_process";
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { killAll, processesWith } from "../../lab/hosts/processes";
import { toItself } from "../../system/handed-over";
import { onInterrupt } from "../../system/interrupt";
import { processStart } from "../../system/lock";
import { stateDir } from "../../system/paths";
import { UserError } from "../../system/errors";
import { startAgain } from "../shell/operator-side";
import type { Run } from "./run";
import { stackStore } from "../../engine/stack-store";

/** How long an interrupted engine may take to end what it has begun. */
const PATIENCE_SECONDS = 20;

/**
 * Runs the same command again as a process that the terminal's keys do not reach. For a lab's stack the process runs on the operator's side
 * of the lab. It gets an interruption exactly once. 20 s later, or at a second interruption, every process of the run is killed.
 * When this returns, no process of the run is left.
 * @returns the exit code
 */
export async function supervise(run: Run, lab: string | undefined, words: readonly string[]): Promise<number> {
    const id = randomUUID(),
        temporary = ownFolder();
    const child = startAgain(lab, words, {
        [toItself.run]: id,
        TMPDIR: temporary,
        [toItself.log]: run.log.file,
        ...(lab !== undefined && { [toItself.workerIn]: lab }),
    });
    const end = () => killAll(() => processesWith(toItself.run, id));
    const release = handOn(run, child, end);
    try {
        const ended = await endOf(child);
        await end();
        return exitCodeOf(run, ended);
    } finally {
        release();
        fs.rmSync(temporary, { recursive: true, force: true });
    }
}

/** Hands an interruption on to the child, once. @param end ends every process of the run. @returns what ends this */
function handOn(run: Run, child: ChildProcess, end: () => Promise<unknown>): () => void {
    let interruptions = 0,
        timer: NodeJS.Timeout | undefined;
    const release = onInterrupt(() => {
        run.interrupted = true;
        if (++interruptions > 1) {
            void end();
            return;
        }
        child.kill("SIGINT");
        timer = setTimeout(() => {
            void end();
        }, PATIENCE_SECONDS * 1000);
    });
    return () => {
        clearTimeout(timer);
        release();
    };
}

/** How a process ended: by itself, or by a signal. */
interface End {
    code: number | null;
    signal: string | null;
}

const endOf = (child: ChildProcess): Promise<End> =>
    new Promise((resolve, reject) => {
        child.once("error", reject).once("exit", (code, signal) => resolve({ code, signal }));
    });

/** @throws UserError when something else than this run ended it */
function exitCodeOf({ stack, operation, terminal, interrupted }: Run, { code, signal }: End): number {
    if (interrupted) {
        stackStore.breakDeadLocks(stack);
        if (signal) terminal.error(`${operation} was ended by force; run it again to go on`);
        return 130;
    }
    if (signal) {
        stackStore.breakDeadLocks(stack);
        throw new UserError(`${operation} was ended from outside (${signal}); run it again to go on`);
    }
    return code ?? 1;
}

/**
 * A private folder for what a run writes down on its way: the engine's library keeps its trace there, secrets
 * included, and leaves it when it is killed. Those of dead runs are removed.
 */
function ownFolder(): string {
    const all = path.join(stateDir(), "tmp");
    fs.mkdirSync(all, { recursive: true, mode: 0o700 });
    for (const name of fs.readdirSync(all)) {
        const [pid, start] = name.split("-");
        if (processStart(Number(pid)) !== start) fs.rmSync(path.join(all, name), { recursive: true, force: true });
    }
    const dir = path.join(all, `${process.pid}-${processStart(process.pid)}`);
    fs.mkdirSync(dir, { mode: 0o700 });
    return dir;
}

/** The run's log, in the process that does the work of a run; undefined in every other. */
export const logOfWorker = (): string | undefined =>
    process.env[toItself.run] === undefined ? undefined : process.env[toItself.log];

/** In the worker: when the process that watches over it is killed, the run is interrupted, and ended by force after a while. */
export function followSupervisor(run: Run): void {
    process.once("disconnect", () => {
        run.interrupt();
        setTimeout(() => {
            void killAll(() =>
                processesWith(toItself.run, process.env[toItself.run]!).filter(pid => pid !== process.pid),
            ).finally(() => process.exit(130));
        }, PATIENCE_SECONDS * 1000).unref();
    });
    process.channel?.unref();
}
