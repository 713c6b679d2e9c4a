import { fit, printable, visible, visibleJson } from "../../system/output";
import type { Progress } from "../../system/progress";
import { redactor } from "./redact";
import type { RunLog } from "./run-log";

/** What of a stream is used here; a test gives its own. */
export interface Sink {
    write(text: string): unknown;
    isTTY?: boolean;
    getWindowSize?(): [number, number];
}

const ESC = "\u001b[";
const colours: Readonly<Record<string, string>> = {
    "+": "32",
    "~": "33",
    "±": "33",
    "-": "31",
    "!": "33",
    x: "31",
    error: "31",
    note: "33",
};

/** A line with the colour of its sign: `+` made, `~` changed, `-` taken away, `!` drifted, `x` failed. */
export function coloured(line: string): string {
    const sign = /^\s*(?:\d+ s )?([+~±!x-]) \S|^(error|note)\b/.exec(line);
    const colour = colours[sign?.[1] ?? sign?.[2] ?? ""];
    return colour ? `${ESC}${colour}m${line}${ESC}0m` : line;
}

/** Whether lines of it can be taken back. */
export const isLive = ({ isTTY }: Sink, env: NodeJS.ProcessEnv): boolean =>
    Boolean(isTTY) && !env.NO_COLOR && env.TERM !== "dumb";

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/**
 * What a run prints: on a terminal with colours and one line below that says what runs, elsewhere plain lines.
 * All of it is in the run's log too. What a terminal would obey or hide is written out (system/output.ts).
 */
export class Terminal implements Progress {
    /** The last one is shown; steps that run beside each other end in any order. */
    private readonly statuses: (() => string)[] = [];
    private timer: NodeJS.Timeout | undefined;
    private drawn = false;
    private redact = redactor([]);
    private readonly out: Sink;
    private readonly live: boolean;

    /** @param json standard output is kept for one JSON object: lines go to standard error */
    constructor(
        private readonly log: RunLog | undefined,
        private readonly json = false,
        private readonly stdout: Sink = process.stdout,
        private readonly stderr: Sink = process.stderr,
        env: NodeJS.ProcessEnv = process.env,
    ) {
        this.out = json ? stderr : stdout;
        this.live = isLive(this.out, env);
    }

    /** From now on these values are masked here and in the log. */
    protect(secrets: readonly string[]): void {
        this.redact = redactor(secrets, false);
        this.log?.protect(secrets);
    }

    line(text: string): void {
        this.print(this.out, text);
    }
    /** Something that went wrong, or a note beside the result: standard error. */
    error(text: string): void {
        this.print(this.stderr, text);
    }
    note(text: string): void {
        this.error(text);
    }

    /** The one object that a command with --json prints. */
    result(value: object): void {
        const text = visibleJson(this.redact(JSON.stringify(value)));
        this.log?.line(text);
        if (this.json) {
            this.erase();
            this.stdout.write(`${text}\n`);
        }
    }

    async step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
        const start = Date.now();
        let detail = "";
        if (!this.live) this.error(`${title} …`);
        const end = this.show(() => `${title}${detail && `: ${detail}`} · ${seconds(start)}`);
        try {
            const value = await work(text => {
                detail = text;
                if (!this.live) this.error(`  ${title}: ${text}`);
                else this.log?.line(`  ${title}: ${text}`);
            });
            end();
            this.error(`${title}: done in ${seconds(start)}`);
            return value;
        } catch (e) {
            end();
            this.error(`${title}: failed after ${seconds(start)}`);
            throw e;
        }
    }

    /** Keeps a line below all others with what `status` says, until the returned function is called. */
    show(status: () => string): () => void {
        if (!this.live) return () => undefined;
        this.statuses.push(status);
        this.timer ??= setInterval(() => this.draw(), 200);
        this.timer.unref();
        this.draw();
        return () => {
            this.erase();
            this.statuses.splice(this.statuses.indexOf(status), 1);
            if (this.statuses.length === 0) {
                clearInterval(this.timer);
                this.timer = undefined;
            }
        };
    }

    private print(sink: Sink, text: string): void {
        this.log?.line(text);
        this.erase();
        const printed = printable(this.redact(text));
        sink.write(`${this.live ? printed.split("\n").map(coloured).join("\n") : printed}\n`);
        this.draw();
    }

    private draw(): void {
        const status = this.statuses[this.statuses.length - 1];
        if (!status) return;
        const width = this.out.getWindowSize?.()[0] || 80;
        this.out.write(`\r${ESC}2K${ESC}2m${fit(visible(this.redact(status())), width)}${ESC}0m`);
        this.drawn = true;
    }

    private erase(): void {
        if (this.drawn) this.out.write(`\r${ESC}2K`);
        this.drawn = false;
    }
}
