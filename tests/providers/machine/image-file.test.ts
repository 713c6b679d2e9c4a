import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { imageFileHandler } from "../../../providers/machine/image-file";
import { localHost } from "./local-host";

const host = localHost({ virsh: 'echo "virsh $*" >> "$LOG"' });
afterAll(() => host.remove());
const connection = { name: "host gks-125.scc.kit.edu" } as Connection;
const image = path.join(host.dir, "precise.img"),
    content = Buffer.from([0x51, 0x46, 0x49, 0xfb, 0, 255, 10, 13]);
fs.writeFileSync(image, content);
const sha256 = createHash("sha256").update(content).digest("hex");
const inputs = {
    connection,
    pool: "golden",
    path: path.join(host.dir, "images/image-1.qcow2"),
    url: `file://${image}`,
    sha256,
};
const handler = imageFileHandler(host.run);

test("fetched, verified, made known to libvirt; found drifted, mended, gone, deleted twice", async () => {
    expect(await handler.read("", inputs)).toBeUndefined();
    expect((await handler.create(inputs)).id).toBe(`${connection.name}:${inputs.path}`);
    expect(fs.readFileSync(inputs.path).equals(content)).toBe(true);
    expect(host.logged()).toBe("virsh -q -c qemu:///system pool-refresh golden\n");
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.appendFileSync(inputs.path, "x");
    expect((await handler.read("", inputs))!.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await handler.read("", inputs))!.sha256).not.toBe(sha256);
    expect(await handler.update("", inputs, inputs)).toEqual({});
    expect(await handler.read("", inputs)).toEqual(inputs);
    expect(fs.statSync(inputs.path).mode & 0o777).toBe(0o644);
    expect(fs.readdirSync(path.dirname(inputs.path))).toEqual([path.basename(inputs.path)]);
    await handler.delete("", inputs);
    await handler.delete("", inputs);
    expect(await handler.read("", inputs)).toBeUndefined();
});

test("what is there already is not fetched again", async () => {
    await handler.create(inputs);
    expect(await handler.create({ ...inputs, url: `file://${host.dir}/none` })).toEqual({
        id: `${connection.name}:${inputs.path}`,
        outputs: {},
    });
    expect(await handler.read("", inputs)).toEqual(inputs);
});

test("another content than the one that was meant is not kept, and nothing half of it stays", async () => {
    const wanted = { ...inputs, path: path.join(host.dir, "other/image-2.qcow2"), sha256: "a".repeat(64) };
    await expect(handler.create(wanted)).rejects.toThrow(
        `file://${image} has the checksum ${sha256}, wanted ${wanted.sha256}; it was not kept`,
    );
    expect(fs.readdirSync(path.dirname(wanted.path))).toEqual([]);
    await expect(handler.create({ ...wanted, url: `file://${host.dir}/none` })).rejects.toThrow(/curl|fetch/);
    expect(fs.readdirSync(path.dirname(wanted.path))).toEqual([]);
});

test("a host without curl and wget: which package to install, in words", async () => {
    const bin = path.join(host.dir, "bare");
    fs.mkdirSync(bin);
    for (const name of ["mkdir", "dirname", "mktemp", "rm"])
        fs.symlinkSync(execFileSync("which", [name]).toString().trim(), path.join(bin, name));
    const bare: RunScript = (to, script, options) => host.run(to, `PATH=${bin}; ${script}`, options);
    const missing = { ...inputs, path: path.join(host.dir, "none/image-1.qcow2") };
    await expect(imageFileHandler(bare).create(missing)).rejects.toThrow(
        "it has neither curl nor wget to fetch the image of its machines with; install the package curl",
    );
});

test("what cannot be verified is refused before anything is fetched", () => {
    expect(handler.check!({ url: "http://images/precise.img", sha256: "" })).toEqual([
        {
            property: "sha256",
            reason: '"" is not a checksum of 64 hexadecimal digits: a file from http://images/precise.img could not be verified. Set goldenImage.sha256; SHA256SUMS beside the image has it',
        },
    ]);
    expect(handler.check!({ url: "ftp://images/x", path: "a b", pool: "x y" }).map(p => p.property)).toEqual([
        "pool",
        "path",
        "url",
    ]);
    expect(handler.check!(inputs)).toEqual([]);
});
