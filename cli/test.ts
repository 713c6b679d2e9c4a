import { type ChildProcess, spawn } from "child_process";
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { UserError } from "../system/errors";
import { TEST_PART } from "../system/handed-over";
import { Interrupted, onInterrupt } from "../system/interrupt";
import { say } from "../system/output";
import { projectDir, temporaryFolder } from "../system/paths";
import { endCommands, removeLeftovers } from "./test-leftovers";

/**
 * One part of the tests: a jest configuration, and how long it may be expected to take on two cores. Twice the sum of
 * those that are not run by name only is less than CI's 90 minutes.
 */
interface Part {
    name: string;
    config: string;
    budgetSeconds: number;
    onlyByName?: true;
    /** Hours long: a stopped one leaves its lab, and the next run goes on from there. */
    goesOn?: true;
}

const parts: readonly Part[] = [
    { name: "unit", config: "jest.config.js", budgetSeconds: 400 },
    { name: "house", config: "tests/house/jest.config.js", budgetSeconds: 110 },
    { name: "end-to-end", config: "tests/e2e/jest.config.js", budgetSeconds: 1800 },
    // A cloud of its own, whose passwords all change once: fifteen minutes on a busy machine.
    { name: "secrets", config: "tests/e2e/secrets.config.js", budgetSeconds: 1000, onlyByName: true },
    { name: "two-machines", config: "tests/e2e/two-machines.config.js", budgetSeconds: 900, onlyByName: true },
    { name: "restore", config: "tests/e2e/restore.config.js", budgetSeconds: 1800, onlyByName: true },
    // Every exercise of the troubleshooting session and twenty pairs.
    {
        name: "sabotage",
        config: "tests/e2e/sabotage.config.js",
        budgetSeconds: 3 * 3600,
        onlyByName: true,
        goesOn: true,
    },
    // Every exercise, done twice: mended by its solution, and by the program.
    {
        name: "exercises",
        config: "tests/e2e/exercises.config.js",
        budgetSeconds: 10 * 3600,
        onlyByName: true,
        goesOn: true,
    },
    // The engine killed fifty times in `up` and twenty times in `destroy`.
    {
        name: "interruptions",
        config: "tests/e2e/interruptions.config.js",
        budgetSeconds: 2 * 3600,
        onlyByName: true,
        goesOn: true,
    },
    // Every node in turn, with the cloud's acceptance tests after each.
    { name: "rebuild", config: "tests/e2e/rebuild.config.js", budgetSeconds: 3000, onlyByName: true },
];

/** The parts' names. */
export const testParts: readonly string[] = parts.map(({ name }) => name);

const namesOf = (some: readonly Part[]): string => some.map(p => p.name).join(", ");
/** The parts that may be named, and the default ones. */
export const partsInWords = `${namesOf(parts)}; where none is named ${namesOf(parts.filter(p => !p.onlyByName))}`;

interface Outcome {
    passed: number;
    failed: number;
    seconds: number;
}

/**
 * `./classroom test`: every test there is, or those of the named parts. Prints what each part took and ends with
 * `123 passed, 0 failed`. A part is stopped at twice its budget and counts as a failure.
 * @returns the process's exit code
 */
export async function test(names: string[]): Promise<number> {
    const unknown = names.filter(n => !parts.some(p => p.name === n));
    if (unknown.length > 0)
        throw new UserError(`there is no part of the tests named "${unknown[0]}"; there are ${namesOf(parts)}`);
    const outcomes: [Part, Outcome][] = [];
    for (const part of parts.filter(p => (names.length === 0 ? !p.onlyByName : names.includes(p.name))))
        outcomes.push([part, await runPart(part)]);
    for (const [part, { passed, failed, seconds }] of outcomes)
        say(`${part.name}: ${passed} passed, ${failed} failed in ${seconds} s`);
    const sum = (key: "passed" | "failed") => outcomes.reduce((n, [, o]) => n + o[key], 0);
    say(`${sum("passed")} passed, ${sum("failed")} failed`);
    return sum("failed") === 0 && sum("passed") > 0 ? 0 : 1;
}

/** The end of a part's process, and the reason of its stop, if it was stopped. */
interface End {
    code: number;
    stopped?: "too long" | "interrupted";
}

/** Waits for a part's process. It is stopped at twice its budget, and by an interruption. */
async function endOf(child: ChildProcess, part: Part): Promise<End> {
    let stopped: End["stopped"];
    const stop = (why: typeof stopped) => {
        stopped ??= why;
        try {
            process.kill(-child.pid!, "SIGKILL");
        } catch {
            /* has ended */
        }
    };
    const timer = setTimeout(() => stop("too long"), 2000 * part.budgetSeconds),
        release = onInterrupt(() => stop("interrupted")),
        stopAtExit = () => stop("interrupted");
    // The child is a group of its own: it would outlive this process.
    process.once("exit", stopAtExit);
    try {
        const code = await new Promise<number>((resolve, reject) =>
            child.once("error", reject).once("close", c => resolve(c ?? 1)),
        );
        return { code, stopped };
    } finally {
        clearTimeout(timer);
        release();
        process.off("exit", stopAtExit);
    }
}

/** Ends what a stopped part has left, and says what it could not. */
async function clearAfter({ name, goesOn }: Part, mark: string): Promise<void> {
    const release = onInterrupt(() => say(`${name}: its commands and labs are being taken away; please wait`));
    try {
        if (goesOn) await endCommands(mark);
        else
            for (const { name: lab, error } of await removeLeftovers(mark))
                say(
                    error === undefined
                        ? `${name}: its lab ${lab} is taken away`
                        : `FAIL ${name}: its lab ${lab} could not be taken away: ${error}`,
                );
    } catch (e) {
        say(`FAIL ${name}: its commands did not end: ${(e as Error).message}`);
    } finally {
        release();
    }
}

/** @throws Interrupted after its leftovers are taken away */
async function runPart(part: Part): Promise<Outcome> {
    const start = Date.now(),
        mark = randomUUID();
    const report = path.join(temporaryFolder("classroom-test-"), "report.json");
    const jest = path.join(projectDir(), "node_modules/jest/bin/jest.js");
    const child = spawn(process.execPath, [jest, "--config", part.config, "--json", "--outputFile", report], {
        cwd: projectDir(),
        stdio: ["ignore", "ignore", "inherit"],
        detached: true,
        env: { ...process.env, [TEST_PART]: mark },
    });
    const { code, stopped } = await endOf(child, part);
    if (stopped === "too long") say(`FAIL ${part.name}: stopped after ${2 * part.budgetSeconds} s, twice its budget`);
    if (stopped !== undefined) await clearAfter(part, mark);
    const counted = readCounts(report);
    fs.rmSync(path.dirname(report), { recursive: true, force: true });
    if (stopped === "interrupted") throw new Interrupted(`interrupted: ${part.name} was stopped`);
    const seconds = Math.round((Date.now() - start) / 1000);
    // A suite that does not even load has no tests to count; jest's code says so.
    const failed = stopped !== undefined || (code !== 0 && counted.failed === 0) ? counted.failed + 1 : counted.failed;
    return { passed: counted.passed, failed, seconds };
}

function readCounts(report: string): { passed: number; failed: number } {
    try {
        const { numPassedTests, numFailedTests } = JSON.parse(fs.readFileSync(report, "utf8")) as Record<
            string,
            number
        >;
        return { passed: numPassedTests ?? 0, failed: numFailedTests ?? 0 };
    } catch {
        return { passed: 0, failed: 0 }; // stopped before it wrote one: counted as a failure by its exit code
    }
}
