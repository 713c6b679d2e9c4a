import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { replaceFile } from "../../system/files";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-files-")),
    file = path.join(dir, "state");
const umask = process.umask(0o077);
afterAll(() => {
    process.umask(umask);
    fs.rmSync(dir, { recursive: true });
});
const mode = () => (fs.statSync(file).mode & 0o777).toString(8);

test("a file is replaced, with the mode that is asked for whatever the umask, and nothing is left beside it", () => {
    for (const [text, wanted] of [
        ["one", 0o644],
        ["two", 0o600],
        ["three", 0o755],
    ] as const) {
        replaceFile(file, text, wanted);
        expect([fs.readFileSync(file, "utf8"), mode()]).toEqual([text, wanted.toString(8)]);
    }
    expect(fs.readdirSync(dir)).toEqual(["state"]);
});

test("what a run that was cut off left is neither kept nor its mode taken; a reader of the former file still has that", () => {
    fs.writeFileSync(`${file}.new`, "half of", { mode: 0o644 });
    const former = fs.openSync(file, "r");
    replaceFile(file, "whole", 0o600);
    expect([fs.readFileSync(file, "utf8"), mode(), fs.readFileSync(former, "utf8")]).toEqual(["whole", "600", "three"]);
    fs.closeSync(former);
});

test("where there is no such folder it is an error, not a file elsewhere", () => {
    expect(() => replaceFile(path.join(dir, "none/state"), "x", 0o600)).toThrow("ENOENT");
});
