import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { Client, type Connection as ServerClient, Server, type ServerHostKeyAlgorithm, utils } from "ssh2";
import { type Connection, Unreachable } from "../../clients/connection";
import {
    closeAll,
    closeUnused,
    connect,
    exec,
    forward,
    HostKeyMismatch,
    quote,
    RemoteError,
    waitForSsh,
} from "../../clients/ssh";
import { keyPair } from "../../providers/machine/host-key";
import { ending, set, timed } from "./clock";
import { newKey } from "./keys";
import { marksIn, runInShell } from "./login-shell";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-ssh-"));
const hostKey = newKey(),
    userKey = newKey(),
    otherKey = newKey();
const keyFile = path.join(dir, "key");
fs.writeFileSync(keyFile, userKey.private, { mode: 0o600 });

let connections = 0,
    forwards = 0,
    sessionsNow = 0,
    sessionsMost = 0,
    refusals = 0;
/** Ports that the server makes no connection to, and those that it does not answer about. */
const [refusedPort, silentPort] = [1, 2];
/** An ssh server that runs commands in bash, and counts them; some by what they say of themselves in another way. */
const serve = (client: ServerClient) => {
    connections++;
    const { _sock: socket } = client as unknown as { _sock: net.Socket };
    socket.setNoDelay(true);
    client.on("error", () => undefined);
    client.on("authentication", auth => {
        const parsed = utils.parseKey(userKey.public);
        if (
            auth.username === "root" &&
            auth.method === "publickey" &&
            !(parsed instanceof Error) &&
            auth.key.data.equals(parsed.getPublicSSH())
        )
            auth.accept();
        else auth.reject(["publickey"]);
    });
    client.on("tcpip", (accept, reject, info) => {
        forwards++;
        if (info.destPort === silentPort) return;
        if (info.destPort === refusedPort) {
            reject();
            return;
        }
        const channel = accept(),
            target = net.connect(info.destPort, info.destIP);
        channel.pipe(target).pipe(channel);
        target.on("error", () => channel.close());
    });
    client.on("session", (accept, reject) =>
        refusals > 0 && refusals--
            ? reject()
            : accept().on("exec", (acceptExec, _reject, info) => {
                  if (info.command.includes("at once")) socket.cork(); // all in one packet
                  const channel = acceptExec();
                  if (info.command.includes("at once")) {
                      const { begin, end } = marksIn(info.command);
                      for (const stream of [channel, channel.stderr]) stream.write(begin + end(3));
                      channel.exit(3);
                      channel.end();
                      socket.uncork();
                      return;
                  }
                  sessionsMost = Math.max(sessionsMost, ++sessionsNow);
                  channel.on("close", () => sessionsNow--);
                  if (info.command.includes("drop")) client.end();
                  else setTimeout(() => runInShell(channel, info.command), 20);
              }),
    );
};
const server = new Server({ hostKeys: [hostKey.private] }, serve);

/** What OpenSSH 5.9 of Ubuntu 12.04 knows, as far as ssh2 knows it too; its only signature of an RSA key is with SHA-1. */
const precise = (key: string, hostKeyAlgorithm: ServerHostKeyAlgorithm): Server =>
    new Server(
        {
            hostKeys: [key],
            ident: "OpenSSH_5.9p1 Debian-5ubuntu1.4",
            algorithms: {
                serverHostKey: [hostKeyAlgorithm],
                kex: [
                    "ecdh-sha2-nistp256",
                    "ecdh-sha2-nistp384",
                    "ecdh-sha2-nistp521",
                    "diffie-hellman-group-exchange-sha256",
                    "diffie-hellman-group-exchange-sha1",
                    "diffie-hellman-group14-sha1",
                    "diffie-hellman-group1-sha1",
                ],
                cipher: [
                    "aes128-ctr",
                    "aes192-ctr",
                    "aes256-ctr",
                    "aes128-cbc",
                    "3des-cbc",
                    "aes192-cbc",
                    "aes256-cbc",
                ],
                hmac: [
                    "hmac-md5",
                    "hmac-sha1",
                    "hmac-sha2-256",
                    "hmac-sha2-256-96",
                    "hmac-sha2-512",
                    "hmac-sha2-512-96",
                    "hmac-ripemd160",
                    "hmac-sha1-96",
                    "hmac-md5-96",
                ],
                compress: ["none", "zlib@openssh.com"],
            },
        },
        serve,
    );
