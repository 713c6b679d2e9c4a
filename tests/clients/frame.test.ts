import { spawnSync } from "child_process";
import * as fc from "fast-check";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { type Cut, Frame, quote } from "../../clients/frame";

/** A home whose login files the tests write. */
const home = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-frame-"));
afterAll(() => fs.rmSync(home, { recursive: true }));
/** Says that its shell was started by sshd, so that bash reads .bashrc. */
const env = { PATH: process.env.PATH, HOME: home, SSH_CLIENT: "192.0.2.1 1 22", SHLVL: "0" };
const put = (file: string, text: string) => fs.writeFileSync(path.join(home, file), text);
const noisy = (text: string) => put(".bashrc", text);
afterEach(() => noisy(""));

/** Runs a script as a machine does whose root has this login shell. */
function through(script: string, input?: string | Buffer, shell = "bash", more: Record<string, string> = {}): Cut {
    const frame = new Frame(script, input);
    const { stdout, stderr } = spawnSync(shell, ["-c", frame.command], {
        input: frame.input ?? "",
        env: { ...env, ...more },
        maxBuffer: 64 << 20,
    });
    return frame.cut(stdout, stderr);
}

/** Bytes as a word of the shell that prints them. */
const printed = (bytes: Uint8Array): string =>
    `printf %b '${[...bytes].map(b => `\\0${b.toString(8).padStart(3, "0")}`).join("")}'`;
const bytes = fc.uint8Array({ maxLength: 60 });
/** Looks like marks, and is what other commands' marks were. */
const lookalike = fc
    .constantFrom("<begin>", "<0>", new Frame("x").command, `<${"0".repeat(32)} begin>`, `<${"0".repeat(32)} 0>`, "\n")
    .map(text => new Uint8Array(Buffer.from(text)));
const noise = fc.array(fc.oneof(bytes, lookalike), { maxLength: 3 }).map(parts => Buffer.concat(parts));

test("whatever is printed before and after, on both streams, is no part of the answer, whatever that is", () => {
    fc.assert(
        fc.property(
            fc.record({ before: noise, beforeErr: noise, after: noise, afterErr: noise, out: noise, err: noise }),
            fc.integer({ min: 0, max: 255 }),
            ({ before, beforeErr, after, afterErr, out, err }, code) => {
                noisy(`${printed(before)}; ${printed(beforeErr)} >&2`);
                const frame = new Frame(`${printed(out)}; ${printed(err)} >&2; exit ${code}`);
                const { stdout, stderr } = spawnSync("bash", ["-c", frame.command], { env });
                expect(stdout.subarray(0, before.length)).toEqual(before);
                expect(frame.cut(Buffer.concat([stdout, after]), Buffer.concat([stderr, afterErr]))).toEqual({
                    begun: true,
                    noise: "",
                    end: code,
                    stdout: out.toString(),
                    stderr: err.toString(),
                });
            },
        ),
        { numRuns: 40 },
    );
});

test("input is what was sent, byte for byte, and never a part of the command", () => {
    const input = fc.uint8Array({ minLength: 1, maxLength: 200 }).map(all => Buffer.from(all.filter(b => b !== 0)));
    fc.assert(
        fc.property(input, sent => {
            const frame = new Frame("od -An -v -tx1", sent);
            const { stdout, stderr } = spawnSync("bash", ["-c", frame.command], { input: frame.input ?? "", env });
            expect(frame.cut(stdout, stderr).stdout.replace(/\s/g, "")).toBe(sent.toString("hex"));
            if (sent.length > 8) expect(frame.command).not.toContain(sent.toString("latin1"));
        }),
        { numRuns: 30 },
    );
});

test("a megabyte is sent and answered", () => {
    const sent = "0123456789abcdef\n".repeat(1 << 16);
    expect(through("cat", sent)).toMatchObject({ end: 0, stdout: sent });
});

