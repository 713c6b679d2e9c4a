import { fit, visible, visibleJson } from "../../system/output";
import { type Ended, resultOf, type Stream, type Watcher } from "./side-by-side";
import { coloured, type Sink } from "./terminal";

/** Where what happens beside each other is shown. */
export interface Sinks {
    stdout: Sink;
    stderr: Sink;
}

const ESC = "\u001b[";
const words: Readonly<Record<number, string>> = {
    0: "done",
    1: "error",
    2: "not all asked",
    3: "drifted",
    130: "interrupted",
};
const inWords = (code: number): string => words[code] ?? `exit code ${code}`;

/** A table of how all ended: team, result, seconds, and the last line of those that did not end well. */
export function table(every: readonly Ended[], exitCode: number, seconds: number): string[] {
    const cells = [
        ["team", "result", "seconds", ""],
        ...every.map(one => [
            one.stack,
            inWords(one.exitCode),
            one.seconds.toFixed(1),
            one.exitCode === 0 ? "" : one.last,
        ]),
    ];
    const widths = [0, 1, 2].map(i => Math.max(...cells.map(row => row[i]!.length)));
    const well = every.filter(one => one.exitCode === 0).length;
    return [
        ...cells.map(([stack, result, time, last]) =>
            `${stack!.padEnd(widths[0]!)}  ${result!.padEnd(widths[1]!)}  ${time!.padStart(widths[2]!)}  ${last}`.trimEnd(),
        ),
        `${well} of ${every.length} done in ${seconds.toFixed(1)} s${exitCode === 130 ? ", interrupted" : ""}`,
    ];
}

/** Lines with the stack before them, for a log: each in the stream that it was printed to. */
export class PrefixedLines implements Watcher {
    private readonly width: number;

    constructor(
        stacks: readonly string[],
        private readonly sinks: Sinks,
    ) {
        this.width = Math.max(...stacks.map(stack => stack.length));
    }

    begun(): void {}

    line(stack: string, stream: Stream, text: string): void {
        this.sinks[stream].write(`${stack.padEnd(this.width)} | ${visible(text)}\n`);
    }

    ended(): void {}

    all(every: readonly Ended[], exitCode: number, seconds: number): void {
        for (const line of table(every, exitCode, seconds)) this.sinks.stdout.write(`${visible(line)}\n`);
    }
}

/** One line a team on a terminal: what it does, since when, what it said last. */
export class LiveLines implements Watcher {
    private readonly states = new Map<string, { since?: number; end?: Ended; last: string }>();
    private readonly width: number;
    private drawn = 0;
    private readonly timer: NodeJS.Timeout;

    /** @param whole all that a team printed is shown when it has ended */
    constructor(
        stacks: readonly string[],
        private readonly out: Sink,
        private readonly whole: boolean,
    ) {
        for (const stack of stacks) this.states.set(stack, { last: "" });
        this.width = Math.max(...stacks.map(stack => stack.length));
        this.timer = setInterval(() => this.draw(), 500);
        this.timer.unref();
        this.draw();
    }

    begun(stack: string): void {
        this.states.get(stack)!.since = Date.now();
        this.draw();
    }

    line(stack: string, _stream: Stream, text: string): void {
        if (text.trim() !== "") this.states.get(stack)!.last = text.trim();
    }

    ended(one: Ended): void {
        const state = this.states.get(one.stack)!;
        Object.assign(state, { end: one, last: one.last });
        if (this.whole) {
            this.erase();
            for (const line of one.output)
                this.out.write(`${one.stack.padEnd(this.width)} | ${coloured(visible(line))}\n`);
        }
        this.draw();
    }

    all(every: readonly Ended[], exitCode: number, seconds: number): void {
        clearInterval(this.timer);
        this.erase();
        for (const line of table(every, exitCode, seconds)) this.out.write(`${visible(line)}\n`);
    }

    private draw(): void {
        const columns = this.out.getWindowSize?.()[0] || 80;
        this.erase();
        for (const [stack, { since, end, last }] of this.states) {
            const state = end
                ? `${inWords(end.exitCode)}, ${end.seconds.toFixed(1)} s`
                : since === undefined
                  ? "waits"
                  : `${Math.round((Date.now() - since) / 1000)} s`;
            const line = visible(`${stack.padEnd(this.width)}  ${state.padEnd(20)}  ${last}`.trimEnd());
            this.out.write(`${fit(line, columns)}\n`);
            this.drawn++;
        }
    }

    private erase(): void {
        if (this.drawn > 0) this.out.write(`${ESC}${this.drawn}A${ESC}0J`);
        this.drawn = 0;
    }
}

/** Events as lines of JSON. */
export class EventLines implements Watcher {
    /** @param json the command for one stack prints an object to standard output, which is its result */
    constructor(
        private readonly out: Sink,
        private readonly json: boolean,
    ) {}

    begun(stack: string): void {
        this.put({ event: "begin", stack });
    }

    line(stack: string, stream: Stream, text: string): void {
        if (this.json && stream === "stdout") return;
        this.put({ event: "line", stack, stream, text });
    }

    ended({ stack, exitCode, seconds, output }: Ended): void {
        this.put({ event: "end", stack, exitCode, seconds, ...(this.json && { result: resultOf({ output }) }) });
    }

    all(every: readonly Ended[], exitCode: number, seconds: number): void {
        const teams = every.map(one => ({ stack: one.stack, exitCode: one.exitCode, seconds: one.seconds }));
        this.put({ event: "all", exitCode, seconds, teams });
    }

    private put(event: object): void {
        this.out.write(`${visibleJson(JSON.stringify(event))}\n`);
    }
}
