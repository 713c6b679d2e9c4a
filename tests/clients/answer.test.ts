import { spawnSync } from "child_process";
import * as fc from "fast-check";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { type Answer, ask, bytes, list, number, optional, poured, text, word, yesOrNo } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { Frame } from "../../clients/frame";
import { RemoteError, type RunScript } from "../../clients/ssh";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-answer-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));
const on = { name: "api-node" } as Connection;
const env = { PATH: process.env.PATH, HOME: dir, SSH_CLIENT: "192.0.2.1 1 22", SHLVL: "0" };

/** A node: root's login shell is bash, its .bashrc the test's. */
const node: RunScript = async (_to, script, { input } = {}) => {
    const frame = new Frame(script, input);
    const { stdout, stderr } = spawnSync("bash", ["-c", frame.command], {
        input: frame.input ?? "",
        env,
        maxBuffer: 16 << 20,
    });
    const cut = frame.cut(stdout, stderr);
    if (typeof cut.end !== "number") throw new Error(`no end: ${cut.end}`);
    return { stdout: cut.stdout, stderr: cut.stderr, code: cut.end };
};
/** One that prints this. */
const printing =
    (stdout: string, code = 0): RunScript =>
    async () => ({ stdout, stderr: "why\n", code });

const octal = (all: Uint8Array) => [...all].map(b => `\\0${b.toString(8).padStart(3, "0")}`).join("");
const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.string().map(s => new Uint8Array(Buffer.from(s))),
);
const anyText = fc
    .oneof(
        fc.string({ unit: "binary", maxLength: 40 }),
        fc.constantFrom(
            "state no",
            "content:YQ==",
            "say state no",
            "a\nstate no\n",
            "",
            " ",
            "-n",
            "-e",
            "%s",
            "\\c",
            "~",
            "*",
        ),
    )
    // No variable of a shell has a NUL in it, and none a lone surrogate.
    .map(s => Buffer.from(s.replace(/\0/g, "")).toString());

/** Shell that has a text in `v`. */
function held(file: string, text: string): string {
    fs.writeFileSync(path.join(dir, file), text);
    return `v=$(cat ${dir}/${file}; printf .); v=\${v%.}`;
}

test("whatever a file, a word and the login hold, the answer is just what they are", async () => {
    await fc.assert(
        fc.asyncProperty(
            fc.record({ content: anyBytes, value: anyText, many: fc.array(anyText, { maxLength: 3 }) }),
            fc.record({ out: anyBytes, err: anyBytes, between: anyText }),
            async ({ content, value, many }, { out, err, between }) => {
                fs.writeFileSync(path.join(dir, ".bashrc"), `printf %b '${octal(out)}'; printf %b '${octal(err)}' >&2`);
                fs.writeFileSync(path.join(dir, "content"), content);
                fs.writeFileSync(path.join(dir, "between"), between);
                const noise = `cat ${dir}/between`;
                const script = [
                    `${held("value", value)}; say value "$v"`,
                    noise,
                    `tell content < ${dir}/content`,
                    noise,
                    ...many.map((m, i) => `${held(`many${i}`, m)}; say many "$v"`),
                    "say there yes",
                ].join("\n");
                expect(
                    await ask(node, on, script, {
                        value: text(),
                        content: bytes,
                        many: list(text()),
                        there: yesOrNo,
                        nothing: optional(number),
                    }),
                ).toEqual({ value, content: Buffer.from(content), many, there: true, nothing: undefined });
            },
        ),
        { numRuns: 60 },
    );
});

test("what is poured comes whole in several values, nothing as nothing, and more than is allowed not at all", async () => {
    const said = await ask(node, on, "head -c 2000000 /dev/zero | pour much; pour little < /dev/null", {
        much: poured,
        little: poured,
    });
    expect(said).toEqual({ much: Buffer.alloc(2_000_000), little: Buffer.alloc(0) });
    await expect(ask(node, on, "head -c 5000000 /dev/zero | pour much", { much: poured })).rejects.toThrow(
        "much has 5000000 bytes; allowed are 4194304",
    );
});

test("what is typed is what was asked for", async () => {
    const said = await ask(printing("size 7\nstate on\n"), on, "", { size: number, state: word("on", "off") });
    const typed: Answer<{ size: typeof number }> = { size: said.size };
    expect([typed.size, said.state]).toEqual([7, "on"]);
});

const fields = { state: word("on", "off"), size: optional(number), path: list(text(/\/[a-z/]+/)) };
test.each([
    ["nothing", "", "state is missing"],
    ["one thing twice", "state on\nstate on\n", "state is there more than once"],
    ["what was not asked for", "state on\nother x\n", 'it says "other x"'],
    ["what no name is", "state on\n__proto__ x\n", 'it says "__proto__ x"'],
    ["noise", "Welcome to api-node\nstate on\n", 'it says "Welcome to api-node"'],
    ["an empty line", "state on\n\n", 'it says ""'],
    ["half a line", "state on\nsize 1", "its last line is not whole"],
    ["another word", "state onoff\n", 'state is "onoff"'],
    ["a word and a line", `state:${Buffer.from("on\n").toString("base64")}\n`, 'state is "on\\n"'],
    ["no number", "state on\nsize -1\n", 'size is "-1"'],
    ["a number without end", `state on\nsize ${"9".repeat(16)}\n`, `size is "${"9".repeat(16)}"`],
    ["an escape", "state on\npath \x1b[2J\n", 'it says "path \\u001b[2J"'],
    ["an escape in base64", `state on\npath:${Buffer.from("/\x1b[2J").toString("base64")}\n`, 'path is "/\\u001b[2J"'],
    ["what is not base64", "state on\npath:YQ=\n", "path is not base64"],
    ["what is not UTF-8", `state on\npath:${Buffer.from([0xff]).toString("base64")}\n`, "path is not UTF-8"],
    ["a long word", `state ${"x".repeat(200)}\n`, `state is "${"x".repeat(80)}…"`],
    ["more than a megabyte", `state ${"x".repeat((1 << 20) + 1)}\n`, "state has 1048577 bytes; allowed are 1048576"],
    ["more than ten thousand", `state on\n${"path /a\n".repeat(10_001)}`, "path has 10001 values; allowed are 10000"],
])("a machine that answers with %s is not understood, and said to be", async (_title, printed, why) => {
    await expect(ask(printing(printed), on, "", fields)).rejects.toThrow(
        new Unreachable(`api-node: its answer is not understood: ${why}`),
    );
});

test("ten thousand values are answered", async () => {
    const said = await ask(printing(`state on\n${"path /a\n".repeat(10_000)}`), on, "", fields);
    expect(said.path).toHaveLength(10_000);
});

test("a script that fails is an error, and what it had said by then is in no message", async () => {
    const failed = await ask(printing("password s3cret\n", 3), on, "", { password: text() }).catch((e: Error) => e);
    expect(failed).toEqual(new RemoteError("api-node", { stdout: "", stderr: "why", code: 3 }));
    const silent: RunScript = async () => ({ stdout: "password s3cret\n", stderr: "", code: 3 });
    await expect(ask(silent, on, "", { password: text() })).rejects.toThrow(/^api-node: ended with code 3$/);
    await expect(ask(node, on, "say state on; x=$(false); say size 1", fields)).rejects.toThrow(RemoteError);
});

test("what the script's commands print goes to standard error", async () => {
    await expect(ask(node, on, "echo state off; echo why; exit 3", fields)).rejects.toThrow(
        /^api-node: state off\nwhy$/,
    );
});
