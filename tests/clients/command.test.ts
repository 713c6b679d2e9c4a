import * as fs from "fs";
import type * as net from "net";
import * as os from "os";
import * as path from "path";
import { type Connection as ServerClient, Server, type ServerChannel } from "ssh2";
import { type Connection, Unreachable } from "../../clients/connection";
import { closeAll, connect, exec, forward } from "../../clients/ssh";
import { ending, timed } from "./clock";
import { newKey } from "./keys";
import { marksIn, runInShell } from "./login-shell";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-command-"));
const hostKey = newKey(),
    keyFile = path.join(dir, "key");
fs.writeFileSync(keyFile, newKey().private, { mode: 0o600 });

/** What the machine does with a command, or undefined: it never starts one. */
let answer: ((channel: ServerChannel, command: string) => void) | undefined,
    running = 0;
const clients: ServerClient[] = [],
    ways: (() => ServerChannel)[] = [];
const serve = (client: ServerClient) => {
    clients.push(client);
    client
        .on("error", () => undefined)
        .on("tcpip", accept => ways.push(accept))
        .on("authentication", auth => auth.accept())
        .on("session", accept => {
            if (!answer) return;
            const does = answer;
            accept().on("exec", (acceptExec, _reject, { command }) => {
                running++;
                const channel = acceptExec();
                channel.on("error", () => undefined).on("close", () => running--);
                channel.on("data", () => undefined);
                does(channel, command);
            });
        });
};
const server = new Server({ hostKeys: [hostKey.private] }, serve);
let port = 0;
beforeAll(async () => {
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as net.AddressInfo).port;
});
afterEach(closeAll);
afterAll(async () => {
    await new Promise(resolve => server.close(resolve));
    fs.rmSync(dir, { recursive: true });
});
const to = (): Connection => ({ name: "api-node", host: "127.0.0.1", port, hostKey: hostKey.public, keyFile });
/** As sshd starts bash, with this .bashrc. */
const bash =
    (rc: string): typeof answer =>
    (channel, command) => {
        fs.writeFileSync(path.join(dir, ".bashrc"), rc);
        runInShell(channel, command, { env: { HOME: dir, SSH_CLIENT: "192.0.2.1 1 22" } });
    };
const until = async (holds: () => boolean) => {
    for (const deadline = Date.now() + 5000; !holds() && Date.now() < deadline;)
        await new Promise(resolve => setTimeout(resolve, 10));
    expect(holds()).toBe(true);
};

describe("a machine that never opens a channel", () => {
    const reason = "api-node: accepts the login, but starts no command within 0.3 s";
    beforeEach(() => {
        answer = undefined;
    });

    test("costs the time that this may take, and once for all that wait for a turn", async () => {
        const start = Date.now();
        const all = await Promise.allSettled(
            Array.from({ length: 30 }, () => exec(to(), "true", { openSeconds: 0.3 })),
        );
        expect(Date.now() - start).toBeLessThan(3000);
        expect(new Set(all.map(a => (a.status === "rejected" ? String(a.reason) : a.status)))).toEqual(
            new Set([`Unreachable: ${reason}`]),
        );
    });

    test("is asked anew next time", async () => {
        await expect(exec(to(), "true", { openSeconds: 0.3 })).rejects.toThrow(new Unreachable(reason));
        answer = bash("");
        expect((await exec(to(), "echo a")).stdout).toBe("a\n");
    });

    test("does not end what it runs already, and what waits has its turn", async () => {
        answer = bash("");
        const begun = path.join(dir, "begun"),
            runs = exec(to(), `touch ${begun}; sleep 1; echo done`);
        await until(() => fs.existsSync(begun));
        answer = undefined;
        await expect(exec(to(), "true", { openSeconds: 0.3 })).rejects.toThrow(new Unreachable(reason));
        answer = bash("");
        expect((await exec(to(), "echo a")).stdout).toBe("a\n");
        expect((await runs).stdout).toBe("done\n");
    });

    test("is given up after ten seconds", () =>
        timed(async pass => {
            await connect(to());
            const asked = exec(to(), "true");
            expect(await ending(asked, pass)).toBe(10);
            await expect(asked).rejects.toThrow("api-node: accepts the login, but starts no command within 10 s");
        }));
});

test("what waits for its turn when the connection is lost is told so", async () => {
    answer = () => undefined;
    const all = Array.from({ length: 12 }, () => exec(to(), "true").catch(String));
    await until(() => running === 7);
    for (const client of clients) client.end();
    expect(await Promise.all(all)).toEqual(
        all.map(() => "Unreachable: api-node: the connection was lost while a command ran"),
    );
});

