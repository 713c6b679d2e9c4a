/** Runs with a clock that goes on by {@link pass} alone. */
export async function timed(use: (pass: (seconds: number) => Promise<void>) => Promise<void>): Promise<void> {
    jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "setInterval", "queueMicrotask"] });
    try {
        await use(seconds => jest.advanceTimersByTimeAsync(seconds * 1000));
    } finally {
        jest.useRealTimers();
    }
}
/** Lets time pass, and the other side answer, until something has ended; the seconds that it took, 20 at most. */
export async function ending(asked: Promise<unknown>, pass: (seconds: number) => Promise<void>): Promise<number> {
    let ended = false;
    asked
        .catch(() => undefined)
        .finally(() => {
            ended = true;
        });
    const start = Date.now();
    while (!ended && Date.now() - start < 20_000) {
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        if (!ended) await pass(0.125);
    }
    return (Date.now() - start) / 1000;
}

/** Runs while this machine's clock is set on by an hour each time that it is looked at. A server of time may do that once. */
export async function set<T>(use: () => Promise<T>): Promise<T> {
    const real = Date.now;
    let looks = 0;
    const spy = jest.spyOn(Date, "now").mockImplementation(() => real() + 3_600_000 * looks++);
    try {
        return await use();
    } finally {
        spy.mockRestore();
    }
}
