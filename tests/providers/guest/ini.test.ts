import * as fc from "fast-check";
import { readOptions, writeOptions } from "../../../providers/guest/ini";

const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/),
    section = fc.oneof(fc.constant(""), fc.stringMatching(/^[A-Za-z][a-z:]{0,8}$/));
const value = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/);
const options = fc.dictionary(section, fc.dictionary(key, value, { minKeys: 1, maxKeys: 4 }), {
    maxKeys: 3,
    noNullPrototype: true,
});
const keysOf = (o: Record<string, Record<string, string>>) =>
    Object.fromEntries(Object.entries(o).map(([s, e]) => [s, Object.keys(e)]));

test("what is written is read back, whatever was in the file; writing it again changes nothing", () => {
    fc.assert(
        fc.property(options, options, (before, wanted) => {
            const text = writeOptions(writeOptions("# a comment\n", before), wanted);
            expect(readOptions(text, keysOf(wanted))).toEqual(wanted);
            expect(writeOptions(text, wanted)).toBe(text);
            expect(text).toContain("# a comment\n");
        }),
    );
});

test("options taken out leave the others and the comments as they were", () => {
    fc.assert(
        fc.property(
            options,
            fc.dictionary(key, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
            (others, mine) => {
                const text = writeOptions("", others);
                const own = Object.fromEntries(Object.entries(mine).map(([k, v]) => [`x_${k}`, v]));
                const gone = Object.fromEntries(Object.keys(own).map(k => [k, undefined]));
                expect(readOptions(writeOptions(writeOptions(text, { own }), { own: gone }), keysOf(others))).toEqual(
                    others,
                );
            },
        ),
    );
});

test("a new option goes behind the comment that shows its default, one set twice becomes one", () => {
    const file = "[DEFAULT]\n# rabbit_host = localhost\ndebug = false\n\n[other]\nrabbit_host = x\n";
    expect(writeOptions(file, { DEFAULT: { rabbit_host: "10.0.0.3" } })).toBe(
        "[DEFAULT]\n# rabbit_host = localhost\nrabbit_host = 10.0.0.3\ndebug = false\n\n[other]\nrabbit_host = x\n",
    );
    expect(writeOptions("a = 1\na = 2\n", { "": { a: "3" } })).toBe("a = 3\n");
    expect(readOptions("[s]\na = 1\na=2\n", { s: ["a", "b"] })).toEqual({ s: { a: "2" } });
});

test.each<[title: string, before: string, wanted: Record<string, Record<string, string | undefined>>, after: string]>([
    ["an empty file gets a header", "", { s: { a: "1" } }, "[s]\na = 1\n"],
    ["another section is set apart by one empty line", "a = 1\n", { s: { b: "2" } }, "a = 1\n\n[s]\nb = 2\n"],
    ["which may be there", "a = 1\n\n", { s: { b: "2" } }, "a = 1\n\n[s]\nb = 2\n"],
    ["what goes before the first header does", "[s]\nb = 2\n", { "": { a: "1" } }, "a = 1\n[s]\nb = 2\n"],
    [
        "a section ends with the next, empty lines not counted",
        "[s]\na = 1\n  \n\n[t]\n",
        { s: { b: "2" } },
        "[s]\na = 1\nb = 2\n  \n\n[t]\n",
    ],
    ["of a section that is not there nothing is taken out", "a = 1\n", { s: { b: undefined } }, "a = 1\n"],
    ["and of one that gets another option only that is written", "", { s: { a: undefined, b: "2" } }, "[s]\nb = 2\n"],
    [
        "what is taken out goes wherever it is",
        "[s]\na = 1\nb = 2\na = 3\na = 4\n",
        { s: { a: undefined } },
        "[s]\nb = 2\n",
    ],
    ["what is not there is not taken out", "[s]\nb = 2\n", { s: { a: undefined } }, "[s]\nb = 2\n"],
    ["what is set thrice is set once, at first", "a = 1\nb = 2\na = 3\na = 4\n", { "": { a: "5" } }, "a = 5\nb = 2\n"],
    ["a file of nothing but that is empty", "a = 1\n", { "": { a: undefined } }, ""],
    ["of a comment without blanks", "#a=1\nb = 2\n", { "": { a: "3" } }, "#a=1\na = 3\nb = 2\n"],
    ["or with many", "[s]\n  #   a = 1\nb = 2\n", { s: { a: "3" } }, "[s]\n  #   a = 1\na = 3\nb = 2\n"],
    ["but not of one in another section", "b = 2\n[s]\n# a = 1\n", { "": { a: "3" } }, "b = 2\na = 3\n[s]\n# a = 1\n"],
    ["nor of one before it", "# a = 1\n[s]\nb = 2\n", { s: { a: "3" } }, "# a = 1\n[s]\nb = 2\na = 3\n"],
    ["nor of a value with a # in it", "b = x # a = 1\nc = 2\n", { "": { a: "3" } }, "b = x # a = 1\nc = 2\na = 3\n"],
    ["a header may have blanks around it", "  [s] \na = 1\n", { s: { a: "2" } }, "  [s] \na = 2\n"],
    [
        "what looks like one inside a value is none",
        "a = [s]\nb = [t] x\n[t] x\n",
        { "": { b: "3" } },
        "a = [s]\nb = 3\n[t] x\n",
    ],
    [
        "an option of the same name in the next section is another one",
        "[s]\n[t]\na = 1\n",
        { s: { a: "2" } },
        "[s]\na = 2\n[t]\na = 1\n",
    ],
    ["a line right behind a section is not its own", "[s]\nb = 1\n[a = 1\n", { s: { b: "2" } }, "[s]\nb = 2\n[a = 1\n"],
    ["a comment right behind a section is not its own", "[s]\n\n[t]\n", { s: { a: "1" } }, "[s]\na = 1\n\n[t]\n"],
])("%s", (_title, before, wanted, after) => {
    expect(writeOptions(before, wanted)).toBe(after);
});

test("what is read: of its section alone, blanks and quotes inside a value kept", () => {
    const file = 'a = 1\n[s]\n  a = 2\nb="x = y" z  \n#c = 3\n[t]\na   =   4\n';
    expect(readOptions(file, { "": ["a"], s: ["a", "b", "c"], t: ["a"], u: ["a"] })).toEqual({
        "": { a: "1" },
        s: { b: '"x = y" z' },
        t: { a: "4" },
    });
    expect(readOptions("x [s]\na = 1\n[s] x\na = 2\n", { s: ["a"] })).toEqual({});
});
