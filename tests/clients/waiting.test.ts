import { spawnSync } from "child_process";
import type { Connection } from "../../clients/connection";
import type { ExecOptions, RunScript } from "../../clients/ssh";
import { askUntil, NOT_YET, waitUntil } from "../../clients/waiting";
import { localHost } from "../providers/machine/local-host";
import { FakeClock } from "./fake-clock";

const to = { name: "volume-node", host: "10.0.0.8" } as Connection;
const answer = (code: number, stderr = "", stdout = "") => ({ code, stdout, stderr });

/** A machine that gives one answer after another, the last for ever; each takes a while by the operator's clock. */
function machine(clock: FakeClock, takes: number, ...answers: ReturnType<typeof answer>[]) {
    const asked: [script: string, options: ExecOptions | undefined][] = [];
    const run: RunScript = async (_to, script, options) => {
        asked.push([script, options]);
        clock.pass(takes);
        return answers.length > 1 ? answers.shift()! : answers[0]!;
    };
    return { run, asked };
}
const notYet = answer(NOT_YET, "it does not listen\n");

test("what is so is asked once, and what another script has found out not at all", async () => {
    const clock = new FakeClock(),
        { run, asked } = machine(clock, 0.01, answer(0, "", "it listens"));
    expect(await askUntil(run, to, { ask: "listens", seconds: 90 }, clock)).toEqual(answer(0, "", "it listens"));
    expect(asked).toEqual([["listens", { allowFailure: true, timeoutSeconds: 120 }]]);
    await askUntil(run, to, { ask: "listens", seconds: 90, begun: answer(0) }, clock);
    expect([asked.length, clock.pauses]).toEqual([1, []]);
});

test("it is asked again until it is so", async () => {
    const clock = new FakeClock(),
        { run, asked } = machine(clock, 0, notYet, notYet, answer(0));
    expect((await askUntil(run, to, { ask: "", seconds: 90, begun: notYet }, clock)).code).toBe(0);
    expect([asked.length, clock.pauses]).toEqual([3, [0.25, 0.25, 0.25]]);
});

test("a machine that is slow to answer is asked less often", async () => {
    const clock = new FakeClock(),
        { run } = machine(clock, 0.5, notYet, notYet, answer(0));
    await askUntil(run, to, { ask: "", seconds: 90, every: 0.1 }, clock);
    expect(clock.pauses).toEqual([1, 1]);
});

test.each([
    [90, 0],
    [90, 0.4],
    [7, 3],
    [0, 0.1],
])("%p seconds are %p by the operator's clock; the last time it is asked at their end", async (seconds, takes) => {
    const clock = new FakeClock(),
        { run } = machine(clock, takes, notYet);
    expect(await askUntil(run, to, { ask: "", seconds }, clock)).toEqual(notYet);
    expect(clock.passed).toBeGreaterThanOrEqual(seconds);
    expect(clock.passed).toBeLessThan(seconds + 2 * takes + 0.01);
});

test("no question is left alone: each has the time that is left, and what it may take itself", async () => {
    const clock = new FakeClock(),
        { run, asked } = machine(clock, 0, notYet);
    await askUntil(run, to, { ask: "", input: "in", seconds: 4, every: 2, askSeconds: 7 }, clock);
    expect(asked.map(([, options]) => options)).toEqual(
        [11, 9, 7].map(timeoutSeconds => ({ allowFailure: true, input: "in", timeoutSeconds })),
    );
});

test.each([
    ["begun", { begun: answer(1, "it ended\n") }, 0],
    ["asked", {}, 1],
])("what will never be is an error at once (%s)", async (_when, more, times) => {
    const clock = new FakeClock(),
        { run, asked } = machine(clock, 0, answer(1, "it ended\n"));
    await expect(askUntil(run, to, { ask: "", seconds: 90, ...more }, clock)).rejects.toThrow("volume-node: it ended");
    expect([asked.length, clock.passed]).toEqual([times, 0]);
});

