import { spawn } from "child_process";
import * as path from "path";
import { enterOperator } from "../../lab";
import { onInterrupt } from "../../system/interrupt";
import { projectDir } from "../../system/paths";

/** The lab on whose operator's side this process is. */
const INSIDE = "CLASSROOM_OPERATOR_SIDE";

/**
 * Does work here, or for a lab's stack by the same command on the operator's side of the lab: as a process that no key
 * of the terminal reaches; an interruption is handed on to it, a second one ends it.
 * @param before what has to be done on this side first: from the other one nothing of the internet is reached
 * @returns the exit code
 */
export async function onOperatorSide(
    lab: string | undefined,
    args: readonly string[],
    work: () => Promise<number>,
    before: () => Promise<unknown> = async () => undefined,
): Promise<number> {
    if (lab === undefined || process.env[INSIDE] === lab) return await work();
    await before();
    const [command, ...rest] = [
        ...enterOperator(lab),
        process.execPath,
        path.join(projectDir(), "bin/cli/main.js"),
        ...args,
    ];
    const child = spawn(command!, rest, {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        detached: true,
        env: { ...process.env, [INSIDE]: lab },
    });
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
