import * as fs from "fs";
import * as path from "path";
import { EndedCookies, givenCertificate, keyringOf, ownCertificate, tokensFor } from "../../../cli/board/secrets";
import { SESSION_SECONDS } from "../../../cli/board/sessions";
import { ownState } from "../../system/own-state";

const dir = ownState("classroom-board-secrets-");

test("tokens stay, a new team gets one, and one of a team that is no more goes", () => {
    const before = tokensFor(["team01", "team02"]),
        after = tokensFor(["team01", "team03"]);
    expect(after).toMatchObject({ key: before.key, teacher: before.teacher });
    expect(after.teams.team01).toBe(before.teams.team01);
    expect(Object.keys(after.teams)).toEqual(["team01", "team03"]);
    expect(fs.statSync(path.join(dir, "board.json")).mode & 0o777).toBe(0o600);
});

test("new tokens are all new, and no cookie of before counts", () => {
    const before = tokensFor(["team01"]),
        after = tokensFor(["team01"], true);
    expect([after.key, after.teacher, after.teams.team01]).not.toEqual(
        expect.arrayContaining([before.key, before.teacher, before.teams.team01]),
    );
});

test("the part that serves pages gets no token", () => {
    const tokens = tokensFor(["team01"]),
        given = JSON.stringify(keyringOf(tokens));
    expect([tokens.teacher, tokens.teams.team01!].filter(token => given.includes(token))).toEqual([]);
});

test("ended cookies are kept until they would have ended by themselves", () => {
    const ended = new EndedCookies();
    ended.add("one", 1000);
    ended.add("two", 2000);
    expect(new EndedCookies().cookies()).toEqual(["one", "two"]);
    ended.add("three", 1001 + SESSION_SECONDS);
    expect(new EndedCookies().cookies()).toEqual(["two", "three"]);
});

test("a certificate is made once for an address, and is given with its own key alone", async () => {
    const first = await ownCertificate("127.0.0.1");
    expect(await ownCertificate("127.0.0.1")).toMatchObject({ cert: first.cert });
    const other = await ownCertificate("127.0.0.2");
    expect(other.cert).not.toBe(first.cert);
    const [cert, key] = [path.join(dir, "cert"), path.join(dir, "key")];
    fs.writeFileSync(cert, first.cert);
    fs.writeFileSync(key, other.key);
    expect(() => givenCertificate(cert, key)).toThrow("the key is not that certificate's; nothing was started");
    fs.writeFileSync(key, first.key);
    expect(givenCertificate(cert, key)).toEqual({ cert: first.cert, key: first.key });
});
