import * as path from "path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { inRoot } from "../../lab/golden/in-root";

/** Root may not use Chromium's own sandbox; proxies and everything that it does for itself would leave the machine. */
const flags = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--no-proxy-server",
    "--disable-background-networking",
    "--remote-debugging-port=0",
];

/**
 * Opens a page in a new Chromium, which ends with `work`.
 * @param layers what {@link buildBrowserRoot} returned
 * @param dir a folder for what the browser writes
 * @param options of the page: a certificate of its own's making is taken with `ignoreHTTPSErrors`
 */
export async function withPage<T>(
    layers: readonly string[],
    dir: string,
    work: (page: Page) => Promise<T>,
    options: BrowserContextOptions = {},
): Promise<T> {
    let listening: (url: string) => void;
    const endpoint = new Promise<string>(resolve => {
        listening = resolve;
    });
    const ended = inRoot(path.join(dir, "browser"), ["chromium-headless-shell", ...flags], {
        lower: layers,
        timeoutSeconds: 300,
        allowFailure: true,
        onLine: line => {
            const url = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1];
            if (url) listening(url);
        },
    });
    const early = ended.then(({ code, stderr }): never => {
        throw new Error(`the browser ended with ${code}:\n${stderr}`);
    });
    let browser: Browser | undefined;
    try {
        browser = await chromium.connectOverCDP(await Promise.race([endpoint, early]));
        return await Promise.race([work(await browser.newPage(options)), early]);
    } finally {
        early.catch(() => undefined);
        await (await browser?.newBrowserCDPSession())?.send("Browser.close").catch(() => undefined);
        await ended;
    }
}
