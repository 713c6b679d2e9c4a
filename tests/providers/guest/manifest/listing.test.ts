import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../../clients/connection";
import type { RunScript } from "../../../../clients/ssh";
import { compare, type Difference } from "../../../../providers/guest/manifest/compare";
import { type Reading, takeReading } from "../../../../providers/guest/manifest/reading";

jest.setTimeout(120_000);

// The node is a folder of the test's own: its files are read by the real script, and nothing beside them is asked.
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-listing-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));
const at = (...below: string[]): string => path.join(dir, ...below);
const FOLDERS = ["/etc", "/usr/local", "/root", "/var/spool/cron"];

const node: RunScript = async (_on, script) => {
    const own = script
        .replace(/^put [a-z]\w*$/gim, "")
        .replace(/for d in [^;]*;/, `for d in ${FOLDERS.map(folder => at(folder)).join(" ")};`)
        .replaceAll("/usr/bin /usr/sbin", at("programs"))
        .replaceAll(/\/var\/(lib|log)\/\$s/g, `${dir}$&`);
    const { stdout, stderr, status } = spawnSync("sh", ["-ec", own], { maxBuffer: 64 << 20, encoding: "utf8" });
    return { stdout, stderr, code: status ?? 1 };
};

/** @param count of small files, each in one of its folders */
function tree(where: string, folders: number, count: number, name = "file"): void {
    for (let i = 0; i < folders; i++) {
        fs.mkdirSync(at(where, `folder-${i}`), { recursive: true });
        for (let j = 0; j < count / folders; j++)
            fs.writeFileSync(at(where, `folder-${i}`, `${name}-${j}`), `${i} ${j}`);
    }
}

async function read(): Promise<Reading> {
    const { files, lines } = await takeReading(node, { name: "compute-1" } as Connection);
    const named = (file: string) => (file.startsWith(dir) ? file.slice(dir.length) : file);
    return { files: Object.fromEntries(Object.entries(files).map(([file, facts]) => [named(file), facts])), lines };
}
const differencesOf = (from: Reading, to: Reading): Difference[] => compare(from, to, { paths: [], lines: [] });
const words = (from: Reading, to: Reading): string[] => differencesOf(from, to).map(difference => difference.words);

let right: Reading;
beforeEach(async () => {
    for (const folder of [...FOLDERS, "programs"]) fs.rmSync(at(folder), { recursive: true, force: true });
    for (const folder of [...FOLDERS, "programs", "etc/nova"]) fs.mkdirSync(at(folder), { recursive: true });
    fs.writeFileSync(at("etc/nova/policy.json"), "{}");
    fs.writeFileSync(at("etc/with\nnewline"), "x");
    fs.writeFileSync(at("root/.bashrc"), "");
    fs.symlinkSync("/dev/null", at("etc/link"));
    fs.writeFileSync(at("programs/nova-api"), "");
    right = await read();
});

test("files, folders and links are listed with their digests", () => {
    expect(Object.keys(right.files).sort()).toEqual(
        [
            ...FOLDERS,
            "/etc/link",
            "/etc/nova",
            "/etc/nova/policy.json",
            "/etc/with\nnewline",
            "/programs/nova-api",
            "/root/.bashrc",
        ].sort(),
    );
    expect(right.files["/etc/with\nnewline"]!.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(right.files["/etc/link"]).toMatchObject({ type: "l", target: "/dev/null" });
});

test("a source tree below /root keeps no node from answering, and nothing else from being found", async () => {
    tree("root/linux", 100, 22_000);
    fs.writeFileSync(at("root/.bashrc"), "changed");
    fs.writeFileSync(at("etc/nova/policy.json"), "changed");
    expect(words(right, await read())).toEqual([
        "/etc/nova/policy.json has another content",
        "/root/.bashrc has another content",
    ]);
});

test("names and contents that cannot be packed are not too much, either", async () => {
    const random = () =>
        [...Buffer.from(Array.from({ length: 100 }, () => Math.random() * 256))].map(b => b.toString(16)).join("");
    fs.mkdirSync(at("etc/many"));
    for (let i = 0; i < 15_000; i++) fs.writeFileSync(at("etc/many", random()), String(i));
    expect(words(right, await read())).toEqual(["/etc/many was added, with too much in it to be looked at one by one"]);
});

test("an added tree is one difference, whatever is in it", async () => {
    tree("etc/linux", 10, 22_000);
    expect(words(right, await read())).toEqual([
        "/etc/linux was added, with too much in it to be looked at one by one",
    ]);
});

test("a folder with too many files says so; what was there in it is not called gone, and its folders are looked at", async () => {
    tree("etc", 1, 0);
    for (let i = 0; i < 9000; i++) fs.writeFileSync(at("etc", `junk-${i}`), "");
    fs.writeFileSync(at("etc/nova/policy.json"), "changed");
    expect(words(right, await read())).toEqual([
        "/etc/folder-0 was added",
        "/etc holds too much to be looked at one by one",
        "/etc/nova/policy.json has another content",
    ]);
});

test("of a folder that was recorded with too much in it nothing is called added", async () => {
    tree("etc/linux", 10, 9000);
    const recorded = await read();
    for (let i = 1; i < 10; i++) fs.rmSync(at("etc/linux", `folder-${i}`), { recursive: true });
    expect(words(recorded, await read()).filter(said => said.includes("added"))).toEqual([]);
});

test.each([
    ["hello", "is not whole"],
    ["", "is not whole"],
])("a find that prints %j is refused", async (printed, why) => {
    const lies: RunScript = async (to, script, options) =>
        await node(to, script.replace("LC_ALL=C", `find() { printf '%s' '${printed}'; }\nLC_ALL=C`), options);
    await expect(takeReading(lies, { name: "compute-1" } as Connection)).rejects.toThrow(why);
});
