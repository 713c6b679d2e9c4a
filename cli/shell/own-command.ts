import { spawn } from "child_process";
import * as path from "path";
import { onInterrupt } from "../../system/interrupt";
import { projectDir } from "../../system/paths";

/** How a command of this program ended that this process has started. */
interface Ended {
    code: number;
    /** The object that it printed with --json; undefined where it printed none. */
    result: Record<string, unknown> | undefined;
    /** The last line that it said beside that. */
    last: string;
}

/** Runs a command of this program; tests give another one. */
export type OwnCommand = (words: readonly string[], onLine?: (line: string) => void) => Promise<Ended>;

/** More of a command's output is not kept. */
const KEPT = 4 << 20;

/**
 * Runs a command of this program in a process of its own, which no key of the terminal reaches. An interruption is handed on to it; it
 * hears, too, when this process has died.
 * @param words of the command line, `--json` among them where its object is wanted
 * @param onLine hears each line of its standard error
 */
export const ownCommand: OwnCommand = async (words, onLine = () => undefined) => {
    const child = spawn(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...words], {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        detached: true,
    });
    const release = onInterrupt(() => child.kill("SIGINT"));
    let printed = "",
        rest = "",
        last = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        printed = (printed + text).slice(-KEPT);
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!.slice(-KEPT);
        for (const line of lines.filter(l => l.trim() !== "")) {
            last = line;
            onLine(line);
        }
    });
    try {
        const code = await new Promise<number>((resolve, reject) =>
            child.once("error", reject).once("close", c => resolve(c ?? 130)),
        );
        const lines = printed.trimEnd().split("\n");
        return { code, result: objectIn(lines[lines.length - 1]!), last: last || lines[lines.length - 1]! };
    } finally {
        release();
    }
};

function objectIn(line: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(line);
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}
