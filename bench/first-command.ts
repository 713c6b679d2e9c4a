import { type ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { projectDir } from "../system/paths";

/**
 * Runs the README's first command again and again, each time from nothing: `node bin/bench/first-command.js [RUNS]
 * [--cold RUNS]`. Beside every second run four busy loops work. Each has a state folder of its own; a cold one a cache and a
 * clone of the checkout of its own, too. Needs root. Writes bench/first-command.json and prints a row a run.
 */

const BUSY_LOOPS = 4;

interface Row {
    run: number;
    caches: "warm" | "cold";
    busyLoops: number;
    exitCode: number;
    seconds: number;
    /** The last lines of the command where it failed, and the file with all of them. */
    said?: string;
    log?: string;
}

/** Runs a program; its output goes to a file, for a run that fails has to be read. */
async function logged(env: NodeJS.ProcessEnv, log: string, command: string, ...args: string[]): Promise<number> {
    const out = fs.openSync(log, "a", 0o600);
    const child = spawn(command, args, { cwd: os.tmpdir(), env, stdio: ["ignore", out, out] });
    try {
        return await new Promise<number>((resolve, reject) =>
            child.once("error", reject).once("close", code => resolve(code ?? 130)),
        );
    } finally {
        fs.closeSync(out);
    }
}

function busy(count: number): ChildProcess[] {
    return Array.from({ length: count }, () => spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }));
}

/** What is kept of a run that failed. */
function failed(log: string, run: number): Pick<Row, "said" | "log"> {
    const kept = path.join(os.tmpdir(), `classroom-first-${process.pid}-${run}.log`);
    fs.copyFileSync(log, kept);
    return { said: fs.readFileSync(log, "utf8").trim().split("\n").slice(-3).join(" · "), log: kept };
}

async function once(run: number, caches: Row["caches"], busyLoops: number): Promise<Row> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-first-")),
        log = path.join(folder, "log");
    const env = {
        ...process.env,
        CLASSROOM_STATE: path.join(folder, "state"),
        ...(caches === "cold" && { CLASSROOM_CACHE: path.join(folder, "cache") }),
    };
    const checkout = caches === "cold" ? path.join(folder, "checkout") : projectDir(),
        entry = path.join(checkout, "classroom");
    if (caches === "cold") await logged(env, log, "git", "clone", "--quiet", projectDir(), checkout);
    const loops = busy(busyLoops),
        start = process.hrtime.bigint();
    try {
        const exitCode = await logged(env, log, entry, "up", "lab");
        const seconds = Math.round(Number(process.hrtime.bigint() - start) / 1e8) / 10;
        return { run, caches, busyLoops, exitCode, seconds, ...(exitCode !== 0 && failed(log, run)) };
    } finally {
        loops.forEach(loop => loop.kill("SIGKILL"));
        await logged(env, log, entry, "lab", "down", "lab");
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

async function all(warm: number, cold: number): Promise<void> {
    const rows: Row[] = [];
    const plan = [
        ...Array.from({ length: warm }, (_, i) => ["warm", i % 2 === 1 ? BUSY_LOOPS : 0] as const),
        ...Array.from({ length: cold }, () => ["cold", 0] as const),
    ];
    for (const [i, [caches, busyLoops]] of plan.entries()) {
        const row = await once(i + 1, caches, busyLoops);
        rows.push(row);
        console.log(
            `${row.run} ${caches} busy loops ${busyLoops}: exit ${row.exitCode} in ${row.seconds} s${row.said ? `: ${row.said} (${row.log})` : ""}`,
        );
        fs.writeFileSync(
            path.join(projectDir(), "bench/first-command.json"),
            JSON.stringify(
                { taken: new Date().toISOString().slice(0, 10), cores: os.cpus().length, rows },
                undefined,
                2,
            ) + "\n",
        );
    }
    console.log(`${rows.filter(r => r.exitCode === 0).length} of ${rows.length} ended with 0`);
    process.exitCode = rows.every(r => r.exitCode === 0) ? 0 : 1;
}

const at = process.argv.indexOf("--cold"),
    given = at === 2 ? undefined : process.argv[2];
void all(Number(given ?? (at > 0 ? 0 : 20)), at > 0 ? Number(process.argv[at + 1]) : 0);
