import { spawnSync } from "child_process";
import * as fs from "fs";
import * as https from "https";
import * as path from "path";
import { Journal } from "../../../cli/exercise/journal";
import { ownState } from "../../system/own-state";
import { main, StartedBoard, until } from "./started";

const dir = ownState("classroom-board-process-"),
    root = process.geteuid!() === 0;
let board: StartedBoard, tokens: Record<string, string>;
beforeAll(async () => {
    board = new StartedBoard(dir);
    ({ tokens } = board);
    await board.start();
}, 60_000);
afterAll(() => board.kill("SIGKILL"));

interface Answer {
    status: number;
    text: string;
    cookie: string;
}
/** Asks the board as a page of its own does. @param until what an endless answer is read up to */
const ask = (method: string, at: string, cookie = "", body: object = {}, until?: RegExp): Promise<Answer> =>
    new Promise((resolve, reject) => {
        const origin = `https://127.0.0.1:${board.port}`,
            headers = { cookie, origin, "x-board": "1", "content-type": "application/json" };
        const asked = https.request(
            `${origin}${at}`,
            { method, headers, rejectUnauthorized: false, agent: false },
            m => {
                let text = "";
                const done = () => {
                    const [given = ""] = m.headers["set-cookie"] ?? [];
                    resolve({ status: m.statusCode!, text, cookie: given.split(";")[0]! });
                    asked.destroy();
                };
                m.setEncoding("utf8").on("end", done);
                m.on("data", (more: string) => {
                    text += more;
                    if (until?.test(text)) done();
                });
            },
        );
        asked.on("error", reject).end(method === "POST" ? JSON.stringify(body) : undefined);
    });
const logIn = async (token: string) => await ask("POST", "/login", "", { token });
const [one, two] = ["team01", "team02"];

test("no other command loads the server of pages", () => {
    const script = `process.argv[2] = "--help"; process.on("exit", () => console.error(Object.keys(require.cache).filter(f => /hono|board.serve/.test(f))));
        require(${JSON.stringify(main)});`;
    const { stderr } = spawnSync(process.execPath, ["-e", script, "x"], { env: board.environment, encoding: "utf8" });
    expect(stderr.trim()).toBe("[]");
});

(root ? test : test.skip)("the part that serves pages has nobody's rights in all its threads", () => {
    const pid = board.served(),
        lines = (text: string) => text.split("\n").filter(line => /^(Uid|Gid|Groups|CapPrm|CapEff):/.test(line));
    for (const thread of fs.readdirSync(`/proc/${pid}/task`))
        expect(lines(fs.readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"))).toEqual([
            "Uid:\t65534\t65534\t65534\t65534",
            "Gid:\t65534\t65534\t65534\t65534",
            expect.stringMatching(/^Groups:\s*$/),
            "CapPrm:\t0000000000000000",
            "CapEff:\t0000000000000000",
        ]);
    expect(fs.readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("CLASSROOM_STATE");
});

test("a team logs in, and its page hears at once of an exercise; no answer has a token or another team's name", async () => {
    expect((await logIn("x".repeat(43))).status).toBe(403);
    const { status, cookie } = await logIn(tokens[one]!);
    expect([status, cookie]).toEqual([200, expect.stringMatching(/^__Host-board=/)]);
    const heard = ask("GET", "/events", cookie, {}, /"state":"open"/);
    const journal = new Journal();
    const rules = { solved: 100, minute: 1, hint: 10, wrongDone: 20 };
    journal.add(one, "start", { exercise: "S5-cinder", minutes: 20, rules }, "nothing");
    journal.close();
    const answers = [await heard, await ask("POST", `/do/hint/${one}`, cookie)];
    for (const at of ["/", "/team.js", "/common.js", "/board.css", `/picture/${one}/1`])
        answers.push(await ask("GET", at, cookie));
    expect(answers.map(a => a.status)).toEqual(answers.map(() => 200));
    const all = answers.map(a => a.text).join();
    expect(all).toContain("There is no cloud yet");
    expect(all).not.toMatch(/team0[2-9]|sql_connection|S5-cinder/);
    expect(Object.values(tokens).filter(token => all.includes(token))).toEqual([]);
    expect((await ask("GET", `/picture/${two}/1`, cookie)).status).toBe(403);
    expect((await ask("POST", `/do/check/${two}`, cookie)).status).toBe(403);
}, 60_000);

test("the teacher asks for a diagnosis of a cloud that is not there, and is told so", async () => {
    const { cookie } = await logIn(tokens.teacher!);
    const { text } = await ask("POST", `/do/diagnose/${two}`, cookie);
    expect((JSON.parse(text) as { text: string }).text).toMatch(/^nothing of stack team02 is recorded/);
}, 60_000);

test("a second board at the same address says why it does not start", () => {
    const other = spawnSync(process.execPath, [main, "board", "--listen", `127.0.0.1:${board.port}`], {
        env: board.environment,
        encoding: "utf8",
        timeout: 30_000,
    });
    expect([other.status, other.stderr]).toEqual([
        1,
        `classroom: the board cannot listen at 127.0.0.1:${board.port}: listen EADDRINUSE: address already in use 127.0.0.1:${board.port}\n`,
    ]);
}, 60_000);

test("after a kill no part is left; a page's cookie counts at the next start, and one that was logged out does not", async () => {
    const [stays, ends] = [(await logIn(tokens[one]!)).cookie, (await logIn(tokens[one]!)).cookie];
    await ask("POST", "/logout", ends);
    const pid = board.served();
    // What was told is on its way.
    await until(() => fs.existsSync(path.join(dir, "board-ended.json")));
    board.kill("SIGKILL");
    await until(() => !fs.existsSync(`/proc/${pid}`));
    expect(fs.existsSync(`/proc/${pid}`)).toBe(false);
    await board.start();
    expect((await ask("GET", "/session", stays)).status).toBe(204);
    expect((await ask("GET", "/session", ends)).status).toBe(401);
}, 60_000);

test("an interruption ends both parts, and leaves no folder", async () => {
    const pid = board.served();
    board.kill("SIGINT");
    expect(await board.ended()).toBe(130);
    await until(() => !fs.existsSync(`/proc/${pid}`));
    expect([fs.existsSync(`/proc/${pid}`), fs.readdirSync(dir).filter(name => name.startsWith("classroom-"))]).toEqual([
        false,
        [],
    ]);
}, 60_000);

test("a board whose serving part was killed says so", async () => {
    await board.start();
    process.kill(board.served(), "SIGKILL");
    expect(await board.ended()).toBe(1);
    expect(board.said).toContain("the part of the board that serves pages has ended (killed); start it again");
}, 60_000);
