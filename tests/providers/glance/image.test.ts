import { createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { HttpError } from "../../../clients/http";
import type { CloudAccess } from "../../../clients/identity";
import type { Image, ImageUpload } from "../../../clients/image";
import type { RunScript } from "../../../clients/ssh";
import { idOf } from "../../../providers/dynamic";
import { imageHandler } from "../../../providers/glance/image";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-glance-")),
    file = path.join(dir, "cirros.img");
const data = Buffer.from("QFI\xfb an image", "latin1");
fs.writeFileSync(file, data);
afterAll(() => fs.rmSync(dir, { recursive: true }));
const hash = (algorithm: string) => createHash(algorithm).update(data).digest("hex");
const inputs = {
    cloud: {} as CloudAccess,
    name: "cirros-0.3.0",
    file,
    sha256: hash("sha256"),
    diskFormat: "qcow2",
    containerFormat: "bare",
    isPublic: true,
    status: "active",
};

/** Glance in memory. */
class Glance {
    all: Image[] = [];
    uploads = 0;
    forgotten = 0;
    forget(): void {
        this.forgotten++;
    }
    list = async () => [...this.all];
    /** Ids of images whose data the store has lost. */
    lost: string[] = [];
    stored: number | undefined = data.length;
    asked: string[] = [];
    data = async (id: string) => {
        this.asked.push(id);
        return this.lost.includes(id) ? undefined : { ...(this.stored !== undefined && { size: this.stored }) };
    };
    upload = async ({ file: from, ...image }: ImageUpload) => {
        expect(path.dirname(from)).toBe(dir);
        this.all.push({ id: `image-${++this.uploads}`, status: "active", ...image });
        return this.all.at(-1)!;
    };
    update = async (id: string, change: Partial<Image>) =>
        Object.assign(
            this.all.find(i => i.id === id)!,
            change,
        );
    delete = async (id: string) => {
        if (!this.all.some(i => i.id === id)) throw new HttpError("DELETE", "/", 404, "", "");
        this.all = this.all.filter(i => i.id !== id);
    };
}

test("uploaded once, read, renamed and hidden, gone, deleted twice", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const { id, outputs } = await handler.create(inputs),
        recorded = { ...inputs, ...outputs };
    expect(outputs).toEqual({ checksum: hash("md5"), size: data.length });
    expect(await handler.create(inputs)).toEqual({ id, outputs });
    expect([glance.uploads, glance.forgotten]).toEqual([1, 2]);
    expect(await handler.read(id, recorded)).toEqual(recorded);
    await handler.update(id, recorded, { ...inputs, name: "renamed", isPublic: false });
    expect(await handler.read(id, recorded)).toMatchObject({ name: "renamed", isPublic: false });
    await handler.delete(id, recorded);
    await handler.delete(id, recorded);
    expect(await handler.read(id, recorded)).toBeUndefined();
});

describe("an image that was made again by hand", () => {
    const made = async (...all: Partial<Image>[]) => {
        const glance = new Glance(),
            handler = imageHandler(() => glance);
        const { id, outputs } = await handler.create(inputs),
            [former] = glance.all;
        glance.all = all.map((more, i) => ({ ...former!, id: `new-${i + 1}`, ...more }));
        const recorded = { ...inputs, ...outputs };
        return { glance, recorded, live: await handler.read(id, recorded), id };
    };

    test("is read under its new id, and nothing differs; its data are asked for under that", async () => {
        const { glance, recorded, live, id } = await made({});
        expect(live).toEqual(recorded);
        expect(idOf(live!, id)).toBe("new-1");
        expect(glance.asked).toEqual(["new-1"]);
    });

    test("is gone where there are two of it, or where not the same tenants see it: it may be a tenant's own", async () => {
        expect((await made({}, {})).live).toBeUndefined();
        expect((await made({ isPublic: false })).live).toBeUndefined();
        expect((await made({ isPublic: false }, {})).live).toBeDefined();
    });

    test("shows what is another", async () => {
        const { recorded, live } = await made({ diskFormat: "raw", checksum: "feed" });
        expect(live).toEqual({ ...recorded, diskFormat: "raw", sha256: "(other data, md5 feed)" });
        expect((await made({ status: "queued" })).live).toMatchObject({ status: "queued" });
    });

    test("cannot be asked where its id is none", async () => {
        await expect(made({ id: "../../etc" })).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringContaining(`an image's id, "../../etc", is not`),
        });
    });
});

test("another file is not uploaded; a missing one is said to be", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance),
        wrong = "0".repeat(64);
    await expect(handler.create({ ...inputs, sha256: wrong })).rejects.toThrow(
        `${file} has the SHA-256 ${hash("sha256")}, wanted: ${wrong}; it is not used.`,
    );
    await expect(handler.create({ ...inputs, file: "/nonesuch" })).rejects.toThrow(
        /^the image file cannot be read: ENOENT.*\/nonesuch/,
    );
    expect(glance.uploads).toBe(0);
});

