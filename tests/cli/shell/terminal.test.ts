import { coloured, Terminal } from "../../../cli/shell/terminal";

const sink = (isTTY: boolean) => {
    const written: string[] = [];
    return {
        isTTY,
        written,
        write: (text: string) => {
            written.push(text);
        },
        getWindowSize: (): [number, number] => [20, 5],
    };
};

test("without a terminal, or with NO_COLOR: plain lines and no status", () => {
    for (const [tty, env] of [
        [false, {}],
        [true, { NO_COLOR: "1" }],
        [true, { TERM: "dumb" }],
    ] as const) {
        const out = sink(tty);
        const terminal = new Terminal(undefined, false, out, sink(tty), env);
        const hide = terminal.show(() => "running");
        terminal.line("+ create guest:File a");
        hide();
        expect(out.written.join("")).toBe("+ create guest:File a\n");
    }
});

test("on a terminal the status is below the lines, cut to the width, and gone at the end", () => {
    const out = sink(true);
    const terminal = new Terminal(undefined, false, out, sink(true), {});
    const hide = terminal.show(() => "a status that is longer than the line");
    terminal.line("+ create guest:File a");
    hide();
    expect(out.written[0]).toContain("a status that is l…");
    expect(out.written.join("")).toMatch(/\u001b\[32m\+ create guest:File a\u001b\[0m\n/);
    expect(out.written[out.written.length - 1]).toBe("\r\u001b[2K");
});

test("with --json one object is all that standard output gets", async () => {
    const out = sink(false),
        err = sink(false);
    const terminal = new Terminal(undefined, true, out, err, {});
    terminal.line("a line");
    await terminal.step("Work", () => Promise.resolve());
    terminal.result({ operation: "up" });
    expect(out.written).toEqual(['{"operation":"up"}\n']);
    expect(err.written.join("")).toMatch(/^a line\nWork …\nWork: done in [\d.]+ s\n$/);
});

test("a line has the colour of its sign, with and without the clock", () => {
    expect(
        ["   3 s ! guest:File a is gone", "error b: wrong", "3 created"].map(line => coloured(line).slice(0, 5)),
    ).toEqual(["\u001b[33m", "\u001b[31m", "3 cre"]);
});

test("what a node says takes no line back, sets no title and forges no line, on a terminal as elsewhere", () => {
    for (const tty of [true, false]) {
        const out = sink(tty);
        const terminal = new Terminal(undefined, false, out, sink(tty), {});
        terminal.line("   3 s ! guest:File a has drifted\u001b[2K\u001b]0;all is well\u0007\n+ create guest:File b");
        const printed = "   3 s ! guest:File a has drifted\\x1b[2K\\x1b]0;all is well\\x07";
        expect(out.written.join("")).toBe(
            `${tty ? `\u001b[33m${printed}\u001b[0m` : printed}\n  | + create guest:File b\n`,
        );
    }
});

test("the status obeys nothing either, masks what is secret, and stays in its row", () => {
    const out = sink(true);
    const terminal = new Terminal(undefined, false, out, sink(true), {});
    terminal.protect(["keystoneAdmin"]);
    terminal.show(() => "a\u001b[5m keystoneAdmin 中中中中中中")();
    expect(out.written[0]).toBe("\r\u001b[2K\u001b[2ma\\x1b[5m [secret] …\u001b[0m");
});

test("with --json the object is safe to show and parses to what it was", () => {
    const out = sink(true);
    const value = { new: "\u009b31m\u202e10.0.0.3\u007f" };
    new Terminal(undefined, true, out, sink(true), {}).result(value);
    expect(out.written).toEqual(['{"new":"\\u009b31m\\u202e10.0.0.3\\u007f"}\n']);
    expect(JSON.parse(out.written[0]!)).toEqual(value);
});
