import { type ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { projectDir } from "../../../system/paths";

/** The compiled command line. */
export const main = path.join(projectDir(), "bin/cli/main.js");

/** Waits half a minute at most. */
export const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 300 && !holds(); tries++) await new Promise(resolve => setTimeout(resolve, 100));
};

/** A board as a process of its own, with TLS at a free port of loopback. */
export class StartedBoard {
    /** Tokens by `teacher`, `team01`, … */
    readonly tokens: Record<string, string>;
    port = "";
    /** All that it printed. */
    said = "";
    private child: ChildProcess | undefined;

    /** @param dir its state folder, and that of its temporary files */
    constructor(private readonly dir: string) {
        const printed = execFileSync(process.execPath, [main, "board", "--tokens"], {
            env: this.environment,
            encoding: "utf8",
        });
        this.tokens = Object.fromEntries(
            printed
                .trim()
                .split("\n")
                .map(line => line.split(/ +/)),
        );
    }

    get environment(): NodeJS.ProcessEnv {
        return { ...process.env, CLASSROOM_STATE: this.dir, TMPDIR: this.dir };
    }

    /** Starts it, and hears its port. */
    async start(): Promise<void> {
        const child = spawn(process.execPath, [main, "board", "--listen", "127.0.0.1:0"], {
            env: this.environment,
            stdio: "pipe",
        });
        this.child = child;
        this.said = "";
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding("utf8").on("data", (text: string) => (this.said += text));
        const said = /https:\/\/127\.0\.0\.1:(\d+)\/\n/;
        await until(() => said.test(this.said) || child.exitCode !== null);
        this.port = said.exec(this.said)?.[1] ?? `none: ${this.said}`;
    }

    /** The id of the process that serves pages. */
    served(): number {
        const { pid } = this.child!;
        return Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
    }

    kill(signal: NodeJS.Signals): void {
        this.child?.kill(signal);
    }

    /** Waits for its end. @returns its exit code */
    async ended(): Promise<number | null> {
        const child = this.child!;
        await until(() => child.exitCode !== null || child.signalCode !== null);
        return child.exitCode;
    }
}
