import * as fs from "fs";
import * as path from "path";
import * as fc from "fast-check";
import { fit, printable, visible, visibleJson } from "../../system/output";
import { projectDir } from "../../system/paths";

/** What a terminal obeys or does not show, in the middle of texts that anybody may write. */
const hostile = fc
    .array(
        fc.oneof(
            fc.string({ unit: "binary" }),
            fc.constantFrom(
                "\u001b]0;title\u0007",
                "\u001b[2K\u001b[1A",
                "\u001b]52;c;cm0gLXJm\u0007",
                "\u009b31m",
                "\r",
                "\n",
                "\u0008\u0008",
                "\u007f",
                "\u202e",
                "\u2066",
                "\u200f",
                "\u061c",
                "\u200b",
                "\ufeff",
                "\u2028",
                "\u00ad",
                "\u{e0041}",
                "\ud83d",
                "\udc00",
                "'; touch PWNED; '",
            ),
            fc.constantFrom("10.0.0.3", " 3 s + created guest:File a", "größe → 1 …"),
        ),
        { maxLength: 12 },
    )
    .map(parts => parts.join(""));
const hidden =
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

test("what a terminal would obey or hide is written out; words of every language stay", () => {
    expect(visible("a\u001b[31m\u0007\u007f\u009b\u202e\u200b\ufeff\u2028\u{e0041}\ud83d.\n\r\tö → 中 …")).toBe(
        "a\\x1b[31m\\x07\\x7f\\x9b\\u202e\\u200b\\ufeff\\u2028\\u{e0041}\\ud83d.\\n\\r\\tö → 中 …",
    );
});

test("a space that is none is told from one", () => {
    expect(visible("10.0.0.3\u00a0 \u2800\u3164")).toBe("10.0.0.3\\xa0 \\u2800\\u3164");
});

test("nothing that is printed has a character that a terminal obeys or hides but the ends of lines", () => {
    fc.assert(
        fc.property(hostile, text => {
            expect(hidden.test(printable(text).replace(/\n/g, ""))).toBe(false);
            expect(hidden.test(visible(text))).toBe(false);
        }),
    );
});

test("every line but the first is marked as one that goes on: none is forged", () => {
    fc.assert(
        fc.property(hostile, text => {
            const [, ...further] = printable(text).split("\n");
            expect(further.every(line => line.startsWith("  | "))).toBe(true);
        }),
    );
});

test("JSON has none of them either, and stays the same value to whoever parses it", () => {
    fc.assert(
        fc.property(fc.record({ value: hostile, list: fc.array(hostile, { maxLength: 3 }) }), value => {
            const text = visibleJson(JSON.stringify(value));
            expect(hidden.test(text)).toBe(false);
            expect(JSON.parse(text)).toEqual(value);
        }),
    );
});

test("a line is cut to what surely fits: wide characters take two columns, and no pair is torn", () => {
    expect(fit("0123456789", 11)).toBe("0123456789");
    expect(fit("0123456789", 10)).toBe("01234567…");
    expect(fit("中中中中中中", 10)).toBe("中中中中…");
    expect(fit("😀😀😀😀😀😀", 9)).toBe("😀😀😀…");
});

test("nothing in the command line, the lab and the engine prints past it", () => {
    const files = ["cli", "lab", "engine", "system", "components", "clients", "config", "releases"].flatMap(folder =>
        fs
            .readdirSync(path.join(projectDir(), folder), { recursive: true, encoding: "utf8" })
            .filter(name => name.endsWith(".ts"))
            .map(name => path.join(folder, name)),
    );
    const printing = files.filter(file =>
        /\bconsole\.\w+\(|process\.std(out|err)\.write\(/.test(fs.readFileSync(path.join(projectDir(), file), "utf8")),
    );
    expect(printing).toEqual([path.join("system", "output.ts")]);
});
