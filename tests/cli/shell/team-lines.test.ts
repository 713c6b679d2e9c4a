import type { Ended } from "../../../cli/shell/side-by-side";
import { EventLines, LiveLines, PrefixedLines, table } from "../../../cli/shell/team-lines";

const sink = () => {
    const written: string[] = [];
    return {
        written,
        write: (text: string) => void written.push(text),
        getWindowSize: (): [number, number] => [60, 9],
    };
};
const one = (stack: string, exitCode: number, more: Partial<Ended> = {}): Ended => ({
    stack,
    exitCode,
    seconds: 2,
    output: [],
    last: "the last line",
    ...more,
});

test("the table names team, result, seconds, and the last word of what did not end well", () => {
    expect(table([one("team01", 0), one("lab", 3, { seconds: 12.34 }), one("x", 77)], 1, 13)).toEqual([
        "team    result        seconds",
        "team01  done              2.0",
        "lab     drifted          12.3  the last line",
        "x       exit code 77      2.0  the last line",
        "1 of 3 done in 13.0 s",
    ]);
});

test("in a log each line has its stack before it, and stays in its stream", () => {
    const [stdout, stderr] = [sink(), sink()],
        lines = new PrefixedLines(["a", "team01"], { stdout, stderr });
    lines.line("a", "stdout", "+ made");
    lines.line("team01", "stderr", "classroom: \u001b[2J");
    expect([stdout.written, stderr.written]).toEqual([["a      | + made\n"], ["team01 | classroom: \\x1b[2J\n"]]);
    lines.all([one("a", 0)], 0, 2);
    expect(stdout.written.slice(1).join("")).toMatch(/^team.*\na +done +2\.0\n1 of 1 done in 2\.0 s\n$/);
});

test("a terminal has one line a team, taken back before it is written anew", () => {
    const out = sink(),
        lines = new LiveLines(["a", "b"], out, false);
    out.written.length = 0;
    lines.line("a", "stdout", "+ made\u001b[2J");
    lines.begun("a");
    expect(out.written).toEqual([
        "\u001b[2A\u001b[0J",
        expect.stringMatching(/^a {2}0 s +\+ made\\x1b\[2J\n$/),
        "b  waits\n",
    ]);
    lines.all([one("a", 130)], 130, 2);
    expect(out.written.join("")).toMatch(
        /\u001b\[2A\u001b\[0Jteam.*\na +interrupted +2\.0 {2}the last line\n0 of 1.*, interrupted\n$/,
    );
});

test("where the answer is what a command is for, it is shown when a team has ended", () => {
    const out = sink(),
        lines = new LiveLines(["a"], out, true);
    out.written.length = 0;
    lines.ended(one("a", 3, { output: ["! drifted", "1 cause"] }));
    lines.all([], 3, 1);
    expect(out.written.join("")).toContain("a | 1 cause\n");
});

test("--json is lines of events; what the command printed is the result, other lines are events", () => {
    const out = sink(),
        lines = new EventLines(out, true);
    lines.begun("a");
    lines.line("a", "stderr", "note");
    lines.line("a", "stdout", '{"exitCode":0}');
    lines.ended(one("a", 0, { output: ['{"exitCode":0}'] }));
    lines.ended(one("b", 1, { output: ["no JSON"] }));
    lines.all([one("a", 0)], 0, 2);
    expect(out.written.map(line => JSON.parse(line) as unknown)).toEqual([
        { event: "begin", stack: "a" },
        { event: "line", stack: "a", stream: "stderr", text: "note" },
        { event: "end", stack: "a", exitCode: 0, seconds: 2, result: { exitCode: 0 } },
        { event: "end", stack: "b", exitCode: 1, seconds: 2, result: null },
        { event: "all", exitCode: 0, seconds: 2, teams: [{ stack: "a", exitCode: 0, seconds: 2 }] },
    ]);
});

test("of a command without --json of its own every line is an event", () => {
    const out = sink();
    new EventLines(out, false).line("a", "stdout", "S4: broken");
    expect(JSON.parse(out.written[0]!)).toEqual({ event: "line", stack: "a", stream: "stdout", text: "S4: broken" });
});
