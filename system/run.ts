import { spawn } from "child_process";

export interface RunOptions {
    cwd?: string;
    /** Added to this process's own environment. */
    env?: Record<string, string | undefined>;
    /** Written to standard input, which is closed afterwards; secrets go here, never into `args`. */
    input?: string | Buffer;
    /** The command's process group is killed after this many seconds. Default: no limit. */
    timeoutSeconds?: number;
    /** Called with each line as it comes, for progress: of what is printed only the end is in the result then. */
    onLine?: (line: string, stream: "stdout" | "stderr") => void;
    /** Return instead of throwing when the exit code is not 0. */
    allowFailure?: boolean;
}

export interface RunResult {
    stdout: string;
    stderr: string;
    code: number;
}

/** Who prints more than this is stopped. */
const OUTPUT_MIB = 16;
/** Characters of what was printed last. */
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
    const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        detached: true,
    });
    const result: RunResult = { stdout: "", stderr: "", code: -1 };
    let stopped: string | undefined;
    const killGroup = () => {
        try {
            process.kill(-child.pid!, "SIGKILL");
        } catch {
            /* already gone */
        }
    };
    const stop = (why: string) => {
        stopped = why;
        killGroup();
    };
    for (const stream of ["stdout", "stderr"] as const) {
        let rest = "";
        child[stream]!.setEncoding("utf8").on("data", (text: string) => {
            if (options.onLine) {
                const lines = (rest + text).split(/\r?\n/);
                rest = lines.pop()!.slice(-LAST);
                for (const line of lines) options.onLine(line, stream);
                result[stream] = (result[stream] + text).slice(-LAST);
            } else if (stopped === undefined) {
                result[stream] += text;
                if (result.stdout.length + result.stderr.length > OUTPUT_MIB << 20)
                    stop(`printed more than ${OUTPUT_MIB} MiB and was stopped`);
            }
        });
    }
    if (options.input !== undefined) {
        child.stdin!.on("error", () => undefined); // the command may end before it has read everything
        child.stdin!.end(options.input);
    }
    const timer =
        options.timeoutSeconds === undefined
            ? undefined
            : setTimeout(
                  () => stop(`did not end within ${options.timeoutSeconds} s and was stopped`),
                  options.timeoutSeconds * 1000,
              );
    process.once("exit", killGroup);
    try {
        result.code = await new Promise<number>((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (code, signal) => resolve(code ?? (signal ? 128 : -1)));
        });
    } catch (e) {
        throw new CommandError(command, result, `cannot be started: ${(e as Error).message}`);
    } finally {
        clearTimeout(timer);
        process.removeListener("exit", killGroup);
    }
    if (stopped !== undefined) throw new CommandError(command, result, stopped);
    if (result.code !== 0 && !options.allowFailure)
        throw new CommandError(command, result, `ended with code ${result.code}`);
    return result;
}
