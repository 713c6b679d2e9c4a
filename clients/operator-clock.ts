/** Time as the operator's own machine has it; a test gives another. */
export interface OperatorClock {
    /** Seconds since the epoch. */
    now(): number;
    /** Seconds since some moment, by a clock that nobody sets. */
    elapsed(): number;
    pause(seconds: number): Promise<void>;
}

export const operatorClock: OperatorClock = {
    now: () => Date.now() / 1000,
    elapsed: () => performance.now() / 1000,
    pause: seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000)),
};