test("what was seen last is said with how long was waited, and its last words where there are some", async () => {
    const clock = new FakeClock(),
        late = answer(NOT_YET, "a is not there\nb is not there\n", "words\n");
    const said = (words?: string) => {
        const { run } = machine(clock, 1, late);
        return waitUntil(run, to, { ask: "", seconds: 3, ...(words && { words }) }, clock);
    };
    await expect(said()).rejects.toThrow(new Error("volume-node: a is not there; b is not there after 4 s"));
    await expect(said("tail")).rejects.toThrow(
        new Error("volume-node: a is not there; b is not there after 4 s:\nwords"),
    );
    const dying: RunScript = async (_to, script) => {
        if (script === "tail") throw new Error("gone");
        return late;
    };
    await expect(waitUntil(dying, to, { ask: "", seconds: 0, words: "tail" }, clock)).rejects.toThrow(
        new Error("volume-node: a is not there; b is not there after 0 s"),
    );
});

test("a machine whose clock jumps and runs fast makes no wait shorter", async () => {
    // Each look at its clock finds it another hour ahead, and a second of sleep is over at once.
    const host = localHost({
        date: 'n=$(cat "$ROOT/n" 2> /dev/null || echo 0); echo $((n + 3600)) | tee "$ROOT/n"',
        sleep: ":",
    });
    try {
        const begin = performance.now();
        const late = await askUntil(host.run, to, { ask: `date; sleep 9; exit ${NOT_YET}`, seconds: 1, every: 0.2 });
        expect(late.code).toBe(NOT_YET);
        expect(performance.now() - begin).toBeGreaterThanOrEqual(999);
        expect(Number(host.there("n"))).toBeGreaterThan(3600);
    } finally {
        host.remove();
    }
});

/** A machine whose processors were idle for so many seconds at each asking; one asking takes a second. */
const computing = (clock: FakeClock, idle: (asked: number) => string) => {
    let asked = 0;
    const run: RunScript = async () => {
        clock.pass(1);
        return answer(NOT_YET, `${idle(asked++)}it does not listen\n`);
    };
    return askUntil(run, to, { ask: "listens", seconds: 100, every: 1, computes: true }, clock);
};

test("a wait for what computes counts the seconds in which the machine was idle", async () => {
    const clock = new FakeClock();
    // Three seconds go by from one asking to the next; in half of them each of two processors is idle.
    await computing(clock, asked => `idle ${(asked * 3).toFixed(2)} 2\n`);
    expect(clock.passed).toBeGreaterThan(190);
    expect(clock.passed).toBeLessThan(210);
});

test("a machine that is never idle is waited for four times as long, and no longer", async () => {
    const clock = new FakeClock();
    await computing(clock, () => "idle 7.00 2\n");
    expect(clock.passed).toBeGreaterThanOrEqual(400);
    expect(clock.passed).toBeLessThan(404);
});

test.each([
    ["runs too fast", (asked: number) => `idle ${asked * 1000}.00 1\n`],
    ["runs backwards", (asked: number) => `idle ${1000 - asked}.00 1\n`, 400],
    ["tells nothing", () => ""],
    ["tells nonsense", () => "idle 1e9 0\n"],
])("a machine whose clock %s does not shorten a wait", async (_what, idle, seconds = 100) => {
    const clock = new FakeClock();
    await computing(clock, idle);
    expect(clock.passed).toBeGreaterThanOrEqual(seconds);
    expect(clock.passed).toBeLessThan(seconds + 4);
});

test("what a machine tells of its idleness is no part of its answer", async () => {
    const clock = new FakeClock();
    expect(await computing(clock, () => "idle 7.00 2\n")).toEqual(notYet);
});

test("a real machine tells how idle it was", async () => {
    let told = "";
    const here: RunScript = async (_to, script) => {
        const { status, stdout, stderr } = spawnSync("sh", ["-ec", script], { encoding: "utf8" });
        told = stderr;
        return { code: status!, stdout, stderr };
    };
    await askUntil(here, to, { ask: "true", seconds: 1, computes: true });
    expect(told).toMatch(/^idle \d+\.\d+ \d+\n$/);
});
