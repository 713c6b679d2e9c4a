import type { IncomingHttpHeaders } from "http";

/** The part of an answer that shows whether a rate limit has refused the request. */
export interface Limited {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
}

/** Requests give up when a rate limit has let none through for so long, by the operator's clock. */
const LIMITED_SECONDS = 300;

/** Seconds until a rate limit lets the next request through. Undefined if the answer is no rate limit's, such as a quota's (`Retry-After: 0`). */
export function limitedFor({ status, headers, body }: Limited): number | undefined {
    const seconds = Number(headers["retry-after"]);
    if (!(seconds > 0)) return undefined;
    return status === 429 || (status === 413 && body.includes('"overLimit"')) ? seconds : undefined;
}

/**
 * Requests of one kind to one service. They do not wait for each other until a rate limit refuses one. From then on they are sent
 * one after the other, so that each waits for a place of its own.
 */
export class Pace {
    private last: Promise<void> | undefined;
    /** Time when the limit last let a request through, or refused the first. */
    private moved = 0;

    /** @param now milliseconds */
    constructor(
        private readonly wait: (seconds: number) => Promise<void>,
        private readonly now: () => number,
        private readonly patienceSeconds = Infinity,
    ) {}

    /** The answer to a request. It is the limit's refusal if the limit asks for a longer wait than is left. */
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
