import * as fc from "fast-check";
import type * as http from "http";
import * as net from "net";
import { type Connection, Unreachable } from "../../clients/connection";
import { Http, HttpError, HttpResponse, type Target } from "../../clients/http";
import type { CloudAccess } from "../../clients/identity";
import { images } from "../../clients/image";
import { listIn, objectIn, readJson } from "../../clients/json";

/** A service that answers as the test has it, on a connection of its own each time. */
let answer: (socket: net.Socket, request: string) => void;
const sockets = new Set<net.Socket>();
const server = net.createServer(socket => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.once("data", data => answer(socket, data.toString()));
});
let port = 0;
beforeAll(async () => {
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as net.AddressInfo).port;
});
afterAll(() => {
    sockets.forEach(s => s.destroy());
    server.close();
});
const target: Target = { via: { name: "host a" } as Connection, host: "api-node", port: 8774 };
const client = new Http(
    () =>
        new Promise((resolve, reject) => {
            const socket = net.connect(port, "127.0.0.1", () => resolve(socket)).once("error", reject);
        }),
    undefined,
    async () => undefined,
);
const ask = (deadlineSeconds?: number) => client.request(target, { method: "GET", path: "/v2/x", deadlineSeconds });

describe("a body without end", () => {
    const pour = (socket: net.Socket, part: Buffer) => {
        const more = () => {
            while (!socket.destroyed && socket.write(part));
            socket.once("drain", more);
        };
        more();
    };
    const zeros = Buffer.alloc(1 << 16),
        chunk = Buffer.concat([Buffer.from("10000\r\n"), zeros, Buffer.from("\r\n")]);
    test.each([
        ["that says how long it is", "Content-Length: 1073741824\r\n", zeros],
        ["that does not", "", zeros],
        ["in chunks", "Transfer-Encoding: chunked\r\n", chunk],
    ])("%s costs eight megabytes, and the question", async (_kind, header, part) => {
        answer = socket => {
            socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n`);
            pour(socket, part);
        };
        const [start, before] = [Date.now(), process.memoryUsage().rss];
        await expect(ask()).rejects.toThrow(
            new Unreachable("api-node, port 8774, answers GET /v2/x with more than 8 MiB; it was not read on"),
        );
        expect(Date.now() - start).toBeLessThan(5000);
        expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
    });

    test.each([
        ["headers", "X: ", "x".repeat(1000)],
        ["a header's lines", "", "X: x\r\n"],
    ])("%s without end are no answer", async (_what, begin, part) => {
        answer = socket => {
            socket.write(`HTTP/1.1 200 OK\r\n${begin}`);
            pour(socket, Buffer.from(part.repeat(100)));
        };
        await expect(ask()).rejects.toMatchObject({ name: "Unreachable", message: expect.stringContaining("Header") });
    });

    test("that trickles is given up when its time is over", async () => {
        const timers: NodeJS.Timeout[] = [];
        answer = socket => {
            socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            timers.push(setInterval(() => socket.write("x"), 20));
        };
        const start = Date.now();
        await expect(ask(0.3)).rejects.toThrow("does not answer GET /v2/x: no answer within 0.3 s");
        expect(Date.now() - start).toBeLessThan(3000);
        timers.forEach(clearInterval);
    });

    test("up to eight megabytes it is an answer", async () => {
        answer = socket => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"${"x".repeat((8 << 20) - 2)}"`);
        expect((await ask()).json<string>()).toHaveLength((8 << 20) - 2);
    });
});

test("whoever sends on to another place is not followed", async () => {
    let asked = 0;
    answer = socket => {
        asked++;
        socket.end("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\nContent-Length: 0\r\n\r\n");
    };
    await expect(ask()).rejects.toMatchObject({ name: "HttpError", status: 302 });
    expect(asked).toBe(1);
});

test("an error's page of any length and shape is told in a moment", async () => {
    for (const part of ["<title>", "<title><style>", " ", "\n", "'\"[(", "<", "SQL: "]) {
        answer = socket =>
            socket.end(`HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n${part.repeat((4 << 20) / part.length)}`);
        const start = process.cpuUsage();
        await expect(ask()).rejects.toThrow(HttpError);
        // Of the processor: beside other work a moment takes longer.
        const { user, system } = process.cpuUsage(start);
        expect((user + system) / 1e6).toBeLessThan(2);
    }
    answer = socket =>
        socket.end(
            `HTTP/1.1 500 Bad\r\nConnection: close\r\n\r\nTraceback (most\n${"  x\n".repeat(9999)}Error: no room\n`,
        );
    await expect(ask()).rejects.toThrow(/500 Error: no room$/);
});

