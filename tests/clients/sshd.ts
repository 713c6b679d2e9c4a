import { runInShell } from "./login-shell";
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import { type Connection as ServerClient, Server, utils } from "ssh2";

/** An ssh server on loopback that lets one user in with one of some keys. */
export interface Sshd {
    port: number;
    /** Users that logged in, in order. */
    logins: string[];
    /** Public keys that were offered, `ssh-ed25519 AAAA…`, in order. */
    offered: string[];
    close(): Promise<void>;
}

export interface SshdOptions {
    hostKeys: string[];
    /** Public keys, `ssh-ed25519 AAAA…`. */
    accepts: string[];
    /** Default root. */
    user?: string;
    /** What it does with a TCP connection that is asked for; default: makes it. `refused`: nobody is there; `forbidden`: by its configuration. */
    forwarding?: "made" | "refused" | "forbidden";
    /** What comes out of its socket of libvirt's; without one there is none. */
    libvirt?: string;
}

const words = (key: { type: string; data: Buffer }) => `${key.type} ${key.data.toString("base64")}`;
/** An RSA key signs by other names than its own. */
const blobOf = (key: string): string => key.split(" ")[1]!;

/** Starts an ssh server that answers every command with what it is. */
export async function startSshd({
    hostKeys,
    accepts,
    user = "root",
    forwarding = "made",
    libvirt,
}: SshdOptions): Promise<Sshd> {
    const logins: string[] = [],
        offered: string[] = [],
        clients = new Set<ServerClient>();
    const server = new Server({ hostKeys, ident: "OpenSSH_9.2p1 test" }, client => {
        clients.add(client);
        client.on("error", () => undefined).on("close", () => clients.delete(client));
        client.on("authentication", auth => {
            if (auth.method !== "publickey") {
                auth.reject(["publickey"]);
                return;
            }
            offered.push(words({ type: auth.key.algo, data: auth.key.data }));
            const mine = accepts.find(key => blobOf(key) === auth.key.data.toString("base64")),
                key = mine === undefined ? undefined : utils.parseKey(mine);
            const signed =
                key !== undefined &&
                !(key instanceof Error) &&
                (auth.signature === undefined || key.verify(auth.blob!, auth.signature, auth.hashAlgo) === true);
            if (auth.username !== user || !signed) auth.reject(["publickey"]);
            else {
                if (auth.signature) logins.push(auth.username);
                auth.accept();
            }
        });
        // What it is not told to do, the library's server answers as one that may not.
        const tcpip = forwarding === "forbidden" ? "none" : "tcpip";
        client.on(tcpip as "tcpip", (accept, reject, { destIP, destPort }) => {
            if (forwarding === "refused") {
                reject();
                return;
            }
            const channel = accept(),
                target = net.connect(destPort, destIP);
            channel.pipe(target).pipe(channel);
            target.on("error", () => channel.close());
            channel.on("error", () => target.destroy()).on("close", () => target.destroy());
        });
        (client as unknown as { on(event: string, listener: (...args: any[]) => void): void }).on(
            "openssh.streamlocal",
            (accept: () => NodeJS.WritableStream, reject: () => void) => {
                if (libvirt === undefined) reject();
                else accept().end(libvirt);
            },
        );
        client.on("session", accept =>
            accept().on("exec", (acceptExec, _reject, { command }) => runInShell(acceptExec(), command)),
        );
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    return {
        port: (server.address() as net.AddressInfo).port,
        logins,
        offered,
        close: async () => {
            clients.forEach(client => client.end());
            await new Promise<void>(resolve => server.close(() => resolve()));
        },
    };
}

/** Runs a program of OpenSSH's; what it said on standard output. */
function openssh(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
        encoding: "utf8",
        env: { ...process.env, ...env },
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
    return stdout;
}

/** A key pair made by ssh-keygen; the public half. */
export function makeKey(file: string, { passphrase = "", type = "ed25519", form = [] as string[] } = {}): string {
    openssh("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "a comment", "-f", file, ...form]);
    return fs.readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
}

/** An ssh-agent of its own, with some keys in it. */
export class Agent {
    readonly socket: string;
    private readonly pid: number;

    constructor(dir: string) {
        this.socket = path.join(dir, "agent.sock");
        const said = openssh("ssh-agent", ["-s", "-a", this.socket]);
        this.pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)![1]);
    }

    /** Adds a key; one with a passphrase is asked for it by a program that knows it. */
    add(file: string, passphrase = ""): void {
        const ask = `${this.socket}.ask`;
        fs.writeFileSync(ask, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o700 });
        openssh("ssh-add", ["-q", file], {
            SSH_AUTH_SOCK: this.socket,
            SSH_ASKPASS: ask,
            SSH_ASKPASS_REQUIRE: "force",
            DISPLAY: "none",
        });
    }

    stop(): void {
        process.kill(this.pid);
    }
}
