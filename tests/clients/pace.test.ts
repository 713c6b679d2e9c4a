import * as http from "http";
import * as net from "net";
import type { Connection } from "../../clients/connection";
import { Http, type HttpRequest, type Target } from "../../clients/http";
import { onLoopback } from "./on-loopback";

/** So many seconds pass for the client and for nova in one. */
let scale = 1000;
const start = performance.now();
const now = (): number => (performance.now() - start) * scale;
const sleep = (seconds: number): Promise<void> =>
    new Promise(resolve => setTimeout(resolve, Math.ceil((seconds * 1000) / scale)));
afterEach(() => {
    scale = 1000;
});

/** Nova's own reckoning (nova/api/openstack/compute/limits.py): ten a minute, each method by itself. */
class Limit {
    private level = 0;
    private last = now();
    /** @returns seconds to wait; undefined for one that is let through */
    refused(): number | undefined {
        this.level = Math.max(this.level - (now() - this.last) / 1000, 0) + 6;
        this.last = now();
        if (this.level <= 60) return undefined;
        this.level -= 6;
        return Math.ceil(this.level + 6 - 60);
    }
}

const overLimit = (response: http.ServerResponse, seconds: number): void => {
    response
        .writeHead(413, { "Retry-After": String(seconds) })
        .end('{"overLimit": {"code": 413, "message": "This request was rate-limited."}}');
};
let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let asked = 0;
const server = http.createServer((request, response) =>
    request.resume().on("end", () => {
        asked++;
        answer(request, response);
    }),
);
const port = onLoopback(server);
const client = (patienceSeconds?: number): Http => {
    asked = 0;
    return new Http(async () => net.connect(port(), "127.0.0.1"), patienceSeconds, sleep, now);
};
const target: Target = { via: { name: "host a" } as Connection, host: "api-node", port: 8774 };
const send = (from: Http, method: HttpRequest["method"], path = "/v2/x"): Promise<unknown> =>
    from.request(target, { method, path });
const times = <T>(n: number, of: (n: number) => Promise<T>): Promise<T>[] => Array.from({ length: n }, (_, i) => of(i));
const failures = async (all: Promise<unknown>[]): Promise<string[]> =>
    (await Promise.allSettled(all)).map(r => (r.status === "rejected" ? (r.reason as Error).message : "done"));

test("thirty writes at once: all are let through, at the limit's own pace, with hardly more than one question each", async () => {
    scale = 60;
    const limit = new Limit(),
        done: string[] = [];
    answer = (request, response) => {
        const seconds = limit.refused();
        if (seconds !== undefined) return overLimit(response, seconds);
        done.push(request.url!);
        response.end("{}");
    };
    const begin = now(),
        nova = client();
    await Promise.all(times(30, n => send(nova, "POST", `/${n}`)));
    // Ten at once, then one in six seconds; a busy machine takes its own time for the answers.
    const took = (now() - begin) / 1000;
    expect([took > 113, took < 200]).toEqual([true, true]);
    expect(new Set(done).size).toBe(30);
    expect([done.length, asked <= 30 + 2 * 20]).toEqual([30, true]);
});

test("those who ask for something else do not wait with them", async () => {
    let open = false;
    answer = (request, response) => {
        if (request.method === "POST" && !open) overLimit(response, 10);
        else response.end("{}");
    };
    const nova = client(),
        posts = times(3, () => send(nova, "POST"));
    await Promise.race([sleep(5), ...posts]);
    await Promise.all([send(nova, "GET"), send(nova, "PUT"), send(nova, "DELETE")]);
    open = true;
    await Promise.all(posts);
});

test("a limit of a day is not waited for, and said", async () => {
    answer = (_q, response) => overLimit(response, 1728);
    expect(await failures([send(client(), "POST")])).toEqual([
        "POST /v2/x at api-node, port 8774: 413 This request was rate-limited. (it lets the next one through in 1728 s)",
    ]);
    expect(asked).toBe(1);
});

test("a limit that lets nobody through is waited for five minutes, by all together", async () => {
    answer = (_q, response) => overLimit(response, 40);
    const begin = now(),
        nova = client(),
        said = await failures(times(5, () => send(nova, "POST")));
    expect(said).toEqual(Array(5).fill(expect.stringContaining("(it lets the next one through in 40 s)")));
    // The first asks once in 40 s, as long as that is within the time; the others, when their turn comes, once more.
    expect([(now() - begin) / 1000 > 250, asked <= 5 + 7 + 4]).toEqual([true, true]);
});

test("a run that only asks waits no longer than it is patient", async () => {
    answer = (_q, response) => overLimit(response, 6);
    expect(await failures([send(client(20), "POST")])).toEqual([expect.stringContaining("413")]);
    expect([asked > 1, asked <= 4]).toEqual([true, true]);
});

test("one that fails in the queue makes way for the next", async () => {
    const limit = new Limit();
    answer = (request, response) => {
        const seconds = limit.refused();
        if (seconds !== undefined) overLimit(response, seconds);
        else if (request.url === "/11") response.writeHead(500).end("no");
        else if (request.url === "/12") request.socket.destroy();
        else response.end("{}");
    };
    const nova = client();
    expect(await failures(times(14, n => send(nova, "POST", `/${n}`)))).toEqual([
        ...Array<string>(11).fill("done"),
        "POST /11 at api-node, port 8774: 500 no",
        "api-node, port 8774, asked from host a, does not answer POST /12: socket hang up",
        "done",
    ]);
});

test("when the queue is empty there is none: who comes later is not sent one by one", async () => {
    let limited = true,
        together = 0,
        most = 0;
    answer = (_q, response) => {
        if (limited) {
            limited = false;
            return overLimit(response, 1);
        }
        most = Math.max(most, ++together);
        setTimeout(() => {
            together--;
            response.end("{}");
        }, 20);
    };
    const nova = client();
    await send(nova, "POST");
    await Promise.all(times(4, () => send(nova, "POST")));
    expect(most).toBeGreaterThan(1);
});
