import type { IncomingHttpHeaders } from "http";

/** What tells of an answer whether a rate limit has refused the request. */
export interface Limited {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
}

/** How long those who wait for a rate limit go on while it lets nobody through, by the operator's clock. */
const LIMITED_SECONDS = 300;

/** Seconds until a rate limit lets the next one through; undefined for what is none, such as a quota (`Retry-After: 0`). */
export function limitedFor({ status, headers, body }: Limited): number | undefined {
    const seconds = Number(headers["retry-after"]);
    if (!(seconds > 0)) return undefined;
    return status === 429 || (status === 413 && body.includes('"overLimit"')) ? seconds : undefined;
}

/**
 * Requests of one kind to one service. From when a rate limit refuses one they are sent one after the other, so that each
 * waits for its own place and not all of them for the same; without one they do not wait for each other.
 */
export class Pace {
    private last: Promise<void> | undefined;
    /** When the limit let one through last, or refused the first. */
    private moved = 0;

    /** @param now milliseconds */
    constructor(
        private readonly wait: (seconds: number) => Promise<void>,
        private readonly now: () => number,
        private readonly patienceSeconds = Infinity,
    ) {}

    /** The answer to a request; one that a rate limit refuses where that asks for longer than is waited. */
    async send<Answer extends Limited>(request: () => Promise<Answer>): Promise<Answer> {
        if (this.last) return await this.queue(request);
        const answer = await request(),
            seconds = limitedFor(answer);
        if (seconds === undefined) return answer;
        // It may have been refused beside others, who are in the queue.
        if (!this.last) this.moved = this.now();
        return await this.queue(request, { answer, again: this.now() + seconds * 1000 });
    }

    private async queue<Answer extends Limited>(
        request: () => Promise<Answer>,
        refused?: { answer: Answer; again: number },
    ): Promise<Answer> {
        const before = this.last;
        let leave!: () => void;
        const own = (this.last = new Promise<void>(resolve => (leave = resolve)));
        await before;
        try {
            while (true) {
                if (refused) {
                    const end = this.moved + Math.min(LIMITED_SECONDS, this.patienceSeconds) * 1000;
                    if (refused.again > end) return refused.answer;
                    const seconds = Math.ceil((refused.again - this.now()) / 100) / 10;
                    if (seconds > 0) await this.wait(seconds);
                }
                const answer = await request(),
                    seconds = limitedFor(answer);
                if (seconds === undefined) {
                    this.moved = this.now();
                    return answer;
                }
                refused = { answer, again: this.now() + seconds * 1000 };
            }
        } finally {
            if (this.last === own) this.last = undefined;
            leave();
        }
    }
}
