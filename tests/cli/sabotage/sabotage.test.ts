import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import { loadExercises } from "../../../cli/sabotage/exercises";
import { addSabotageCommand } from "../../../cli/sabotage/sabotage";
import { begun, underWay } from "../../../cli/stack/under-way";
import { start as operate } from "../../../cli/operate/commands";
import { exec } from "../../../clients/ssh";
import { readSettings } from "../../../config/settings";
import { UserError } from "../../../system/errors";
import { own } from "./loaded";

jest.mock("../../../clients/ssh", () => ({
    ...jest.requireActual<object>("../../../clients/ssh"),
    exec: jest.fn(),
    closeAll: jest.fn(),
}));
jest.mock("../../../cli/sabotage/exercises", () => {
    const actual = jest.requireActual<{ loadExercises: () => unknown }>("../../../cli/sabotage/exercises");
    return { loadExercises: jest.fn(actual.loadExercises) };
});
jest.mock("../../../cli/operate/commands", () => ({ start: jest.fn() }));
jest.mock("../../../cli/stack/reach", () => ({
    labOf: () => undefined,
    settingsWithoutSecrets: () => settings,
    connectionOf: (_stack: string, name: string) => ({ name }),
}));

const settings = readSettings("team01", {
    number: 1,
    training: true,
    hosts: { central: { address: "a" }, compute: { address: "b" } },
});
const before = process.env.CLASSROOM_STATE,
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-sabotage-"));
const onMachine = jest.mocked(exec),
    up = jest.mocked(operate);
