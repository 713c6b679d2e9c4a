import { type ChildProcess, spawn } from "child_process";
import * as os from "os";
import * as path from "path";
import * as readline from "readline";
import { messageOf } from "../../system/errors";
import { toItself } from "../../system/handed-over";
import { Interrupted, onInterrupt } from "../../system/interrupt";
import { memoryAvailable } from "../../system/memory";
import { projectDir } from "../../system/paths";

/** How the work on one of several stacks ended. */
export interface Ended {
    stack: string;
    exitCode: number;
    seconds: number;
    /** All that it printed to standard output. */
    output: readonly string[];
    /** The last line that it printed, that of an error where there was one. */
    last: string;
}

/** Who shows what happens beside each other. */
export interface Watcher {
    begun(stack: string): void;
    line(stack: string, stream: Stream, text: string): void;
    ended(one: Ended): void;
    /** @param exitCode of all together */
    all(every: readonly Ended[], exitCode: number, seconds: number): void;
}
export type Stream = "stdout" | "stderr";

/** The process that does a command's work for one stack, given the words of its command line; a test gives its own. */
export type StartOne = (words: readonly string[]) => ChildProcess;

/** No key of the terminal reaches it; the channel tells it when this process has died. */
const startOne: StartOne = words =>
    spawn(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...words], {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        detached: true,
        env: { ...process.env, [toItself.among]: "1" },
    });

/** MiB for an engine with its plugins and its program, beside the nodes: an estimate, not measured. */
const MIB_EACH = 700;

/** How many stacks are worked on at once: an operation waits half of its time, so a core carries two; each takes memory. */
export function usualJobs(cores = os.availableParallelism(), availableMiB = memoryAvailable()): number {
    return Math.max(1, Math.min(2 * cores, Math.floor(availableMiB / MIB_EACH)));
}

/** Exit codes from the best to the worst; others are as bad as an error. */
const severity = [0, 3, 2, 1, 130];
const rank = (code: number): number => (severity.includes(code) ? severity.indexOf(code) : severity.indexOf(1));

/** The worst of several exit codes. */
export const worst = (codes: readonly number[]): number =>
    codes.reduce((so, code) => (rank(code) > rank(so) ? code : so), 0);

/** Does a command of this program for a stack; a test gives its own. */
export type OwnCommand = (
    stack: string,
    words: readonly string[],
    line?: (stream: Stream, text: string) => void,
) => Promise<Ended>;

/** Commands of this program, each in a process of its own. An interruption of this process is handed on to all that run. */
export class Commands {
    private readonly running = new Set<ChildProcess>();
    private readonly waiting: (() => void)[] = [];
    private over = false;

    /** @param atOnce how many run beside each other; further ones wait */
    constructor(
        private readonly start: StartOne = startOne,
        private readonly atOnce = Infinity,
    ) {}

    /** Whether no further one is begun. */
    get interrupted(): boolean {
        return this.over;
    }

    interrupt(): void {
        this.over = true;
        this.running.forEach(child => child.kill("SIGINT"));
        this.waiting.splice(0).forEach(wake => wake());
    }

    /** Does a command, and tells how it ended, also where it could not be started. @throws Interrupted after an interruption */
    readonly run: OwnCommand = async (stack, words, line = () => undefined) => {
        while (this.running.size >= this.atOnce && !this.over)
            await new Promise<void>(resolve => this.waiting.push(resolve));
        if (this.over) throw new Interrupted();
        try {
            return await workOn(stack, () => this.start(words), this.running, line);
        } finally {
            this.waiting.shift()?.();
        }
    };
}

/** The object that a command printed with --json; null where it was ended before. */
export function resultOf({ output }: Pick<Ended, "output">): unknown {
    try {
        return JSON.parse(output.at(-1) ?? "null") as unknown;
    } catch {
        return null;
    }
}

/** What is done beside each other. */
export interface Work {
    stacks: readonly string[];
    jobs: number;
    /** The words of the command line for one stack. */
    wordsFor(stack: string): readonly string[];
}

/**
 * Does a command for several stacks, each in a process of its own, some at once. One's failure stops no other. At an interruption no
 * further one is begun, and those that run are interrupted, each once for each interruption, and waited for.
 * @returns the worst exit code; 130 after an interruption
 */
export async function sideBySide(
    { stacks, jobs, wordsFor }: Work,
    watcher: Watcher,
    start: StartOne = startOne,
): Promise<number> {
    const begin = Date.now(),
        commands = new Commands(start),
        waiting = [...stacks],
        every: Ended[] = [];
    const release = onInterrupt(() => commands.interrupt());
    const lane = async (): Promise<void> => {
        for (let stack = waiting.shift(); stack !== undefined && !commands.interrupted; stack = waiting.shift()) {
            const name = stack;
            watcher.begun(name);
            const one = await commands.run(name, wordsFor(name), (...said) => watcher.line(name, ...said));
            every.push(one);
            watcher.ended(one);
        }
    };
    try {
        await Promise.all(Array.from({ length: Math.min(jobs, stacks.length) }, lane));
    } finally {
        release();
    }
    const inOrder = stacks.flatMap(stack => every.filter(one => one.stack === stack)),
        exitCode = commands.interrupted ? 130 : worst(inOrder.map(one => one.exitCode));
    watcher.all(inOrder, exitCode, (Date.now() - begin) / 1000);
    return exitCode;
}

async function workOn(
    stack: string,
    start: () => ChildProcess,
    running: Set<ChildProcess>,
    line: (stream: Stream, text: string) => void,
): Promise<Ended> {
    const begin = Date.now(),
        output: string[] = [];
    let last = "",
        error: string | undefined;
    const hear = (stream: Stream) => (text: string) => {
        if (stream === "stdout") output.push(text);
        if (stream === "stderr" && text.startsWith("classroom: ")) error = text;
        if (text.trim() !== "") last = text;
        line(stream, text);
    };
    const ended = (exitCode: number): Ended => ({
        stack,
        exitCode,
        seconds: (Date.now() - begin) / 1000,
        output,
        last: error ?? last,
    });
    try {
        const child = start();
        running.add(child);
        const lines = (["stdout", "stderr"] as const).map(stream => heard(child[stream]!, hear(stream)));
        const code = await codeOf(child).finally(() => running.delete(child));
        await Promise.all(lines);
        return ended(code);
    } catch (e) {
        hear("stderr")(`classroom: ${messageOf(e)}`);
        return ended(1);
    }
}

/** Hears each line; settles when there are no more. */
const heard = (stream: NodeJS.ReadableStream, hear: (text: string) => void): Promise<void> =>
    new Promise(resolve => {
        readline.createInterface({ input: stream }).on("line", hear).once("close", resolve);
    });

/** What a process that a signal ended has for an exit code. */
const byItsSignal = (signal: NodeJS.Signals | null): number => (signal === "SIGINT" ? 130 : 1);

const codeOf = (child: ChildProcess): Promise<number> =>
    new Promise((resolve, reject) => {
        child.once("error", reject).once("exit", (code, signal) => resolve(code ?? byItsSignal(signal)));
    });
