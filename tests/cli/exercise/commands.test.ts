import { Command } from "commander";
import { addExerciseCommands } from "../../../cli/exercise/commands";
import { Journal } from "../../../cli/exercise/journal";
import { sideBySide, type Work } from "../../../cli/shell/side-by-side";
import { settingsWithoutSecrets } from "../../../cli/stack/reach";
import { nodeNames } from "../../../config/nodes";
import { ownState } from "../../system/own-state";

jest.mock("../../../cli/stack/reach", () => ({ settingsWithoutSecrets: jest.fn() }));
jest.mock("../../../cli/shell/side-by-side", () => ({
    ...jest.requireActual<object>("../../../cli/shell/side-by-side"),
    sideBySide: jest.fn(),
}));

ownState("classroom-exercise-commands-");
const rules = { solved: 100, minute: 1, hint: 10, wrongDone: 20 },
    practice = { training: true, release: "grizzly", made: nodeNames, powerOf: () => "on", kindOf: () => "vm" };
let work: Work | undefined, said: string[];
beforeEach(() => {
    work = undefined;
    said = [];
    jest.mocked(settingsWithoutSecrets).mockReturnValue(practice as never);
    jest.mocked(sideBySide).mockImplementation(async given => {
        work = given;
        return 0;
    });
    const hear = (...text: unknown[]) => {
        said.push(String(text[0]).trimEnd());
        return true;
    };
    for (const name of ["log", "error"] as const) jest.spyOn(console, name).mockImplementation(hear);
    jest.spyOn(process.stderr, "write").mockImplementation(hear);
});
afterEach(() => {
    jest.restoreAllMocks();
    process.exitCode = 0;
});

/** Does a command line. @returns its exit code */
async function exercise(...words: string[]): Promise<unknown> {
    const cli = new Command()
        .enablePositionalOptions()
        .exitOverride()
        .configureOutput({ writeErr: () => undefined });
    addExerciseCommands(cli);
    await cli.parseAsync(["exercise", ...words], { from: "user" });
    const code = process.exitCode;
    process.exitCode = 0;
    return code;
}
const inJournal = <T>(ask: (journal: Journal) => T): T => {
    const journal = new Journal();
    try {
        return ask(journal);
    } finally {
        journal.close();
    }
};
const begin = (team: string) =>
    inJournal(j => j.add(team, "start", { exercise: "S5-cinder", minutes: 20, rules }, "nothing"));
const wordsOf = (team: string) => work!.wordsFor(team).join(" ");

test("a start for several teams is one draw, and a process for each that is told its own", async () => {
    await exercise("start", "team01", "team02", "S5", "--minutes", "20", "--seed", "3", "--jobs", "2");
    expect(work).toMatchObject({ stacks: ["team01", "team02"], jobs: 2 });
    const [one, two] = [wordsOf("team01"), wordsOf("team02")];
    expect(one).toMatch(/^exercise start team01 S5-[a-z-]+ --minutes 20$/);
    expect(two).toBe(one.replace("team01", "team02"));
    expect(said).toEqual(["to choose the same again: --seed 3"]);
});

test("with --each teams may have different exercises", async () => {
    await exercise("start", "--class", "--random", "--each", "--seed", "7", "--no-restore-point");
    const all = work!.stacks.map(wordsOf);
    expect(new Set(all.map(words => words.split(" ")[3])).size).toBeGreaterThan(1);
    expect(all.every(words => words.endsWith(" --no-restore-point"))).toBe(true);
});

test("nothing is begun where one of the teams has no stack to practise on", async () => {
    jest.mocked(settingsWithoutSecrets).mockImplementation(
        stack => ({ ...practice, training: stack !== "team02" }) as never,
    );
    expect(await exercise("start", "team01", "team02", "S5-cinder")).toBe(1);
    expect([work, said.join()]).toEqual([undefined, expect.stringContaining("team02 is not there to practise on")]);
});

test("the clocks of several teams stop at once; a team without an exercise stops no other", async () => {
    begin("team01");
    begin("team03");
    expect(await exercise("freeze", "team01", "team02", "team03")).toBe(1);
    expect(work).toBeUndefined();
    expect(["team01", "team03"].map(team => inJournal(j => j.standing(team).open?.frozen))).toEqual([true, true]);
    expect(said).toEqual(["classroom: team02: no exercise is under way"]);
});

test("more time, and hints, for one team", async () => {
    begin("team04");
    expect(await exercise("extend", "team04", "--minutes", "5")).toBe(0);
    expect(await exercise("hint", "team04")).toBe(0);
    expect(inJournal(j => j.standing("team04").open)).toMatchObject({ hints: 1, points: -10 });
    expect(inJournal(j => j.standing("team04").open!.left)).toBeGreaterThan(24 * 60);
    expect(said.join()).toMatch(/^team04: /);
});

test("a check for several teams is a process for each", async () => {
    await exercise("check", "--class");
    expect(wordsOf("team05")).toBe("exercise check team05");
});

test("a stack that there is not is told, and the points of those that played", async () => {
    expect(await exercise("stop", "nope")).toBe(1);
    expect(said.join()).toContain('there is no stack "nope"');
    begin("team06");
    said = [];
    expect(await exercise("scores", "--csv")).toBe(0);
    expect(said.join()).toContain("team06,1,S5,open,");
});
