import * as fs from "fs";
import type { Duplex } from "stream";
import { createHash } from "crypto";
import { type AgentAuthMethod, Client, type ClientChannel, type ConnectConfig } from "ssh2";
import { inHome } from "../system/paths";
import { agentWith } from "../system/ssh-agent";
import { type CommandLimits, type ExecResult, lastOf, Session } from "./command";
import { type Connection, hostKeysOf, jumpOf, Unreachable, way } from "./connection";
import { Frame } from "./frame";
import { operatorClock } from "./operator-clock";
import { readKeyFile, UnusableKey } from "../system/key-file";

export { lastOf, type ExecResult } from "./command";
export { quote, quoteWords } from "./frame";

/**
 * A shell function that makes a folder. Beside it another script may remove the folder above, which it found empty: then mkdir
 * fails between the two, and is tried again.
 */
export const folderShell = `folder() { n=0; until mkdir -p "$1" 2> /dev/null; do n=$((n + 1)); [ $n -lt 20 ] || { mkdir -p "$1"; return; }; done; }`;

/** The machine answers with another host key than the recorded one: nothing was sent to it. */
export class HostKeyMismatch extends Error {
    override readonly name = "HostKeyMismatch";
    /** @param at the machine that has the key, which may be one on the way */
    constructor(
        message: string,
        readonly at?: Pick<Connection, "host" | "port">,
    ) {
        super(message);
    }
}

/** A machine's sshd makes no such connections for anybody, or not for this user. */
export class ForwardingForbidden extends Unreachable {}

/** A server's reason for a connection that it must not make (RFC 4254, 5.1), unlike one that it could not make. */
const PROHIBITED = 1;

/** A script on a machine that ended with another code than 0. */
export class RemoteError extends Error {
    override readonly name = "RemoteError";
    constructor(
        readonly machine: string,
        readonly result: ExecResult,
    ) {
        const said = lastOf(result.stderr) || lastOf(result.stdout);
        super(`${machine}: ${said.split("\n").slice(-6).join("\n") || `ended with code ${result.code}`}`);
    }
}

export interface ExecOptions extends CommandLimits {
    /** Standard input of the script; secrets go here, never into the script. It has no NUL byte in it. */
    input?: string | Buffer;
    /** Return instead of throwing when the exit code is not 0. */
    allowFailure?: boolean;
}

const CONNECT_SECONDS = 8;
/** A dead connection is noticed within 15 s; for its beginning there is a limit above. */
const ALIVE = { readyTimeout: 0, keepaliveInterval: 5000, keepaliveCountMax: 3 };

/** A pooled connection: who waits for it has its promise. */
interface Pooled {
    opening: Promise<Session>;
    open?: Session;
    /** The keys of this one and of those that it goes through. */
    way: string[];
}
const sessions = new Map<string, Pooled>();
const keyOf = (c: Connection): string => {
    const jump = jumpOf(c);
    return JSON.stringify([c.user, c.host, c.port, c.hostKey, c.keyFile, jump && keyOf(jump)]);
};

/** The pooled connection to a machine: one a process, opened at first use and again once it has died. */
async function session(to: Connection): Promise<Session> {
    const key = keyOf(to);
    const known = sessions.get(key);
    if (known) {
        const open = await known.opening;
        if (!open.closed) return open;
    }
    if (sessions.get(key) === known) {
        const pooled: Pooled = { opening: open(to), way: way(to).map(keyOf) };
        sessions.set(key, pooled);
        pooled.opening.then(
            opened => (pooled.open = opened),
            () => {
                if (sessions.get(key) === pooled) sessions.delete(key);
            },
        );
    }
    return await sessions.get(key)!.opening;
}

