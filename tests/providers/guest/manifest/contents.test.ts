import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { keepContents } from "../../../../providers/guest/manifest/contents";
import { Mask } from "../../../../providers/guest/manifest/masks";
import { digestOf, type Manifest, type Store } from "../../../../providers/guest/manifest/store";
import { localHost } from "../../machine/local-host";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-contents-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Keeps contents of files as a node has them now, where the reading before had others. */
async function kept(files: Record<string, { then: Buffer; now?: Buffer }>): Promise<Buffer[]> {
    const found: Buffer[] = [];
    const store = {
        keep: async (contents: ReadonlyMap<string, Buffer>) => {
            found.push(...contents.values());
            return "pack";
        },
    } as unknown as Store;
    const manifest: Manifest = { reading: { files: {}, lines: {} }, packs: {} };
    for (const [name, { then, now }] of Object.entries(files)) {
        const file = path.join(folder, name);
        if (now) fs.writeFileSync(file, now);
        const facts = { type: "f", mode: "644", owner: "root", group: "root" };
        manifest.reading.files[file] = { ...facts, size: then.length, digest: digestOf(then) };
    }
    const host = localHost({});
    try {
        await keepContents(host.run, { name: "node" } as never, store, manifest, new Mask({ paths: [], lines: [] }));
    } finally {
        host.remove();
    }
    return found;
}

const any = Buffer.from([0, 255, 10, 13, 92, 48, 0xc3, 0x28, 10]);

test("files of any bytes, of no bytes and with a blank, a quote and a leading dash in their names are kept", async () => {
    const files = {
        a: { then: any, now: any },
        "-b 'c'": { then: Buffer.from("two\n"), now: Buffer.from("two\n") },
        "d\\": { then: Buffer.alloc(0), now: Buffer.alloc(0) },
        ä: { then: Buffer.from("three"), now: Buffer.from("three") },
    };
    expect(await kept(files)).toEqual(Object.values(files).map(({ now }) => now));
});

test.each([
    ["is longer now", Buffer.from("a longer content")],
    ["is shorter now", Buffer.from("x")],
    ["is gone", undefined],
])("a file that %s is not kept, and moves no other's content", async (what, now) => {
    const last = Buffer.from("the last one");
    expect(
        await kept({
            [`before ${what}`]: { then: Buffer.from("content"), ...(now && { now }) },
            z: { then: last, now: last },
        }),
    ).toEqual([last]);
});
