import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { differs } from "../../../providers/dynamic";
import { fileHandler } from "../../../providers/guest/file";
import { folderHandler } from "../../../providers/guest/folder";
import { optionsFileHandler } from "../../../providers/guest/options-file";

/** Runs scripts on this machine: what they do to files in a folder of the test's is what they do on a node. */
const scripts: string[] = [];
const here: RunScript = async (_to, script, { input = "" } = {}) => {
    scripts.push(script);
    const { status, stdout, stderr } = spawnSync("sh", ["-ec", script], { input, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return { stdout, stderr, code: 0 };
};
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-files-"));
const connection = { name: "api-node", host: "192.168.122.6", port: 22 } as Connection;
const { username: owner } = os.userInfo();
afterAll(() => fs.rmSync(dir, { recursive: true }));

const access = { owner, group: owner, mode: "0640" };

test("options: set, found changed one by one, mended; the rest of the file stays", async () => {
    const file = path.join(dir, "nova.conf"),
        handler = optionsFileHandler(here);
    fs.writeFileSync(file, "[DEFAULT]\nverbose = True\n", { mode: 0o640 });
    const inputs = {
        connection,
        path: file,
        ...access,
        options: { DEFAULT: { rabbit_host: "10.0.0.3" } },
        secretOptions: { DEFAULT: { sql_connection: "mysql://u:secret@h/d" } },
    };
    await handler.create(inputs);
    expect(fs.readFileSync(file, "utf8")).toBe(
        "[DEFAULT]\nverbose = True\nrabbit_host = 10.0.0.3\nsql_connection = mysql://u:secret@h/d\n",
    );
    expect(fs.statSync(file).mode & 0o777).toBe(0o640);
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("10.0.0.3", "10.0.0.99").replace("secret", "wrong"));
    expect(await handler.read("", inputs)).toEqual({
        ...inputs,
        options: { DEFAULT: { rabbit_host: "10.0.0.99" } },
        secretOptions: { DEFAULT: { sql_connection: differs } },
    });
    await handler.update("", inputs, { ...inputs, options: { DEFAULT: { my_ip: "10.0.0.6" } } });
    expect(fs.readFileSync(file, "utf8")).toBe(
        "[DEFAULT]\nverbose = True\nsql_connection = mysql://u:secret@h/d\nmy_ip = 10.0.0.6\n",
    );
    expect(scripts.join("\n")).not.toContain("secret");
    fs.rmSync(file);
    expect(await handler.read("", inputs)).toBeUndefined();
});

test("a value of two lines is refused, and a secret one is not shown", () => {
    const found = optionsFileHandler(here).check!({
        options: { s: { a: "1\n2" } },
        secretOptions: { s: { b: "hidden " } },
    });
    expect(found.map(f => f.property)).toEqual(["options.s.a", "secretOptions.s.b"]);
    expect(JSON.stringify(found)).not.toContain("hidden");
});

test("a whole file: content, mode; drift of each, secret content only as different", async () => {
    const file = path.join(dir, "below/openrc"),
        handler = fileHandler(here);
    const inputs = {
        connection,
        path: file,
        secretContent: "export OS_PASSWORD='it''s'\n",
        owner,
        group: owner,
        mode: "0600",
    };
    await handler.create(inputs);
    expect(fs.readFileSync(file, "utf8")).toBe(inputs.secretContent);
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.appendFileSync(file, "x");
    fs.chmodSync(file, 0o644);
    expect(await handler.read("", inputs)).toEqual({ ...inputs, secretContent: differs, mode: "0644" });
    await handler.update("", inputs, inputs);
    expect(await handler.read("", inputs)).toEqual(inputs);
    await handler.delete("", inputs);
    expect(await handler.read("", inputs)).toBeUndefined();
    await handler.delete("", inputs);
});

test("a whole file: content or mode alone is put right; one that is as wanted is not written", async () => {
    const file = path.join(dir, "alone"),
        handler = fileHandler(here),
        inputs = { connection, path: file, content: "1\n", owner, group: owner, mode: "0640" };
    await handler.create(inputs);
    fs.writeFileSync(file, "2\n");
    await handler.update("", inputs, inputs);
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.chmodSync(file, 0o600);
    await handler.update("", inputs, inputs);
    expect(await handler.read("", inputs)).toEqual(inputs);
    const { ino, mtimeMs } = fs.statSync(file);
    scripts.length = 0;
    await handler.update("", inputs, inputs);
    expect([scripts.length, fs.statSync(file)]).toEqual([1, expect.objectContaining({ ino, mtimeMs })]);
});

test.each(["owner", "group"] as const)("a whole file of another %s is written again", async property => {
    const file = path.join(dir, property),
        inputs = { connection, path: file, content: "1\n", owner, group: owner, mode: "0640" };
    await fileHandler(here).create(inputs);
    const written: string[] = [];
    // Nobody else owns anything here: what the machine says of the file is changed in place of the file.
    const handler = fileHandler(async (to, script, options) => {
        const answer = await here(to, script, options);
        if (options?.input !== undefined) written.push(String(options.input));
        return {
            ...answer,
            stdout: answer.stdout.replace(
                `${owner}:${owner}`,
                property === "owner" ? `daemon:${owner}` : `${owner}:daemon`,
            ),
        };
    });
    await handler.update("", inputs, inputs);
    expect(written).toHaveLength(1);
});

test("a folder: a big file that somebody put there is found and removed; what the service keeps there is not", async () => {
    const folder = path.join(dir, "instances"),
        handler = folderHandler(here),
        inputs = { connection, path: folder, foreign: [] };
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.mkdirSync(path.join(folder, "_base"), { recursive: true });
    for (const name of ["_base/image", "backup.img"]) fs.writeFileSync(path.join(folder, name), Buffer.alloc(3 << 20));
    fs.writeFileSync(path.join(folder, "compute_nodes"), "{}");
    expect(await handler.read("", inputs)).toEqual({
        ...inputs,
        foreign: [expect.stringMatching(/^backup\.img \(\d+ KiB\)$/)],
    });
    await handler.update("", inputs, inputs);
    expect(await handler.read("", inputs)).toEqual(inputs);
    expect(fs.readdirSync(folder).sort()).toEqual(["_base", "compute_nodes"]);
    expect(fs.existsSync(path.join(folder, "_base/image"))).toBe(true);
    expect(handler.check!({ path: "/" })).toEqual([
        { property: "path", reason: '"/" is not the absolute path of a folder below another' },
    ]);
});
