import { criticalPath, slowest, type Step, StepTimes, timingLines, traceOf } from "../../../cli/operate/timings";
import type { RecordedResource } from "../../../engine/state";

const urn = (name: string) => `urn:pulumi:lab::p::pulumi-nodejs:dynamic/guest:File::${name}`;
const step = (name: string, begin: number, end: number, op = "create", place = "db-node"): Step => ({
    urn: urn(name),
    type: "pulumi-nodejs:dynamic/guest:File",
    op,
    place,
    begin: begin * 1000,
    end: end * 1000,
});
const resource = (name: string, needs: string[], more: Partial<RecordedResource> = {}): RecordedResource => ({
    urn: urn(name),
    type: "t",
    custom: true,
    dependencies: needs.map(urn),
    ...more,
});
const told = (steps: Step[], resources: RecordedResource[], began = 0) =>
    criticalPath(steps, resources, began).map(s => [s.urn.split("::").pop(), s.op, s.waited / 1000]);

describe("the critical path", () => {
    test("goes from the step that ended last back by what each had to wait for", () => {
        const steps = [step("disk", 1, 5), step("key", 1, 2), step("machine", 5, 9), step("other", 0, 8)];
        const graph = [resource("machine", ["disk", "key"]), resource("disk", []), resource("other", [])];
        expect(told(steps, graph)).toEqual([
            ["disk", "create", 1],
            ["machine", "create", 0],
        ]);
    });

    test("tells how long a step waited though nothing kept it", () => {
        const graph = [resource("machine", ["disk"])];
        expect(told([step("disk", 0, 2), step("machine", 5, 6)], graph)).toEqual([
            ["disk", "create", 0],
            ["machine", "create", 3],
        ]);
    });

    test("passes through what had no step", () => {
        const graph = [resource("file", ["component"]), resource("component", ["machine"])];
        expect(told([step("machine", 0, 2), step("file", 2, 3)], graph).map(([name]) => name)).toEqual([
            "machine",
            "file",
        ]);
    });

    test("knows dependencies by property, by machine and by provider", () => {
        const steps = [step("a", 0, 1), step("b", 1, 2), step("c", 2, 3), step("d", 3, 4)];
        const graph = [
            resource("b", [], { propertyDependencies: { path: [urn("a")] } }),
            resource("c", [], { deletedWith: urn("b") }),
            resource("d", [], { provider: `${urn("c")}::0b4c` }),
        ];
        expect(told(steps, graph).map(([name]) => name)).toEqual(["a", "b", "c", "d"]);
    });

    test("has a delete wait for those of what uses it, and the new one for the delete of the old", () => {
        const steps = [step("file", 0, 1, "delete"), step("machine", 1, 3, "delete"), step("machine", 3, 7)];
        expect(told(steps, [resource("file", ["machine"])])).toEqual([
            ["file", "delete", 0],
            ["machine", "delete", 0],
            ["machine", "create", 0],
        ]);
    });

    test("has no predecessor in what ended after a step began, as where all are asked at once", () => {
        expect(told([step("a", 0, 3), step("b", 1, 4)], [resource("b", ["a"])])).toEqual([["b", "create", 1]]);
    });

    test("ends where resources need each other, and of nothing is nothing", () => {
        const graph = [resource("a", ["b"]), resource("b", ["a"])];
        expect(told([step("a", 0, 0), step("b", 0, 0)], graph).length).toBeLessThanOrEqual(2);
        expect(told([], [])).toEqual([]);
    });
});

test("of the slowest are ten, the slowest first", () => {
    const steps = Array.from({ length: 12 }, (_, at) => step(`s${at}`, 0, at));
    expect(slowest(steps).map(({ end }) => end / 1000)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
});

test("a person reads the path with its waits, without what took no time, and the slowest", () => {
    const steps = [step("disk", 1, 5), step("nothing", 5, 5.01), step("machine", 5.5, 9)];
    const path = criticalPath(steps, [resource("machine", ["nothing"]), resource("nothing", ["disk"])], 0);
    expect(timingLines(path, slowest(steps).slice(0, 1))).toEqual([
        "critical path, 9.0 s (steps under 50 ms are left out):",
        "    4.0 s  create guest:File disk, after 1.0 s of waiting",
        "    3.5 s  create guest:File machine, after 0.5 s of waiting",
        "slowest of all:",
        "    4.0 s  create guest:File disk",
    ]);
});

test("steps have the time of their events, their machine, and are told when they fail, too", () => {
    const times = new StepTimes();
    const metadata = (name: string, op: string, inputs = {}, custom = true) =>
        ({ urn: urn(name), type: "t:m:T", op, new: { custom, inputs } }) as never;
    const event = (what: object) => ({ sequence: 1, timestamp: 1, ...what });
    times.handle(event({ resourcePreEvent: { metadata: metadata("a", "refresh") } }), 1000);
    times.handle(event({ resourcePreEvent: { metadata: metadata("b", "create") } }), 1100);
    times.handle(event({ resourcePreEvent: { metadata: metadata("group", "create", {}, false) } }), 1100);
    times.handle(
        event({ resOutputsEvent: { metadata: metadata("a", "update", { connection: { name: "db-node" } }) } }),
        2000,
    );
    times.handle(event({ resOpFailedEvent: { metadata: metadata("b", "create") } }), 3000);
    times.handle(event({ resOutputsEvent: { metadata: metadata("group", "create", {}, false) } }), 3000);
    expect(times.steps).toEqual([
        { urn: urn("a"), type: "t:m:T", op: "refresh", place: "db-node", begin: 1000, end: 2000 },
        { urn: urn("b"), type: "t:m:T", op: "create", place: "cloud", begin: 1100, end: 3000 },
    ]);
});

describe("the trace", () => {
    const steps = [step("a", 1, 3), step("b", 2, 4), step("c", 3, 5), step("d", 1, 2, "create", "cloud")],
        parts = [{ name: "up", begin: 500, end: 6000 }];
    const { traceEvents } = traceOf(parts, steps, criticalPath(steps, [resource("c", ["a"])], 0)) as {
        traceEvents: Record<string, unknown>[];
    };
    const spans = traceEvents.filter(({ ph }) => ph === "X");

    test("has a process for the run and one for each place, with their names", () => {
        expect(traceEvents.filter(({ ph }) => ph === "M").map(({ pid, args }) => [pid, args])).toEqual([
            [1, { name: "the run" }],
            [2, { name: "cloud" }],
            [3, { name: "db-node" }],
        ]);
    });

    test("has times in microseconds", () => {
        expect(spans[0]).toMatchObject({ name: "up", pid: 1, ts: 500_000, dur: 5_500_000 });
    });

    test("has no two that overlap in one thread", () => {
        expect(spans.filter(({ pid }) => pid === 3).map(({ name, tid }) => [name, tid])).toEqual([
            ["create a", 0],
            ["create b", 1],
            ["create c", 0],
        ]);
    });

    test("marks the critical path, with its waits", () => {
        expect(spans.filter(({ cat }) => cat === "critical").map(({ name, args }) => [name, args])).toEqual([
            ["create a", { type: "guest:File", waitedMilliseconds: 1000 }],
            ["create c", { type: "guest:File", waitedMilliseconds: 0 }],
        ]);
    });
});
