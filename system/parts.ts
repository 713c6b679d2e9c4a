import type { Progress } from "./progress";

/** What was just there is not worth a word. */
const WORTH_SECONDS = 5;

/**
 * Parts of a long preparation that run side by side; at the end of each that took a while it is told what is left, and about how
 * long that takes.
 */
export class Parts {
    private readonly left = new Map<string, { seconds: number; since?: number }>();

    /**
     * @param about how long each part takes by itself where nothing of it is there, in seconds on two cores
     */
    constructor(
        private readonly progress: Pick<Progress, "note">,
        about: Readonly<Record<string, number>>,
        private readonly now: () => number = () => Date.now(),
    ) {
        for (const [name, seconds] of Object.entries(about)) this.left.set(name, { seconds });
    }

    /** Does a part. One that fails is left: its error is told elsewhere. */
    async part<T>(name: string, work: () => Promise<T>): Promise<T> {
        const since = this.now();
        this.left.set(name, { seconds: this.left.get(name)?.seconds ?? 0, since });
        const done = await work();
        this.left.delete(name);
        if (this.now() - since > WORTH_SECONDS * 1000 && this.left.size > 0) this.progress.note(this.line());
        return done;
    }

    /** `still to come: the engine, the archive; about 4 min` */
    private line(): string {
        const names = [...this.left.keys()].join(", "),
            seconds = [...this.left.values()].reduce((sum, part) => sum + this.restOf(part), 0);
        return `still to come: ${names}; about ${seconds < 90 ? `${Math.round(seconds / 10) * 10} s` : `${Math.round(seconds / 60)} min`}`;
    }

    /** Of what runs beside others no more is known than that it has begun: half of the time since counts. */
    private restOf({ seconds, since }: { seconds: number; since?: number }): number {
        const done = since === undefined ? 0 : (this.now() - since) / 2000;
        return Math.max(seconds - done, seconds / 10);
    }
}
