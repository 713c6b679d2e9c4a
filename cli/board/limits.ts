/** How often something may be done: at most `burst` at once, and one more after each `seconds`. */
export interface Limit {
    burst: number;
    seconds: number;
}

/** How many names are counted at once: a flood of them takes no memory. */
const NAMES = 10_000;

/** Counts what is done under a name. */
export class Limits {
    private readonly spent = new Map<string, { left: number; at: number }>();

    /** @param now seconds of a clock that nobody sets */
    constructor(
        private readonly limit: Limit,
        private readonly now: () => number = () => performance.now() / 1000,
    ) {}

    /** Takes one. @returns 0 where it may be done, else the whole seconds until then */
    take(name: string): number {
        const { burst, seconds } = this.limit,
            at = this.now(),
            before = this.spent.get(name) ?? { left: burst, at };
        const left = Math.min(burst, before.left + (at - before.at) / seconds);
        this.spent.delete(name);
        this.spent.set(name, { left: left >= 1 ? left - 1 : left, at });
        if (this.spent.size > NAMES) this.spent.delete(this.spent.keys().next().value!);
        return left >= 1 ? 0 : Math.ceil((1 - left) * seconds);
    }
}
