import * as path from "path";
import { Journal } from "../../../cli/exercise/journal";
import { Exercises, minutesFor, rulesFor } from "../../../cli/exercise/operations";
import { named } from "../../../cli/sabotage/choose";
import { loadExercises } from "../../../cli/sabotage/exercises";
import { ClassStore } from "../../../engine/class-store";
import { ownState } from "../../system/own-state";

const dir = ownState("classroom-exercise-");
const rules = { solved: 100, minute: 1, hint: 10, wrongDone: 20 },
    chosen = named(loadExercises(), "S5-cinder")[0]!;

/** Ends of this program's own commands, by their first word; those that are not named end well. */
let ends: Record<string, { code: number; result?: Record<string, unknown>; last?: string }>,
    ran: string[],
    exercises: Exercises;
let number = 0;
beforeEach(() => {
    ends = {};
    ran = [];
    const journal = new Journal(new ClassStore(path.join(dir, `${++number}.sqlite`)));
    exercises = new Exercises(journal, async (stack, words) => {
        ran.push(words.join(" "));
        const { code: exitCode, result, last = "" } = ends[words[0]!] ?? { code: 0 };
        return { stack, exitCode, seconds: 1, output: result ? [JSON.stringify(result)] : [], last };
    });
});
afterEach(() => exercises.journal.close());
const begin = () => exercises.start("team01", chosen, 20, rules);
const standing = () => exercises.journal.standing("team01");

test("an exercise begins with a restore point, in the place of the former one, and time begins when the fault is there", async () => {
    ends.snapshot = { code: 0, result: { points: [{ name: "exercise" }] } };
    await begin();
    expect(ran).toEqual([
        "snapshot team01 --list --json",
        "snapshot team01 exercise --remove --json",
        "snapshot team01 exercise --json",
        "sabotage team01 S5-cinder",
    ]);
    expect(standing()).toMatchObject({ open: { exercise: "S5-cinder", points: 0 }, busy: undefined });
});

test("one that cannot be made has no time, and may be begun again", async () => {
    ends.sabotage = { code: 1 };
    await expect(begin()).rejects.toThrow("team01: the fault could not be made");
    expect(standing()).toMatchObject({ open: undefined, busy: undefined });
    ends = {};
    await begin();
    expect(standing().open).toBeDefined();
});

test("of two who begin one at once, one does", async () => {
    const both = await Promise.allSettled([begin(), begin()]);
    expect(both.map(b => b.status)).toEqual(["fulfilled", "rejected"]);
    expect((both[1] as PromiseRejectedResult).reason.message).toContain("an exercise is being prepared");
});

test("a process that was killed while it prepared an exercise hinders nobody", async () => {
    exercises.journal.add("team01", "prepare", { exercise: "S5-cinder", pid: 4194303, since: "1" }, "none");
    await begin();
    expect(standing().open).toBeDefined();
});

test.each([
    ["diagnose finds a drift", { diagnose: { code: 3, result: { causes: [{ type: "guest:File" }] } } }, "broken", -20],
    ["a node does not answer", { diagnose: { code: 2, result: { causes: [{ type: "ssh" }] } } }, "broken", -20],
    ["a host does not answer", { diagnose: { code: 2, result: { causes: [{ type: "host" }] } } }, "unknown", 0],
    ["there is no cloud", { diagnose: { code: 2, result: { error: "nothing is recorded" } } }, "unknown", 0],
    ["a check fails", { check: { code: 1, result: { checks: [{ id: "T2", result: "fail" }] } } }, "broken", -20],
    [
        "a node's record finds a broken service",
        {
            diagnose: {
                code: 3,
                result: { causes: [{ type: "guest:Ground", brokenByIt: ["cloud-nova-api"], unaskedByIt: [] }] },
            },
        },
        "broken",
        -20,
    ],
    ["diagnose itself fails", { diagnose: { code: 1 } }, "unknown", 0],
    ["check cannot begin", { check: { code: 1, result: { error: "the lab is not up" } } }, "unknown", 0],
])("a done is judged by the cloud: %s", async (_when, happens, verdict, points) => {
    await begin();
    ends = happens;
    expect((await exercises.check("team01")).verdict).toBe(verdict);
    expect(standing().open).toMatchObject({ points });
});

