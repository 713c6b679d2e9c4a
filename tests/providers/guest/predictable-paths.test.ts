import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { aptArchiveHandler } from "../../../providers/guest/apt-archive";
import { readFile, writeFile } from "../../../providers/guest/machine-files";
import { packagesHandler } from "../../../providers/guest/packages";
import { grizzly } from "../../../releases/grizzly";
import { projectDir } from "../../../system/paths";
import { localHost } from "../machine/local-host";

const host = localHost({ "apt-get": '. "$ROOT/apt"', "dpkg-query": "exit 1", "apt-mark": ":" });
const connection = { name: "api-node" } as Connection,
    at = (file: string) => path.join(host.dir, file);
/** With the folders that anybody may write to below the test's own, too. */
const here: RunScript = (to, script, options) =>
    host.run(
        to,
        `export TMPDIR=${at("tmp")}\n${script.replace(/\/tmp(?=\/classroom-apt)/g, at("tmp")).replaceAll("/usr/sbin/policy-rc.d", at("usr/sbin/policy-rc.d"))}`,
        options,
    );
beforeEach(() => {
    fs.rmSync(at("tmp"), { recursive: true, force: true });
    for (const file of ["tmp/x", "usr/sbin/x", "etc/apt/sources.list.d/x"]) host.put(file, "");
    host.put("apt", "echo installed");
});
afterAll(() => host.remove());

describe("a service's user has put a link where root might write", () => {
    beforeEach(() => {
        host.put("victim", "root's own\n");
        fs.symlinkSync(at("victim"), at("tmp/classroom-apt.log"));
    });
    afterEach(() => {
        expect(host.there("victim")).toBe("root's own\n");
        expect(fs.readdirSync(at("tmp")).sort()).toEqual(["classroom-apt.log", "x"]);
    });

    test("and packages are installed past it", async () => {
        await packagesHandler(here).create({ connection, packages: ["ntp"] });
    });

    test("and what apt says in anger is still told", async () => {
        host.put("apt", "echo 'E: no room' >&2; exit 100");
        await expect(packagesHandler(here).create({ connection, packages: ["ntp"] })).rejects.toThrow("E: no room");
    });

    test("and an archive is read past it", async () => {
        await aptArchiveHandler(here).create({ connection, archive: "lab", line: "deb http://192.0.2.1/ ./" });
    });
});

describe("in a folder that is a service's own", () => {
    /** Root's programs find it another's; where this is not root, everybody's folder for temporary files is. */
    const isRoot = process.getuid!() === 0;
    let folder: string;
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-service-"));
        if (isRoot) fs.chownSync(folder, 65534, 65534);
        host.put("victim", "root's own\n");
    });
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
    const inService = (name: string) => path.join(isRoot ? folder : os.tmpdir(), `${path.basename(folder)}-${name}`);

    test("a link leads root nowhere: what it points to is not read", async () => {
        const link = inService("nova.conf");
        fs.symlinkSync(at("victim"), link);
        expect(await readFile(here, connection, link)).toBeUndefined();
        fs.rmSync(link);
    });

    test("a file is read, and a link in a folder of root's, as MySQL's my.cnf is one", async () => {
        const file = inService("nova.conf");
        fs.writeFileSync(file, "[DEFAULT]\n");
        expect((await readFile(here, connection, file))?.content).toBe("[DEFAULT]\n");
        fs.rmSync(file);
        fs.symlinkSync(at("victim"), at("my.cnf"));
        expect((await readFile(here, connection, at("my.cnf")))?.content).toBe("root's own\n");
        fs.rmSync(at("my.cnf"));
    });

    test("what is put in place of root's own folder while it writes is not written into", async () => {
        const other = path.join(folder, "other"),
            file = inService("nova.conf");
        fs.mkdirSync(other);
        fs.symlinkSync(at("victim"), path.join(other, "new"));
        // As fast as can be: before root goes on, the folder is another.
        host.put("bin/mktemp", `#!/bin/sh\nd=$(/usr/bin/mktemp "$@")\nrm -rf "$d"; ln -s ${other} "$d"; echo "$d"\n`);
        fs.chmodSync(at("bin/mktemp"), 0o755);
        const access = { owner: os.userInfo().username, group: os.userInfo().username, mode: "0640" };
        await expect(writeFile(here, connection, file, "secret", access)).rejects.toThrow("another folder in place of");
        fs.rmSync(at("bin/mktemp"));
        expect(host.there("victim")).toBe("root's own\n");
        expect(fs.existsSync(file)).toBe(false);
    });
});

describe("certificates that services keep", () => {
    const command = () => {
        const script = grizzly.certificates!.command.replace(/\/(?=(tmp|var\/lib)\b)/g, `${host.dir}/`);
        expect(spawnSync("sh", ["-ec", script], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    };

    test("are removed wherever the middleware puts them", () => {
        const kept = ["tmp/keystone-signing-a1b2/signing_cert.pem", "var/lib/nova/keystone-signing/cacert.pem"],
            own = "var/lib/cinder/revoked.pem",
            others = ["tmp/other/signing_cert.pem", "var/lib/cinder/cinder.sqlite", "var/lib/glance/signing_cert.pem"];
        for (const file of [...kept, own, ...others]) host.put(file, "x");
        command();
        expect([...kept, own].filter(file => host.there(file) !== undefined)).toEqual([]);
        expect(others.filter(file => host.there(file) === undefined)).toEqual([]);
    });

    test("are not looked for behind a link that anybody may have made", () => {
        host.put("etc/keystone/ssl/certs/signing_cert.pem", "keystone's own");
        fs.symlinkSync(at("etc/keystone/ssl/certs"), at("tmp/keystone-signing-x"));
        command();
        expect(host.there("etc/keystone/ssl/certs/signing_cert.pem")).toBe("keystone's own");
    });
});

test("no script writes to a path in a folder of everybody's that can be known beforehand", () => {
    const named = ["cli", "components", "engine", "providers", "releases"].flatMap(folder =>
        fs
            .readdirSync(path.join(projectDir(), folder), { recursive: true, encoding: "utf8" })
            .filter(name => name.endsWith(".ts"))
            .flatMap(name =>
                fs
                    .readFileSync(path.join(projectDir(), folder, name), "utf8")
                    .split("\n")
                    .filter(line => /\/tmp\b|\/dev\/shm/.test(line) && !/^\s*(\*|\/\/)/.test(line))
                    .map(line => `${folder}/${name}: ${line.trim().slice(0, 40)}`),
            ),
    );
    // One asks how full the disks are. The other removes, behind no link.
    expect(named).toEqual([
        "providers/guest/manifest/kinds.ts: ask: `for u in k i; do df -P$u / /var /v",
        "releases/grizzly.ts: command: String.raw`find /tmp /var/lib -",
    ]);
});
