import * as http from "http";
import * as net from "net";
import { Duplex, Readable } from "stream";
import { type Connection, Unreachable } from "../../clients/connection";
import { asked, Http, HttpError, type Target, unlessGone } from "../../clients/http";
import { set } from "./clock";
import { onLoopback } from "./on-loopback";

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void;

let answer: Answer,
    count = 0,
    connections = 0,
    waits: number[] = [];
const handle: http.RequestListener = (request, response) => {
    request.resume().on("end", () => answer(request, response, ++count));
};
const server = http.createServer(handle);
server.on("connection", () => connections++);
const port = onLoopback(server);

/** A connection that exists before it is used, as `forward` gives it. */
const dial = (to: () => number) => () =>
    new Promise<net.Socket>((resolve, reject) => {
        const socket = net
            .connect(to(), "127.0.0.1", () => {
                socket.off("error", reject);
                resolve(socket);
            })
            .once("error", reject);
    });
const target: Target = { via: { name: "host a" } as Connection, host: "api-node", port: 8774 };
/** A client that notes how long it would wait. */
const impatient = (to: () => number, patienceSeconds?: number): Http => {
    waits = [];
    return new Http(dial(to), patienceSeconds, async seconds => {
        waits.push(seconds);
    });
};
const using = (a: Answer, patienceSeconds?: number): Http => {
    answer = a;
    count = 0;
    connections = 0;
    return impatient(port, patienceSeconds);
};
const closedPort = (): Promise<number> =>
    new Promise(resolve => {
        const s = net.createServer().listen(0, "127.0.0.1", () => {
            const p = (s.address() as net.AddressInfo).port;
            s.close(() => resolve(p));
        });
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

/** As ssh has a connection whose other end is closed: it can be written to, and nobody tells that nothing comes of it. */
function halfOpen(socket: net.Socket): Duplex {
    const channel: Duplex = new Duplex({
        read: () => undefined,
        write: (part, _encoding, done) => {
            if (!socket.writableEnded) socket.write(part as Buffer);
            done();
        },
        final: done => {
            socket.end();
            done();
        },
        destroy: (error, done) => {
            socket.destroy();
            done(error);
        },
    });
    socket
        .on("data", part => channel.push(part))
        .on("end", () => channel.push(null))
        .on("error", () => undefined);
    return channel;
}

test("a kept connection that the service has closed meanwhile is not used again", async () => {
    answer = (_q, r) => r.end("{}");
    const client = new Http(async () => halfOpen(await dial(port)()), 2);
    const ask = () => client.request(target, { method: "GET", path: "/" });
    await ask();
    connections = 0;
    server.closeIdleConnections();
    await new Promise(resolve => setTimeout(resolve, 50));
    expect((await ask()).json()).toEqual({});
    expect(connections).toBe(1);
});

test("a rate limit is waited for as long as it asks for, a 503 for a while; any other 413 means what it says, at once", async () => {
    const limit = '{"overLimit": {"message": "Only 10 POST request(s) can be made to * every minute.", "code": 413}}';
    const client = using((_q, r, n) =>
        n === 1
            ? r.writeHead(413, { "Retry-After": "0.4" }).end(limit)
            : n === 2
              ? r.writeHead(503).end()
              : r.end('"made"'),
    );
    expect((await client.request(target, { method: "POST", path: "/", json: {} })).json()).toBe("made");
    expect([count, waits]).toEqual([3, [0.4, 0.5]]);
    const others: [Record<string, string>, string][] = [
        [{}, limit],
        // A quota's.
        [{ "Retry-After": "0" }, limit],
        [{ "Retry-After": "6" }, '{"error": "too large"}'],
    ];
    for (const [headers, body] of others) {
        const error: Error = await using((_q, r) => {
            r.writeHead(413, headers).end(body);
        })
            .request(target, { method: "POST", path: "/v2/x", json: {} })
            .catch(e => e);
        const said = body === limit ? "Only 10 POST request(s) can be made to * every minute." : "too large";
        expect([error.message, count]).toEqual([`POST /v2/x at api-node, port 8774: 413 ${said}`, 1]);
    }
});

test("a clock that is set on ends no wait for a service that is starting, and none for a rate limit", async () => {
    const client = using((_q, r, n) => (n === 1 ? r.writeHead(503).end() : r.end('"there"')), 12);
    await set(async () => {
        expect((await client.request(target, { method: "GET", path: "/" })).json()).toBe("there");
    });
    const limited = using(
        (_q, r, n) => (n <= 2 ? r.writeHead(429, { "Retry-After": "0.4" }).end() : r.end('"there"')),
        12,
    );
    await set(async () => {
        expect((await limited.request(target, { method: "GET", path: "/" })).json()).toBe("there");
    });
});

test("Grizzly's limit of ten writes a minute: as long as it says, and then the same request", async () => {
    const bodies: string[] = [];
    const client = using((_q, r, n) =>
        n < 3
            ? r
                  .writeHead(413, { "Retry-After": "6" })
                  .end('{"overLimit": {"code": 413, "message": "This request was rate-limited."}}')
            : r.end('"made"'),
    );
    server.on("request", (q: http.IncomingMessage) => q.on("data", (d: Buffer) => bodies.push(d.toString())));
    expect(
        (await client.request(target, { method: "POST", path: "/v2/t/os-keypairs", json: { name: "k" } })).json(),
    ).toBe("made");
    expect([waits, bodies]).toEqual([
        [6, 6],
        ['{"name":"k"}', '{"name":"k"}', '{"name":"k"}'],
    ]);
    server.removeAllListeners("request").on("request", handle);
});

test("retries end", async () => {
    await expect(
        using((_q, r) => {
            r.writeHead(429, { "Retry-After": "0" }).end();
        }).request(target, { method: "GET", path: "/" }),
    ).rejects.toThrow(HttpError);
    expect([count, waits]).toEqual([5, [0, 0, 0, 0]]);
});

test("a run that only asks: who did not answer in time is not asked again, and what waits for a turn ends with the same words", async () => {
    const client = (a: Answer): Http => using(a, 0.9);
    const ask = (from: Http, to = target) => from.request(to, { method: "GET", path: "/v2/x" });
    const silent = client(() => undefined);
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => ask(silent)));
    expect(new Set(all.map(a => (a.status === "rejected" ? String(a.reason) : a.status)))).toEqual(
        new Set([
            "Unreachable: api-node, port 8774, asked from host a, does not answer GET /v2/x: no answer within 0.9 s",
        ]),
    );
    expect(count).toBe(4);
    const busy = client((_q, r) => {
        r.writeHead(503).end("no keystone");
    });
    await expect(ask(busy)).rejects.toMatchObject({ name: "HttpError", status: 503 });
    // One wait of half a second has room in it, the next one, of a second, has not.
    expect(waits).toEqual([0.5]);
    const asked = count;
    await expect(ask(busy)).rejects.toMatchObject({
        name: "Unreachable",
        message: "GET /v2/x at api-node, port 8774: 503 no keystone",
    });
    expect(count).toBe(asked);
    // Others are asked, and an answer that is no wait is none of these.
    await expect(ask(busy, { ...target, port: 9292 })).rejects.toMatchObject({ name: "HttpError" });
    const wrong = client((_q, r) => {
        r.writeHead(500).end();
    });
    for (let i = 1; i <= 2; i++) await expect(ask(wrong)).rejects.toMatchObject({ status: 500 });
    expect(count).toBe(2);
    const broken = client(q => {
        q.socket.destroy();
    });
    for (let i = 1; i <= 2; i++)
        await expect(broken.request(target, { method: "POST", path: "/" })).rejects.toThrow("socket hang up");
    expect(count).toBe(2);
});

