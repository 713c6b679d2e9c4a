import * as fc from "fast-check";
import type { Connection } from "../../../clients/connection";
import { placesOf } from "../../../providers/dynamic";
import {
    type HostsEntry,
    inForce,
    readBlock,
    shadowsOf,
    withoutShadows,
    writeBlock,
} from "../../../providers/guest/hosts-block";
import { hostsEntriesHandler } from "../../../providers/guest/hosts-entries";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const entries: fc.Arbitrary<HostsEntry[]> = fc.array(
    fc.record({ address: fc.ipV4(), names: fc.array(word, { minLength: 1, maxLength: 3 }) }),
    { maxLength: 6 },
);
const file = fc
    .array(
        fc.oneof(
            fc.constant(""),
            fc.constant("# a comment"),
            fc.tuple(fc.ipV4(), word).map(p => p.join("\t")),
        ),
    )
    .map(lines => (lines.length > 0 ? lines.join("\n") + "\n" : ""));

test("what is written is what is read, once, and taking it out gives the file as it was", () => {
    fc.assert(
        fc.property(file, entries, entries, (text, first, second) => {
            const written = writeBlock(writeBlock(text, "nodes", first), "nodes", second);
            expect(readBlock(written, "nodes")).toEqual(second);
            expect(written).toBe(writeBlock(text, "nodes", second));
            expect(writeBlock(written, "nodes", undefined)).toBe(text);
        }),
    );
});

test("two blocks do not know each other; a block whose end is gone is not taken for whole", () => {
    const a = [{ address: "10.0.0.3", names: ["db-node"] }],
        b = [{ address: "10.0.0.4", names: ["auth-node"] }];
    const both = writeBlock(writeBlock("127.0.0.1 localhost\n", "a", a), "b", b);
    expect([readBlock(both, "a"), readBlock(both, "b")]).toEqual([a, b]);
    const torn = both.replace("# classroom b: end\n", "");
    expect(readBlock(torn, "b")).toBeUndefined();
    expect(readBlock(writeBlock(torn, "b", b), "b")).toEqual(b);
    expect(readBlock(writeBlock(torn, "b", b), "a")).toEqual(a);
});

test("a block in the middle is exchanged in its place; comments and blanks in it are nobody's entry", () => {
    const entry = [{ address: "10.0.0.3", names: ["db-node", "db"] }],
        begin = "# classroom a: begin (managed, edits are undone)",
        around = (block: string) => `127.0.0.1 localhost\n# one\n${block}# two\n# three\n# four\n# five\n`;
    const file = around(`${begin}\n  10.0.0.3 \t db-node  db # the database\n\n   # nothing\n# classroom a: end\n`);
    expect(readBlock(file, "a")).toEqual(entry);
    expect(writeBlock(file, "a", entry)).toBe(around(`${begin}\n10.0.0.3 db-node db\n# classroom a: end\n`));
    expect(writeBlock(file, "a", undefined)).toBe(around(""));
    expect(writeBlock(around(""), "b", undefined)).toBe(around(""));
    expect(readBlock("# classroom a: end\n", "a")).toBeUndefined();
});

test("the handler: made, found, drifted, mended, gone, deleted twice", async () => {
    let text = "127.0.0.1 localhost\n",
        writes = 0;
    const handler = hostsEntriesHandler({
        read: async () => text,
        write: async (_c, t) => {
            text = t;
            writes++;
        },
    });
    const inputs = {
        connection: { name: "host a" } as Connection,
        block: "nodes",
        entries: [{ address: "10.0.0.3", names: ["db-node"] }],
    };
    const { id } = await handler.create(inputs);
    expect(id).toBe("host a/nodes");
    expect(await handler.read(id, inputs)).toEqual(inputs);
    text = text.replace("10.0.0.3", "10.0.0.99");
    expect((await handler.read(id, inputs))?.entries).toEqual([{ address: "10.0.0.99", names: ["db-node"] }]);
    expect(await handler.update(id, inputs, inputs)).toEqual({});
    await handler.create(inputs); // interrupted and run again
    expect(text.match(/db-node/g)).toHaveLength(1);
    await handler.delete(id, inputs);
    expect(writes).toBe(4);
    await handler.delete(id, inputs);
    expect(writes).toBe(4);
    expect(text).toBe("127.0.0.1 localhost\n");
    expect(await handler.read(id, inputs)).toBeUndefined();
});

