import { spawn } from "child_process";

export interface RunOptions {
    cwd?: string;
    /** Added to this process's own environment. */
    env?: Record<string, string | undefined>;
    /** Written to standard input, which is closed afterwards; secrets go here, never into `args`. */
    input?: string | Buffer;
    /** The command's process group is killed after this many seconds. Default: no limit. */
    timeoutSeconds?: number;
    /** Called with each line as it comes, for progress. */
    onLine?: (line: string, stream: "stdout" | "stderr") => void;
    /** Return instead of throwing when the exit code is not 0. */
    allowFailure?: boolean;
}

export interface RunResult {
    stdout: string;
    stderr: string;
    code: number;
}

/** A command of the operator's machine that failed; the message ends with the last lines it said. */
export class CommandError extends Error {
    override readonly name = "CommandError";
    constructor(
        readonly command: string,
        readonly result: RunResult,
        reason: string,
    ) {
        const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-5).join("\n");
        super(`${command}: ${reason}${said ? `\n${said}` : ""}`);
    }
}

/** Runs a command without a shell, in a process group of its own, and waits for it. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        detached: true,
    });
    const result: RunResult = { stdout: "", stderr: "", code: -1 };
    for (const stream of ["stdout", "stderr"] as const) {
        let rest = "";
        child[stream]!.setEncoding("utf8").on("data", (text: string) => {
            result[stream] += text;
            if (!options.onLine) return;
            const lines = (rest + text).split(/\r?\n/);
            rest = lines.pop()!;
            for (const line of lines) options.onLine(line, stream);
        });
    }
    if (options.input !== undefined) {
        child.stdin!.on("error", () => undefined); // the command may end before it has read everything
        child.stdin!.end(options.input);
    }
    let timedOut = false;
    const killGroup = () => {
        try {
            process.kill(-child.pid!, "SIGKILL");
        } catch {
            /* already gone */
        }
    };
    const timer =
        options.timeoutSeconds === undefined
            ? undefined
            : setTimeout(() => {
                  timedOut = true;
                  killGroup();
              }, options.timeoutSeconds * 1000);
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
    if (timedOut)
        throw new CommandError(command, result, `did not end within ${options.timeoutSeconds} s and was stopped`);
    if (result.code !== 0 && !options.allowFailure)
        throw new CommandError(command, result, `ended with code ${result.code}`);
    return result;
}
