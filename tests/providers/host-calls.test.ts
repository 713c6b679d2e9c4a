import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { unknownValue } from "@pulumi/pulumi/runtime";
import { Incomplete } from "../../providers/dynamic";
import { provider } from "../../providers/host";
import { machineIsGone } from "../../providers/machine/gone";

jest.mock("../../providers/machine/gone", () => ({ machineIsGone: jest.fn() }));
const gone = machineIsGone as jest.Mock;

/** A handler whose methods are the test's; what it is called with is in `called`. */
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-calls-")),
    report = path.join(dir, "report"),
    before = process.cwd();
const fake: Record<string, unknown> = {},
    called: unknown[][] = [],
    world = globalThis as { fake?: object };
const answer = (method: string, result: unknown) => {
    fake[method] = async (...given: unknown[]) => {
        called.push([method, ...given]);
        // A handler may throw anything.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        if (result instanceof Error || typeof result === "string") throw result;
        return result;
    };
};
beforeAll(() => {
    fs.mkdirSync(path.join(dir, "bin/providers/test"), { recursive: true });
    fs.writeFileSync(
        path.join(dir, "bin/providers/test/thing.js"),
        "Object.defineProperty(exports, 'handler', { get: () => globalThis.fake });",
    );
    process.chdir(dir);
    world.fake = fake;
});
afterAll(() => {
    process.chdir(before);
    delete world.fake;
    fs.rmSync(dir, { recursive: true });
});
beforeEach(() => {
    for (const key of Object.keys(fake)) delete fake[key];
    Object.assign(fake, {
        inputs: ["name", "options"],
        access: ["connection", "guest", "cloud", "identity"],
        replaceOn: ["name"],
    });
    called.length = 0;
    gone.mockReset().mockResolvedValue(false);
    process.env.CLASSROOM_REPORT = report;
});
afterEach(() => {
    for (const name of ["CLASSROOM_REPORT", "CLASSROOM_OFF", "CLASSROOM_DEBUG"]) delete process.env[name];
    fs.rmSync(report, { force: true });
    jest.restoreAllMocks();
});

const thing = provider("test/thing"),
    __provider = "the stored code",
    connection = { name: "api-node" };
const reported = () =>
    fs.existsSync(report)
        ? fs
              .readFileSync(report, "utf8")
              .trim()
              .split("\n")
              .map(line => JSON.parse(line) as object)
        : [];
const unreachable = Object.assign(new Error("no answer"), { name: "Unreachable" });

test("a check is of what is known, without what the engine keeps beside it", async () => {
    const news = { name: "a", options: { b: [unknownValue] }, __provider };
    expect(await thing.check({}, news)).toEqual({ inputs: news, failures: [] });
    fake.check = (given: object) => [{ property: "name", reason: JSON.stringify(given) }];
    expect(await thing.check({}, news)).toEqual({
        inputs: news,
        failures: [{ property: "name", reason: '{"name":"a"}' }],
    });
});

test.each<[olds: object, news: object, changes: boolean, replaces: string[]]>([
    [{ name: "a", options: { b: { d: 1, c: [1, 2] } } }, { options: { b: { c: [1, 2], d: 1 } }, name: "a" }, false, []],
    [{ name: "a", options: null }, { name: "a" }, false, []],
    [{ name: "a", options: { b: [1, 2] } }, { name: "a", options: { b: [2, 1] } }, true, []],
    [{ name: "a", options: {} }, { name: "a", options: [] }, true, []],
    [{ name: "a", connection }, { name: "a", connection: { name: "db-node" } }, true, []],
    [{ name: "a" }, { name: "b" }, true, ["name"]],
    [{ name: unknownValue }, { name: unknownValue }, true, ["name"]],
    [{ name: "a", other: 1, __provider }, { name: "a", other: 2 }, false, []],
])("%j is another than %j", async (olds, news, changes, replaces) => {
    expect(await thing.diff("id", { ...olds }, { ...news })).toEqual({ changes, replaces, deleteBeforeReplace: true });
});

test.each(["Unreachable", "RemoteError", "TimedOut"])(
    "a read that fails by its machine, %s: what was recorded is kept, and told",
    async name => {
        const warned = jest.spyOn(console, "warn").mockReturnValue();
        answer("read", Object.assign(new Error("stat: not found"), { name }));
        expect(await thing.read("id", { name: "a", __provider })).toEqual({ id: "id", props: { name: "a" } });
        expect(reported().pop()).toMatchObject({ event: "unreachable", id: "id", reason: "stat: not found" });
        expect(warned).toHaveBeenCalledTimes(1);
        warned.mockRestore();
    },
);

