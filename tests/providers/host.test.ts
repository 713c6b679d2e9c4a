import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { madeAgain, withPlaces } from "../../providers/dynamic";
import { provider } from "../../providers/host";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-provider-")),
    report = path.join(dir, "report"),
    before = process.cwd();
const kind = path.join(dir, "bin/providers/test/file.js");
beforeAll(() => {
    fs.mkdirSync(path.dirname(kind), { recursive: true });
    // A handler whose live object is what the recorded one says of it.
    fs.writeFileSync(
        kind,
        "exports.handler = { inputs: ['path', 'options', 'secretOptions'], access: [], replaceOn: [], read: async (_id, { live }) => live };",
    );
    fs.writeFileSync(
        path.join(path.dirname(kind), "machine.js"),
        "exports.handler = { inputs: ['name', 'generation'], access: ['connection'], replaceOn: ['generation'], machineOf: ({ name }) => name };",
    );
    fs.writeFileSync(
        path.join(path.dirname(kind), "thing.js"),
        "exports.handler = { inputs: [], access: ['connection'], replaceOn: [], delete: async () => { throw new Error('it was looked for'); } };",
    );
    process.chdir(dir);
    process.env.CLASSROOM_REPORT = report;
});
afterAll(() => {
    process.chdir(before);
    delete process.env.CLASSROOM_REPORT;
    fs.rmSync(dir, { recursive: true });
});

/** The paths that a read tells the command line of. */
async function differing(recorded: object, live: object | undefined): Promise<string[]> {
    fs.rmSync(report, { force: true });
    await provider("test/file").read("id", { ...recorded, live });
    return (JSON.parse(fs.readFileSync(report, "utf8")) as { differs: string[] }).differs;
}

test("a read tells the path of every option that differs, also of a secret one that is not there any more", async () => {
    const recorded = {
        path: "/a",
        options: { DEFAULT: { a: "1", b: "2" } },
        secretOptions: { DEFAULT: { c: "3" }, sql: { d: "4" } },
    };
    expect(await differing(recorded, recorded)).toEqual([]);
    expect(await differing(recorded, { ...recorded, options: { DEFAULT: { b: "2", a: "9" } } })).toEqual([
        "options.DEFAULT.a",
    ]);
    expect(await differing(recorded, { ...recorded, secretOptions: { DEFAULT: { c: "(differs)" } } })).toEqual([
        "secretOptions.DEFAULT.c",
        "secretOptions.sql.d",
    ]);
    expect(await differing(recorded, undefined)).toEqual([]);
});

test("a read tells where values come from, and it is neither recorded nor compared", async () => {
    const live = withPlaces({ path: "/a" }, { "options.s.a": "line 1" });
    const { props } = await provider("test/file").read("id", { path: "/a", live });
    expect((props as { live: object }).live).toEqual({ path: "/a" });
    fs.rmSync(report, { force: true });
    await provider("test/file").read("id", { path: "/a", live });
    expect(JSON.parse(fs.readFileSync(report, "utf8"))).toMatchObject({
        differs: [],
        places: { "options.s.a": "line 1" },
    });
});

test("what was made again by hand is read under its present id, and what follows from that is no difference", async () => {
    const live = madeAgain({ path: "/b", options: { a: "2" } }, "new id", ["path"]),
        recorded = { path: "/a", options: { a: "1" } };
    fs.rmSync(report, { force: true });
    const { id, props, inputs } = await provider("test/file").read("id", { ...recorded, live });
    expect([id, props, inputs]).toMatchObject(["new id", { path: "/b" }, { path: "/b", options: { a: "2" } }]);
    expect(JSON.parse(fs.readFileSync(report, "utf8"))).toEqual({
        event: "asked",
        kind: "test/file",
        id: "id",
        differs: ["options.a"],
        newId: "new id",
        follows: ["path"],
    });
});

test("in a node that a rebuild names nothing is deleted, whether its machine is still recorded or not", async () => {
    process.env.CLASSROOM_REBUILDING = "volume-node,db-node";
    const fresh = await new Promise<typeof provider>(resolve =>
        jest.isolateModules(() =>
            resolve(jest.requireActual<{ provider: typeof provider }>("../../providers/host").provider),
        ),
    );
    delete process.env.CLASSROOM_REBUILDING;
    const of = (node: string) => fresh("test/thing").delete("id", { connection: { name: node } });
    await of("volume-node");
    await fresh("test/thing").delete("id", { cloud: { via: { name: "central" } } });
    await expect(of("api-node")).rejects.toThrow("it was looked for");
});

test("in a machine that is replaced nothing is deleted, so that it need not answer; with db-node's goes what is stored in the cloud", async () => {
    const of = (node: string) => provider("test/thing").delete("id", { connection: { name: node } }),
        entity = () => provider("test/thing").delete("id", { cloud: { via: { name: "central" } } });
    const diff = (name: string, generation: number) =>
        provider("test/machine").diff("id", { name, generation: 1 }, { name, generation });
    expect(await diff("api-node", 1)).toMatchObject({ replaces: [] });
    await expect(of("api-node")).rejects.toThrow("it was looked for");
    expect(await diff("api-node", 2)).toMatchObject({ changes: true, replaces: ["generation"] });
    await of("api-node");
    await expect(of("auth-node")).rejects.toThrow("it was looked for");
    await expect(entity()).rejects.toThrow("it was looked for");
    await diff("db-node", 2);
    await entity();
});