const fingerprint = (key: Buffer): string =>
    `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

async function open(to: Connection): Promise<Session> {
    const { user = "root" } = to,
        signing = await signingWith(to, user),
        jump = jumpOf(to),
        sock = jump && (await wayThrough(jump, to));
    const { keys, algorithms } = expectedKeys(to),
        client = new Client();
    let mismatch: HostKeyMismatch | undefined;
    return await new Promise<Session>((resolve, reject) => {
        const fail = (reason: string) => {
            clearTimeout(timer);
            client.destroy();
            reject(mismatch ?? new Unreachable(`${to.name} (${to.host}, port ${to.port}): ${reason}`));
        };
        const late = () => fail(`accepts no ssh session within ${CONNECT_SECONDS} s`);
        const timer = setTimeout(late, CONNECT_SECONDS * 1000);
        client.on("error", e =>
            fail(e.level === "client-authentication" ? `the key ${to.keyFile} is not accepted for ${user}` : e.message),
        );
        client.once("close", () => fail("the connection was closed"));
        client.once("ready", () => {
            clearTimeout(timer);
            client.setNoDelay(true); // a command's end of input would wait 40 ms for the answer to its beginning
            resolve(new Session(client));
        });
        client.connect({
            host: to.host,
            port: to.port,
            ...signing,
            sock,
            ...ALIVE,
            algorithms: { serverHostKey: algorithms as never },
            hostVerifier: (key: Buffer) => {
                if (keys.some(k => k.equals(key))) return true;
                mismatch = mismatchOf(to, key, keys);
                return false;
            },
        });
    });
}

/** The way of a pooled connection through another one. It is none that somebody has of it. */
async function wayThrough(jump: Connection, { host, port }: Connection): Promise<Duplex> {
    const channel = await forward(jump, host, port);
    (await session(jump)).carried.delete(channel);
    return channel;
}

/** The keys that a machine may answer with, and the algorithms that it may prove one of them with. */
function expectedKeys(to: Connection): { keys: Buffer[]; algorithms: string[] } {
    const wanted = hostKeysOf(to);
    return {
        keys: wanted.map(line => Buffer.from(line.split(/\s+/)[1] ?? "", "base64")),
        algorithms: [...new Set(wanted.map(line => line.split(/\s+/)[0]!))].flatMap(a =>
            a === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", ...(to.rsaSha1 ? [a] : [])] : [a],
        ),
    };
}

const mismatchOf = (to: Connection, key: Buffer, keys: readonly Buffer[]): HostKeyMismatch =>
    new HostKeyMismatch(
        `${to.name}: its ssh key (${fingerprint(key)}) is not the expected one (${keys.map(fingerprint).join(", ")}); nothing was changed`,
        to,
    );

/** The library's login: a user, and the key in the file or, if the key has a passphrase, the agent that holds it. */
async function signingWith(to: Connection, username: string): Promise<ConnectConfig> {
    try {
        const key = readKeyFile(to.keyFile);
        if (key.heldBy === "file") return { username, privateKey: fs.readFileSync(inHome(to.keyFile)) };
        const byAgent: AgentAuthMethod = { type: "agent", username, agent: await agentWith(key, to.keyFile) };
        return { username, authHandler: [byAgent] };
    } catch (e) {
        throw e instanceof UnusableKey ? new UnusableKey(`${to.name}: ${e.message}`) : e;
    }
}

/** Opens the pooled connection to a machine where it is not open. @throws Unreachable, HostKeyMismatch */
export async function connect(to: Connection): Promise<void> {
    await session(to);
}

/**
 * Runs a shell script on a machine, with `sh -e`. Output of the machine's login before and after it is no part of the result.
 * @throws Unreachable also where the answer is not whole: cut off, or larger than 8 MiB; HostKeyMismatch, RemoteError, TimedOut
 */
export async function exec(to: Connection, script: string, options: ExecOptions = {}): Promise<ExecResult> {
    const frame = new Frame(script, options.input);
    const result = await (await session(to)).run(to.name, frame, options);
    if (result.code !== 0 && !options.allowFailure) throw new RemoteError(to.name, result);
    return result;
}

/** The type of {@link exec}. Handlers take it as a parameter, so that tests need no machine. */
export type RunScript = (to: Connection, script: string, options?: ExecOptions) => Promise<ExecResult>;

/** A TCP connection made by the machine itself, to an address as it sees it. */
export const forward = (via: Connection, host: string, port: number): Promise<Duplex> =>
    channelTo(via, `${host}, port ${port},`, (client, opened) => client.forwardOut("127.0.0.1", 0, host, port, opened));

/** A connection made by the machine itself to one of its sockets. */
export const forwardSocket = (via: Connection, socket: string): Promise<Duplex> =>
    channelTo(via, socket, (client, opened) => client.openssh_forwardOutStreamLocal(socket, opened));

async function channelTo(
    via: Connection,
    target: string,
    ask: (client: Client, opened: (error: Error | undefined, channel: ClientChannel) => void) => void,
): Promise<Duplex> {
    const { client, carried } = await session(via),
        asked = {};
    carried.add(asked);
    const opening = new Promise<Duplex>((resolve, reject) => {
        let late = false;
        const timer = setTimeout(() => {
            late = true;
            reject(new Unreachable(`${target} does not answer ${via.name} within ${CONNECT_SECONDS} s`));
        }, CONNECT_SECONDS * 1000);
        ask(client, (error, channel) => {
            clearTimeout(timer);
            if (late) channel?.close();
            else if ((error as { reason?: unknown } | undefined)?.reason === PROHIBITED)
                reject(new ForwardingForbidden(`${via.name} may not make a connection to ${target}`));
            else if (error) reject(new Unreachable(`${target} cannot be reached from ${via.name}: ${error.message}`));
            else resolve(channel);
        });
    });
    try {
        const channel = await opening;
        carried.add(channel);
        return channel.once("close", () => carried.delete(channel));
    } finally {
        carried.delete(asked);
    }
}

/** Waits until a machine that is starting accepts sessions. A wrong host key ends the wait. */
export async function waitForSsh(to: Connection, deadlineSeconds: number): Promise<void> {
    const deadline = operatorClock.elapsed() + deadlineSeconds;
    for (;;) {
        try {
            await session(to);
            return;
        } catch (e) {
            if (!(e instanceof Unreachable)) throw e;
            if (operatorClock.elapsed() > deadline)
                throw new Unreachable(`${to.name} did not accept ssh within ${deadlineSeconds} s; last: ${e.message}`);
        }
        await new Promise(resolve => setTimeout(resolve, 250));
    }
}

/** Ends every pooled connection. */
export async function closeAll(): Promise<void> {
    const all = [...sessions.values()].map(({ opening }) => opening);
    sessions.clear();
    for (const s of await Promise.allSettled(all)) if (s.status === "fulfilled") s.value.client.end();
}

/** Ends the pooled connections over which nothing goes for anybody, and nobody waits for. */
export function closeUnused(): void {
    const used = new Set([...sessions.values()].filter(({ open }) => open?.isUsed !== false).flatMap(p => p.way));
    for (const [key, { open }] of [...sessions]) {
        if (used.has(key)) continue;
        sessions.delete(key);
        open!.client.end();
    }
}
