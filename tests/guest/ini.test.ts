import * as fc from "fast-check";
import { readOptions, writeOptions } from "../../providers/guest/ini";

const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), section = fc.oneof(fc.constant(""), fc.stringMatching(/^[A-Za-z][a-z:]{0,8}$/));
const value = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/);
const options = fc.dictionary(section, fc.dictionary(key, value, { minKeys: 1, maxKeys: 4 }), { maxKeys: 3, noNullPrototype: true });
const keysOf = (o: Record<string, Record<string, string>>) => Object.fromEntries(Object.entries(o).map(([s, e]) => [s, Object.keys(e)]));

test("what is written is read back, whatever was in the file; writing it again changes nothing", () => {
    fc.assert(fc.property(options, options, (before, wanted) => {
        const text = writeOptions(writeOptions("# a comment\n", before), wanted);
        expect(readOptions(text, keysOf(wanted))).toEqual(wanted);
        expect(writeOptions(text, wanted)).toBe(text);
        expect(text).toContain("# a comment\n");
    }));
});

test("options taken out leave the others and the comments as they were", () => {
    fc.assert(fc.property(options, fc.dictionary(key, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true }), (others, mine) => {
        const text = writeOptions("", others);
        const own = Object.fromEntries(Object.entries(mine).map(([k, v]) => [`x_${k}`, v]));
        const gone = Object.fromEntries(Object.keys(own).map(k => [k, undefined]));
        expect(readOptions(writeOptions(writeOptions(text, { own }), { own: gone }), keysOf(others))).toEqual(others);
    }));
});

test("a new option goes behind the comment that shows its default, one set twice becomes one", () => {
    const file = "[DEFAULT]\n# rabbit_host = localhost\ndebug = false\n\n[other]\nrabbit_host = x\n";
    expect(writeOptions(file, { DEFAULT: { rabbit_host: "10.0.0.3" } }))
        .toBe("[DEFAULT]\n# rabbit_host = localhost\nrabbit_host = 10.0.0.3\ndebug = false\n\n[other]\nrabbit_host = x\n");
    expect(writeOptions("a = 1\na = 2\n", { "": { a: "3" } })).toBe("a = 3\n");
    expect(readOptions("[s]\na = 1\na=2\n", { s: ["a", "b"] })).toEqual({ s: { a: "2" } });
});
