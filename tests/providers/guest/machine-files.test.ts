import * as fc from "fast-check";
import * as fs from "fs";
import * as path from "path";
import { type Connection, Unreachable } from "../../../clients/connection";
import { toBytes, toText } from "../../../providers/guest/file-text";
import { readFile, writeFile } from "../../../providers/guest/machine-files";
import { localHost } from "../machine/local-host";

const host = localHost({});
afterAll(() => host.remove());
const on = { name: "api-node" } as Connection;
const at = (file: string) => path.join(host.dir, file);

const anyBytes = fc
    .array(
        fc.oneof(
            fc.uint8Array({ maxLength: 12 }),
            fc
                .constantFrom("\n", "é", "\ud83d\ude00", "[DEFAULT]\n", "verbose = True\n")
                .map(t => new Uint8Array(Buffer.from(t))),
            fc.constantFrom([0xe9, 0x0a], [0xed, 0xb2, 0x80], [0xef, 0xbb, 0xbf]).map(b => new Uint8Array(b)),
        ),
        { maxLength: 6 },
    )
    .map(parts => Buffer.concat(parts));

test("a file's bytes are a text, and the text those bytes", () => {
    fc.assert(fc.property(anyBytes, bytes => expect(toBytes(toText(bytes)).equals(bytes)).toBe(true)));
    fc.assert(fc.property(fc.string({ unit: "binary" }), text => expect(toText(Buffer.from(text))).toBe(text)));
});

test("a line that is not UTF-8 does not change what the others say, and stays as it is when they change", async () => {
    const before = Buffer.concat([Buffer.from([0x23, 0xe9, 0x0a]), Buffer.from("name = müller\n")]);
    fs.writeFileSync(at("latin"), before);
    const { content } = (await readFile(host.run, on, at("latin")))!;
    expect(content.split("\n")[1]).toBe("name = müller");
    await writeFile(host.run, on, at("latin"), content.replace("müller", "maier"));
    expect(fs.readFileSync(at("latin"))).toEqual(
        Buffer.concat([Buffer.from([0x23, 0xe9, 0x0a]), Buffer.from("name = maier\n")]),
    );
});

test("whatever bytes a file has, it is read and written as it is", async () => {
    await fc.assert(
        fc.asyncProperty(anyBytes, async bytes => {
            fs.writeFileSync(at("any"), bytes);
            const { content } = (await readFile(host.run, on, at("any")))!;
            expect(toBytes(content).equals(bytes)).toBe(true);
            const written = writeFile(host.run, on, at("again"), content);
            if (bytes.includes(0))
                await expect(written).rejects.toThrow(
                    `api-node: ${at("again")} has NUL bytes in it, so it is no text file; it was left as it is`,
                );
            else {
                await written;
                expect(fs.readFileSync(at("again")).equals(bytes)).toBe(true);
            }
        }),
        { numRuns: 25 },
    );
});

test("a file of a megabyte is read, one of more is not, and costs nothing", async () => {
    fs.writeFileSync(at("full"), Buffer.alloc(1 << 20, "x"));
    expect((await readFile(host.run, on, at("full")))!.content).toHaveLength(1 << 20);
    fs.truncateSync(at("full"), (1 << 20) + 1);
    await expect(readFile(host.run, on, at("full"))).rejects.toThrow(
        new Unreachable(`api-node: ${at("full")} has 1.1 MiB; allowed is 1 MiB`),
    );
    fs.truncateSync(at("full"), 1 << 30);
    const [start, before] = [Date.now(), process.memoryUsage().rss];
    await expect(readFile(host.run, on, at("full"))).rejects.toThrow(
        new Unreachable(`api-node: ${at("full")} has 1024 MiB; allowed is 1 MiB`),
    );
    expect(Date.now() - start).toBeLessThan(5000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
});

test("a file is what its link leads to; a folder and a link to nowhere are none", async () => {
    fs.writeFileSync(at("target"), "1\n", { mode: 0o640 });
    fs.symlinkSync("target", at("link"));
    fs.symlinkSync("nowhere", at("dangling"));
    expect(await readFile(host.run, on, at("link"))).toMatchObject({ content: "1\n", mode: "0640" });
    for (const none of ["dangling", "bin", "none", "no/ne"])
        expect(await readFile(host.run, on, at(none))).toBeUndefined();
});

test.each(["it's", 'a "b" $c `d`', "-n", "a\tb", "ü", "a b  c"])("a file may be called %j", async name => {
    await writeFile(host.run, on, at(`names/${name}`), "1\n");
    expect(await readFile(host.run, on, at(`names/${name}`))).toMatchObject({ content: "1\n" });
});
