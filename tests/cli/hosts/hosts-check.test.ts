import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { Server } from "ssh2";
import { checkHosts, clockNotes } from "../../../cli/hosts/hosts-check";
import { closeAll } from "../../../clients/ssh";
import type { Settings } from "../../../config/settings";
import { UserError } from "../../../system/errors";
import { newKey } from "../../clients/keys";
import { runInShell } from "../../clients/login-shell";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-hosts-"));
const hostKey = newKey(),
    otherKey = newKey(),
    userKey = newKey();
fs.writeFileSync(path.join(dir, "key"), userKey.private, { mode: 0o600 });
const words = (key: { public: string }) => key.public.split(" ").slice(0, 2).join(" ");

const good = new Server({ hostKeys: [hostKey.private] }, client => {
    client.on("error", () => undefined).on("authentication", auth => auth.accept());
    client.on("session", accept =>
        accept().on("exec", (acceptExec, _reject, { command }) => runInShell(acceptExec(), command)),
    );
});
/** Lets everybody in, and starts nothing. */
const idle = new Server({ hostKeys: [hostKey.private] }, client => {
    client.on("error", () => undefined).on("authentication", auth => auth.accept());
    client.on("session", () => undefined);
});
const sockets: net.Socket[] = [];
const mute = net.createServer(socket => {
    sockets.push(socket);
});
const port: Record<string, number> = {};
beforeAll(async () => {
    for (const [name, server] of [
        ["good", good],
        ["mute", mute],
        ["idle", idle],
    ] as const) {
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
        port[name] = (server.address() as net.AddressInfo).port;
    }
    const closed = net.createServer();
    await new Promise<void>(resolve => closed.listen(0, "127.0.0.1", resolve));
    port.closed = (closed.address() as net.AddressInfo).port;
    await new Promise(resolve => closed.close(resolve));
});
afterAll(async () => {
    sockets.forEach(s => s.destroy());
    await closeAll();
    good.close();
    idle.close();
    mute.close();
    fs.rmSync(dir, { recursive: true });
});

/** Central is as it should be; compute is what the test is about. */
function settings(computePort: number, computeKey = words(hostKey), known = ""): Settings {
    fs.writeFileSync(path.join(dir, "known_hosts"), known);
    return {
        release: "ocata",
        sshKeyFile: path.join(dir, "key"),
        knownHostsFile: path.join(dir, "known_hosts"),
        hosts: {
            central: { address: "127.0.0.1", port: port.good, hostKey: words(hostKey) },
            compute: { address: "127.0.0.1", port: computePort, hostKey: computeKey },
        },
    } as unknown as Settings;
}
const refused = (given: Settings, exitCode?: number): Promise<UserError> =>
    checkHosts(given, exitCode, 1).then(
        () => {
            throw new Error("not refused");
        },
        e => e as UserError,
    );

test("hosts that answer with their keys are fine", async () => {
    await checkHosts(settings(port.good!), 1, 5);
});

test("a host that refuses: one line, and the caller's exit code", async () => {
    const error = await refused(settings(port.closed!), 2);
    expect(error).toBeInstanceOf(UserError);
    expect(error.exitCode).toBe(2);
    expect(error.message).toBe(`host 127.0.0.1: connect ECONNREFUSED 127.0.0.1:${port.closed}; nothing was changed`);
});

test("a host that accepts and stays mute is not waited for longer than the deadline", async () => {
    const start = Date.now();
    expect((await refused(settings(port.mute!))).message).toBe(
        `host 127.0.0.1: no ssh session within 1 s (port ${port.mute}); nothing was changed`,
    );
    expect(Date.now() - start).toBeLessThan(3000);
});

test("a host that lets us in and starts nothing is not waited for longer than the deadline", async () => {
    const start = Date.now();
    expect((await refused(settings(port.idle!))).message).toBe(
        "host 127.0.0.1: accepts the login, but starts no command within 1 s; nothing was changed",
    );
    expect(Date.now() - start).toBeLessThan(3000);
});

test("a host whose name does not resolve: key, value and what is allowed", async () => {
    // Longer than a name can be: no name server is asked for it.
    const given = settings(22),
        name = (given.hosts.compute.address = `${"x".repeat(64)}.example.org`);
    expect((await refused(given)).message).toBe(
        `host ${name}: hosts.compute.address: "${name}" does not resolve; allowed is an address, or a name that this machine can look up; nothing was changed`,
    );
});

test("another host key: where the old one is written down decides what mends it", async () => {
    const name = `[127.0.0.1]:${port.good}`;
    const listed = await refused(settings(port.good!, words(otherKey), `${name} ${words(otherKey)}\n`));
    expect(listed.message).toMatch(
        /^host 127\.0\.0\.1: its ssh key \(SHA256:\S+\) is not the expected one \(SHA256:\S+\); nothing was changed\. If the host was reinstalled, remove the old key: ssh-keygen -R /,
    );
    expect(listed.message).toContain(`ssh-keygen -R '${name}' -f ${dir}/known_hosts`);
    expect((await refused(settings(port.good!, words(otherKey)))).message).toMatch(
        /correct hosts\.compute\.hostKey in the stack's configuration$/,
    );
});

test("a clock that is off is told, and how it is put right; one that may be right is not", () => {
    const notes = (date: number) => clockNotes("host 192.0.2.1", { date, from: 1000, to: 1001 });
    expect([999, 1002.9].flatMap(notes)).toEqual([]);
    expect([8203.5, 900.5].flatMap(notes)).toEqual([
        "host 192.0.2.1: its clock is 7203 s ahead of this machine's; up --refresh sets it",
        "host 192.0.2.1: its clock is 100 s behind this machine's; up --refresh sets it",
    ]);
});
