import { engineWords } from "../../engine/words";
import { messageOf, UserError } from "../../system/errors";
import { leavable, onInterrupt } from "../../system/interrupt";
import type { Rebuilding } from "../rebuild/rebuild";
import type { Operation } from "./events";
import { RunLog } from "../shell/run-log";
import { Terminal } from "../shell/terminal";

/** `refresh`: `up` asks everything first. `rebuilding`: of `rebuild`. */
export interface RunOptions {
    json?: boolean;
    verbose?: boolean;
    refresh?: boolean;
    rebuilding?: Rebuilding;
}

/** One run of an operation on a stack: what it prints, its log, and whether it was interrupted. */
export class Run {
    readonly terminal: Terminal;
    interrupted = false;
    private readonly controller = new AbortController();

    constructor(
        readonly operation: Operation,
        readonly stack: string,
        readonly options: RunOptions,
        readonly log: RunLog,
    ) {
        this.terminal = new Terminal(log, options.json);
    }

    /** Tells the engine to cancel: it ends what it has begun and records it. */
    get signal(): AbortSignal {
        return this.controller.signal;
    }

    interrupt(): void {
        if (this.interrupted) return;
        this.interrupted = true;
        this.controller.abort();
    }

    /** Does work that may be left at any point; an interruption ends the wait for it. */
    async leavable<T>(work: () => Promise<T>): Promise<T> {
        return await leavable(this.signal, work);
    }

    /** Runs `work` and tells its errors, each with the log's path. Returns the exit code. */
    async reported(work: () => Promise<number>): Promise<number> {
        const release = onInterrupt(() => this.interrupt());
        try {
            return await work();
        } catch (e) {
            const exitCode = e instanceof UserError ? e.exitCode : 1,
                error = e instanceof Error ? engineWords(e) : messageOf(e);
            this.terminal.error(`classroom: ${error}`);
            if (e instanceof Error && !(e instanceof UserError)) this.log.line(e.stack ?? "");
            if (process.env.CLASSROOM_DEBUG && e instanceof Error) this.terminal.error(e.stack ?? "");
            this.terminal.error(`log: ${this.log.file}`);
            this.terminal.result({ operation: this.operation, stack: this.stack, error, exitCode, log: this.log.file });
            return exitCode;
        } finally {
            release();
        }
    }
}
