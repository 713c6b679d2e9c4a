import { digestOf, type Keyring, newToken, Sessions, SESSION_SECONDS } from "../../../cli/board/sessions";

const [teacher, one] = [newToken(), newToken()];
const keyring: Keyring = {
    key: "ab".repeat(32),
    tokens: [
        { digest: digestOf(teacher), role: "teacher" },
        { digest: digestOf(one), role: "team:team01" },
    ],
};
const sessions = new Sessions(keyring),
    team = { teacher: false, team: "team01" } as const;

test("a token says whose it is, and a guessed one nobody's", () => {
    expect([teacher, one, "", newToken(), one.slice(1)].map(token => sessions.roleOf(token))).toEqual([
        { teacher: true },
        team,
        undefined,
        undefined,
        undefined,
    ]);
});

test("a cookie counts until its end, through a restart of the board", () => {
    const cookie = sessions.begin(team, 1000);
    const later = new Sessions(keyring);
    expect([later.read(cookie, 1000 + SESSION_SECONDS), later.read(cookie, 1001 + SESSION_SECONDS)]).toEqual([
        team,
        undefined,
    ]);
});

test.each([
    ["with another key", (cookie: string) => new Sessions({ ...keyring, key: "cd".repeat(32) }).read(cookie, 1000)],
    ["of a team without a token", (cookie: string) => new Sessions({ ...keyring, tokens: [] }).read(cookie, 1000)],
    [
        "with another role in it",
        (cookie: string) => {
            const [text, mark] = cookie.split(".");
            const said = Buffer.from(text!, "base64url").toString().replace("team:team01", "teacher");
            return sessions.read(`${Buffer.from(said).toString("base64url")}.${mark}`, 1000);
        },
    ],
    ["without its mark", (cookie: string) => sessions.read(cookie.split(".")[0], 1000)],
    ["that is none", () => sessions.read("x", 1000)],
    ["that is not there", () => sessions.read(undefined, 1000)],
])("a cookie %s is nobody's", (_what, read) => {
    expect(read(sessions.begin(team, 1000))).toBeUndefined();
});

test("one that was ended counts no more when it is sent again, after a restart too", () => {
    const cookie = sessions.begin(team, 1000),
        ended = sessions.end(cookie);
    expect(sessions.read(cookie, 1000)).toBeUndefined();
    expect(new Sessions(keyring, [ended]).read(cookie, 1000)).toBeUndefined();
});
