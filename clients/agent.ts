import * as net from "net";
import { AgentProtocol, BaseAgent, OpenSSHAgent, ParsedKey, SignCallback, SigningRequestOptions, utils } from "ssh2";
import { KeyFile, UnusableKey } from "./key-file";

/** An agent answers at once; one that does not is as good as none. */
const SECONDS = 5;

/** Where the operator's ssh-agent listens; undefined where there is none. */
export const agentSocket = (): string | undefined => process.env.SSH_AUTH_SOCK || undefined;

/** Public halves of what an ssh-agent holds, those of kinds that ssh2 knows; none where no agent answers. */
async function held(socket: string | undefined): Promise<ParsedKey[]> {
    if (socket === undefined) return [];
    return await new Promise<ParsedKey[]>(resolve => {
        const timer = setTimeout(() => resolve([]), SECONDS * 1000);
        new OpenSSHAgent(socket).getIdentities((error, keys) => {
            clearTimeout(timer);
            resolve(error ? [] : (keys ?? []).flatMap(key => ("getPublicSSH" in key ? [key] : [])));
        });
    });
}

const blobOf = (publicKey: string): Buffer => Buffer.from(publicKey.split(" ")[1] ?? "", "base64");

/** Some keys of an ssh-agent, and no others: a server counts each key that it is offered as a try, and ends after six. */
export class SomeKeys extends BaseAgent<ParsedKey> {
    private readonly blobs: readonly Buffer[];

    /** @param publicKeys `ssh-ed25519 AAAA…` */
    constructor(
        private readonly socket: string,
        publicKeys: readonly string[],
    ) {
        super();
        this.blobs = publicKeys.map(blobOf);
    }

    getIdentities(callback: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
        void held(this.socket).then(keys =>
            callback(
                undefined,
                keys.filter(key => this.has(key)),
            ),
        );
    }

    sign(
        key: string | Buffer | ParsedKey,
        data: Buffer,
        options: SigningRequestOptions | SignCallback,
        callback?: SignCallback,
    ): void {
        const done = typeof options === "function" ? options : callback!;
        const parsed = utils.parseKey(key as Buffer);
        if (parsed instanceof Error || !this.has(parsed)) done(new Error("a key that is not to be used"));
        else new OpenSSHAgent(this.socket).sign(parsed, data, typeof options === "function" ? {} : options, done);
    }

    private has(key: ParsedKey): boolean {
        return this.blobs.some(blob => blob.equals(key.getPublicSSH()));
    }
}

/**
 * What an ssh client is given to sign with a key that only the operator's agent can sign with.
 * @throws UnusableKey where no agent holds it, with what to do
 */
export async function agentWith({ publicKey, why }: KeyFile, file: string): Promise<SomeKeys> {
    const socket = agentSocket();
    const keys = await held(socket);
    if (socket !== undefined && keys.some(key => key.getPublicSSH().equals(blobOf(publicKey))))
        return new SomeKeys(socket, [publicKey]);
    throw new UnusableKey(
        `the key ${file}: ${why}, and ${socket === undefined ? "there is no ssh-agent (SSH_AUTH_SOCK)" : "the ssh-agent does not hold it"}: ssh-add ${file}`,
    );
}

/**
 * An agent of our own that offers some keys of the operator's, for a client that offers whatever it finds.
 * @param at path of its socket, in a folder that nobody else can enter
 * @returns what ends it
 */
export async function serveAgent(at: string, keys: SomeKeys): Promise<() => Promise<void>> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer(socket => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
        const protocol = new AgentProtocol(false);
        protocol
            .on("identities", request =>
                keys.getIdentities((_error, found) => protocol.getIdentitiesReply(request, found ?? [])),
            )
            .on("sign", (request, key, data, options) =>
                keys.sign(key, data, options, (error, signature) => {
                    if (error || !signature) protocol.failureReply(request);
                    else protocol.signReply(request, signature);
                }),
            )
            .on("error", () => socket.destroy());
        socket.pipe(protocol).pipe(socket);
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(at, resolve));
    return async () => {
        const closed = new Promise(resolve => server.close(resolve));
        sockets.forEach(socket => socket.destroy());
        await closed;
    };
}
