import * as http from "http";
import * as net from "net";
import type { Connection } from "../../clients/connection";
import { complaintsIn, Dashboard, type DashboardRequest, errorsIn, hiddenFields } from "../../clients/dashboard";
import { Http } from "../../clients/http";
import { onLoopback } from "./on-loopback";

/** What a stand-in for the dashboard was sent beside the login, and what it answers to that. */
let seen: { url: string; headers: http.IncomingHttpHeaders; body: string } | undefined,
    logins = 0;
let answerAll: ((response: http.ServerResponse) => void) | undefined;
let answer: (response: http.ServerResponse) => void = r => r.writeHead(201).end("{}");

/** As Horizon's middleware and Django's check do it: a token from a cookie, in a field or a header, and a session. */
const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (d: Buffer) => parts.push(d));
    request.on("end", () => {
        const body = Buffer.concat(parts).toString("latin1"),
            { cookie = "" } = request.headers;
        if (request.method === "GET") {
            const form = `<input type="hidden" name="csrfmiddlewaretoken" value="first"><input name='region' type='hidden' value='http://auth:5000/v2.0?a=1&amp;b=2'/><input type="text" name="username">`;
            response.writeHead(200, { "Set-Cookie": ["csrftoken=first; Path=/", "old=x"] }).end(form);
        } else if (request.url === "/horizon/auth/login/") {
            const fields = new URLSearchParams(body),
                good = cookie.includes("csrftoken=first") && fields.get("csrfmiddlewaretoken") === "first";
            if (!good) response.writeHead(403).end("<h1>Forbidden</h1><p>CSRF verification failed.</p>");
            else if (fields.get("password") !== "p&w" || fields.get("region") !== "http://auth:5000/v2.0?a=1&b=2")
                response.end('<div class="alert alert-danger"><p>Invalid credentials.</p></div>');
            else {
                logins++;
                const set = ["csrftoken=second; Path=/", "sessionid=s1; httponly", 'old=""; Max-Age=0'];
                response.writeHead(302, { Location: "/horizon/", "Set-Cookie": set }).end();
            }
        } else {
            seen = { url: request.url!, headers: request.headers, body };
            const token = request.headers["x-csrftoken"];
            if (answerAll) return void answerAll(response);
            if (token !== "second" || cookie !== "csrftoken=second; sessionid=s1")
                response.writeHead(403).end("no token");
            else answer(response);
        }
    });
});
const port = onLoopback(server);
const dial = () =>
    new Promise<net.Socket>((resolve, reject) => {
        const socket = net.connect(port(), "127.0.0.1", () => resolve(socket)).once("error", reject);
    });
const dashboard = (password = "p&w") =>
    new Dashboard(
        { via: { name: "host a" } as Connection, host: "api-node", username: "admin", password },
        new Http(dial),
    );
const sent = async (request: DashboardRequest) => {
    await dashboard().send(request);
    return seen!;
};

test("a program's request: JSON with session and token; one login serves all", async () => {
    answer = r => r.writeHead(201).end("{}");
    const one = dashboard();
    logins = 0;
    await one.send({ path: "api/nova/servers/", json: { name: "a" } });
    await one.send({ path: "api/nova/servers/", json: { name: "b" } });
    expect([seen!.url, seen!.body, seen!.headers["x-requested-with"], logins]).toEqual([
        "/horizon/api/nova/servers/",
        '{"name":"b"}',
        "XMLHttpRequest",
        1,
    ]);
});

test("a form's request has its fields and the token; what leads to another page was taken", async () => {
    answer = r => r.writeHead(200, { "X-Horizon-Location": "/horizon/project/volumes/" }).end();
    const { url, body } = await sent({ path: "project/volumes/create/", fields: { name: "a b", size: "1" } });
    expect([url, body]).toEqual(["/horizon/project/volumes/create/", "csrfmiddlewaretoken=second&name=a+b&size=1"]);
});

test("a file goes beside the fields, as it is", async () => {
    answer = r => r.writeHead(201).end("{}");
    const data = Buffer.from([0, 255, 13, 10, 45, 45]);
    const { headers, body } = await sent({ path: "x/", fields: { name: "a" }, file: { field: "data", data } });
    const boundary = /boundary=(.*)/.exec(headers["content-type"]!)![1]!;
    const parts = body.split(`--${boundary}`);
    expect(parts.at(-1)).toBe("--\r\n");
    expect(parts[2]).toBe('\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n');
    expect(parts[3]!.endsWith(`\r\n\r\n${data.toString("latin1")}\r\n`)).toBe(true);
});

test("a wrong password is told with the page's words, and tried again the next time", async () => {
    const one = dashboard("wrong");
    for (const time of [1, 2])
        await expect(one.send({ path: `${time}/`, json: {} })).rejects.toThrow(
            "the dashboard does not let admin in: Invalid credentials.",
        );
});

test("a form that is shown again was not taken, and says why", async () => {
    answer = r => r.end('<ul class="errorlist"><li>This field is <b>required.</b></li></ul>');
    await expect(sent({ path: "x/", fields: {} })).rejects.toThrow(
        "the dashboard does not take the form: This field is required.",
    );
    answer = r => r.end("<form></form>");
    await expect(sent({ path: "x/", fields: {} })).rejects.toThrow("it does not say why");
});

test("an error that waits in the cookie of messages is told, a success is not", async () => {
    const messages = (level: number) =>
        String.raw`messages="ab$[[\"__json_message\"\0540\054${level}\054\"Unable: <b>quota</b>\"]]"; Path=/`;
    answer = r => r.writeHead(302, { Location: "/horizon/", "Set-Cookie": messages(40) }).end();
    await expect(sent({ path: "x/", fields: {} })).rejects.toThrow("the dashboard says: Unable: quota");
    answer = r => r.writeHead(302, { Location: "/horizon/", "Set-Cookie": messages(25) }).end();
    await expect(sent({ path: "x/", fields: {} })).resolves.toMatchObject({ url: "/horizon/x/" });
});

test("more cookies than a browser has are refused", async () => {
    const one = dashboard();
    const set = (names: string[]) => (r: http.ServerResponse) =>
        r.writeHead(302, { "Set-Cookie": names.map(name => `${name}=${"x".repeat(4000)}`) }).end();
    answer = set(["sessionid", "csrftoken", "c1"]);
    await one.send({ path: "x/", fields: {} });
    answerAll = set(["c2", "c3"]);
    await expect(one.send({ path: "x/", fields: {} })).rejects.toThrow("sets more than 16384 bytes of cookies");
    answerAll = undefined;
});

test.each(["", "x", 'a$"', "$[1]", '$[["__json_message",0,"40","x"]]'])("a cookie of messages %j has none", cookie => {
    expect(errorsIn(cookie)).toEqual([]);
});

test("hidden fields and complaints are read as a browser shows them", () => {
    expect(
        hiddenFields(`<input value="a&quot;b" name=x type="hidden"><input type='hidden' name='y' value='1'>`),
    ).toEqual({ y: "1" });
    expect(
        complaintsIn('<p class="a alert-error b">one</p><span class="errorlist">two</span><p class="ok">no</p>'),
    ).toBe("one; two");
});
