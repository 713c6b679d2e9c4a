import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { removeHalfWritten } from "../../engine/half-written";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-half-written-")),
    stacks = path.join(dir, ".pulumi/stacks/project");
afterAll(() => fs.rmSync(dir, { recursive: true }));
const whole = '{"user.metadata":null,"md5":"EaRWdV65+nlqCnYlI4a4Wg=="}';
const put = (folder: string, files: Record<string, string>): void => {
    fs.mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
};

test("where nothing was written yet there is nothing to remove", () => {
    removeHalfWritten(dir, "project", "lab");
});

test("attributes without content and unfinished copies go; the state, its copy, whole attributes and another stack's files stay", () => {
    put(path.join(dir, ".pulumi"), { "meta.yaml": "version: 1\n", "meta.yaml.attrs": "" });
    put(stacks, {
        "lab.json": "{}",
        "lab.json.attrs": "",
        "lab.json.18eb9a94469ced32.tmp": "{",
        "lab.json.bak": "{}",
        "lab.json.bak.attrs": whole,
        "lab.json.bak.18eb9a0f4f12ff78.tmp": "{",
        "lab2.json": "{}",
        "lab2.json.attrs": "",
        "lab2.json.18eb9a94469ced32.tmp": "{",
    });
    removeHalfWritten(dir, "project", "lab");
    expect(fs.readdirSync(stacks).sort()).toEqual([
        "lab.json",
        "lab.json.bak",
        "lab.json.bak.attrs",
        "lab2.json",
        "lab2.json.18eb9a94469ced32.tmp",
        "lab2.json.attrs",
    ]);
    expect(fs.readdirSync(path.join(dir, ".pulumi")).sort()).toEqual(["meta.yaml", "stacks"]);
});

test("attributes cut off in the middle go; whole ones stay", () => {
    put(path.join(dir, ".pulumi"), { "meta.yaml.attrs": whole });
    put(stacks, { "lab.json.attrs": whole.slice(0, 20), "lab.json.bak.attrs": whole });
    removeHalfWritten(dir, "project", "lab");
    expect(fs.readdirSync(stacks).filter(name => name.startsWith("lab.json."))).toEqual([
        "lab.json.bak",
        "lab.json.bak.attrs",
    ]);
    expect(fs.existsSync(path.join(dir, ".pulumi/meta.yaml.attrs"))).toBe(true);
});
