import { type ChildProcess, spawn } from "child_process";
import * as path from "path";
import { enterOperator } from "../../lab";
import { toItself } from "../../system/handed-over";
import { onInterrupt } from "../../system/interrupt";
import { projectDir } from "../../system/paths";

/**
 * Starts this program again as a process that no key of the terminal reaches, on the operator's side of a lab where one is given.
 * A channel leads to it: it tells the process when this one has died.
 * @param words of the command line
 * @param handed variables for it alone
 * @param environment what it has beside them
 */
export function startAgain(
    lab: string | undefined,
    words: readonly string[],
    handed: Readonly<Record<string, string>>,
    environment: NodeJS.ProcessEnv = process.env,
): ChildProcess {
    const [command, ...rest] = [
        ...(lab === undefined ? [] : enterOperator(lab)),
        process.execPath,
        path.join(projectDir(), "bin/cli/main.js"),
        ...words,
    ];
    return spawn(command!, rest, {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        detached: true,
        env: { ...environment, ...handed },
    });
}

/**
 * Does work here, or for a lab's stack by the same command on the operator's side of the lab. An interruption is handed on to
 * that process, a second one ends it.
 * @param before what has to be done on this side first: from the other one nothing of the internet is reached
 * @returns the exit code
 */
export async function onOperatorSide(
    lab: string | undefined,
    words: readonly string[],
    work: () => Promise<number>,
    before: () => Promise<unknown> = async () => undefined,
): Promise<number> {
    if (lab === undefined || process.env[toItself.sideOf] === lab) return await work();
    await before();
    const child = startAgain(lab, words, { [toItself.sideOf]: lab });
    let interruptions = 0;
    const release = onInterrupt(() => {
        child.kill(++interruptions > 1 ? "SIGKILL" : "SIGINT");
    });
    try {
        return await new Promise<number>((resolve, reject) =>
            child.once("error", reject).once("exit", code => resolve(code ?? 130)),
        );
    } finally {
        release();
    }
}