test("a connection that breaks: a read is sent again, a POST is not", async () => {
    const client = using((q, r, n) => {
        if (n === 1) q.socket.destroy();
        else r.end("{}");
    });
    await client.request(target, { method: "GET", path: "/" });
    expect([count, waits]).toEqual([2, [0.5]]);
    await expect(
        using(q => {
            q.socket.destroy();
        }).request(target, { method: "POST", path: "/v2/servers", json: {} }),
    ).rejects.toMatchObject({
        name: "Unreachable",
        message: "api-node, port 8774, asked from host a, does not answer POST /v2/servers: socket hang up",
    });
    expect(count).toBe(1);
});

test("a connection that breaks again and again: a read is given up after the third time; a PATCH is not sent again", async () => {
    const client = using(q => {
        q.socket.destroy();
    });
    await expect(client.request(target, { method: "PUT", path: "/" })).rejects.toMatchObject({ name: "Unreachable" });
    expect([count, waits]).toEqual([3, [0.5, 1]]);
    await expect(client.request(target, { method: "PATCH", path: "/" })).rejects.toMatchObject({ name: "Unreachable" });
    expect(count).toBe(4);
});

test("an answer that breaks off is none", async () => {
    const client = using((_q, r) => {
        r.writeHead(200, { "Content-Length": "10" });
        r.write("abc", () => r.socket!.destroy());
    });
    await expect(client.request(target, { method: "POST", path: "/", deadlineSeconds: 5 })).rejects.toMatchObject({
        name: "Unreachable",
        message: expect.stringMatching(/does not answer POST \/: aborted$/),
    });
});

