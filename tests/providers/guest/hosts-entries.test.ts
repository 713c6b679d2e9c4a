import * as fc from "fast-check";
import type { Connection } from "../../../clients/connection";
import { HostsEntry, readBlock, writeBlock } from "../../../providers/guest/hosts-block";
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