test("a file of another format than the stated one is not uploaded", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const create = async (diskFormat: string, content: Buffer) => {
        fs.writeFileSync(path.join(dir, "other"), content);
        return await handler.create({
            ...inputs,
            file: path.join(dir, "other"),
            sha256: createHash("sha256").update(content).digest("hex"),
            diskFormat,
        });
    };
    await expect(create("qcow2", Buffer.from("a disk"))).rejects.toThrow(
        /\/other is not of the format qcow2; it is not used$/,
    );
    await expect(create("raw", data)).rejects.toThrow(
        /\/other is not of the format raw, but of qcow2; it is not used$/,
    );
    await expect(create("vdi", Buffer.from("KDMV"))).rejects.toThrow(
        /\/other is not of the format vdi, but of vmdk; it is not used$/,
    );
    await create("vdi", Buffer.concat([Buffer.alloc(64, "x"), Buffer.from("7f10dabe", "hex")]));
    expect(glance.uploads).toBe(1);
    glance.all = [];
    // Nothing in a file says that it is raw.
    await create("raw", Buffer.from("a disk"));
    expect(glance.uploads).toBe(2);
});

test("another image is left as it is, and is not taken for this one", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance),
        other = { id: "other", name: "other", status: "active", isPublic: false, checksum: "feed" };
    glance.all = [other];
    const { id, outputs } = await handler.create(inputs);
    expect(glance.all[0]).toEqual(other);
    expect(await handler.read(id, { ...inputs, ...outputs })).toMatchObject({
        name: inputs.name,
        sha256: inputs.sha256,
    });
    expect(await handler.update(id, { ...inputs, ...outputs }, inputs)).toEqual(outputs);
    Object.assign(
        glance.all.find(i => i.id === id)!,
        { checksum: undefined, diskFormat: undefined, containerFormat: undefined },
    );
    expect(await handler.read(id, { ...inputs, ...outputs })).toMatchObject({
        sha256: inputs.sha256,
        diskFormat: "",
        containerFormat: "",
    });
});

test("what a broken upload left is cleared away; a whole image with other data is refused", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    glance.all = [{ id: "torn", name: inputs.name, status: "saving", isPublic: false }];
    await handler.create(inputs);
    expect(glance.all.map(i => i.id)).toEqual(["image-1"]);
    glance.all[0]!.checksum = "feed";
    await expect(handler.create(inputs)).rejects.toThrow(
        `image cirros-0.3.0 (image-1) exists with checksum "feed"; wanted: checksum "${hash("md5")}".`,
    );
});

test("other data and a state that is not active show, and mean another image", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const { id, outputs } = await handler.create(inputs),
        recorded = { ...inputs, ...outputs };
    Object.assign(glance.all[0]!, { status: "killed", checksum: "feed" });
    expect(await handler.read(id, recorded)).toMatchObject({ status: "killed", sha256: "(other data, md5 feed)" });
    expect(handler.replaceOn).toEqual(expect.arrayContaining(["status", "sha256"]));
});

test("an image whose data the store has lost is another one, to be made anew; one that cannot be asked for is not lost", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const { id, outputs } = await handler.create(inputs),
        recorded = { ...inputs, ...outputs };
    glance.lost = [id];
    expect(await handler.read(id, recorded)).toEqual({ ...recorded, status: "without data" });
    expect((await handler.create(inputs)).id).toBe("image-2");
    expect(glance.all.map(i => i.id)).toEqual(["image-2"]);
    glance.data = () => Promise.reject(new HttpError("GET", "/v1/images/i", 500, "", "image-node"));
    await expect(handler.read("image-2", recorded)).rejects.toMatchObject({ name: "Unreachable" });
});

test("data of another size are other data; a store that tells none has them", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const { id, outputs } = await handler.create(inputs),
        recorded = { ...inputs, ...outputs };
    glance.stored = 3;
    expect(await handler.read(id, recorded)).toEqual({ ...recorded, sha256: "(other data, 3 bytes)" });
    glance.stored = undefined;
    expect(await handler.read(id, recorded)).toEqual(recorded);
});

