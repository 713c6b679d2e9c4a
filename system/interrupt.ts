/** What a Ctrl-C does right now; the last one that was set counts. Without any the process ends with code 130. */
const handlers: (() => void)[] = [];

/** A terminal and a wrapper such as `timeout` may both send the signal of one and the same key. */
const SAME_KEY_MILLISECONDS = 200;

/** Sets what an interruption does until the returned function is called. */
export function onInterrupt(handler: () => void): () => void {
    handlers.push(handler);
    return () => { handlers.splice(handlers.indexOf(handler), 1); };
}

/** Takes SIGINT, SIGTERM and SIGHUP for interruptions; called once, by the command line. */
export function listenForInterrupts(): void {
    let last = 0;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => {
            if (Date.now() - last < SAME_KEY_MILLISECONDS) return;
            last = Date.now();
            const handler = handlers[handlers.length - 1];
            if (handler) handler(); else process.exit(130);
        });
    }
}
