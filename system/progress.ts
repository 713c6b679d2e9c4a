import { complain } from "./output";

/** Shows long work: its step, its progress, its time. */
export interface Progress {
    /** Runs `work` under a title; `detail` replaces the text behind the title while it runs. */
    step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>;
    /** One line worth keeping. */
    note(text: string): void;
}

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Plain lines, fit for a log: a step's start and its end with the time it took. */
export class PlainProgress implements Progress {
    constructor(private readonly write: (line: string) => void = complain) {}

    async step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
        const start = Date.now();
        this.write(`${title} …`);
        try {
            const value = await work(text => this.write(`  ${title}: ${text}`));
            this.write(`${title}: done in ${seconds(start)}`);
            return value;
        } catch (e) {
            this.write(`${title}: failed after ${seconds(start)}`);
            throw e;
        }
    }

    note(text: string): void {
        this.write(text);
    }
}

/** Says nothing: for tests and for `--json`. */
export const silent: Progress = { step: (_title, work) => work(() => undefined), note: () => undefined };