test("what cannot be an address or a name is refused before anything is changed", () => {
    const check = (entry: HostsEntry) => hostsEntriesHandler().check!({ entries: [entry] });
    expect(check({ address: "db-node", names: ["x"] })).toEqual([
        { property: "entries[0].address", reason: '"db-node" is not an address' },
    ]);
    expect(check({ address: "10.0.0.3", names: ["a b"] })).toEqual([
        { property: "entries[0].names", reason: '"a b" is not a host name' },
    ]);
    expect(check({ address: "10.0.0.3", names: ["db-node"] })).toEqual([]);
    expect(check({ address: "10.0.0.3", names: [] })).toEqual([
        { property: "entries[0].names", reason: '"" is not a host name' },
    ]);
    expect(
        ["x10.0.0.3", "10.0.0.3;", "fe80::1", "-a"].map(address => check({ address, names: ["a.b-c", "1"] }).length),
    ).toEqual([1, 1, 0, 1]);
    expect(["-a", "a_", "a;", ".a"].map(name => check({ address: "::1", names: [name] }).length)).toEqual([1, 1, 1, 1]);
    expect(hostsEntriesHandler().check!({})).toEqual([]);
});

test("with carriage returns a block is the same block: neither gone nor there a second time", () => {
    const entry = [{ address: "10.0.0.3", names: ["db-node"] }],
        text = writeBlock("127.0.0.1 localhost\n", "nodes", entry).replace(/\n/g, "\r\n");
    expect(readBlock(text, "nodes")).toEqual(entry);
    expect(writeBlock(text, "nodes", entry).match(/begin/g)).toHaveLength(1);
});

test("a second block of the name, which an older version has left, goes", () => {
    const block = writeBlock("", "nodes", [{ address: "10.0.0.9", names: ["db-node"] }]),
        entry = [{ address: "10.0.0.3", names: ["db-node"] }];
    expect(writeBlock(`# one\n${block}# two\n${block}`, "nodes", entry)).toBe(
        `# one\n${writeBlock("", "nodes", entry)}# two\n`,
    );
});

