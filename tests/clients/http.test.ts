import * as http from "http";
import * as net from "net";
import { Readable } from "stream";
import type { Connection } from "../../clients/connection";
import { asked, Http, HttpError, Target, unlessGone } from "../../clients/http";

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void;

let answer: Answer, count = 0, connections = 0, waits: number[] = [];
const handle: http.RequestListener = (request, response) => { request.resume().on("end", () => answer(request, response, ++count)); };
const server = http.createServer(handle);
server.on("connection", () => connections++);
let port = 0;
beforeAll(async () => {
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as net.AddressInfo).port;
});
afterAll(() => { server.closeAllConnections(); server.close(); });

/** A connection that exists before it is used, as `forward` gives it. */
const dial = (to: () => number) => () => new Promise<net.Socket>((resolve, reject) => {
    const socket = net.connect(to(), "127.0.0.1", () => { socket.off("error", reject); resolve(socket); }).once("error", reject);
});
const target: Target = { via: { name: "host a" } as Connection, host: "api-node", port: 8774 };
/** A client that notes how long it would wait. */
const impatient = (to: () => number, patienceSeconds?: number): Http => { waits = []; return new Http(dial(to), patienceSeconds, async seconds => { waits.push(seconds); }); };
const using = (a: Answer, patienceSeconds?: number): Http => { answer = a; count = 0; connections = 0; return impatient(() => port, patienceSeconds); };
const closedPort = (): Promise<number> => new Promise(resolve => {
    const s = net.createServer().listen(0, "127.0.0.1", () => { const p = (s.address() as net.AddressInfo).port; s.close(() => resolve(p)); });
});

test("reads share a few kept connections, a POST gets one of its own", async () => {
    const client = using((_q, r) => setTimeout(() => r.end("{}"), 5));
    await Promise.all(Array.from({ length: 20 }, () => client.request(target, { method: "GET", path: "/" })));
    expect(connections).toBe(4);
    await client.request(target, { method: "POST", path: "/", json: {} });
    await client.request(target, { method: "POST", path: "/", json: {} });
    expect(connections).toBe(6);
    expect((await client.request(target, { method: "GET", path: "/" })).json()).toEqual({});
    expect(connections).toBe(6);
});

test("a rate limit is waited for as long as it asks for, a 503 for a while; a 413 without Retry-After means what it says", async () => {
    const limit = '{"overLimit": {"message": "Only 10 POST request(s) can be made to * every minute.", "code": 413}}';
    const client = using((_q, r, n) => n === 1 ? r.writeHead(413, { "Retry-After": "0" }).end(limit) : n === 2 ? r.writeHead(503).end() : r.end('"made"'));
    expect((await client.request(target, { method: "POST", path: "/", json: {} })).json()).toBe("made");
    expect([count, waits]).toEqual([3, [0, 1]]);
    await expect(using((_q, r) => { r.writeHead(413).end(limit); }).request(target, { method: "POST", path: "/v2/x", json: {} }))
        .rejects.toThrow(/^POST \/v2\/x at api-node, port 8774: 413 Only 10 POST request\(s\) can be made to \* every minute\.$/);
    expect(count).toBe(1);
});

test("Grizzly's limit of ten writes a minute: as long as it says, and then the same request", async () => {
    const bodies: string[] = [];
    const client = using((_q, r, n) => n < 3 ? r.writeHead(413, { "Retry-After": "6" }).end('{"overLimit": {"code": 413, "message": "This request was rate-limited."}}') : r.end('"made"'));
    server.on("request", (q: http.IncomingMessage) => q.on("data", (d: Buffer) => bodies.push(d.toString())));
    expect((await client.request(target, { method: "POST", path: "/v2/t/os-keypairs", json: { name: "k" } })).json()).toBe("made");
    expect([waits, bodies]).toEqual([[6, 6], ['{"name":"k"}', '{"name":"k"}', '{"name":"k"}']]);
    server.removeAllListeners("request").on("request", handle);
});

test("retries end", async () => {
    await expect(using((_q, r) => { r.writeHead(429, { "Retry-After": "0" }).end(); }).request(target, { method: "GET", path: "/" })).rejects.toThrow(HttpError);
    expect([count, waits]).toEqual([5, [0, 0, 0, 0]]);
});

