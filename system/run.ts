import { type ChildProcess, spawn } from "child_process";

export interface RunOptions {
    cwd?: string;
    /** Added to this process's own environment. */
    env?: Record<string, string | undefined>;
    /** Written to standard input, which is closed afterwards; secrets go here, never into `args`. */
    input?: string | Buffer;
    /** The command's process group is killed after this many seconds. Default: no limit. */
    timeoutSeconds?: number;
    /** Called with each line as it comes, for progress. The result then has only the end of the output. */
    onLine?: (line: string, stream: "stdout" | "stderr") => void;
    /** Return instead of throwing when the exit code is not 0. */
    allowFailure?: boolean;
}

export interface RunResult {
    stdout: string;
    stderr: string;
    code: number;
}

/** A program that prints more is stopped. */
const OUTPUT_MIB = 16;
/** Characters of the output's end. */
const LAST = 64 << 10;

/** A command of the operator's machine that failed; the message ends with the last lines it said. */
export class CommandError extends Error {
    override readonly name = "CommandError";
    constructor(
        readonly command: string,
        readonly result: RunResult,
        reason: string,
    ) {
        const said = (result.stderr.slice(-LAST).trim() || result.stdout.slice(-LAST).trim())
            .split("\n")
            .slice(-5)
            .join("\n");
        super(`${command}: ${reason}${said ? `\n${said}` : ""}`);
    }
}

/**
 * Runs a command without a shell, in a process group of its own, and waits for it.
 * @throws CommandError also where it prints more than 16 MiB that nobody hears line by line
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const child = begin(command, args, options);
    const result: RunResult = { stdout: "", stderr: "", code: -1 };
    let stopped: string | undefined;
    const end = () => killGroup(child);
    const stop = (why: string) => {
        stopped = why;
        end();
    };
    for (const stream of ["stdout", "stderr"] as const) {
        const hear = (text: string) => {
            if (stopped !== undefined) return;
            result[stream] += text;
            if (result.stdout.length + result.stderr.length > OUTPUT_MIB << 20)
                stop(`printed more than ${OUTPUT_MIB} MiB and was stopped`);
        };
        const { onLine } = options;
        child[stream]!.setEncoding("utf8").on("data", onLine ? hearingLines(stream, result, onLine) : hear);
    }
    const { timeoutSeconds: seconds } = options,
        late = () => stop(`did not end within ${seconds} s and was stopped`);
    const timer = seconds === undefined ? undefined : setTimeout(late, seconds * 1000);
    process.once("exit", end);
    try {
        result.code = await codeOf(child);
    } catch (e) {
        throw new CommandError(command, result, `cannot be started: ${(e as Error).message}`);
    } finally {
        clearTimeout(timer);
        process.removeListener("exit", end);
    }
    if (stopped !== undefined) throw new CommandError(command, result, stopped);
    if (result.code !== 0 && !options.allowFailure)
        throw new CommandError(command, result, `ended with code ${result.code}`);
    return result;
}

function begin(command: string, args: readonly string[], { cwd, env, input }: RunOptions): ChildProcess {
    const child = spawn(command, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        detached: true,
    });
    if (input !== undefined) {
        child.stdin!.on("error", () => undefined); // the command may end before it has read everything
        child.stdin!.end(input);
    }
    return child;
}

/** Ends a command and all that it has started in its group. */
function killGroup(child: ChildProcess): void {
    try {
        process.kill(-child.pid!, "SIGKILL");
    } catch {
        /* already gone */
    }
}

/** Tells each whole line; of all that comes only the end is kept. */
function hearingLines(
    stream: "stdout" | "stderr",
    result: RunResult,
    onLine: NonNullable<RunOptions["onLine"]>,
): (text: string) => void {
    let rest = "";
    return text => {
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop()!.slice(-LAST);
        for (const line of lines) onLine(line, stream);
        result[stream] = (result[stream] + text).slice(-LAST);
    };
}

/** @throws Error when it cannot be started */
const codeOf = (child: ChildProcess): Promise<number> =>
    new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) => resolve(code ?? (signal ? 128 : -1)));
    });
