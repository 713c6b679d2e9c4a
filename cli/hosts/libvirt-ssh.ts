import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import { serveAgent } from "../../clients/agent-server";
import { jumpOf } from "../../clients/connection";
import { forward } from "../../clients/ssh";
import { hostConnection, libvirtAlias } from "../../components/host-pair";
import { knownLines, knownName, writeKnownHosts } from "../../config/known-hosts";
import { type HostRole, hostRoles } from "../../config/nodes";
import { agentFor } from "../../config/operator-key";
import type { Settings } from "../../config/settings";
import { replaceFile } from "../../system/files";
import { SSH_HOME } from "../../system/handed-over";
import { inHome } from "../../system/paths";

/** The settings of libvirt's provider during one run. */
export interface LibvirtSsh {
    /** Of the engine: the provider's home, and the agent that it may ask. */
    env: Record<string, string>;
    close(): Promise<void>;
}

/** Where the provider finds a host: its own address, or a tunnel's end on this machine. */
interface Found {
    role: HostRole;
    alias: string;
    name: string;
    port?: number;
}

/**
 * A home folder for libvirt's provider. The provider is an ssh client of its own. It reads ~/.ssh/config and offers every key of an
 * agent. It asks a host for keys that known_hosts may not have. The home gives it:
 *
 * - the host keys that our own client accepts, and a configuration with these alone
 * - no agent, or one with the operator's key alone
 * - for a host behind a bastion, the end of a tunnel of our own client: the provider cannot tell a bastion user or key
 * @param home a folder that nobody else can enter; the caller removes it
 * @throws UserError where an agent is needed and does not hold the key
 */
export async function libvirtSsh(home: string, settings: Settings): Promise<LibvirtSsh> {
    const agent = await agentFor(settings),
        closing: (() => Promise<void>)[] = [],
        close = async () => void (await Promise.all(closing.map(end => end())));
    try {
        writeKnownHosts(settings.knownHosts!, settings.hosts);
        const found: Found[] = [];
        for (const role of hostRoles) {
            const { address, port, jump } = settings.hosts[role];
            if (!jump) found.push({ role, alias: address, name: knownName(address, port) });
            else {
                const tunnel = await tunnelTo(settings, role);
                closing.push(tunnel.close);
                found.push({
                    role,
                    alias: libvirtAlias(role),
                    name: knownName("127.0.0.1", tunnel.port),
                    port: tunnel.port,
                });
            }
        }
        writeHome(home, settings, found);
        const socket = path.join(home, "agent");
        if (agent) closing.push(await serveAgent(socket, agent));
        return { env: { [SSH_HOME]: home, SSH_AUTH_SOCK: agent ? socket : "" }, close };
    } catch (e) {
        await close();
        throw e;
    }
}

function writeHome(home: string, settings: Settings, found: readonly Found[]): void {
    const { hosts, sshKeyFile } = settings;
    fs.mkdirSync(path.join(home, ".ssh"), { recursive: true, mode: 0o700 });
    const known = found.map(({ role, name }) => knownLines(name, hosts[role].hostKey!));
    replaceFile(path.join(home, ".ssh/known_hosts"), known.join(""), 0o600);
    const stanzas = [...new Set(found.map(({ alias }) => alias))].map(alias => {
        const its = found.filter(f => f.alias === alias),
            tunnel = its.find(f => f.port !== undefined);
        return [
            `Host ${alias}`,
            ...(tunnel ? ["  HostName 127.0.0.1", `  Port ${tunnel.port}`] : []),
            `  HostKeyAlgorithms ${[...new Set(its.flatMap(({ role }) => algorithms(settings, role)))].join(",")}`,
            "",
        ].join("\n");
    });
    replaceFile(path.join(home, ".ssh/config"), stanzas.join("\n"), 0o600);
    // The key's place in the operator's home is one in this, too.
    if (!sshKeyFile.startsWith("~/")) return;
    const link = path.join(home, sshKeyFile.slice(2));
    fs.mkdirSync(path.dirname(link), { recursive: true, mode: 0o700 });
    fs.symlinkSync(inHome(sshKeyFile), link);
}

/** The kinds of keys that a host is asked for: it may have others that nobody knows. */
function algorithms(settings: Settings, role: HostRole): string[] {
    const { hostKey, rsaSha1 } = hostConnection(settings, role);
    return hostKey
        .split("\n")
        .map(key => key.split(" ")[0]!)
        .flatMap(kind =>
            kind === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", ...(rsaSha1 ? ["ssh-rsa"] : [])] : [kind],
        );
}

/** The end on this machine of a way to a host through its bastion, carried by our own connection to that. */
async function tunnelTo(settings: Settings, role: HostRole): Promise<{ port: number; close: () => Promise<void> }> {
    const host = hostConnection(settings, role),
        bastion = jumpOf(host)!,
        sockets = new Set<net.Socket>();
    const server = net.createServer(socket => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
        forward(bastion, host.host, host.port).then(
            channel => {
                channel.once("error", () => socket.destroy()).once("close", () => socket.destroy());
                socket.once("close", () => channel.destroy());
                socket.pipe(channel).pipe(socket);
            },
            () => socket.destroy(),
        );
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    return {
        port: (server.address() as net.AddressInfo).port,
        close: async () => {
            const closed = new Promise<void>(resolve => server.close(() => resolve()));
            sockets.forEach(socket => socket.destroy());
            await closed;
        },
    };
}
