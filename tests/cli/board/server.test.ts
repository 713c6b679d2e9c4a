import { pages } from "../../../cli/board/commands";
import { Board } from "../../../cli/board/server";
import { digestOf, newToken } from "../../../cli/board/sessions";
import type { TeamView } from "../../../cli/board/vocabulary";

const names = Array.from({ length: 10 }, (_, i) => `team${String(i + 1).padStart(2, "0")}`),
    tokens = Object.fromEntries(["teacher", ...names].map(name => [name, newToken()]));
const view = (team: string): TeamView => ({
    team,
    made: true,
    exercise: { id: "S5", title: `canary-${team}`, story: "story", symptom: "symptom", hints: [] },
    state: "open",
    frozen: false,
    left: 600,
    points: 0,
    solved: 0,
    wrong: 0,
    picture: "1",
});
const ORIGIN = "http://127.0.0.1:8484";

let board: Board, performed: string[], refused: string[], ended: string[];
beforeEach(() => {
    performed = [];
    refused = [];
    ended = [];
    board = new Board({
        endedBefore: [],
        ended: cookie => void ended.push(cookie),
        keyring: {
            key: "ab".repeat(32),
            tokens: Object.entries(tokens).map(([name, token]) => ({
                digest: digestOf(token),
                role: name === "teacher" ? name : `team:${name}`,
            })),
        },
        isOwn: host => host === "127.0.0.1:8484",
        secure: false,
        files: pages(),
        perform: async (action, team, by) => {
            performed.push(`${by} ${action} ${team}`);
            return "done";
        },
        refused: what => void refused.push(what),
    });
    const teams = names.map(view);
    const pictures = names.flatMap(name => [
        [`team:${name}`, `<svg>${name} up</svg>`],
        [`teacher:${name}`, `<svg>${name} cause</svg>`],
    ]);
    board.show(
        {
            class: "a class",
            teacher: teams.map(one => ({ ...one, hints: 0, last: "" })),
            teams: Object.fromEntries(teams.map(one => [one.team, one])),
        },
        Object.fromEntries(pictures) as Record<string, string>,
    );
});
afterEach(() => board.close());

const get = async (at: string, cookie = "", more: Record<string, string> = {}) =>
    await board.app.request(`${ORIGIN}${at}`, { headers: { host: "127.0.0.1:8484", cookie, ...more } });
const usual = { host: "127.0.0.1:8484", origin: ORIGIN, "x-board": "1", "content-type": "application/json" };
const post = async (at: string, cookie: string, body: object = {}, more: Record<string, string> = {}) => {
    const text = JSON.stringify(body);
    return await board.app.request(`${ORIGIN}${at}`, {
        method: "POST",
        body: text,
        headers: { ...usual, cookie, "content-length": String(text.length), ...more },
    });
};
async function logIn(name: string): Promise<string> {
    const answer = await post("/login", "", { token: tokens[name] });
    expect(answer.status).toBe(200);
    return answer.headers.get("set-cookie")!.split(";")[0]!;
}
/** What a page's stream says first. */
async function firstView(cookie: string): Promise<string> {
    const reader = (await get("/events", cookie)).body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value as Uint8Array);
}

test("a token is exchanged for a cookie that no script reads and no other site sends", async () => {
    const answer = await post("/login", "", { token: tokens.team01 });
    expect(answer.headers.get("set-cookie")).toMatch(/^board=\S+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
});

test("who is not logged in sees the form, no stream and no picture", async () => {
    expect(await (await get("/")).text()).toContain("<form");
    expect([(await get("/events")).status, (await get("/picture/team01/1")).status]).toEqual([401, 401]);
});

test.each(["", "x", "null", newToken()])("the token %j is refused and noted", async token => {
    expect((await post("/login", "", { token })).status).toBe(403);
    expect(refused).toEqual(["login with a wrong token"]);
});

test("tokens are not guessed: after ten tries an address has to wait", async () => {
    const tries = await Promise.all(Array.from({ length: 12 }, () => post("/login", "", { token: newToken() })));
    expect(tries.map(t => t.status)).toEqual([...Array<number>(10).fill(403), 429, 429]);
});

test("an address with a token in it is refused", async () => {
    expect((await get(`/?token=${tokens.team01}`)).status).toBe(400);
});

test("a team's page and stream have nothing of another team", async () => {
    const cookie = await logIn("team01");
    const all = [
        await firstView(cookie),
        await (await get("/", cookie)).text(),
        await (await get("/picture/team01/1", cookie)).text(),
    ];
    expect(all.join()).toContain("canary-team01");
    expect(all.join()).not.toMatch(/canary-team(?!01)|team0[2-9]|cause/);
});

test("the teacher sees all teams", async () => {
    const seen = await firstView(await logIn("teacher"));
    for (const name of names) expect(seen).toContain(`canary-${name}`);
});

test("a page that is opened later has the time that is left then", async () => {
    const cookie = await logIn("team01");
    jest.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000);
    expect(JSON.parse((await firstView(cookie)).split("data: ")[1]!).view.left).toBeLessThanOrEqual(540);
    jest.restoreAllMocks();
});

