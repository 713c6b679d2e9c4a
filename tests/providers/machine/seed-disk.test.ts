import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import * as yaml from "yaml";
import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { differs } from "../../../providers/dynamic";
import { seedDiskHandler } from "../../../providers/machine/seed-disk";
import { localHost } from "./local-host";

/** Stands for the program that makes the disk: a list of what is in it. */
const host = localHost({
    genisoimage:
        'echo "$*" >> "$LOG"; out=; files=; while [ $# -gt 0 ]; do case "$1" in -output) out=$2; shift;; */*) files="$files $(basename "$1")";; esac; shift; done; echo $files > "$out"',
});
afterAll(() => host.remove());
const connection = { name: "host a" } as Connection,
    handler = seedDiskHandler(host.run);
const seed = (name: string) => ({
    connection,
    path: path.join(host.dir, `${name}.iso`),
    instanceId: name,
    script: "#!/bin/sh\necho ü\n",
});
const interfaces =
    "auto lo\niface lo inet loopback\nauto eth1\niface eth1 inet static\n    address 10.0.0.3\n    netmask 255.255.255.0\n";

test("a script: made, found, drifted, mended, gone", async () => {
    const inputs = seed("db-node");
    expect(await handler.create(inputs)).toEqual({ id: `host a:${inputs.path}`, outputs: {} });
    expect(host.said()).toBe(
        `-quiet -output ${inputs.path}.d/disk -volid cidata -joliet -rock ${inputs.path}.d/user-data ${inputs.path}.d/meta-data\n`,
    );
    expect(fs.readFileSync(inputs.path, "utf8")).toBe("user-data meta-data\n");
    expect(fs.readFileSync(`${inputs.path}.d/meta-data`, "utf8")).toBe("instance-id: db-node\n");
    expect(fs.statSync(inputs.path).mode & 0o077).toBe(0);
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.writeFileSync(`${inputs.path}.d/user-data`, "#!/bin/sh\nrm -rf /\n");
    fs.writeFileSync(`${inputs.path}.d/meta-data`, "instance-id: other\n");
    expect(await handler.read("", inputs)).toMatchObject({ instanceId: "other", script: differs });
    expect(await handler.update("", inputs, inputs)).toEqual({});
    expect(await handler.read("", inputs)).toEqual(inputs);
    expect(host.said()).toContain("cidata");
    fs.writeFileSync(`${inputs.path}.d/meta-data`, "x instance-id: x\n");
    expect(await handler.read("", inputs)).toEqual({
        ...inputs,
        instanceId: "",
        hostname: undefined,
        interfaces: undefined,
    });
    await handler.delete("", inputs);
    expect(fs.readdirSync(host.dir).sort()).toEqual(["bin", "login"]);
    expect(await handler.read("", inputs)).toBeUndefined();
});

test("no name in the disk's folder goes away: a pool of libvirt's that is read just then would be stopped", async () => {
    const during = localHost({
        genisoimage:
            'for out; do case $out in *.d*) break ;; esac; done; ls "$ROOT" >> "$LOG"; : > "$out"; ls "$ROOT" >> "$LOG"',
    });
    try {
        const inputs = { ...seed("db-node"), path: path.join(during.dir, "db-node.iso") },
            own = seedDiskHandler(during.run);
        await own.create(inputs);
        const names = during.said().trim().split("\n"),
            after = fs.readdirSync(during.dir);
        expect(names.filter(name => name !== "log" && !after.includes(name))).toEqual([]);
        expect(names).toContain("db-node.iso.d");
        expect(after).toContain("db-node.iso");
    } finally {
        during.remove();
    }
});

test("what cloud-init 0.6.3 reads: YAML with the cards' file in it, marked as local", async () => {
    const inputs = { ...seed("auth-node"), hostname: "auth-node", interfaces };
    await handler.create(inputs);
    const file = `${inputs.path}.d/meta-data`,
        text = fs.readFileSync(file, "utf8");
    expect(yaml.parse(text)).toEqual({
        "instance-id": "auth-node",
        "local-hostname": "auth-node",
        dsmode: "local",
        "network-interfaces": interfaces,
    });
    expect(fs.existsSync(`${inputs.path}.d/network-config`)).toBe(false);
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.writeFileSync(
        file,
        text.replace("10.0.0.3", "10.0.0.99").replace("local-hostname: auth-node", "local-hostname: other"),
    );
    expect(await handler.read("", inputs)).toEqual({
        ...inputs,
        hostname: "other",
        interfaces: interfaces.replace("10.0.0.3", "10.0.0.99"),
    });
    await handler.update("", inputs, inputs);
    expect(await handler.read("", inputs)).toEqual(inputs);
});

/** Runs scripts with these programs and no others. */
const bare =
    (...programs: string[]): RunScript =>
    (to, script, options) => {
        const bin = path.join(host.dir, "bare");
        fs.mkdirSync(bin, { recursive: true });
        for (const name of programs)
            fs.symlinkSync(execFileSync("which", [name]).toString().trim(), path.join(bin, name));
        return host.run(to, `PATH=${bin}; ${script}`, options);
    };

test("a host without the program that makes the disk: which package to install, in words", async () => {
    await expect(seedDiskHandler(bare("rm", "mkdir", "cat")).create(seed("bare"))).rejects.toThrow(
        "it has no genisoimage, which makes the disk with a new machine's settings; install the package genisoimage",
    );
    fs.rmSync(path.join(host.dir, "bare"), { recursive: true });
});

test("what that program says of its failure is told", async () => {
    const broken = localHost({ genisoimage: "echo 'No space left on device' >&2; exit 1" });
    const there = { ...seed("full"), path: path.join(broken.dir, "full.iso") };
    await expect(seedDiskHandler(broken.run).create(there)).rejects.toThrow("genisoimage: No space left on device");
    broken.remove();
});

test("what a machine could not be told is refused", () => {
    expect(handler.check!({ path: "x.iso", instanceId: "a b", script: "echo" }).map(p => p.property)).toEqual([
        "path",
        "instanceId",
        "script",
    ]);
    expect(handler.check!({ script: "#cloud-configuration\n" }).map(p => p.property)).toEqual(["script"]);
    expect(handler.check!({ script: "#cloud-config\n{}", hostname: "db-node" })).toEqual([]);
});