test("a client that is told nothing else waits in seconds", async () => {
    using((_q, r, n) => (n === 1 ? r.writeHead(429, { "Retry-After": "0.2" }).end() : r.end("{}")));
    const start = Date.now();
    await new Http(dial(port)).request(target, { method: "GET", path: "/" });
    expect(Date.now() - start).toBeGreaterThan(150);
});

test("an ssh channel does as a connection, though it has none of a socket's options", async () => {
    answer = (_q, r) => {
        r.end("{}");
    };
    connections = 0;
    const open = dial(port),
        client = new Http(async () => {
            const socket = await open();
            return Duplex.from({ readable: socket, writable: socket });
        });
    for (let i = 0; i < 3; i++) expect((await client.request(target, { method: "GET", path: "/" })).json()).toEqual({});
    expect(connections).toBe(1);
});

test.each([
    [
        "that nobody listens, in the words of the machine in between",
        new Unreachable("api-node, port 8774, cannot be reached from host a: Connection refused"),
        3,
    ],
    ["that the machine in between is down", new Unreachable("host a: accepts no ssh session within 8 s"), 1],
    ["that there is no way there", Object.assign(new Error("no route to host"), { code: "EHOSTUNREACH" }), 1],
])("a connection that is not made: %s", async (_name, error, times) => {
    let dials = 0;
    const client = new Http(
        () => {
            dials++;
            return Promise.reject(error);
        },
        undefined,
        async () => undefined,
    );
    await expect(client.request(target, { method: "POST", path: "/v2" })).rejects.toMatchObject({
        name: "Unreachable",
        message:
            error instanceof Unreachable
                ? error.message
                : "api-node, port 8774, asked from host a, does not answer POST /v2: no route to host",
    });
    expect(dials).toBe(times);
});

test("what is sent: JSON with its size in bytes, headers as they are given, a name of the program", async () => {
    const seen: http.IncomingHttpHeaders[] = [],
        client = using((q, r) => {
            seen.push(q.headers);
            r.end();
        });
    await client.request(target, { method: "POST", path: "/", json: { name: "ü" } });
    await client.request(target, {
        method: "PATCH",
        path: "/",
        json: [],
        headers: { "Content-Type": "application/patch", "X-Auth-Token": "t" },
    });
    await client.request(target, { method: "DELETE", path: "/" });
    const always = { accept: "application/json", "user-agent": "classroom", host: "api-node:8774" };
    expect(seen.map(({ connection: _, ...headers }) => headers)).toEqual([
        { ...always, "content-type": "application/json", "content-length": "17" },
        { ...always, "content-type": "application/patch", "content-length": "2", "x-auth-token": "t" },
        always,
    ]);
});

test("a body is sent as it is, and closed whatever comes of it", async () => {
    const bodies: Readable[] = [],
        body = {
            size: 3,
            open: () => {
                bodies.push(Readable.from([Buffer.from("abc")]));
                return bodies.at(-1)!;
            },
        };
    let received = "",
        size: string | undefined;
    const client = using((q, r) => {
        size = q.headers["content-length"];
        r.end();
    });
    server.once("request", (q: http.IncomingMessage) =>
        q.on("data", (d: Buffer) => {
            received += d.toString();
        }),
    );
    await client.request(target, { method: "POST", path: "/", body });
    expect([received, size, bodies[0]!.destroyed]).toEqual(["abc", "3", true]);
    await expect(
        using(() => undefined).request(target, {
            method: "POST",
            path: "/",
            body: { ...body, size: 9 },
            deadlineSeconds: 0.05,
        }),
    ).rejects.toThrow("no answer within 0.05 s");
    expect(bodies[1]!.destroyed).toBe(true);
    const broken = new Readable({
        read() {
            this.destroy(new Error("the file cannot be read"));
        },
    });
    await expect(
        client.request(target, { method: "POST", path: "/v1", body: { size: 3, open: () => broken } }),
    ).rejects.toMatchObject({
        name: "Unreachable",
        message: expect.stringMatching(/does not answer POST \/v1: the file cannot be read$/),
    });
});