test("what cannot be sent is refused", () => {
    expect(() => new Frame("cat", "a\0b")).toThrow("the input of a script must not have a NUL byte in it");
    expect(() => new Frame("echo \x01")).toThrow("a script must not have the character \\x01 in it");
});

test.each([
    ["exit", "echo a; exit 3; echo b", 3, "a\n"],
    ["a command that fails", "echo a; false; echo b", 1, "a\n"],
    ["exec", "echo a; exec sh -c 'echo b; exit 4'", 4, "a\nb\n"],
    ["a trap", "trap 'echo c' EXIT; echo a", 0, "a\nc\n"],
    ["a redirection of its own", "exec 2>&1; echo a >&2", 0, "a\n"],
    ["words that are not shell", "echo a\nif )", 2, "a\n"],
    ["a comment", "echo a # b", 0, "a\n"],
])("a script that ends by %s has its code and its answer", (_title, script, end, stdout) => {
    for (const input of [undefined, "sent"]) expect(through(script, input)).toMatchObject({ end, stdout });
});

test.each([
    ["its first line", "read x"],
    ["its first byte", "read -n 1 x"],
    ["all of it", "cat > /dev/null"],
    ["and prints it", "cat"],
])("a login that reads the input, %s: nothing is begun", (_title, reads) => {
    noisy(reads);
    const witness = path.join(home, "witness");
    expect(through(`cat > ${witness}`, "a\nb\nc\n")).toMatchObject({ end: "lost", stdout: "", stderr: "" });
    expect(fs.existsSync(witness)).toBe(false);
    // Where there is none it does no harm.
    expect(through("echo a")).toMatchObject({ end: 0, stdout: "a\n" });
});

test("input that breaks off on its way: nothing is begun", () => {
    const frame = new Frame("cat", "password = secret\n");
    for (const length of [0, 10, frame.input!.length - 1]) {
        const { stdout, stderr } = spawnSync("bash", ["-c", frame.command], {
            input: frame.input!.subarray(0, length),
            env,
        });
        expect(frame.cut(stdout, stderr)).toMatchObject({ end: "lost", stdout: "" });
    }
});

test("a login that ends before the command, and one that joins both streams", () => {
    noisy("echo 'This account is not available' >&2; exit 1");
    expect(through("echo a")).toEqual({
        begun: false,
        stdout: "",
        stderr: "",
        noise: "This account is not available",
    });
    noisy("exec 2>&1");
    expect(through("echo a")).toMatchObject({ end: "joined" });
});

test("a shell that prints its own commands does not print the marks", () => {
    noisy("set -xv");
    const { stdout, end } = through("echo a");
    expect({ stdout, end }).toEqual({ stdout: "a\n", end: 0 });
});

test("BASH_ENV, an alias, a function and a trap of the login's are in nobody's way", () => {
    put("env", "echo noise; echo noise >&2");
    noisy(
        "sh() { echo wrong; }; printf() { echo wrong; }; trap 'echo bye; echo bye >&2' EXIT; shopt -s expand_aliases; alias eval=false",
    );
    expect(through("printf a; sh -c 'echo b'", undefined, "bash", { BASH_ENV: path.join(home, "env") })).toEqual({
        begun: true,
        noise: "",
        end: 0,
        stdout: "ab\n",
        stderr: "",
    });
});

/** Those of this machine: nobody has all of them. */
const shells = ["sh", "dash", "bash", "zsh", "ksh93", "mksh", "fish", "tcsh", "csh"].filter(
    shell => spawnSync(shell, ["-c", "exit 0"]).status === 0,
);
test.each(shells)("root's shell may be %s", shell => {
    const word = `it's "$x" \\ \\n \\\\ \\'!\n\t!! !$ $(false) \`false\` {a,b} ~ * ü %s ^`;
    for (const input of [undefined, word])
        expect(
            through(`printf %s ${quote(word)}${input === undefined ? "" : "; cat"}; exit 5`, input, shell),
        ).toMatchObject({
            end: 5,
            stdout: word + (input ?? ""),
        });
});
