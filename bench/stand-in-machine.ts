import { spawn } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import { type Connection as Client, Server, type ServerChannel } from "ssh2";
import type { Connection } from "../clients/connection";
import { keyPair } from "../providers/machine/host-key";

/**
 * Stands in for every machine of a cloud: an ssh server on loopback. It accepts the bench's own key from any user, runs scripts in a
 * shell of this machine and leads each connection to one port.
 */
export class StandInMachine {
    private readonly clients = new Set<Client>();
    private readonly server: Server;
    private readonly hostKey: string;
    private readonly keyFile: string;

    /**
     * @param dir folder for its keys
     * @param port of this machine to which every connection goes that is to be made from it
     */
    constructor(
        dir: string,
        private readonly port: number,
    ) {
        const [host, operator] = [keyPair("stand-in", "ed25519"), keyPair("stand-in", "ed25519")];
        this.hostKey = host.publicKey;
        this.keyFile = path.join(dir, "key");
        fs.writeFileSync(this.keyFile, operator.privateKey, { mode: 0o600 });
        const accepted = operator.publicKey.split(" ")[1];
        this.server = new Server({ hostKeys: [host.privateKey] }, client => this.serve(client, accepted!));
    }

    /** Starts it. @returns how it is reached by that name */
    async listen(): Promise<(name: string) => Connection> {
        await new Promise<void>(resolve => this.server.listen(0, "127.0.0.1", resolve));
        const { port } = this.server.address() as net.AddressInfo,
            { hostKey, keyFile } = this;
        return name => ({ name, host: "127.0.0.1", port, hostKey, keyFile });
    }

    close(): void {
        this.clients.forEach(client => client.end());
        this.server.close();
    }

    private serve(client: Client, accepted: string): void {
        this.clients.add(client);
        client.on("error", () => undefined).on("close", () => this.clients.delete(client));
        client.on("authentication", auth => {
            // It listens on loopback and has nothing that this user has not: the signature is not looked at.
            if (auth.method === "publickey" && auth.key.data.toString("base64") === accepted) auth.accept();
            else auth.reject(["publickey"]);
        });
        client.on("tcpip", accept => {
            const channel = accept(),
                target = net.connect(this.port, "127.0.0.1");
            channel.pipe(target).pipe(channel);
            target.on("error", () => channel.close());
            channel.on("error", () => target.destroy()).on("close", () => target.destroy());
        });
        client.on("session", accept =>
            accept().on("exec", (acceptExec, _reject, { command }) => runScript(acceptExec(), command)),
        );
    }
}

function runScript(channel: ServerChannel, command: string): void {
    const child = spawn("/bin/sh", ["-c", command], { env: { PATH: process.env.PATH, HOME: "/nonexistent" } });
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    for (const stream of [child.stdin, child.stdout, child.stderr, channel]) stream.on("error", () => undefined);
    child.on("close", code => {
        channel.exit(code ?? 255);
        channel.end();
    });
}
