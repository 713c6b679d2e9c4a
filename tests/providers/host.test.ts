import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { provider } from "../../providers/host";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-provider-")), report = path.join(dir, "report"), before = process.cwd();
const kind = path.join(dir, "bin/providers/test/file.js");
beforeAll(() => {
    fs.mkdirSync(path.dirname(kind), { recursive: true });
    // A handler whose live object is what the recorded one says of it.
    fs.writeFileSync(kind, "exports.handler = { inputs: ['path', 'options', 'secretOptions'], access: [], replaceOn: [], read: async (_id, { live }) => live };");
    process.chdir(dir);
    process.env.CLASSROOM_REPORT = report;
});
afterAll(() => { process.chdir(before); delete process.env.CLASSROOM_REPORT; fs.rmSync(dir, { recursive: true }); });

/** The paths that a read tells the command line of. */
async function differing(recorded: object, live: object | undefined): Promise<string[]> {
    fs.rmSync(report, { force: true });
    await provider("test/file").read("id", { ...recorded, live });
    return (JSON.parse(fs.readFileSync(report, "utf8")) as { differs: string[] }).differs;
}

test("a read tells the path of every option that differs, also of a secret one that is not there any more", async () => {
    const recorded = { path: "/a", options: { DEFAULT: { a: "1", b: "2" } }, secretOptions: { DEFAULT: { c: "3" }, sql: { d: "4" } } };
    expect(await differing(recorded, recorded)).toEqual([]);
    expect(await differing(recorded, { ...recorded, options: { DEFAULT: { b: "2", a: "9" } } })).toEqual(["options.DEFAULT.a"]);
    expect(await differing(recorded, { ...recorded, secretOptions: { DEFAULT: { c: "(differs)" } } })).toEqual(["secretOptions.DEFAULT.c", "secretOptions.sql.d"]);
    expect(await differing(recorded, undefined)).toEqual([]);
});