const keysOf59 = { ecdsa: keyPair("db-node", "ecdsa"), rsa: keyPair("db-node", "rsa") };
const old = {
    ecdsa: precise(keysOf59.ecdsa.privateKey, "ecdsa-sha2-nistp256"),
    rsa: precise(keysOf59.rsa.privateKey, "ssh-rsa"),
};
const mute = net.createServer(() => undefined);
const ports = { server: 0, mute: 0, ecdsa: 0, rsa: 0 };
beforeAll(async () => {
    for (const [name, s] of [
        ["server", server],
        ["mute", mute],
        ["ecdsa", old.ecdsa],
        ["rsa", old.rsa],
    ] as const) {
        await new Promise<void>(resolve => s.listen(0, "127.0.0.1", resolve));
        ports[name] = (s.address() as net.AddressInfo).port;
    }
});
afterAll(async () => {
    await closeAll();
    for (const s of [server, old.ecdsa, old.rsa]) await new Promise(resolve => s.close(resolve));
    mute.close();
    fs.rmSync(dir, { recursive: true });
});

const to = (change: Partial<Connection> = {}): Connection => ({
    name: "db-node",
    host: "127.0.0.1",
    port: ports.server,
    hostKey: hostKey.public,
    keyFile,
    ...change,
});

test("many commands at once: one connection, at most seven sessions on it, input kept apart", async () => {
    const before = connections;
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => exec(to(), "cat", { input: `text ${i}` })));
    expect(results.map(r => r.stdout)).toEqual(Array.from({ length: 20 }, (_, i) => `text ${i}`));
    expect(connections - before).toBe(1);
    expect(sessionsMost).toBe(7);
});

test("a command that ends as soon as it has begun is heard", async () => {
    for (let i = 0; i < 20; i++) expect(await exec(to(), "at once", { allowFailure: true })).toMatchObject({ code: 3 });
});

test("nothing that is written waits for the answer to what was written before", async () => {
    await closeAll();
    const noDelay = jest.spyOn(Client.prototype, "setNoDelay"),
        before = connections;
    await connect(to());
    expect(noDelay.mock.calls).toEqual([[true]]);
    await exec(to(), "cat");
    expect(connections - before).toBe(1);
    noDelay.mockRestore();
});

test("a session that is refused for the moment is asked for again, and its command runs once", async () => {
    refusals = 2;
    expect(await exec(to(), "echo once")).toMatchObject({ code: 0, stdout: "once\n" });
    expect(refusals).toBe(0);
});

test("a script is one word of the remote shell, whatever is in it", async () => {
    const word = `it's "$x" \\ \\n \\\\ \\'!\n\t!! $(false) \`false\` ü %s`;
    expect((await exec(to(), `printf '%s\n' 'a b' $x ${quote(word)}`)).stdout).toBe(`a b\n${word}\n`);
    expect(quote("it's")).toBe(`'it'\\''s'`);
});

test("a script that fails is told with the machine's name and what it said", async () => {
    const fail = "echo went wrong >&2; exit 3";
    await expect(exec(to(), fail)).rejects.toThrow(
        new RemoteError("db-node", { stdout: "", stderr: "went wrong", code: 3 }),
    );
    expect((await exec(to(), fail, { allowFailure: true })).code).toBe(3);
});

test("another host key: nothing is sent, both fingerprints are shown, and it is not taken for an outage", async () => {
    const error = await exec(to({ hostKey: `${otherKey.public}\n${otherKey.public}` }), "cat").catch(e => e as Error);
    expect(error).toBeInstanceOf(HostKeyMismatch);
    expect((error as Error).name).toBe("HostKeyMismatch");
    expect(error).not.toBeInstanceOf(Unreachable);
    expect((error as Error).message).toMatch(
        /^db-node: its ssh key \(SHA256:\S+\) is not the expected one \(SHA256:[^\s=]+, SHA256:[^\s=]+\); nothing was changed$/,
    );
});

test("a host that accepts and then says nothing is given up after eight seconds", () =>
    timed(async pass => {
        const asked = exec(to({ port: ports.mute }), "cat");
        expect(await ending(asked, pass)).toBe(8);
        await expect(asked).rejects.toThrow(
            `db-node (127.0.0.1, port ${ports.mute}): accepts no ssh session within 8 s`,
        );
    }));

test("a clock that is set on ends no wait: for a command, for a session that is refused, for a machine that is starting", async () => {
    const starting = new Server({ hostKeys: [hostKey.private] }, serve),
        listen = (port: number) => new Promise<void>(resolve => starting.listen(port, "127.0.0.1", resolve));
    await listen(0);
    const { port } = starting.address() as net.AddressInfo;
    await new Promise(resolve => starting.close(resolve));
    await connect(to());
    await set(async () => {
        expect((await exec(to(), "cat", { input: "in time" })).stdout).toBe("in time");
        refusals = 1;
        expect((await exec(to(), "cat", { input: "again" })).stdout).toBe("again");
        const waited = waitForSsh(to({ port }), 10);
        await new Promise(resolve => setTimeout(resolve, 100));
        await listen(port);
        await waited;
    });
    await closeAll();
    await new Promise(resolve => starting.close(resolve));
});