test("nobody listens: tried three times, then unreachable", async () => {
    const closed = await closedPort();
    let dials = 0;
    const client = impatient(() => {
        dials++;
        return closed;
    });
    await expect(client.request(target, { method: "GET", path: "/v2" })).rejects.toMatchObject({
        name: "Unreachable",
        message: expect.stringContaining("does not answer GET /v2: connect ECONNREFUSED"),
    });
    expect([dials, waits]).toEqual([3, [0.5, 1]]);
});

test("a service that says nothing is given up at the deadline", async () => {
    await expect(
        using(() => undefined).request(target, { method: "GET", path: "/v2", deadlineSeconds: 0.1 }),
    ).rejects.toMatchObject({
        name: "Unreachable",
        message: "api-node, port 8774, asked from host a, does not answer GET /v2: no answer within 0.1 s",
    });
});

test("a service that says nothing is given up after a minute, and asked again by a run that does not only ask", async () => {
    const client = using(() => undefined);
    for (let i = 1; i <= 2; i++) {
        jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
        const ended = jest.fn(),
            asked = client.request(target, { method: "GET", path: "/" });
        asked.catch(ended);
        for (let turn = 0; turn < 1000 && count < i; turn++) await new Promise(setImmediate);
        await jest.advanceTimersByTimeAsync(59_900);
        expect(ended).not.toHaveBeenCalled();
        await jest.advanceTimersByTimeAsync(100);
        jest.useRealTimers();
        await expect(asked).rejects.toThrow("no answer within 60 s");
    }
});

test("waits: at most half a minute, longer each time where nothing is asked for, and for no other answer", async () => {
    await expect(
        using((_q, r) => {
            r.writeHead(503, { "Retry-After": "3600" }).end();
        }).request(target, { method: "GET", path: "/" }),
    ).rejects.toMatchObject({ name: "HttpError" });
    expect(waits).toEqual([30, 30, 30, 30]);
    await expect(
        using((_q, r) => {
            r.writeHead(429).end();
        }).request(target, { method: "GET", path: "/" }),
    ).rejects.toMatchObject({ name: "HttpError" });
    expect(waits).toEqual([0.5, 1, 1.5, 2]);
    await expect(
        using((_q, r) => {
            r.writeHead(500, { "Retry-After": "1" }).end();
        }).request(target, { method: "GET", path: "/" }),
    ).rejects.toMatchObject({ name: "HttpError" });
    await expect(
        using((_q, r) => {
            r.writeHead(300).end();
        }).request(target, { method: "GET", path: "/" }),
    ).rejects.toMatchObject({ status: 300 });
    expect(waits).toEqual([]);
    expect(
        (
            await using((_q, r) => {
                r.writeHead(299).end();
            }).request(target, { method: "GET", path: "/" })
        ).status,
    ).toBe(299);
});

test("an answer that is not JSON is none of the service's", async () => {
    const { json } = await using((_q, r) => {
        r.end(`<html>\n  ${"x".repeat(100)}`);
    })
        .request(target, { method: "GET", path: "/" })
        .then(r => ({ json: () => r.json() }));
    expect(json).toThrow(new Unreachable(`the answer is not JSON: <html> ${"x".repeat(73)}…`));
});

test.each([
    [
        "JSON by name",
        '{"computeFault": {"message": "Missing network in body", "code": 422}}',
        "Missing network in body",
    ],
    ["JSON with a text", '{"error": "quota exceeded"}', "quota exceeded"],
    [
        "plain text",
        "422 Unprocessable Entity\n\nInvalid disk format 'None' for image.\n\n   ",
        "Invalid disk format 'None' for image.",
    ],
    ["a page", "<html><head><title>422 X</title></head><body><h1>422 X</h1>Not here</body></html>", "422 X Not here"],
    ["a traceback", "Traceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'id'\n", "KeyError: 'id'"],
    ["a page with styles", "<style>a { b }\nc</style><title>\n422 X</title><p>Not <b>here</b></p>", "Not here"],
    ["JSON without a message", '{"error": {"code": 422}}', '{"error": {"code": 422}}'],
    ["JSON with another message", '{"error": {"message": {"a": 1}}}', '{"error": {"message": {"a": 1}}}'],
    ["JSON that says nothing", '{"error": null}', '{"error": null}'],
    ["text with a traceback in it", "see:\nTraceback of it", "see: Traceback of it"],
    ["a lot", "x".repeat(301), `${"x".repeat(300)}…`],
    ["just as much as is shown", "x".repeat(300), "x".repeat(300)],
    [
        "a database's error",
        "(IntegrityError) (1062, \"Duplicate entry\") 'INSERT INTO user (id) VALUES (%s)' ('secret',)",
        '(IntegrityError) (1062, "Duplicate entry")',
    ],
    [
        "a newer one's",
        "(pymysql.err.OperationalError) [SQL: 'UPDATE user SET\npassword=%s']",
        "(pymysql.err.OperationalError)",
    ],
    ["nothing", "", ""],
])("what the service says is in the message: %s", async (_name, body, reason) => {
    await expect(
        using((_q, r) => {
            r.writeHead(422).end(body);
        }).request(target, { method: "GET", path: "/" }),
    ).rejects.toMatchObject({ status: 422, reason });
});