test("what is made is recorded with what it was asked for, and is not taken away under another name of it", async () => {
    answer("create", { id: "a#1", outputs: { size: 1 } });
    answer("delete", undefined);
    expect(await thing.create({ name: "a", __provider })).toEqual({ id: "a#1", outs: { name: "a", size: 1 } });
    await thing.delete("a#2", { name: "a" });
    await thing.delete("a", { name: "a" });
    expect(called).toEqual([["create", { name: "a" }]]);
    await thing.delete("b", { name: "b", __provider });
    expect(called[1]).toEqual(["delete", "b", { name: "b" }]);
});

test("what is not finished is recorded, and finished by the next update", async () => {
    answer("create", new Incomplete("id", { size: 1 }, "not yet"));
    const failed = await thing.create({ name: "a", __provider }).catch((e: unknown) => e);
    expect(failed).toMatchObject({
        message: "not yet",
        id: "id",
        properties: { name: "a", size: 1, __provider },
        reasons: ["not yet"],
    });
    answer("update", { size: 2 });
    expect(await thing.update("id", { name: "a", incomplete: true, __provider }, { name: "a", __provider })).toEqual({
        outs: { name: "a", size: 2 },
    });
    expect(called[1]).toEqual(["update", "id", { name: "a", incomplete: true }, { name: "a" }]);
});

test("what is the same is recorded without being touched, another way to it too", async () => {
    answer("update", { size: 2 });
    expect(
        await thing.update(
            "id",
            { name: "a", options: { b: 1, c: 2 }, size: 1, connection },
            { name: "a", options: { c: 2, b: 1 }, connection: { name: "db-node" } },
        ),
    ).toEqual({ outs: { name: "a", options: { c: 2, b: 1 }, size: 1, connection: { name: "db-node" } } });
    expect(called).toEqual([]);
    expect(await thing.update("id", { name: "a", options: 1 }, { name: "a", options: 2 })).toEqual({
        outs: { name: "a", options: 2, size: 2 },
    });
});

test("an error is shown without its stack, unless that is asked for", async () => {
    const stacks: (string | undefined)[] = [];
    for (const debug of ["", "1"]) {
        process.env.CLASSROOM_DEBUG = debug;
        for (const method of ["create", "update", "delete", "read"]) answer(method, new Error("it broke"));
        for (const call of [
            thing.create({}),
            thing.update("id", { name: "a" }, { name: "b" }),
            thing.delete("id", {}),
            thing.read("id", {}),
        ])
            stacks.push(
                await call.then(
                    () => "",
                    (e: Error) => e.stack,
                ),
            );
    }
    expect(stacks.slice(0, 4)).toEqual(Array(4).fill("it broke"));
    for (const stack of stacks.slice(4)) expect(stack).toMatch(/^Error: it broke\n +at /);
    process.env.CLASSROOM_DEBUG = "";
    answer("create", "a text");
    await expect(thing.create({})).rejects.toMatchObject({ message: "a text", stack: "a text" });
});

test("in a node that is off nothing is changed, nor asked", async () => {
    process.env.CLASSROOM_OFF = "volume-node,api-node";
    const said =
        "api-node is off by configuration (nodes.api-node.power), so nothing in it can be changed; switch it on first";
    await expect(thing.create({ name: "a", connection })).rejects.toMatchObject({ message: said, stack: said });
    await expect(thing.update("id", { name: "a" }, { name: "b", guest: connection })).rejects.toMatchObject({
        message: said,
    });
    for (const recorded of [
        { name: "a", connection },
        { name: "a", guest: connection },
    ])
        expect(await thing.read("id", { ...recorded, __provider })).toEqual({ id: "id", props: recorded });
    expect(reported()).toEqual(Array(2).fill({ event: "off", kind: "test/thing", id: "id", reason: "api-node" }));
    expect(fs.statSync(report).mode & 0o777).toBe(0o600);
    answer("read", { name: "a" });
    await thing.read("id", { name: "a", connection: { name: "db-node" } });
    await thing.read("id", { name: "a", cloud: {} });
    await thing.read("id", { name: "a" });
    expect(called).toHaveLength(3);
});

test.each([
    ["cloud", "db-node"],
    ["identity", "db-node"],
    ["cloud", "auth-node"],
    ["identity", "auth-node"],
])("of what is reached by %s nothing is asked while %s is off", async (access, node) => {
    process.env.CLASSROOM_OFF = `api-node,${node}`;
    expect(await thing.read("id", { name: "a", [access]: {} })).toEqual({
        id: "id",
        props: { name: "a", [access]: {} },
    });
    expect(reported()).toEqual([{ event: "off", kind: "test/thing", id: "id", reason: node }]);
});