let said: string[];
beforeEach(() => {
    process.env.CLASSROOM_STATE = dir;
    said = [];
    jest.spyOn(console, "log").mockImplementation((text: string) => void said.push(text));
    jest.spyOn(console, "error").mockImplementation((text: string) => void said.push(text));
    jest.spyOn(process.stderr, "write").mockImplementation(text => said.push(String(text).trimEnd()) > 0);
    onMachine.mockReset().mockResolvedValue({ code: 0, stdout: "", stderr: "" });
    up.mockReset().mockResolvedValue(0);
});
afterEach(() => {
    jest.restoreAllMocks();
    jest.mocked(loadExercises).mockImplementation(
        jest.requireActual<{ loadExercises: typeof loadExercises }>("../../../cli/sabotage/exercises").loadExercises,
    );
    process.exitCode = undefined;
    for (const file of fs.readdirSync(dir)) fs.rmSync(path.join(dir, file), { recursive: true });
    if (before === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = before;
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** Runs `./classroom sabotage` with some words. @returns the exit code */
async function sabotage(...words: string[]): Promise<number | string | undefined> {
    const cli = new Command().exitOverride();
    addSabotageCommand(cli);
    await cli.parseAsync(["sabotage", ...words], { from: "user" });
    const code = process.exitCode ?? undefined;
    process.exitCode = undefined;
    return code;
}
/** What ran, as `node: first line of its own`. */
const ran = () =>
    onMachine.mock.calls.map(([to, script]) => `${(to as { name: string }).name}: ${own(script).split("\n")[1]}`);
const names = () => underWay("team01").map(o => o.name);

test("each machine's part runs there, in the order of the steps, and the exercise is under way", async () => {
    expect(await sabotage("team01", "E35")).toBe(0);
    expect(ran().map(line => line.slice(0, 42))).toEqual(
        ["auth-node: . /root/openrc; export OS_AUTH_", "image-node: grep -q '^sql_connection[ =]' "].map(
            line => expect.stringContaining(line) as string,
        ),
    );
    expect(underWay("team01")).toMatchObject([{ name: "E35-three", hasUndo: false }]);
});

test("what was not yet tried on a lab is said to be so", async () => {
    await sabotage("team01", "E31-clock");
    expect(said[0]).toBe("E31 was not yet tried on a lab: it may do less, or more, than it says");
    await sabotage("team01", "S4-mysql");
    expect(said.filter(line => line.startsWith("S4"))).toEqual([
        "S4: something that worked yesterday does not answer, or takes for ever",
    ]);
});

test("an exercise that is under way is not begun again, and that is one sentence", async () => {
    begun("team01", { name: "S4-mysql", since: "2013-08-28T10:00:00.000Z", hasUndo: false });
    expect(await sabotage("team01", "S4-mysql")).toBe(1);
    expect(said).toEqual([
        "classroom: S4-mysql is under way on team01 since 2013-08-28T10:00:00.000Z, so nothing was broken; mend it first: ./classroom sabotage team01 --undo",
    ]);
    expect(ran()).toEqual([]);
});

test("another one may be begun beside it", async () => {
    await sabotage("team01", "S4-mysql");
    expect(await sabotage("team01", "S1-nova")).toBe(0);
    expect(names()).toEqual(["S4-mysql", "S1-nova"]);
});

test("one step that could not be done is not under way", async () => {
    onMachine.mockRejectedValue(new Error("mysql does not run as it is"));
    expect(await sabotage("team01", "S4-mysql")).toBe(1);
    expect(said).toEqual(["classroom: exercise S4 could not be done: mysql does not run as it is"]);
    expect(names()).toEqual([]);
});

test("of several steps a part may be done: it is under way", async () => {
    onMachine.mockResolvedValueOnce({ code: 0, stdout: "", stderr: "" }).mockRejectedValue(new Error("no"));
    expect(await sabotage("team01", "E35")).toBe(1);
    expect(said.join()).toBe(
        "classroom: exercise E35 could not be done: no; a part of it may be, and is mended by ./classroom sabotage team01 --undo",
    );
    expect(names()).toEqual(["E35-three"]);
});

test("undo takes back what no refresh sees, before it mends as up --refresh does", async () => {
    await sabotage("team01", "E32");
    onMachine.mockClear();
    up.mockImplementation(async () => {
        onMachine.mock.calls.push([{ name: "up" }, "\nkind=\nrefresh"] as never);
        return 0;
    });
    expect(await sabotage("team01", "--undo")).toBe(0);
    expect(ran()).toEqual([
        "volume-node: [ ! -e /etc/cinder/cinder.conf.orig ] || mv -f /etc/cinder/cinder.conf.orig /etc/cinder/cinder.conf",
        "up: refresh",
    ]);
    expect(up.mock.calls.map(call => [call[0].name, call[0].asks, call[1], call[3]])).toEqual([
        ["up", "first", "team01", ["up", "team01", "--refresh"]],
    ]);
    expect(names()).toEqual([]);
});

test("what cannot be taken back is told, stays under way, and the rest is mended", async () => {
    await sabotage("team01", "E32");
    said = [];
    onMachine.mockRejectedValue(new Error("no answer"));
    expect(await sabotage("team01", "--undo")).toBe(1);
    expect(said).toEqual(["classroom: E32-both could not be taken back: no answer"]);
    expect(up).toHaveBeenCalledTimes(1);
    expect(names()).toEqual(["E32-both"]);
});

test("a cloud is mended though the file of an exercise has a mistake", async () => {
    jest.mocked(loadExercises).mockImplementation(() => {
        throw new UserError("the exercises have a mistake");
    });
    expect(await sabotage("--list")).toBe(1);
    expect(await sabotage("team01", "--undo")).toBe(0);
    expect(said).toEqual(["classroom: the exercises have a mistake"]);
});

test("an exercise under way whose file has a mistake is told, and stays under way", async () => {
    await sabotage("team01", "E32");
    said = [];
    jest.mocked(loadExercises).mockImplementation(needed => {
        throw new UserError(`${needed!.join(", ")} has a mistake`);
    });
    expect(await sabotage("team01", "--undo")).toBe(1);
    expect(said).toEqual(["classroom: E32-both could not be taken back: E32-both has a mistake"]);
    expect(names()).toEqual(["E32-both"]);
});

test("an explanation wants its exercise behind the option", async () => {
    expect(await sabotage("E4", "--explain")).toBe(1);
    expect(said).toEqual(["classroom: --explain wants the exercise behind it: ./classroom sabotage --explain E4"]);
});

test("random is one of those that fit the stack, and the same again by its seed", async () => {
    await sabotage("team01", "--random", "--seed", "7");
    const [again] = said.filter(line => line.startsWith("to do the same again"));
    expect(again).toBe("to do the same again: ./classroom sabotage team01 --random --seed 7");
    const first = ran();
    await sabotage("team01", "--undo");
    begun("team01", { name: "x", since: "", hasUndo: false });
    fs.rmSync(path.join(dir, "stacks"), { recursive: true });
    onMachine.mockClear();
    await sabotage("team01", "--random", "--seed", "7");
    expect(ran()).toEqual(first);
});

test("an exercise of another release is refused", async () => {
    expect(await sabotage("team01", "E15")).toBe(1);
    expect(said).toEqual(["classroom: E15 is for release ocata, and the stack's is grizzly, so nothing was broken"]);
});
