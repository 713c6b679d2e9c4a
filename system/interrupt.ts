import { UserError } from "./errors";
import { toItself } from "./handed-over";

/** Every wait throws this at once when the user interrupts. */
export class Interrupted extends UserError {
    constructor(message = "interrupted; nothing was running that has to be waited for") {
        super(message, 130);
    }
}

/** Does work that may be left at any point; an interruption ends the wait for it. */
export async function leavable<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (signal?.aborted) throw new Interrupted();
    return await new Promise<T>((resolve, reject) => {
        const leave = () => reject(new Interrupted());
        signal?.addEventListener("abort", leave, { once: true });
        work()
            .then(resolve, reject)
            .finally(() => signal?.removeEventListener("abort", leave));
    });
}

/** The present effect of Ctrl-C; the last one that was set counts. Without any the process ends with code 130. */
const handlers: (() => void)[] = [];

/** A terminal and a wrapper such as `timeout` may both send the signal of one and the same key. */
const SAME_KEY_MILLISECONDS = 200;

/** Sets the effect of an interruption until the returned function is called. */
export function onInterrupt(handler: () => void): () => void {
    handlers.push(handler);
    return () => {
        handlers.splice(handlers.indexOf(handler), 1);
    };
}

/** Work that ends early, and in its own way, when `signal` tells of an interruption. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController(),
        release = onInterrupt(() => controller.abort());
    try {
        return await work(controller.signal);
    } finally {
        release();
    }
}

/**
 * Takes SIGINT, SIGTERM and SIGHUP for interruptions; called once, by the command line. In a process that does one stack's part of
 * a command for several, the death of the process that began it is one, too.
 */
export function listenForInterrupts(): void {
    let last = 0;
    if (process.env[toItself.among] !== undefined) {
        // What this process starts is a part of it, and hears of it alone.
        delete process.env[toItself.among];
        process.once("disconnect", () => process.kill(process.pid, "SIGINT"));
        process.channel?.unref();
    }
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => {
            if (Date.now() - last < SAME_KEY_MILLISECONDS) return;
            last = Date.now();
            const handler = handlers[handlers.length - 1];
            if (handler) handler();
            else process.exit(130);
        });
    }
}