test("a run that only asks: who did not answer in time is not asked again, and what waits for a turn ends with the same words", async () => {
    const client = (a: Answer): Http => using(a, 0.9);
    const ask = (from: Http, to = target) => from.request(to, { method: "GET", path: "/v2/x" });
    const silent = client(() => undefined);
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => ask(silent)));
    expect(new Set(all.map(a => a.status === "rejected" ? String(a.reason) : a.status))).toEqual(new Set(["Unreachable: api-node, port 8774, asked from host a, does not answer GET /v2/x: no answer within 0.9 s"]));
    expect(count).toBe(4);
    const busy = client((_q, r) => { r.writeHead(503).end("no keystone"); });
    await expect(ask(busy)).rejects.toMatchObject({ name: "HttpError", status: 503 });
    const asked = count;
    expect(asked).toBeGreaterThan(1);
    await expect(ask(busy)).rejects.toMatchObject({ name: "Unreachable", message: "GET /v2/x at api-node, port 8774: 503 no keystone" });
    expect(count).toBe(asked);
    // Others are asked, and an answer that is no wait is none of these.
    await expect(ask(busy, { ...target, port: 9292 })).rejects.toMatchObject({ name: "HttpError" });
    const wrong = client((_q, r) => { r.writeHead(500).end(); });
    for (let i = 1; i <= 2; i++) await expect(ask(wrong)).rejects.toMatchObject({ status: 500 });
    expect(count).toBe(2);
});

test("a connection that breaks: a read is sent again, a POST is not", async () => {
    const client = using((q, r, n) => { if (n === 1) q.socket.destroy(); else r.end("{}"); });
    await client.request(target, { method: "GET", path: "/" });
    expect([count, waits]).toEqual([2, [0.5]]);
    await expect(using(q => { q.socket.destroy(); }).request(target, { method: "POST", path: "/v2/servers", json: {} }))
        .rejects.toMatchObject({ name: "Unreachable", message: "api-node, port 8774, asked from host a, does not answer POST /v2/servers: socket hang up" });
    expect(count).toBe(1);
});

test("nobody listens: tried three times, then unreachable", async () => {
    const closed = await closedPort();
    let dials = 0;
    const client = impatient(() => { dials++; return closed; });
    await expect(client.request(target, { method: "GET", path: "/v2" })).rejects.toMatchObject({ name: "Unreachable", message: expect.stringContaining("ECONNREFUSED") });
    expect([dials, waits]).toEqual([3, [0.5, 1]]);
});

test("a service that says nothing is given up at the deadline", async () => {
    await expect(using(() => undefined).request(target, { method: "GET", path: "/v2", deadlineSeconds: 0.1 }))
        .rejects.toMatchObject({ name: "Unreachable", message: "api-node, port 8774, asked from host a, does not answer GET /v2: no answer within 0.1 s" });
});

test.each([
    ["JSON by name", '{"computeFault": {"message": "Missing network in body", "code": 422}}', "Missing network in body"],
    ["JSON with a text", '{"error": "quota exceeded"}', "quota exceeded"],
    ["plain text", "422 Unprocessable Entity\n\nInvalid disk format 'None' for image.\n\n   ", "Invalid disk format 'None' for image."],
    ["a page", "<html><head><title>422 X</title></head><body><h1>422 X</h1>Not here</body></html>", "422 X Not here"],
    ["a traceback", "Traceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'id'\n", "KeyError: 'id'"],
    ["nothing", "", ""],
])("what the service says is in the message: %s", async (_name, body, reason) => {
    await expect(using((_q, r) => { r.writeHead(422).end(body); }).request(target, { method: "GET", path: "/" })).rejects.toMatchObject({ status: 422, reason });
});

test("secrets that a service repeats are not in the message", async () => {
    const client = using((_q, r) => { r.writeHead(400).end('{"error": {"message": "password pw-1 and token tok-1 are odd"}}'); });
    await expect(client.request(target, { method: "POST", path: "/", json: { password: "pw-1" }, secrets: ["pw-1"], headers: { "X-Auth-Token": "tok-1" } }))
        .rejects.toThrow(/400 password \(secret\) and token \(secret\) are odd$/);
});

test("an upload that is refused half-way: the answer counts, not the broken pipe", async () => {
    const refusing = net.createServer(socket => {
        socket.on("error", () => undefined);
        socket.once("data", () => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nConnection: close\r\n\r\nno room"));
    });
    await new Promise<void>(resolve => refusing.listen(0, "127.0.0.1", resolve));
    const client = new Http(dial(() => (refusing.address() as net.AddressInfo).port)), size = 20_000_000;
    await expect(client.request(target, { method: "POST", path: "/v1/images", body: { size, open: () => Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(size / 20))) } }))
        .rejects.toThrow(/403 no room|does not answer POST/);
    refusing.close();
});

test("for a read, whatever is not an answer is no news; gone is only what is not there", async () => {
    const error = (status: number) => Promise.reject(new HttpError("GET", "/", status, "no", "api-node"));
    await expect(asked(error(401))).rejects.toMatchObject({ name: "Unreachable", message: "GET / at api-node: 401 no" });
    expect(await asked(unlessGone(error(404)))).toBeUndefined();
    await expect(unlessGone(error(403))).rejects.toThrow(HttpError);
    await expect(asked(Promise.reject(new TypeError("a mistake")))).rejects.toThrow(TypeError);
});