test("secrets that a service repeats are not in the message", async () => {
    const client = using((_q, r) => {
        r.writeHead(400).end('{"error": {"message": "password pw-1 and token tok-1 are odd"}}');
    });
    await expect(client.request(target, { method: "POST", path: "/" })).rejects.toThrow(
        /400 password pw-1 and token tok-1 are odd$/,
    );
    await expect(
        client.request(target, {
            method: "POST",
            path: "/",
            json: { password: "pw-1" },
            secrets: ["pw-1", ""],
            headers: { "X-Auth-Token": "tok-1" },
        }),
    ).rejects.toThrow(/400 password \(secret\) and token \(secret\) are odd$/);
});

test("an upload that is refused half-way: the answer counts, not the broken pipe", async () => {
    const refusing = net.createServer(socket => {
        socket.on("error", () => undefined);
        socket.once("data", () =>
            socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nConnection: close\r\n\r\nno room"),
        );
    });
    await new Promise<void>(resolve => refusing.listen(0, "127.0.0.1", resolve));
    const client = new Http(dial(() => (refusing.address() as net.AddressInfo).port)),
        size = 20_000_000;
    await expect(
        client.request(target, {
            method: "POST",
            path: "/v1/images",
            body: { size, open: () => Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(size / 20))) },
        }),
    ).rejects.toThrow(/403 no room|does not answer POST/);
    refusing.close();
});

test("for a read, whatever is not an answer is no news; gone is only what is not there", async () => {
    const error = (status: number) => Promise.reject(new HttpError("GET", "/", status, "no", "api-node"));
    await expect(asked(error(401))).rejects.toMatchObject({
        name: "Unreachable",
        message: "GET / at api-node: 401 no",
    });
    expect(await asked(unlessGone(error(404)))).toBeUndefined();
    await expect(unlessGone(error(403))).rejects.toThrow(HttpError);
    await expect(asked(Promise.reject(new TypeError("a mistake")))).rejects.toThrow(TypeError);
});

test("JSON is sent in ASCII, whatever is in it: nova of 2013 answers 500 to anything else", async () => {
    const bodies: Buffer[] = [];
    server.once("request", (q: http.IncomingMessage) => q.on("data", (d: Buffer) => bodies.push(d)));
    const name = "caf\u00e9 \u4e2d \ud83d\ude00 \u007f ~";
    await using((_q, r) => {
        r.end("{}");
    }).request(target, { method: "PUT", path: "/", json: { name } });
    const sent = Buffer.concat(bodies).toString("latin1");
    expect(sent).toBe('{"name":"caf\\u00e9 \\u4e2d \\ud83d\\ude00 \\u007f ~"}');
    expect(JSON.parse(sent)).toEqual({ name });
});

test("of a large answer the beginning is taken, and the connection closed; a refusal is heard out", async () => {
    const size = 1 << 30,
        chunk = Buffer.alloc(1 << 16);
    let sent = 0;
    const closed = new Promise<void>(resolve => {
        answer = (_q, r) => {
            r.writeHead(200, { "Content-Length": String(size) }).on("close", resolve);
            const more = () => {
                while (!r.destroyed && sent < size) {
                    sent += chunk.length;
                    if (!r.write(chunk)) return;
                }
            };
            r.on("drain", more);
            more();
        };
    });
    const request = { method: "GET" as const, path: "/v1/images/i", beginning: true },
        large = impatient(port),
        response = await large.request(target, request);
    await closed;
    expect([response.status, response.headers["content-length"], response.body.length > 0]).toEqual([
        200,
        String(size),
        true,
    ]);
    expect(sent).toBeLessThan(size / 10);
    await expect(
        using((_q, r) => {
            r.writeHead(404);
            r.write("Image file ");
            setTimeout(() => r.end("not found"), 10);
        }).request(target, request),
    ).rejects.toMatchObject({ status: 404, reason: "Image file not found" });
    connections = 0;
    await large.request(target, { method: "GET", path: "/" }).catch(() => undefined);
    expect(connections).toBe(1);
});
