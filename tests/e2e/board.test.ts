import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { source } from "axe-core";
import type { Page } from "playwright-core";
import { Journal } from "../../cli/exercise/journal";
import { PlainProgress } from "../../system/progress";
import { StartedBoard } from "../cli/board/started";
import { withPage } from "./browser";
import { buildBrowserRoot } from "./roots";

/** The board's pages in a real browser; no cloud is needed. */
const state = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-board-"));
let board: StartedBoard, browserRoot: string[];
beforeAll(async () => {
    process.env.CLASSROOM_STATE = state;
    board = new StartedBoard(state);
    await board.start();
    browserRoot = await buildBrowserRoot(new PlainProgress());
}, 60 * 60_000);
afterAll(async () => {
    board.kill("SIGINT");
    await board.ended();
    fs.rmSync(state, { recursive: true });
});

interface Axe {
    run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}
/** Rules of accessibility that a page breaks, with the places. */
async function broken(page: Page): Promise<string[]> {
    // The pages' own policy forbids scripts of others; the browser's console does not ask it.
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(n => n.html).join(" ")}`);
}
/** Waits for the picture of a cloud. */
async function drawn(page: Page): Promise<void> {
    const width = () => page.evaluate<number>("document.getElementById('picture').naturalWidth");
    for (let tries = 0; tries < 50 && (await width()) === 0; tries++) await page.waitForTimeout(100);
    expect(await width()).toBeGreaterThan(0);
}
const rules = { solved: 100, minute: 1, hint: 10, wrongDone: 20 };

test("pages are live, do what their buttons say, break no rule of accessibility, and load nothing from elsewhere", async () => {
    const origin = `https://127.0.0.1:${board.port}`;
    await withPage(
        browserRoot,
        state,
        async page => {
            const asked = new Set<string>(),
                failed: string[] = [];
            page.on("request", request => asked.add(new URL(request.url()).origin));
            page.on("pageerror", error => failed.push(error.message));
            page.on("console", message => message.type() === "error" && failed.push(message.text()));
            page.setDefaultTimeout(30_000);
            await page.goto(`${origin}/`);
            expect(await broken(page)).toEqual([]);

            await page.goto("about:blank");
            await page.goto(`${origin}/#token=${board.tokens.team01}`);
            await page.waitForSelector("text=There is no cloud yet");
            expect(page.url()).toBe(`${origin}/`);
            const journal = new Journal();
            journal.add("team01", "start", { exercise: "S5-cinder", minutes: 20, rules }, "nothing");
            journal.close();
            await page.waitForSelector("text=An error of its own");
            await page.click("#hint");
            expect(await page.innerText("#sure-text")).toBe("A hint costs 10 points.");
            await page.click("#sure >> text=Yes");
            await page.waitForSelector("#hints li");
            expect(await page.innerText("#points")).toBe("-10");
            await drawn(page);
            expect(await broken(page)).toEqual([]);

            await page.click("#logout");
            await page.fill("#token", board.tokens.teacher!);
            await page.click("text=Log in");
            await page.waitForSelector("text=no cloud yet: ./classroom up team02");
            await page.click("[aria-label='Picture team02']");
            await drawn(page);
            expect(await broken(page)).toEqual([]);
            expect({ asked: [...asked], failed }).toEqual({ asked: [origin], failed: [] });
        },
        { ignoreHTTPSErrors: true },
    );
});
