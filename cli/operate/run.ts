import { leavable, onInterrupt } from "../../system/interrupt";
import { tellError } from "../shell/command";
import { type RunLog } from "../shell/run-log";
import { Terminal } from "../shell/terminal";

/** How a run prints. */
export interface RunOptions {
    json?: boolean;
    verbose?: boolean;
    /** Whether it tells at its end where its time went. */
    timings?: boolean;
}

/** One run of an operation on a stack: what it prints, its log, and whether it was interrupted. */
export class Run {
    readonly terminal: Terminal;
    interrupted = false;
    private readonly controller = new AbortController();

    constructor(
        /** Its name. */
        readonly operation: string,
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
            const { log, terminal, operation, stack } = this;
            return tellError(e, { terminal, log, about: { operation, stack } });
        } finally {
            release();
        }
    }
}
