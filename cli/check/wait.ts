import { isStatus } from "../../clients/http";
import { type CheckedCloud, deadlines } from "./cloud";

/** Thrown at once by whatever waits when the user interrupts. */
export class CheckInterrupted extends Error {
    override readonly name = "CheckInterrupted";
}

/** One thing that was waited for. */
export interface Waited {
    what: string;
    seconds: number;
}

/** Seconds between two questions: at least, and at most. */
const PAUSE_SECONDS = [2, 10] as const;
/** A service on an emulated node computes a second or more for an answer: its work would wait for our questions. */
const PAUSE_PER_ANSWER = 3;

/** How the checks of one run wait: with a deadline, telling what is seen meanwhile, until the user interrupts. */
export class Waiting {
    private waits: Waited[] = [];

    /**
     * @param note tells what is waited for
     * @param patience seconds that is waited for one thing at most, unless it is part of cleaning up
     */
    constructor(
        private readonly cloud: Pick<CheckedCloud, "now" | "sleep">,
        readonly note: (line: string) => void,
        private readonly signal?: AbortSignal,
        private readonly patience = Infinity,
    ) {}

    /** @throws CheckInterrupted when the signal came */
    goOn(): void {
        if (this.signal?.aborted) throw new CheckInterrupted("interrupted");
    }

    /** What was waited for since the last call of this, in its order. */
    taken(): Waited[] {
        const taken = this.waits;
        this.waits = [];
        return taken;
    }

    /** Asks again until there is a value. `ask` tells by `say` what it sees meanwhile, and may give up by an error. */
    async until<T>(
        what: string,
        seconds: number,
        ask: (say: (seen: string) => void) => Promise<T | undefined>,
        leavable = true,
    ): Promise<T> {
        const start = this.cloud.now();
        try {
            return await this.asked(what, leavable ? Math.min(seconds, this.patience) : seconds, ask, leavable);
        } finally {
            this.waits.push({ what, seconds: Math.round((this.cloud.now() - start) / 100) / 10 });
        }
    }

    private async asked<T>(
        what: string,
        seconds: number,
        ask: (say: (seen: string) => void) => Promise<T | undefined>,
        leavable: boolean,
    ): Promise<T> {
        const start = this.cloud.now(),
            since = () => Math.round((this.cloud.now() - start) / 1000);
        let last = "",
            told: string | undefined,
            toldAt = 0;
        for (;;) {
            if (leavable) this.goOn();
            const asked = this.cloud.now();
            const value = await ask(seen => {
                last = seen;
            });
            if (value !== undefined) return value;
            if (since() >= seconds) throw new Error(`${what}: not within ${seconds} s${last && ` (${last})`}`);
            if (last !== told || since() - toldAt >= 15) {
                this.note(`  ${what}: ${last || "not yet"}, ${since()} of at most ${seconds} s`);
                [told, toldAt] = [last, since()];
            }
            const pause = (PAUSE_PER_ANSWER * (this.cloud.now() - asked)) / 1000;
            await this.cloud.sleep(Math.min(Math.max(pause, PAUSE_SECONDS[0]), PAUSE_SECONDS[1]));
        }
    }

    /** Waits until a look-up answers 404. */
    gone(
        what: string,
        look: () => Promise<{ status: string }>,
        { seconds = deadlines.gone, leavable = true }: { seconds?: number; leavable?: boolean } = {},
    ): Promise<true> {
        return this.until(
            `${what} is deleted`,
            seconds,
            async say => {
                try {
                    say((await look()).status);
                    return undefined;
                } catch (e) {
                    if (isStatus(e, 404)) return true;
                    throw e;
                }
            },
            leavable,
        );
    }
}