describe("an image whose store is known", () => {
    /** What the machine says of the bytes; none: the folder does not hold them. */
    let bytes: string | undefined;
    const sent: string[] = [];
    const run: RunScript = async (on, script, { input } = {}) => {
        expect(on.name).toBe("image-node");
        if (input !== undefined) {
            sent.push(String(input));
            bytes = undefined;
        }
        return { stdout: /tell|say/.test(script) ? (bytes ?? "") : "", stderr: "", code: 0 };
    };
    const said = (size: number, sum: string, readable = "yes") =>
        Object.entries({ size, sum, readable })
            .map(([name, value]) => `${name}:${Buffer.from(String(value)).toString("base64")}\n`)
            .join("");
    const known = { ...inputs, store: { name: "image-node" } as Connection, data: "whole" };
    const glance = new Glance(),
        handler = imageHandler(() => glance, run);

    test("is whole where its bytes are; where they are gone or others they are put back under its id", async () => {
        const { id, outputs } = await handler.create(known),
            recorded = { ...known, ...outputs };
        bytes = said(data.length, hash("md5"));
        expect(await handler.read(id, recorded)).toEqual(recorded);
        bytes = said(3, "");
        const cut = await handler.read(id, recorded);
        expect(cut).toEqual({ ...recorded, data: `have 3 bytes instead of ${data.length}` });
        expect(handler.replaceOn).not.toContain("data");
        expect(await handler.update(id, cut!, known)).toEqual(outputs);
        expect(Buffer.from(sent.pop()!, "base64")).toEqual(data);
        bytes = said(data.length, hash("md5"));
        await handler.update(id, cut!, known);
        expect(sent).toEqual([]);
        bytes = undefined;
        glance.lost = [id];
        expect(await handler.read(id, recorded)).toEqual({ ...recorded, data: "are gone" });
    });

    test("that is too large for ssh, or was made before this, gets another id", async () => {
        const [{ id }] = glance.all as [Image];
        const recorded = { ...known, checksum: hash("md5"), size: data.length };
        bytes = said(3, "");
        glance.lost = [id];
        const { data: _none, ...before } = recorded;
        expect(await handler.read(id, before)).toEqual({ ...before, status: "without data" });
        const large = { ...recorded, size: 65 << 20 };
        expect(await handler.read(id, large)).toMatchObject({ status: "without data", data: "whole" });
        sent.length = 0;
        await handler.update(id, before, known);
        expect(sent).toEqual([]);
    });

    test("does not get another file's bytes", async () => {
        const recorded = { ...known, checksum: hash("md5"), size: data.length, data: "are gone" };
        await expect(handler.update("i", recorded, { ...known, sha256: "0".repeat(64) })).rejects.toThrow(
            "it is not used",
        );
        expect(sent).toEqual([]);
    });
});

test("of an image that is not whole, or has another checksum, nothing is asked for", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const { id, outputs } = await handler.create(inputs);
    glance.all[0]!.checksum = "feed";
    await handler.read(id, { ...inputs, ...outputs });
    glance.all[0]!.status = "queued";
    await handler.read(id, { ...inputs, ...outputs });
    expect(glance.asked).toEqual([]);
});

test("of several images of the name the equal one is taken, wherever it is in the list; what is torn or other beside it stays", async () => {
    const glance = new Glance(),
        handler = imageHandler(() => glance);
    const { id } = await handler.create(inputs);
    const own = glance.all[0]!,
        others = [
            { ...own, id: "other", checksum: "feed" },
            { ...own, id: "torn", status: "saving" },
        ];
    glance.all = [...others, own];
    expect((await handler.create(inputs)).id).toBe(id);
    expect(glance.all).toHaveLength(3);
    glance.lost = [id];
    await expect(handler.create(inputs)).rejects.toThrow('image cirros-0.3.0 (other) exists with checksum "feed"');
    expect(glance.all).toHaveLength(3);
});

test("checks", () => {
    expect(imageHandler().check!({ name: "x", sha256: "abc", diskFormat: "zip" })).toEqual([
        { property: "sha256", reason: '"abc" is not a SHA-256: 64 hexadecimal digits' },
        { property: "diskFormat", reason: '"zip" is none of raw, vhd, vmdk, vdi, iso, qcow2, aki, ari, ami' },
    ]);
    expect(imageHandler().check!({ name: "", containerFormat: "zip" })).toEqual([
        { property: "name", reason: "an image has a name" },
        { property: "containerFormat", reason: '"zip" is none of bare, ovf, aki, ari, ami' },
    ]);
    for (const name of [" cirros", "cirros ", "cir\nros", "c".repeat(256)])
        expect(imageHandler().check!({ name })).toEqual([{ property: "name", reason: expect.any(String) }]);
    expect(imageHandler().check!({ name: "caf\u00e9" })).toEqual([]);
    expect(imageHandler().check!({ sha256: `x${hash("sha256")}` })).toHaveLength(1);
    expect(imageHandler().check!({ sha256: `${hash("sha256")}x` })).toHaveLength(1);
    for (const given of [{}, inputs, { sha256: hash("sha256").toUpperCase() }])
        expect(imageHandler().check!(given)).toEqual([]);
});
