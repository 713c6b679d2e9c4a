import { EventEmitter } from "events";
import * as fs from "fs";
import type { Socket } from "net";
import { Audit, Privileged } from "../../../cli/board/privileged";
import { EndedCookies } from "../../../cli/board/secrets";
import { picturesOf } from "../../../cli/board/views";
import type { Message, Request } from "../../../cli/board/vocabulary";
import { Journal } from "../../../cli/exercise/journal";
import { Exercises } from "../../../cli/exercise/operations";
import type { Ended } from "../../../cli/shell/side-by-side";
import { loadExercises } from "../../../cli/sabotage/exercises";
import { ownState } from "../../system/own-state";

ownState("classroom-board-privileged-");
const rules = { solved: 100, minute: 1, hint: 10, wrongDone: 20 };

/** The socket to the part that serves pages, which a test speaks for. */
class Page extends EventEmitter {
    readonly told: Message[] = [];
    setEncoding = () => this;
    write = (line: string) => this.told.push(JSON.parse(line) as Message) > 0;
    destroy = () => void this.emit("close");
    ask(asked: Request | object): void {
        this.emit("data", `${JSON.stringify(asked)}\n`);
    }
    answers = () => this.told.flatMap(m => (m.say === "done" ? [{ ok: m.ok, text: m.text }] : []));
    views = () => this.told.flatMap(m => (m.say === "views" ? [m.views] : []));
}

let page: Page, privileged: Privileged, journal: Journal, audit: Audit, ends: Partial<Ended>, ran: string[];
beforeEach(() => {
    ends = {};
    ran = [];
    journal = new Journal();
    const run = async (stack: string, words: readonly string[]): Promise<Ended> => {
        ran.push(words.join(" "));
        return { stack, exitCode: 0, seconds: 1, output: [], last: "", ...ends };
    };
    const sources = { plan: undefined, teams: ["team01", "team02"], journal, exercises: loadExercises() };
    audit = new Audit();
    const exercises = new Exercises(journal, run);
    privileged = new Privileged({ sources, exercises, run, audit, ended: new EndedCookies() });
    page = new Page();
    jest.spyOn(console, "error").mockReturnValue();
    privileged.serve(page as unknown as Socket, { say: "done", id: 0, ok: true, text: "hello" }, () => undefined);
    page.told.splice(0, 1);
});
afterEach(() => {
    page.emit("close");
    journal.close();
    fs.rmSync(audit.file, { force: true });
    jest.restoreAllMocks();
});
const asked = { ask: "do", id: 1, action: "check", team: "team01", by: "team:team01", from: "127.0.0.1" } as const;
const begin = (team: string) =>
    void journal.add(team, "start", { exercise: "S5-cinder", minutes: 20, rules }, "nothing");
async function answerTo(request: object): Promise<{ ok: boolean; text: string } | undefined> {
    page.ask(request);
    await privileged.done();
    return page.answers().pop();
}

test.each([
    ["another action", { ...asked, action: "destroy" }],
    ["a word more", { ...asked, words: ["--force"] }],
    ["a team with a path", { ...asked, team: "../lab" }],
    ["a command", { ask: "run", words: ["destroy", "team01"] }],
])("%s is not in the vocabulary: nothing is done, and it is noted", async (_what, request) => {
    expect(await answerTo(request)).toBeUndefined();
    expect(ran).toEqual([]);
    expect(fs.readFileSync(audit.file, "utf8")).toContain("not in the vocabulary");
});

test.each([
    ["a stack of no team", { ...asked, team: "lab", by: "teacher" }, "there is no such team"],
    ["another team's cloud", { ...asked, team: "team02" }, "that is another team's"],
    ["a diagnosis for a team", { ...asked, action: "diagnose" }, "that is the teacher's"],
])("%s is refused here, too", async (_what, request, text) => {
    expect(await answerTo(request)).toEqual({ ok: false, text });
    expect(ran).toEqual([]);
});

test("a check without an exercise is refused in words", async () => {
    expect(await answerTo(asked)).toEqual({ ok: false, text: "team01: no exercise is under way" });
});

test("a diagnosis of a cloud that is not there says so", async () => {
    const error = "nothing of stack team01 is recorded; make it with: ./classroom up team01";
    ends = { exitCode: 2, output: [JSON.stringify({ error })] };
    expect(await answerTo({ ...asked, action: "diagnose", by: "teacher" })).toEqual({ ok: true, text: error });
});

test("of work that failed a team hears no command's words, and the teacher hears them", async () => {
    begin("team02");
    ends = { exitCode: 1, last: "classroom: S5-cinder is not done" };
    const reset = { ...asked, team: "team02", action: "reset" };
    expect(await answerTo({ ...reset, by: "team:team02" })).toEqual({
        ok: false,
        text: "team02: the cloud could not be put back; tell the teacher",
    });
    expect((await answerTo({ ...reset, by: "teacher" }))!.text).toContain("S5-cinder");
    journal.add("team02", "stop", {}, "open");
});

test("an exercise reaches the views, and no view has the way of it", async () => {
    begin("team02");
    const hint = { ...asked, team: "team02", action: "hint", by: "team:team02" };
    expect(await answerTo(hint)).toMatchObject({ ok: true });
    const { teams, teacher } = page.views().pop()!;
    expect(teams.team02).toMatchObject({
        made: false,
        state: "open",
        exercise: { id: "S5", hints: [expect.anything()] },
    });
    expect(teacher[1]).toMatchObject({ last: "no cloud yet: ./classroom up team02; exercise: hint", hints: 1 });
    expect(JSON.stringify([teams, teacher])).not.toMatch(/cinder/i);
    journal.add("team02", "stop", {}, "open");
});

test("a stack's file with a mistake ends nothing: its pictures of before stay", () => {
    const pictures = picturesOf(["team01", "nope"], { "team:nope": "before" });
    expect(pictures).toMatchObject({ "team:nope": "before", "team:team01": expect.stringContaining("<svg") });
});

test("a logout is kept for the board's next start", () => {
    page.ask({ ask: "ended", cookie: "abc" });
    expect(new EndedCookies().cookies()).toContain("abc");
});
