import { setTimeout as sleep } from "timers/promises";

/**
 * The outcome of some work or, once so many seconds are over, that of `late`: a value in its place, or an error that it throws.
 * The work itself goes on.
 */
export async function within<T>(seconds: number, work: Promise<T>, late: () => T): Promise<T> {
    const done = new AbortController();
    const over = sleep(seconds * 1000, undefined, { signal: done.signal }).then(late);
    // It is stopped where the work is done first.
    over.catch(() => undefined);
    try {
        return await Promise.race([work, over]);
    } finally {
        done.abort();
    }
}