test("sessions that are refused for ten seconds: the machine could not be asked", () =>
    timed(async pass => {
        await connect(to());
        refusals = Infinity;
        const asked = exec(to(), "cat");
        expect(await ending(asked, pass)).toBeGreaterThan(10);
        refusals = 0;
        await expect(asked).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringMatching(/^db-node: \S/),
        });
    }));

test("a machine behind which nobody answers, or another says no", () =>
    timed(async pass => {
        await connect(to());
        const silent = forward(to(), "10.0.0.9", silentPort);
        expect(await ending(silent, pass)).toBe(8);
        await expect(silent).rejects.toMatchObject({
            name: "Unreachable",
            message: `10.0.0.9, port ${silentPort}, does not answer db-node within 8 s`,
        });
        await expect(forward(to(), "10.0.0.9", refusedPort)).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringMatching(/^10\.0\.0\.9, port 1, cannot be reached from db-node: \S/),
        });
    }));

test("a command that does not end in time fails, and the machine is not taken for dead", async () => {
    const error = await exec(to(), "sleep 100", { timeoutSeconds: 0.1 }).catch(e => e as Error);
    expect(error).toEqual(new Error("db-node: a command did not end within 0.1 s"));
    expect(error).not.toBeInstanceOf(Unreachable);
});

test("a script that a signal ended has the shell's code for it; with its shell it has no answer", async () => {
    expect((await exec(to(), "echo half; sh -c 'kill -9 $$'", { allowFailure: true })).code).toBe(137);
    await expect(exec(to(), "echo half; echo why >&2; kill -9 $$", { allowFailure: true })).rejects.toThrow(
        new Unreachable(
            "db-node: a command was cut off before its end (signal SIGKILL), so that its answer is not whole; it said last: why",
        ),
    );
});

test.each([
    ["what it complained of, the end of it", "1\n2\n3\n4\n5\n6\n7\n", "out", "2\n3\n4\n5\n6\n7"],
    ["what it said, where it did not complain", " \n", "out\n", "out"],
    ["its code, where it said nothing", "", "", "ended with code 3"],
])("a script that failed is told by %s", (_name, stderr, stdout, told) => {
    expect(String(new RemoteError("db-node", { stdout, stderr, code: 3 }))).toBe(`RemoteError: db-node: ${told}`);
});

test("a key that cannot be read is said to be, and the machine is not taken for dead", async () => {
    const error = await exec(to({ keyFile: "/none" }), "cat").catch(e => e as Error);
    expect((error as Error).message).toMatch(
        /^db-node: the key \/none is not there, and no \/none\.pub of a key that an ssh-agent holds; make one with: /,
    );
    expect(error).not.toBeInstanceOf(Unreachable);
});

test("one of several host keys is enough", async () => {
    expect(
        (await exec(to({ hostKey: `${otherKey.public}\n\n  ${hostKey.public}\n` }), "cat", { input: "two" })).stdout,
    ).toBe("two");
});

test("a machine that is starting is waited for, as long as it may take; one with another host key is not", async () => {
    const starting = new Server({ hostKeys: [hostKey.private] }, serve),
        listen = (port: number) => new Promise<void>(resolve => starting.listen(port, "127.0.0.1", resolve));
    await listen(0);
    const { port } = starting.address() as net.AddressInfo;
    await new Promise(resolve => starting.close(resolve));
    await expect(waitForSsh(to({ port }), 0)).rejects.toMatchObject({
        name: "Unreachable",
        message: expect.stringMatching(
            /^db-node did not accept ssh within 0 s; last: db-node \(127\.0\.0\.1, port \d+\): .*ECONNREFUSED/,
        ),
    });
    const waiting = waitForSsh(to({ port }), 60);
    await listen(port);
    await waiting;
    await expect(waitForSsh(to({ port, hostKey: otherKey.public }), 60)).rejects.toThrow(HostKeyMismatch);
    await closeAll();
    await new Promise(resolve => starting.close(resolve));
});