test.each([
    ["check", "team02"],
    ["reset", "teamXX"],
    ["diagnose", "team01"],
    ["destroy", "team01"],
    ["constructor", "team01"],
    ["check", "__proto__"],
])("a team cannot %s %s", async (action, team) => {
    expect((await post(`/do/${action}/${team}`, await logIn("team01"))).status).toBe(403);
    expect([performed, refused.length]).toEqual([[], 1]);
});

test("nor see another team's picture", async () => {
    expect((await get("/picture/team02/1", await logIn("team01"))).status).toBe(403);
});

test("the teacher acts for teams of the class alone", async () => {
    const cookie = await logIn("teacher");
    for (const name of ["team11", "constructor", "toString"])
        expect((await post(`/do/check/${name}`, cookie)).status).toBe(403);
    expect((await get("/picture/constructor/1", cookie)).status).toBe(403);
});

test("a team's own action is done, as that team", async () => {
    expect(await (await post("/do/hint/team01", await logIn("team01"))).json()).toEqual({ ok: true, text: "done" });
    expect(performed).toEqual(["team:team01 hint team01"]);
});

test.each([
    ["another origin", { origin: "http://evil.example" }],
    ["no origin", { origin: "" }],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["no header of the page's", { "x-board": "" }],
])("an action from %s is refused, though the cookie is right", async (_from, more) => {
    const cookie = await logIn("team01");
    expect((await post("/do/hint/team01", cookie, {}, more)).status).toBe(403);
    expect(performed).toEqual([]);
});

test("a page of another name, which leads here, is not answered", async () => {
    expect((await get("/", "", { host: "evil.example:8484" })).status).toBe(421);
});

test("a team that floods check is told to wait; another team is not hindered", async () => {
    const [one, two] = [await logIn("team01"), await logIn("team02")];
    const flood = await Promise.all(Array.from({ length: 20 }, () => post("/do/check/team01", one)));
    expect(flood.map(f => f.status)).toEqual([200, 200, ...Array<number>(18).fill(429)]);
    expect((await post("/do/check/team02", two)).status).toBe(200);
});

test("a cookie that is sent again after logging out is nobody's", async () => {
    const cookie = await logIn("team01");
    expect((await post("/logout", cookie)).status).toBe(200);
    expect([(await get("/events", cookie)).status, (await post("/do/hint/team01", cookie)).status]).toEqual([401, 401]);
});

test("a logout ends the streams of its cookie, and is told so that it outlives the board", async () => {
    const [one, other] = [await logIn("team01"), await logIn("team01")];
    const streams = await Promise.all(
        [one, other].map(async cookie => (await get("/events", cookie)).body!.getReader()),
    );
    await Promise.all(streams.map(stream => stream.read()));
    await post("/logout", one);
    expect(ended).toEqual([one.split("=")[1]!.split(".")[0]]);
    expect((await streams[0]!.read()).done).toBe(true);
    await streams[1]!.cancel();
    // Without that it would end after a quarter of a minute.
}, 5000);

test("every answer forbids scripts and styles that are not files of this server", async () => {
    for (const at of ["/", "/board.css", "/nowhere", "/events"]) {
        const policy = (await get(at)).headers.get("content-security-policy");
        expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    }
    for (const [name, text] of Object.entries(pages()))
        if (name.endsWith(".html")) expect(text).not.toMatch(/<script>|<style|\sstyle=|\son\w+=|https?:/);
});
