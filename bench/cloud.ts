import "../system/begin";
import { spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { configFile } from "../engine/stack-file";
import { stackStore, stateFile } from "../engine/stack-store";
import { LabFiles } from "../lab/hosts/files";
import { projectDir } from "../system/paths";
import { busyWords } from "./busy";
import { memoryOf } from "./memory";

/**
 * Measures the lab's whole cloud: `npm run bench`. Needs root, warm caches and a machine that does nothing else; takes
 * half an hour. Writes bench/cloud.json and bench/README.md; makes and removes a lab in a state folder of its own.
 */

interface Figure {
    what: string;
    seconds: number;
    runs: number[];
    wanted?: number;
    said: string;
}

const state = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-bench-"));
// Of this process and of all that it starts.
process.env.CLASSROOM_STATE = state;
/** How often a figure is taken that takes under a minute. */
const TIMES = 3;

let peakKiB = 0;
const started = new Set<number>();

/** Takes the memory of this bench's processes and of the lab's. */
function sample(): void {
    try {
        started.add(Number(fs.readFileSync(new LabFiles("lab").run("init.pid"), "utf8")));
    } catch {
        /* not yet */
    }
    peakKiB = Math.max(peakKiB, memoryOf(started));
}

/** Runs the command line; returns how long it took, start and end of the process included, and its last line. */
async function classroom(...args: string[]): Promise<{ seconds: number; said: string }> {
    const begin = process.hrtime.bigint(),
        out: string[] = [];
    const child = spawn(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...args], {
        cwd: projectDir(),
        stdio: ["ignore", "pipe", "inherit"],
    });
    started.add(child.pid!);
    child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
    const code = await new Promise<number | null>((resolve, reject) =>
        child.once("error", reject).once("close", resolve),
    );
    started.delete(child.pid!);
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    const lines = out.join("").trim().split("\n"),
        counted = lines.filter(line => / in [\d.]+ s$/.test(line)).pop();
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${lines.slice(-20).join("\n")}`);
    return { seconds, said: counted ?? lines.pop() ?? "" };
}

const figures: Figure[] = [];
/** @param before what is done each time before it, and not counted */
async function take(
    what: string,
    times: number,
    wanted: number | undefined,
    args: string[],
    before: string[] = [],
): Promise<void> {
    const runs: number[] = [];
    let said = "";
    for (let i = 0; i < times; i++) {
        if (before.length > 0) await classroom(...before);
        const one = await classroom(...args);
        runs.push(Math.round(one.seconds * 10) / 10);
        said = one.said;
    }
    const seconds = [...runs].sort((a, b) => a - b)[Math.floor(runs.length / 2)]!;
    figures.push({ what, seconds, runs, ...(wanted !== undefined && { wanted }), said });
    console.log(`${what}: ${seconds} s${runs.length > 1 ? ` (median of ${runs.join(", ")})` : ""}: ${said}`);
}

/** How large the state is, and its largest resource of our own. */
function stateFigures(): { stateBytes: number; largest: { name: string; bytes: number } } {
    const sizes = stackStore
        .state("lab")!
        .resources.filter(r => r.type.startsWith("pulumi-nodejs:dynamic/"))
        .map(r => ({ name: r.urn.split("::").pop()!, bytes: JSON.stringify(r).length }));
    return { stateBytes: fs.statSync(stateFile("lab")).size, largest: sizes.sort((a, b) => b.bytes - a.bytes)[0]! };
}

async function main(): Promise<void> {
    const shared = await busyWords(),
        timer = setInterval(sample, 2000);
    // A rebuild is a change of the stack's configuration.
    const file = configFile("lab"),
        configuration = fs.readFileSync(file);
    try {
        await take("up of everything from nothing, hosts included", 1, 300, ["up", "lab"]);
        await take("up again, nothing to do", TIMES, 10, ["up", "lab"]);
        await take("preview, nothing to do", TIMES, undefined, ["preview", "lab"]);
        await take("refresh", TIMES, 20, ["refresh", "lab"]);
        await take("diagnose, all sound", TIMES, 15, ["diagnose", "lab"]);
        await take("check", 1, undefined, ["check", "lab"]);
        const sizes = stateFigures(),
            mend = ["up", "lab", "--refresh"];
        await take("mending a stopped service (glance-api)", TIMES, 20, mend, ["sabotage", "lab", "S4-glance-api"]);
        await take("mending a wrong option (of nova.conf on api-node: six services restart)", TIMES, 25, mend, [
            "sabotage",
            "lab",
            "S2-nova-wrong",
        ]);
        await take(
            "mending a wrong option (of cinder.conf on volume-node, which is emulated without KVM)",
            TIMES,
            25,
            mend,
            ["sabotage", "lab", "S2-cinder-wrong"],
        );
        await take("mending that all floating addresses are deleted", TIMES, 25, mend, ["sabotage", "lab", "S8"]);
        await take("snapshot of all eight machines", 1, undefined, ["snapshot", "lab", "bench"]);
        await take(
            "restore of all eight machines",
            1,
            60,
            ["restore", "lab", "bench"],
            ["sabotage", "lab", "S4-mysql"],
        );
        await take("rebuild of api-node", 1, 60, ["rebuild", "lab", "api-node"]);
        await take("rebuild of db-node, with everything that follows", 1, 240, ["rebuild", "lab", "db-node"]);
        await take("destroy", 1, 60, ["destroy", "lab"]);
        await take("lab down", 1, undefined, ["lab", "down", "lab"]);
        await take("render", TIMES, 5, ["render", "lab"]);
        const result = {
            taken: new Date().toISOString().slice(0, 10),
            machine: { cores: os.cpus().length, memoryGiB: Math.round(os.totalmem() / 2 ** 30), node: process.version },
            figures: figures.map(({ said: _words, ...figure }) => figure),
            peakMemoryGiB: Math.round((peakKiB / 2 ** 20) * 10) / 10,
            ...sizes,
        };
        fs.writeFileSync(path.join(projectDir(), "bench/cloud.json"), JSON.stringify(result, undefined, 2) + "\n");
        const rows = figures.map(
            f => `| ${f.what} | ${f.seconds} s | ${f.wanted === undefined ? "" : `${f.wanted} s`} |`,
        );
        fs.writeFileSync(
            path.join(projectDir(), "bench/README.md"),
            [
                "# Figures of the lab's whole cloud",
                "",
                `Taken ${result.taken} by \`npm run bench\`: warm caches, ${result.machine.cores} cores, ${result.machine.memoryGiB} GiB, no KVM, Node ${result.machine.node}. Figures under a minute are medians of ${TIMES}.${shared}`,
                "",
                "| step | measured | limit |",
                "|---|---|---|",
                ...rows,
                `| memory of lab and engine together, at most | ${result.peakMemoryGiB} GiB | 8 GiB |`,
                `| state | ${(sizes.stateBytes / 1e6).toFixed(2)} MB | 1.5 MB |`,
                `| largest dynamic resource in it (${sizes.largest.name}) | ${sizes.largest.bytes} bytes | 6144 bytes |`,
                "",
            ].join("\n"),
        );
    } finally {
        clearInterval(timer);
        await classroom("lab", "down", "lab");
        fs.rmSync(state, { recursive: true, force: true });
        fs.writeFileSync(file, configuration);
    }
}

main().catch(e => {
    console.error((e as Error).message);
    process.exitCode = 1;
});