describe("a line above the block counts before it", () => {
    const entries = [
        { address: "10.0.0.3", names: ["db-node", "db"] },
        { address: "10.0.0.6", names: ["api-node"] },
    ];
    const block = writeBlock("", "nodes", entries);

    test.each<[what: string, above: string, found: HostsEntry[], without: string]>([
        [
            "another address",
            "10.0.0.99 db-node db\n",
            [
                { address: "10.0.0.99", names: ["db-node"] },
                { address: "10.0.0.99", names: ["db"] },
            ],
            "",
        ],
        [
            "in capitals, indented, with a carriage return",
            "  10.0.0.99\tDB\r\n",
            [
                { address: "10.0.0.3", names: ["db-node"] },
                { address: "10.0.0.99", names: ["db"] },
            ],
            "",
        ],
        [
            "the first of two lines",
            "10.0.0.98 db # x\n10.0.0.99 db\n",
            [
                { address: "10.0.0.3", names: ["db-node"] },
                { address: "10.0.0.98", names: ["db"] },
            ],
            "",
        ],
        [
            "beside another name",
            "10.0.0.99 x  db y # db\n",
            [
                { address: "10.0.0.3", names: ["db-node"] },
                { address: "10.0.0.99", names: ["db"] },
            ],
            "10.0.0.99 x   y # db\n",
        ],
        [
            "of another family",
            "::1 db\n",
            [
                { address: "10.0.0.3", names: ["db-node"] },
                { address: "::1", names: ["db"] },
            ],
            "",
        ],
        ["the same address first", "10.0.0.3 db\n10.0.0.99 db\n", [entries[0]!], "10.0.0.3 db\n10.0.0.99 db\n"],
        ["a comment", "# 10.0.0.99 db\n", [entries[0]!], "# 10.0.0.99 db\n"],
        ["no address", "10.0.0 db\n", [entries[0]!], "10.0.0 db\n"],
        [
            "the machine's own name with its loopback address",
            "127.0.1.1 api-node\n",
            [entries[0]!],
            "127.0.1.1 api-node\n",
        ],
    ])("%s", (_what, above, found, without) => {
        const shadows = shadowsOf(above + block, "nodes", entries, "api-node");
        expect(inForce(entries, shadows).slice(0, -1)).toEqual(found);
        expect(withoutShadows(above + block, "nodes", entries, "api-node")).toBe(without + block);
    });

    test("behind the machine's own loopback address nothing counts for its name", () => {
        const text = `127.0.1.1 api-node\n10.0.0.99 api-node\n${block}`;
        expect(shadowsOf(text, "nodes", entries, "api-node")).toEqual([]);
        expect(withoutShadows(text, "nodes", entries, "api-node")).toBe(text);
    });

    test("another machine's name with a loopback address is none of its own", () => {
        expect(shadowsOf(`127.0.1.1 api-node\n${block}`, "nodes", entries, "db-node")).toEqual([
            { line: 0, address: "127.0.1.1", name: "api-node" },
        ]);
    });

    test("a line below it counts for nothing", () => {
        expect(shadowsOf(`${block}10.0.0.99 db\n`, "nodes", entries, "api-node")).toEqual([]);
    });

    test.each([
        ["at the end", "", "10.0.0.4 auth-node\n"],
        ["above the block, with another name", "10.0.0.4 auth auth-node\n", ""],
    ])("a line that a person has added %s gives a name as well", async (_where, above, below) => {
        const wanted = [
            { address: "10.0.0.3", names: ["db-node"] },
            { address: "10.0.0.4", names: ["auth-node"] },
            { address: "10.0.0.5", names: ["image-node"] },
        ];
        const left = [wanted[0]!, wanted[2]!],
            recorded = { connection: { name: "api-node" } as Connection, block: "nodes", entries: wanted };
        const read = async (text: string) =>
            (await hostsEntriesHandler({ read: async () => text, write: async () => undefined }).read("", recorded))!
                .entries;
        expect(await read(above + writeBlock("", "nodes", left) + below)).toEqual(wanted);
        const wrong = (above + writeBlock("", "nodes", left) + below).replace("10.0.0.4", "10.0.0.9");
        expect(await read(wrong)).toEqual(left);
    });

    test("the resource shows the address in force with its line, and takes the line away", async () => {
        let text = `127.0.0.1 localhost\n10.0.0.99 db\n${block}`;
        const handler = hostsEntriesHandler({
            read: async () => text,
            write: async (_c, t) => void (text = t),
        });
        const inputs = { connection: { name: "api-node" } as Connection, block: "nodes", entries },
            live = await handler.read("", inputs);
        expect(live!.entries).toContainEqual({ address: "10.0.0.99", names: ["db"] });
        expect(placesOf(live)).toEqual({ entries: "line 2" });
        await handler.update("", inputs, inputs);
        expect(text).toBe(`127.0.0.1 localhost\n${block}`);
        expect(await handler.read("", inputs)).toEqual(inputs);
        expect(placesOf(await handler.read("", inputs))).toEqual({});
    });
});

const shadowing = fc.array(fc.tuple(fc.ipV4(), fc.array(word, { minLength: 1, maxLength: 3 })), { maxLength: 5 });
test("whatever is above the block: without its shadows each name has the block's address, and every other name its own", () => {
    fc.assert(
        fc.property(shadowing, entries, (above, wanted) => {
            const text = writeBlock(above.map(([a, n]) => `${a} ${n.join(" ")}\n`).join(""), "nodes", wanted),
                clean = withoutShadows(text, "nodes", wanted, "api-node");
            expect(shadowsOf(clean, "nodes", wanted, "api-node").map(s => s.name)).toEqual([]);
            const addressOf = (file: string, name: string) =>
                file
                    .split("\n")
                    .map(line => line.split(/\s+/))
                    .find(([address, ...names]) => !address!.startsWith("#") && names.includes(name))?.[0];
            const managed = new Map(wanted.flatMap(e => e.names.map(n => [n, e.address] as const)).reverse());
            for (const [name] of managed) {
                const given = wanted.filter(e => e.names.includes(name)).map(e => e.address);
                expect(given).toContain(addressOf(clean, name));
            }
            for (const [, names] of above)
                for (const name of names.filter(n => !managed.has(n)))
                    expect(addressOf(clean, name)).toBe(addressOf(text, name));
        }),
    );
});
