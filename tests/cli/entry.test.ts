import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";

const entry = path.resolve(__dirname, "../../classroom");
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-entry-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

const usual =
    "sh env id getent readlink cat cksum find sort tail rm mkdir mv cp stat tar gzip uname chmod sha512sum flock".split(
        " ",
    );

/** A PATH with the usual commands, without Node.js, npm and Python; and what is given, as shell scripts. */
function pathWith(name: string, scripts: Record<string, string>): string {
    const bin = path.join(dir, name);
    fs.mkdirSync(bin);
    for (const command of usual) {
        const found = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" }).stdout.trim();
        if (found.startsWith("/")) fs.symlinkSync(found, path.join(bin, command));
    }
    for (const [command, text] of Object.entries(scripts))
        fs.writeFileSync(path.join(bin, command), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return bin;
}
const run = (bin: string, cache: string) =>
    spawnSync("/bin/sh", [entry, "--version"], {
        encoding: "utf8",
        env: { PATH: bin, HOME: dir, CLASSROOM_CACHE: path.join(dir, cache) },
    });

test.each(["sh", "dash", "bash"])("%s can read it", shell => {
    const { error, status, stderr } = spawnSync(shell, ["-n", entry], { encoding: "utf8" });
    if (error) return; // this shell is not on this machine
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("no Node.js and nothing to get it with: one line says what to do", () => {
    const { status, stderr } = run(pathWith("bare", {}), "c1");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^classroom: Node\.js 22\.13 or newer is needed, found: none; [^\n]*\n$/);
});

test.each([
    ["cache", "CLASSROOM_CACHE is cache"],
    ["", "CLASSROOM_CACHE is empty"],
])("a cache folder %j is refused before anything is got", (cache, words) => {
    const { status, stderr } = spawnSync("/bin/sh", [entry, "--version"], {
        encoding: "utf8",
        env: { PATH: pathWith(`cache-${cache}`, {}), HOME: dir, CLASSROOM_CACHE: cache },
    });
    expect([status, stderr]).toEqual([
        1,
        `classroom: ${words}; nothing was changed. Give the cache folder's absolute path, or unset it\n`,
    ]);
});

test.each([
    ["v22.12.0", "is not used"],
    ["v22.13.0", "is used"],
    ["v24.1.0", "is used"],
])("Node.js %s on PATH %s", (version, words) => {
    // The version alone is another one; the program is a stand-in.
    const other = `Object.defineProperty(process.versions, "node", { value: "${version.slice(1)}" });`,
        node = `[ "$1" = -p ] || exec echo "the program"\nexec '${process.execPath}' -p '${other}'"$2"`;
    const { stderr } = run(pathWith(`node-${version}`, { node, npm: "exit 1" }), "c4");
    expect(stderr.includes("getting Node.js")).toBe(words === "is not used");
});

test("a package with another digest is not used, and nothing of it is left", () => {
    const npm = pathWith("wrong", {
        node: '[ "$1" = -p ] && echo 18 || echo v18.19.0',
        npm: "echo other > package.tgz; echo package.tgz",
    });
    const { status, stderr } = run(npm, "c2");
    expect(status).toBe(1);
    expect(stderr).toContain("does not have the expected sha512; it is not used\n");
    expect(stderr).toContain("found: v18.19.0");
    expect(fs.readdirSync(path.join(dir, "c2"))).toEqual([]);
});

test("what an interrupted run left half there is removed and never trusted", () => {
    const left = path.join(dir, "c3/node-22.23.3.partial.4194304");
    fs.mkdirSync(path.join(left, "bin"), { recursive: true });
    const npm = pathWith("again", { node: "echo 18", npm: "exit 1" });
    expect(run(npm, "c3").status).toBe(1);
    expect(fs.readdirSync(path.join(dir, "c3"))).toEqual([]);
});