test("a copy or a tool that a team has left on a node costs nothing", async () => {
    await begin();
    const causes = [{ type: "guest:Ground", brokenByIt: [], unaskedByIt: [] }, { type: "guest:Baseline" }];
    ends = { diagnose: { code: 3, result: { causes } } };
    expect((await exercises.check("team01")).verdict).toBe("sound");
});

test("a mended cloud ends the exercise with its points", async () => {
    await begin();
    expect(await exercises.check("team01")).toMatchObject({ verdict: "sound" });
    expect(standing().rounds).toMatchObject([{ state: "solved", points: 119 }]);
});

test("what is said of a cloud that is not mended names neither node nor service", async () => {
    await begin();
    const cause = { cause: "/etc/cinder/cinder.conf on volume-node", type: "guest:OptionsFile" };
    ends = { diagnose: { code: 3, result: { causes: [cause] } } };
    expect((await exercises.check("team01")).said).toBe("diagnose: not everything is as it was made");
});

test("three hints, one after the other, and no fourth", async () => {
    await begin();
    const texts = [1, 2, 3].map(() => exercises.hint("team01").text);
    expect(texts).toEqual(chosen.exercise.hints);
    expect(() => exercises.hint("team01")).toThrow("all three hints are given");
    expect(standing().open).toMatchObject({ hints: 3, points: -30 });
});

test("a frozen exercise gives no hint and judges nothing until it goes on", async () => {
    await begin();
    exercises.freeze("team01");
    expect(() => exercises.hint("team01")).toThrow("the exercise is frozen");
    await expect(exercises.check("team01")).rejects.toThrow("the exercise is frozen");
    exercises.resume("team01");
    expect(exercises.hint("team01").number).toBe(1);
});

test("a reset puts the cloud back and breaks it in the same way; the clock goes on", async () => {
    await begin();
    ran = [];
    await exercises.reset("team01");
    expect(ran).toEqual(["restore team01 exercise --json", "sabotage team01 S5-cinder"]);
    expect(standing()).toMatchObject({ open: { exercise: "S5-cinder" }, busy: undefined });
});

test("a revealed exercise is explained, and is over", async () => {
    await begin();
    expect(exercises.reveal("team01").join("\n")).toContain("sql_connection");
    expect(standing().rounds).toMatchObject([{ state: "over", revealed: true, points: 0 }]);
});

test("another team's exercise is not touched", async () => {
    await begin();
    exercises.hint("team01");
    expect(exercises.journal.standing("team02").rounds).toEqual([]);
    expect(() => exercises.hint("team02")).toThrow("team02: no exercise is under way");
});

test("rules and minutes are the class's, then the exercise's own", () => {
    const plan = { points: rules, exercises: [{ id: "S5", minutes: 30, points: 150 }] } as never;
    expect([rulesFor(plan, "S5").solved, rulesFor(plan, "S4").solved, rulesFor(undefined, "S4").solved]).toEqual([
        150, 100, 100,
    ]);
    expect([undefined, 5].map(given => minutesFor(plan, chosen.exercise, given))).toEqual([30, 5]);
    expect(minutesFor(undefined, chosen.exercise, undefined)).toBe(25);
});

test("an interrupted check costs nothing, and is no verdict", async () => {
    await begin();
    ends = { diagnose: { code: 130 } };
    await expect(exercises.check("team01")).rejects.toMatchObject({ exitCode: 130 });
    expect(standing()).toMatchObject({ open: { points: 0, wrong: 0 }, busy: undefined });
});

test("what a team hears of work that failed has no word of a command's", async () => {
    await begin();
    ends = { sabotage: { code: 1, last: "classroom: S5-cinder cannot be done" } };
    await expect(exercises.reset("team01")).rejects.toMatchObject({
        short: "team01: the fault could not be made again",
        message: "team01: the fault could not be made again (sabotage: classroom: S5-cinder cannot be done)",
    });
    expect(standing().said).toBe("the cloud could not be put back");
});
