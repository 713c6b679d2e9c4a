import { createHash } from "crypto";
import * as fs from "fs";
import * as http from "http";
import * as https from "https";
import { connect } from "net";
import * as os from "os";
import * as path from "path";
import { download, type DownloadOptions } from "../../system/download";
import { proxyFor } from "../../system/proxy";
import { closed, listening, makeCertificate, portOf } from "./site";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-download-"));
const content = Buffer.from("an archive\n".repeat(1000)),
    sha256 = createHash("sha256").update(content).digest("hex");
const file = path.join(dir, "archive");
const before = { ...process.env };
let site: https.Server, proxy: http.Server;
let asked: string[] = [];

const at = (name: string): string => `https://localhost:${portOf(site)}/${name}`;

const answers: Record<string, (response: http.ServerResponse) => void> = {
    "/file.tar.gz": response => response.end(content),
    "/other.tar.gz": response => response.end("another archive"),
    "/moved": response => response.writeHead(302, { location: "/file.tar.gz" }).end(),
    "/around": response => response.writeHead(302, { location: "/around" }).end(),
    "/plain": response => response.writeHead(302, { location: `http://localhost:${portOf(proxy)}/file.tar.gz` }).end(),
    "/cut": response => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 100), () => response.destroy());
    },
    "/mute": () => undefined,
    "/slow": response => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 100));
    },
};

beforeAll(async () => {
    const trusted = makeCertificate(dir);
    site = https.createServer(trusted, (request, response) => {
        const answer = answers[request.url!];
        if (answer) answer(response);
        else response.writeHead(404).end();
    });
    proxy = http.createServer().on("connect", (request: http.IncomingMessage, socket, head: Buffer) => {
        asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? "nobody"}`);
        const onward = connect(portOf(site), "127.0.0.1", () => {
            socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
            onward.write(head);
            socket.pipe(onward).pipe(socket);
        });
        for (const end of [socket, onward]) end.on("error", () => undefined);
    });
    await Promise.all([listening(site), listening(proxy)]);
    process.env.PIP_CERT = trusted.certFile;
});
beforeEach(() => {
    for (const name of ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]) delete process.env[name];
    asked = [];
});
afterEach(() => fs.rmSync(file, { force: true }));
afterAll(async () => {
    process.env = before;
    await Promise.all([closed(site), closed(proxy)]);
    fs.rmSync(dir, { recursive: true });
});

const got = (name: string, options?: DownloadOptions): Promise<void> =>
    download({ url: at(name), sha256 }, file, options);
/** What is said of a download that fails, which keeps nothing. */
const refused = async (name: string, options?: DownloadOptions): Promise<Error> => {
    const error = await got(name, options).then(
        () => new Error("nothing was refused"),
        (e: Error) => e,
    );
    expect(fs.existsSync(file)).toBe(false);
    return error;
};

test("a file with the wanted digest is there, and nobody else reads it", async () => {
    await got("file.tar.gz");
    expect(fs.readFileSync(file)).toEqual(content);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
});

test("another file than the wanted one is told with both digests, and not kept", async () => {
    const found = createHash("sha256").update("another archive").digest("hex");
    const error = await refused("other.tar.gz");
    expect(error.name).toBe("UserError");
    expect(error.message).toMatch(
        new RegExp(
            `^other\\.tar\\.gz of localhost:\\d+: its sha256 should be ${sha256} and is ${found}; it was removed unused\\.`,
        ),
    );
});

test("redirects are followed", async () => {
    await got("moved");
    expect(fs.readFileSync(file)).toEqual(content);
});

test.each([
    ["around", /^localhost:\d+ redirects once more after 5 times$/],
    ["plain", /^localhost:\d+ is to be asked without https$/],
    ["nothing", /^localhost:\d+ answers 404$/],
    ["cut", /^the connection ended after 100 bytes$/],
])("what cannot be got is not kept: %s", async (name, message) => {
    const error = await refused(name);
    expect(error.name).toBe("NotReached");
    expect(error.message).toMatch(message);
});

test.each(["mute", "slow"])("a server that says nothing more is not waited for: %s", async name => {
    expect((await refused(name, { stallSeconds: 0.2 })).message).toMatch(/^localhost:\d+: nothing came for 0\.2 s$/);
});

test("a file that is too long is cut off", async () => {
    expect((await refused("file.tar.gz", { limitBytes: 1000 })).message).toBe("it is longer than 1000 bytes");
});

test("a certificate that this machine does not trust is refused", async () => {
    const cert = process.env.PIP_CERT;
    process.env.PIP_CERT = "";
    try {
        expect((await refused("file.tar.gz")).message).toMatch(/self-signed certificate/);
    } finally {
        process.env.PIP_CERT = cert;
    }
});

test("the proxy of the environment is used, with the user it names", async () => {
    process.env.https_proxy = `http://anna:s%40cret@127.0.0.1:${portOf(proxy)}`;
    await got("file.tar.gz");
    expect(asked).toEqual([`localhost:${portOf(site)} Basic ${Buffer.from("anna:s@cret").toString("base64")}`]);
    expect(fs.readFileSync(file)).toEqual(content);
});

test.each([
    ["example.org", undefined],
    ["go.dev", "http://proxy:3128/"],
    ["sub.example.org", undefined],
    ["badexample.org", "http://proxy:3128/"],
])("no_proxy says where none is used: %s", (host, expected) => {
    const env = { HTTPS_PROXY: "proxy:3128", no_proxy: "localhost, .example.org" };
    expect(proxyFor(new URL(`https://${host}/`), env)?.href).toBe(expected);
});