test("what is read is what was recorded of it; the way to it and what it has beside it are not taken over", async () => {
    answer("read", { name: "b", options: undefined, size: 2, connection: { name: "x" }, secret: "in plain text" });
    expect(await thing.read("id", { name: "a", options: 1, size: 1, connection, __provider })).toStrictEqual({
        id: "id",
        props: { name: "b", options: 1, size: 2, connection: { name: "x" } },
        inputs: { name: "b", connection },
    });
    expect(called).toEqual([["read", "id", { name: "a", options: 1, size: 1, connection }]]);
    expect(reported()).toEqual([{ event: "asked", kind: "test/thing", id: "id", differs: ["name", "options"] }]);
    answer("read", { name: "a", options: "in plain text" });
    fs.rmSync(report);
    expect(await thing.read("id", { name: "a" })).toStrictEqual({
        id: "id",
        props: { name: "a" },
        inputs: { name: "a" },
    });
    expect(reported()).toEqual([{ event: "asked", kind: "test/thing", id: "id", differs: [] }]);
    answer("read", undefined);
    expect(await thing.read("id", { name: "a" })).toEqual({ id: "", props: {} });
    delete process.env.CLASSROOM_REPORT;
    fs.rmSync(report);
    await thing.read("id", { name: "a" });
    expect(reported()).toEqual([]);
});

test.each<[recorded: unknown, live: unknown, differs: string[]]>([
    [{ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 1, c: 3 }, d: [1] }, ["options.a.c"]],
    [{ d: [1] }, { d: [2] }, ["options.d"]],
    [{ a: 1 }, null, ["options"]],
    [{ a: 1 }, "x", ["options"]],
    [{ a: 1 }, [1], ["options"]],
    [[1], { 0: 1 }, ["options"]],
    ["x", { a: 1 }, ["options"]],
    [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }, ["options.a.c"]],
    [{ a: null }, {}, []],
])("of %j and %j another is %j", async (options, live, differs) => {
    answer("read", { name: "a", options: live });
    await thing.read("id", { name: "a", options });
    expect(reported()).toEqual([expect.objectContaining({ differs })]);
});

describe("what does not answer", () => {
    const warned: string[] = [];
    const host = { name: "host 192.0.2.1", host: "192.0.2.1", port: 22 },
        guest = { name: "db-node", host: "10.0.0.3", port: 22, jump: host };
    beforeEach(() => {
        warned.length = 0;
        jest.spyOn(console, "warn").mockImplementation((line: string) => {
            warned.push(line);
        });
        answer("read", unreachable);
    });

    test("is kept as it was recorded, and said so", async () => {
        for (const recorded of [
            { name: "a" },
            { name: "a", connection: host },
            { name: "a", cloud: {} },
            { name: "a", connection: guest },
        ])
            expect(await thing.read("id", recorded)).toEqual({ id: "id", props: recorded });
        expect(reported()).toEqual(
            Array(4).fill({ event: "unreachable", kind: "test/thing", id: "id", reason: "no answer" }),
        );
        expect(warned).toEqual(Array(4).fill("test/thing id: no answer; what was recorded is kept"));
        expect(gone.mock.calls).toEqual([["db-node", host]]);
    });

    test.each<[access: string, way: object, machine: string]>([
        ["connection", guest, "db-node"],
        ["guest", { ...guest, name: "x" }, "x"],
        ["cloud", { via: host }, "db-node"],
        ["identity", { via: host }, "db-node"],
    ])("went with its machine where that is gone: %s", async (access, way, machine) => {
        gone.mockResolvedValue(true);
        expect(await thing.read("id", { name: "a", [access]: way })).toEqual({ id: "", props: {} });
        expect(gone.mock.calls).toEqual([[machine, host]]);
        expect(reported()).toEqual([{ event: "asked", kind: "test/thing", id: "id", differs: [] }]);
    });

    test.each(["cloud", "identity"])("may be so for a node that is off: %s", async access => {
        process.env.CLASSROOM_OFF = "api-node,volume-node";
        expect(await thing.read("id", { name: "a", [access]: {} })).toEqual({
            id: "id",
            props: { name: "a", [access]: {} },
        });
        await thing.read("id", { name: "a", connection: guest });
        expect(reported()).toEqual([
            { event: "off", kind: "test/thing", id: "id", reason: "api-node, volume-node" },
            expect.objectContaining({ event: "unreachable" }),
        ]);
    });
});
