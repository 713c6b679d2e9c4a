import type { ChildProcess } from "child_process";
import { EventEmitter } from "events";
import { PassThrough } from "stream";
import {
    Commands,
    type Ended,
    resultOf,
    sideBySide,
    usualJobs,
    type Watcher,
    worst,
} from "../../../cli/shell/side-by-side";
import { onInterrupt } from "../../../system/interrupt";

let interrupt: (() => void) | undefined;
jest.mock("../../../system/interrupt", () => ({
    ...jest.requireActual<object>("../../../system/interrupt"),
    onInterrupt: jest.fn(),
}));
beforeEach(() => {
    interrupt = undefined;
    jest.mocked(onInterrupt).mockImplementation(handler => {
        interrupt = handler;
        return () => {
            interrupt = undefined;
        };
    });
});

/** A child process that does what a test says. */
class Child extends EventEmitter {
    readonly stdout = new PassThrough();
    readonly stderr = new PassThrough();
    readonly signals: string[] = [];
    kill(signal: string): boolean {
        this.signals.push(signal);
        return true;
    }
    end(code: number | null, signal: string | null = null): void {
        this.stdout.end();
        this.stderr.end();
        this.emit("exit", code, signal);
    }
}

/** Everything that a watcher is told. */
class Told implements Watcher {
    readonly events: string[] = [];
    every: readonly Ended[] = [];
    begun(stack: string): void {
        this.events.push(`begin ${stack}`);
    }
    line(stack: string, stream: string, text: string): void {
        this.events.push(`${stack} ${stream} ${text}`);
    }
    ended({ stack, exitCode }: Ended): void {
        this.events.push(`end ${stack} ${exitCode}`);
    }
    all(every: readonly Ended[], exitCode: number): void {
        this.every = every;
        this.events.push(`all ${exitCode}`);
    }
}

/** Begins the work; its children by the stack that they are for. */
function begin(stacks: string[], jobs: number, fails: string[] = []) {
    const children = new Map<string, Child>(),
        told = new Told();
    const code = sideBySide({ stacks, jobs, wordsFor: stack => ["up", stack] }, told, ([, stack]) => {
        if (fails.includes(stack!)) throw new Error("no such program");
        const child = new Child();
        children.set(stack!, child);
        return child as unknown as ChildProcess;
    });
    return { code, told, child: (stack: string) => children.get(stack)!, begun: () => [...children.keys()] };
}
const soon = () => new Promise(resolve => setImmediate(resolve));

test("no more than so many run at once; the next begins where one has ended", async () => {
    const { code, child, begun } = begin(["a", "b", "c"], 2);
    expect(begun()).toEqual(["a", "b"]);
    child("b").end(0);
    while (begun().length < 3) await soon();
    child("a").end(0);
    child("c").end(0);
    expect(await code).toBe(0);
});

test("one's failure stops no other, and the worst exit code is that of all", async () => {
    const { code, told, child, begun } = begin(["a", "b", "c"], 1);
    child("a").end(1);
    while (begun().length < 2) await soon();
    child("b").end(3);
    while (begun().length < 3) await soon();
    child("c").end(0);
    expect(await code).toBe(1);
    expect(told.every.map(({ stack, exitCode }) => [stack, exitCode])).toEqual([
        ["a", 1],
        ["b", 3],
        ["c", 0],
    ]);
});

test("a process that cannot be started is that stack's error alone", async () => {
    const { code, told, child } = begin(["a", "b"], 2, ["a"]);
    child("b").end(0);
    expect(await code).toBe(1);
    expect(told.every).toMatchObject([
        { stack: "a", exitCode: 1, last: "classroom: no such program" },
        { stack: "b", exitCode: 0 },
    ]);
});