test("a way to another machine that comes too late is closed", async () => {
    await timed(async pass => {
        await connect(to());
        const late = forward(to(), "10.0.0.9", 80);
        expect(await ending(late, pass)).toBe(8);
        await expect(late).rejects.toThrow(new Unreachable("10.0.0.9, port 80, does not answer api-node within 8 s"));
    });
    const way = ways.pop()!();
    await new Promise(resolve => way.on("close", resolve).resume());
});

describe("an answer without end", () => {
    const zeros = Buffer.alloc(1 << 16);
    const pour = (into: NodeJS.WritableStream) => {
        const more = () => {
            while (into.write(zeros));
            into.once("drain", more);
        };
        more();
    };
    test.each([
        ["on standard output", (channel: ServerChannel) => pour(channel)],
        ["on standard error", (channel: ServerChannel) => pour(channel.stderr)],
        [
            "in a command",
            (channel: ServerChannel, command: string) => {
                channel.write(marksIn(command).begin);
                pour(channel);
            },
        ],
    ])("%s costs eight megabytes, and the call", async (_where, does) => {
        answer = does;
        await connect(to());
        global.gc?.();
        const [before, start] = [process.memoryUsage().rss, Date.now()];
        await expect(exec(to(), "cat /etc/nova/nova.conf", { allowFailure: true })).rejects.toThrow(
            new Unreachable("api-node: a command's answer has more than 8 MiB, so it was not listened to any longer"),
        );
        expect(Date.now() - start).toBeLessThan(5000);
        expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
        await until(() => running === 0);
        answer = bash("");
        expect((await exec(to(), "echo a")).stdout).toBe("a\n");
    });

    test("up to eight megabytes it is an answer", async () => {
        answer = bash("echo noise");
        const { stdout } = await exec(to(), `head -c ${(8 << 20) - 1000} /dev/zero`);
        expect(stdout.length).toBe((8 << 20) - 1000);
    });
});

describe("a login that", () => {
    test("leaves something running, which holds the channel: the command has ended all the same", async () => {
        answer = bash("sleep 100 & sleep 100 >&2 &");
        const start = Date.now();
        expect(await exec(to(), "echo a; echo b >&2; exit 3", { allowFailure: true })).toEqual({
            stdout: "a\n",
            stderr: "b\n",
            code: 3,
        });
        expect(Date.now() - start).toBeLessThan(5000);
    });

    test("prints on both streams, before and after: the answer is the script's", async () => {
        answer = bash("echo Welcome; echo oops >&2; (sleep 0.2; echo late; echo late >&2) &");
        expect(await exec(to(), "echo a; echo b >&2")).toEqual({ stdout: "a\n", stderr: "b\n", code: 0 });
        expect(await exec(to(), "cat", { input: "sent" })).toMatchObject({ stdout: "sent" });
    });

    test.each([
        [
            "reads the input",
            "read x",
            /^api-node: the input of a command did not arrive whole, so it was not begun; does/,
        ],
        [
            "ends",
            "echo closed; exit 0",
            /^api-node: root's login ended before the command began; it said last: closed$/,
        ],
        ["ends without a word", "exit 0", /^api-node: root's login ended before the command began$/],
        ["joins the streams", "exec 2>&1", /^api-node: root's login joins standard error to standard output, so/],
    ])("%s: the machine cannot be asked, and why", async (_title, rc, why) => {
        answer = bash(rc);
        await expect(exec(to(), "cat", { input: "a\n", allowFailure: true })).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringMatching(why),
        });
    });
});

test("a machine that breaks off in the middle of its answer has given none", async () => {
    answer = (channel, command) => {
        const { begin, end } = marksIn(command);
        channel.write(`${begin}half${end(0).slice(0, -1)}`);
        channel.exit(0);
        channel.end();
    };
    await expect(exec(to(), "true")).rejects.toThrow(
        new Unreachable("api-node: a command was cut off before its end, so that its answer is not whole"),
    );
});

test("marks that come in parts are marks", async () => {
    answer = (channel, command) => {
        const { begin, end } = marksIn(command);
        for (const byte of `noise${begin}a${end(7)}`) channel.write(byte);
        for (const byte of begin + end(7)) channel.stderr.write(byte);
        // Nobody closes it.
    };
    expect(await exec(to(), "true", { allowFailure: true })).toEqual({ stdout: "a", stderr: "", code: 7 });
});