test("a refused connection, a key that is not accepted, a connection lost on the way: the machine could not be asked", async () => {
    const closed = net.createServer();
    const port = await new Promise<number>(resolve =>
        closed.listen(0, "127.0.0.1", () => {
            const p = (closed.address() as net.AddressInfo).port;
            closed.close(() => resolve(p));
        }),
    );
    await expect(exec(to({ port }), "cat")).rejects.toThrow(Unreachable);
    const wrong = path.join(dir, "wrong");
    fs.writeFileSync(wrong, otherKey.private, { mode: 0o600 });
    await expect(exec(to({ keyFile: wrong }), "cat")).rejects.toThrow(/the key .*wrong is not accepted for root/);
    await expect(exec(to(), "drop")).rejects.toMatchObject({
        name: "Unreachable",
        message: "db-node: the connection was lost while a command ran",
    });
    expect((await exec(to(), "cat", { input: "again" })).stdout).toBe("again");
});

test("a machine behind another one is reached through it", async () => {
    const jump = to({ name: "central" });
    const before = forwards,
        through = async (host: Connection) =>
            expect((await exec(to({ jump: host }), "cat", { input: "through" })).stdout).toBe("through");
    for (let i = 0; i < 2; i++) await through(jump);
    expect(forwards - before).toBe(1);
    // The same address behind another host is another machine.
    await through({ ...jump, port: ports.ecdsa, hostKey: keysOf59.ecdsa.publicKey });
    expect(forwards - before).toBe(2);
    const { name: _name, ...unnamed } = to({ hostKey: otherKey.public });
    await expect(exec(to({ jump: unnamed }), "cat")).rejects.toThrow(/^host 127\.0\.0\.1: its ssh key/);
    const channel = await forward(jump, "127.0.0.1", ports.mute);
    channel.destroy();
});

test("what is unused of the pool is ended; a way that somebody goes stays, and that of a command", async () => {
    await closeAll();
    const bastion = to({ name: "bastion" }),
        host = to({ jump: bastion });
    const echo = net.createServer(socket => socket.pipe(socket)).listen(0, "127.0.0.1");
    await new Promise(resolve => echo.once("listening", resolve));
    const tunnel = await forward(bastion, "127.0.0.1", (echo.address() as net.AddressInfo).port),
        said = new Promise(resolve =>
            tunnel.once("data", resolve).once("close", () => resolve("the tunnel is closed")),
        );
    const command = exec(host, "cat", { input: "whole" });
    closeUnused();
    expect((await command).stdout).toBe("whole");
    const before = connections;
    closeUnused();
    tunnel.write("still here");
    expect(String(await said)).toBe("still here");
    await exec(bastion, "true");
    expect(connections).toBe(before);
    await exec(host, "true");
    expect(connections).toBe(before + 1);
    await new Promise(resolve => tunnel.once("close", resolve).destroy());
    closeUnused();
    await exec(bastion, "true");
    expect(connections).toBe(before + 2);
    await new Promise(resolve => echo.close(resolve));
});

test("OpenSSH 5.9 with an ecdsa host key: nothing has to be allowed for it", async () => {
    const connection = to({ port: ports.ecdsa, hostKey: keysOf59.ecdsa.publicKey });
    expect(keysOf59.ecdsa.publicKey).toMatch(/^ecdsa-sha2-nistp256 /);
    expect((await exec(connection, "cat", { input: "old" })).stdout).toBe("old");
    await expect(exec({ ...connection, hostKey: hostKey.public }, "cat")).rejects.toThrow(
        /no matching host key format/,
    );
});

test("an RSA host key of that age is shown by a signature with SHA-1: accepted where it is asked for, and only the pinned key", async () => {
    const connection = to({ port: ports.rsa, hostKey: keysOf59.rsa.publicKey });
    await expect(exec(connection, "cat")).rejects.toThrow(/no matching host key format/);
    expect((await exec({ ...connection, rsaSha1: true }, "cat", { input: "old" })).stdout).toBe("old");
    const another = await exec(
        { ...connection, hostKey: utils.generateKeyPairSync("rsa", { bits: 2048 }).public, rsaSha1: true },
        "cat",
    ).catch(e => e as Error);
    expect(another).toBeInstanceOf(HostKeyMismatch);
});

test("a newer machine with an RSA host key is never asked for SHA-1's signature", async () => {
    const rsa = new Server({ hostKeys: [keysOf59.rsa.privateKey] }, serve),
        seen: string[] = [];
    await new Promise<void>(resolve => rsa.listen(0, "127.0.0.1", resolve));
    rsa.on("connection", client => {
        client.on("handshake", n => seen.push(n.serverHostKey));
    });
    const { port } = rsa.address() as net.AddressInfo;
    expect(
        (await exec(to({ port, hostKey: keysOf59.rsa.publicKey, rsaSha1: true }), "cat", { input: "new" })).stdout,
    ).toBe("new");
    expect(seen).toEqual(["rsa-sha2-512"]);
    await closeAll();
    await new Promise(resolve => rsa.close(resolve));
});
