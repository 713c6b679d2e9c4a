import { spawn } from "child_process";
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { breakLocks } from "../../engine/automation";
import { enterOperator } from "../../lab";
import { killAll, processesWith } from "../../lab/hosts/processes";
import { onInterrupt } from "../../system/interrupt";
import { processStart } from "../../system/lock";
import { projectDir, stateDir } from "../../system/paths";
import { UserError } from "../../system/errors";
import type { Run } from "./run";

/** How long an interrupted engine may take to end what it has begun. */
const PATIENCE_SECONDS = 20;

/** The mark that every process of a run carries in its environment. */
const MARK = "CLASSROOM_RUN";

/**
 * Runs the same command again as a process that no key of the terminal reaches, for a lab's stack on the operator's
 * side of the lab. An interruption is handed on to it exactly once; when it has not ended 20 s later, or at a second
 * interruption, every process of the run is killed. Nothing of the run is left when this returns.
 * @returns the exit code
 */
export async function supervise(run: Run, lab: string | undefined, args: readonly string[]): Promise<number> {
    const id = randomUUID(),
        temporary = ownFolder();
    const [command, ...rest] = [
        ...(lab === undefined ? [] : enterOperator(lab)),
        process.execPath,
        path.join(projectDir(), "bin/cli/main.js"),
        ...args,
    ];
    const child = spawn(command!, rest, {
        // The channel tells the worker when this process has died.
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        detached: true,
        env: {
            ...process.env,
            [MARK]: id,
            TMPDIR: temporary,
            CLASSROOM_LOG: run.log.file,
            ...(lab === undefined ? {} : { CLASSROOM_OPERATOR_OF: lab }),
        },
    });
    const end = () => killAll(() => processesWith(MARK, id));
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
    try {
        const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
            (resolve, reject) => {
                child.once("error", reject).once("exit", (code, signal) => resolve({ code, signal }));
            },
        );
        await end();
        if (run.interrupted) {
            breakLocks(run.stack);
            if (signal) run.terminal.error(`${run.operation} was ended by force; run it again to go on`);
            return 130;
        }
        if (signal) {
            breakLocks(run.stack);
            throw new UserError(`${run.operation} was ended from outside (${signal}); run it again to go on`);
        }
        return code ?? 1;
    } finally {
        clearTimeout(timer);
        release();
        fs.rmSync(temporary, { recursive: true, force: true });
    }
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

/** Whether this process is the one that does the work of a run. */
export const isWorker = (): boolean => process.env[MARK] !== undefined && process.env.CLASSROOM_LOG !== undefined;

/** In the worker: when the process that watches over it is killed, the run is interrupted, and ended by force after a while. */
export function followSupervisor(run: Run): void {
    process.once("disconnect", () => {
        run.interrupt();
        setTimeout(() => {
            void killAll(() => processesWith(MARK, process.env[MARK]!).filter(pid => pid !== process.pid)).finally(() =>
                process.exit(130),
            );
        }, PATIENCE_SECONDS * 1000).unref();
    });
    process.channel?.unref();
}
