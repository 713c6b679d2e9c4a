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

/** What a figure is of. */
interface Step {
    what: string;
    args: string[];
    /** How often it is taken; once where nothing is said. */
    times?: number;
    /** The most seconds that it may take. */
    wanted?: number;
    /** What is done each time before it, and not counted. */
    before?: string[];
}

async function take({ what, args, times = 1, wanted, before }: Step): Promise<void> {
    const runs: number[] = [];
    let said = "";
    for (let i = 0; i < times; i++) {
        if (before) await classroom(...before);
        const one = await classroom(...args);
        runs.push(Math.round(one.seconds * 10) / 10);
        said = one.said;
    }
    const seconds = [...runs].sort((a, b) => a - b)[Math.floor(runs.length / 2)]!;
    figures.push({ what, seconds, runs, ...(wanted !== undefined && { wanted }), said });
    console.log(`${what}: ${seconds} s${runs.length > 1 ? ` (median of ${runs.join(", ")})` : ""}: ${said}`);
}

/** Of a cloud that is made and left alone: its state is measured after these. */
const soundSteps: readonly Step[] = [
    { what: "up of everything from nothing, hosts included", wanted: 300, args: ["up", "lab"] },
    { what: "up again, nothing to do", times: TIMES, wanted: 10, args: ["up", "lab"] },
    { what: "preview, nothing to do", times: TIMES, args: ["preview", "lab"] },
    { what: "refresh", times: TIMES, wanted: 20, args: ["refresh", "lab"] },
    { what: "diagnose, all sound", times: TIMES, wanted: 15, args: ["diagnose", "lab"] },
    { what: "check", args: ["check", "lab"] },
];

/** Mends what an exercise breaks. */
const mending = (what: string, wanted: number, exercise: string): Step => ({
    what: `mending ${what}`,
    times: TIMES,
    wanted,
    args: ["up", "lab", "--refresh"],
    before: ["sabotage", "lab", exercise],
});

/** From a cloud's faults to its end. */
const laterSteps: readonly Step[] = [
    mending("a stopped service (glance-api)", 20, "S4-glance-api"),
    mending("a wrong option (of nova.conf on api-node: six services restart)", 25, "S2-nova-wrong"),
    mending("a wrong option (of cinder.conf on volume-node, which is emulated without KVM)", 25, "S2-cinder-wrong"),
    mending("that all floating addresses are deleted", 25, "S8"),
    { what: "snapshot of all eight machines", args: ["snapshot", "lab", "bench"] },
    {
        what: "restore of all eight machines",
        wanted: 60,
        args: ["restore", "lab", "bench"],
        before: ["sabotage", "lab", "S4-mysql"],
    },
    { what: "rebuild of api-node", wanted: 60, args: ["rebuild", "lab", "api-node"] },
    { what: "rebuild of db-node, with everything that follows", wanted: 240, args: ["rebuild", "lab", "db-node"] },
    { what: "destroy", wanted: 60, args: ["destroy", "lab"] },
    { what: "lab down", args: ["lab", "down", "lab"] },
    { what: "render", times: TIMES, wanted: 5, args: ["render", "lab"] },
];

/** How large the state is, and its largest resource of our own. */
function stateFigures(): { stateBytes: number; largest: { name: string; bytes: number } } {
    const sizes = stackStore
        .state("lab")!
        .resources.filter(r => r.type.startsWith("pulumi-nodejs:dynamic/"))
        .map(r => ({ name: r.urn.split("::").pop()!, bytes: JSON.stringify(r).length }));
    return { stateBytes: fs.statSync(stateFile("lab")).size, largest: sizes.sort((a, b) => b.bytes - a.bytes)[0]! };
}

/** All that was measured, as bench/cloud.json has it. */
const resultOf = (sizes: ReturnType<typeof stateFigures>) => ({
    taken: new Date().toISOString().slice(0, 10),
    machine: { cores: os.cpus().length, memoryGiB: Math.round(os.totalmem() / 2 ** 30), node: process.version },
    figures: figures.map(({ said: _words, ...figure }) => figure),
    peakMemoryGiB: Math.round((peakKiB / 2 ** 20) * 10) / 10,
    ...sizes,
});

/** @param shared a sentence about what else the machine did */
function readme(
    { taken, machine, peakMemoryGiB, stateBytes, largest }: ReturnType<typeof resultOf>,
    shared: string,
): string {
    return [
        "# Figures of the lab's whole cloud",
        "",
        `Taken ${taken} by \`npm run bench\`: warm caches, ${machine.cores} cores, ${machine.memoryGiB} GiB, no KVM, Node ${machine.node}. Figures under a minute are medians of ${TIMES}.${shared}`,
        "",
        "| step | measured | limit |",
        "|---|---|---|",
        ...figures.map(f => `| ${f.what} | ${f.seconds} s | ${f.wanted === undefined ? "" : `${f.wanted} s`} |`),
        `| memory of lab and engine together, at most | ${peakMemoryGiB} GiB | 8 GiB |`,
        `| state | ${(stateBytes / 1e6).toFixed(2)} MB | 1.5 MB |`,
        `| largest dynamic resource in it (${largest.name}) | ${largest.bytes} bytes | 6144 bytes |`,
        "",
    ].join("\n");
}

async function main(): Promise<void> {
    const shared = await busyWords(),
        timer = setInterval(sample, 2000);
    // A rebuild is a change of the stack's configuration.
    const file = configFile("lab"),
        configuration = fs.readFileSync(file);
    try {
        for (const step of soundSteps) await take(step);
        const sizes = stateFigures();
        for (const step of laterSteps) await take(step);
        const result = resultOf(sizes),
            bench = path.join(projectDir(), "bench");
        fs.writeFileSync(path.join(bench, "cloud.json"), JSON.stringify(result, undefined, 2) + "\n");
        fs.writeFileSync(path.join(bench, "README.md"), readme(result, shared));
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