describe("JSON", () => {
    const read = (text: string) => readJson(Buffer.from(text));

    test("within its bounds is what JSON.parse makes of it", () => {
        fc.assert(fc.property(fc.json(), text => expect(read(text)).toEqual(JSON.parse(text))));
        expect(read(`"${"[{,".repeat(300_000)}\\"${"[".repeat(100)}"`)).toHaveLength(900_101);
        expect(read("[".repeat(64) + "]".repeat(64))).toHaveLength(1);
        expect(read(`[${"1,".repeat(199_998)}1]`)).toHaveLength(199_999);
    });

    test("has no prototype of its own making", () => {
        const read_ = read('{"__proto__": {"polluted": 1}}') as Record<string, unknown>;
        expect([{}.hasOwnProperty.call(read_, "__proto__"), ({} as Record<string, unknown>).polluted]).toEqual([
            true,
            undefined,
        ]);
    });

    test.each([
        ["nested", "[".repeat(8 << 20), "the answer is nested more than 64 deep"],
        ["nested, but not so much", "[".repeat(65) + "]".repeat(65), "the answer is nested more than 64 deep"],
        ["wide", `[${"{},".repeat(2 << 20)}0]`, "the answer has more than 200000 values"],
        ["a page", "<html>\n <b>no</b>", "the answer is not JSON: <html> <b>no</b>"],
        ["half", '{"a": [1,', 'the answer is not JSON: {"a": [1,'],
        ["a long page", "x".repeat(100), `the answer is not JSON: ${"x".repeat(80)}…`],
    ])("that is %s is refused, and costs little", (_what, text, why) => {
        const before = process.memoryUsage().rss;
        expect(() => read(text)).toThrow(new Unreachable(why));
        expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
    });

    test("has the list, or the object, that was asked for, or is refused", () => {
        const objects = (n: number) => ({ users: Array.from({ length: n }, () => ({})) });
        expect(listIn(objects(10_000), "users")).toHaveLength(10_000);
        expect(() => listIn(objects(10_001), "users")).toThrow(
            new Unreachable('the answer\'s list "users" has 10001 entries; allowed are 10000'),
        );
        for (const answer of [
            null,
            1,
            "users",
            [],
            {},
            { users: {} },
            { users: "x" },
            { users: [null] },
            { users: [[]] },
        ])
            expect(() => listIn(answer, "users")).toThrow(new Unreachable('the answer has no list "users"'));
        expect(objectIn({ user: { id: "1" } }, "user")).toEqual({ id: "1" });
        for (const answer of [null, [], {}, { user: null }, { user: [] }, { user: "x" }])
            expect(() => objectIn(answer, "user")).toThrow(new Unreachable('the answer has no "user"'));
    });
});

describe("pages of images", () => {
    const access = { via: { name: "host a" }, username: "admin", password: "x", tenant: "admin" } as CloudAccess;
    /** A cloud whose image service has these pages, by what is asked for; and which were asked for. */
    const glance = (page: (path: string, count: number) => object) => {
        const asked: string[] = [];
        const http = {
            once: <T>(_key: string, make: () => T) => make(),
            request: async (_target: Target, { path }: { path: string }) => {
                const body = path.endsWith("/tokens")
                    ? {
                          access: {
                              token: { id: "t" },
                              serviceCatalog: [
                                  { type: "image", endpoints: [{ publicURL: "http://image-node:9292/v2" }] },
                              ],
                          },
                      }
                    : page(path, asked.push(path));
                return new HttpResponse(200, {} as http.IncomingHttpHeaders, Buffer.from(JSON.stringify(body)));
            },
        } as unknown as Http;
        return { asked, list: () => images(access, http).list() };
    };
    const image = { id: "i", status: "active" };

    test("are all read", async () => {
        const { asked, list } = glance((_path, n) => ({
            images: [image],
            ...(n < 3 && { next: `/v2/images?limit=100&marker=${n}` }),
        }));
        expect(await list()).toHaveLength(3);
        expect(asked).toEqual([
            "/v2/images?limit=100",
            "/v2/images?limit=100&marker=1",
            "/v2/images?limit=100&marker=2",
        ]);
    });

    test.each<[string, (n: number) => unknown, string, number]>([
        ["in a circle", () => "/v2/images?limit=100", 'goes on in a circle, at "/v2/images?limit=100"', 1],
        ["in a wider one", n => `/v2/images?marker=${n % 3}`, 'goes on in a circle, at "/v2/images?marker=1"', 4],
        ["for ever", n => `/v2/images?marker=${n}`, "has more than 100 pages", 100],
        [
            "elsewhere",
            () => "http://192.0.2.9/v2/images?x",
            'goes on at "http://192.0.2.9/v2/images?x", which is not',
            1,
        ],
        ["at another host", () => "//192.0.2.9/v2/images?x", 'goes on at "//192.0.2.9/v2/images?x", which is not', 1],
        ["in a header", () => "/v2/images?x\r\nX: y", 'goes on at "/v2/images?x\\r\\nX: y", which is not', 1],
        ["in a number", () => 7, "goes on at 7, which is not", 1],
    ])("that go on %s are an error", async (_where, next, why, pages) => {
        const { asked, list } = glance((_path, n) => ({ images: [image], next: next(n) }));
        await expect(list()).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringContaining(`the list of images ${why}`),
        });
        expect(asked).toHaveLength(pages);
    });
});