test("lines come with their stack and stream; the last word is the error's", async () => {
    const { code, told, child } = begin(["a"], 1);
    child("a").stdout.write("one\ntwo\n");
    await soon();
    child("a").stderr.write("classroom: it is wrong\nlog: /x\n");
    await soon();
    child("a").end(1);
    await code;
    expect(told.events).toEqual([
        "begin a",
        "a stdout one",
        "a stdout two",
        "a stderr classroom: it is wrong",
        "a stderr log: /x",
        "end a 1",
        "all 1",
    ]);
    expect(told.every[0]).toMatchObject({ output: ["one", "two"], last: "classroom: it is wrong" });
});

test("an interruption is told to each that runs, once; none is begun any more, and all are waited for", async () => {
    const { code, told, child, begun } = begin(["a", "b", "c"], 2);
    interrupt!();
    expect([child("a").signals, child("b").signals]).toEqual([["SIGINT"], ["SIGINT"]]);
    child("a").end(130);
    await soon();
    await soon();
    expect(begun()).toEqual(["a", "b"]);
    expect(told.events).not.toContainEqual(expect.stringMatching(/^all/));
    interrupt!();
    expect([child("a").signals, child("b").signals]).toEqual([["SIGINT"], ["SIGINT", "SIGINT"]]);
    child("b").end(null, "SIGKILL");
    expect(await code).toBe(130);
    expect(told.every.map(({ stack, exitCode }) => [stack, exitCode])).toEqual([
        ["a", 130],
        ["b", 1],
    ]);
    expect(interrupt).toBeUndefined();
});

test("an interruption counts, though the work ended well", async () => {
    const { code, child } = begin(["a"], 1);
    interrupt!();
    child("a").end(0);
    expect(await code).toBe(130);
});

test("an error is worse than what could not be asked, that worse than drift", () => {
    expect([worst([]), worst([0, 3]), worst([2, 3]), worst([1, 2, 3]), worst([0, 77, 2]), worst([1, 130])]).toEqual([
        0, 3, 2, 1, 77, 130,
    ]);
});

test("by default two for each core, as far as memory goes, and one at least", () => {
    expect([usualJobs(2, 24_000), usualJobs(8, 3000), usualJobs(2, 100)]).toEqual([4, 4, 1]);
});

/** Commands whose processes end when a test says so. */
function commands(atOnce?: number) {
    const children: Child[] = [];
    const all = new Commands(() => {
        children.push(new Child());
        return children[children.length - 1] as unknown as ChildProcess;
    }, atOnce);
    return { all, children };
}

test("a command waits until one of so many has ended", async () => {
    const { all, children } = commands(1);
    const both = [all.run("a", ["check", "a"]), all.run("b", ["check", "b"])];
    await soon();
    expect(children.length).toBe(1);
    children[0]!.stdout.write('said\n{"ok":true}\n');
    await soon();
    children[0]!.end(3);
    expect(await both[0]).toMatchObject({ stack: "a", exitCode: 3, output: ["said", '{"ok":true}'] });
    while (children.length < 2) await soon();
    children[1]!.end(0);
    expect((await both[1])!.exitCode).toBe(0);
});

test("an interruption reaches all commands that run, and ends those that wait", async () => {
    const { all, children } = commands(2);
    const three = ["a", "b", "c"].map(stack => all.run(stack, ["check", stack]));
    const waiting = expect(three[2]).rejects.toMatchObject({ exitCode: 130 });
    await soon();
    all.interrupt();
    await waiting;
    expect(children.map(child => child.signals)).toEqual([["SIGINT"], ["SIGINT"]]);
    children.forEach(child => child.end(130));
    expect((await Promise.all(three.slice(0, 2))).map(one => one.exitCode)).toEqual([130, 130]);
    await expect(all.run("d", ["check", "d"])).rejects.toMatchObject({ exitCode: 130 });
});

test.each([
    ["the object in the last line", ["log", '{"a":1}'], { a: 1 }],
    ["none where there is none", ["log"], null],
    ["none where nothing was printed", [], null],
])("a command's result is %s", (_what, output, result) => {
    expect(resultOf({ output })).toEqual(result);
});
