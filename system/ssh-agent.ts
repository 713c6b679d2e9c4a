import { BaseAgent, OpenSSHAgent, type ParsedKey, type SignCallback, type SigningRequestOptions } from "ssh2";
import { type KeyFile, UnusableKey } from "./key-file";

/** An agent answers at once; one that does not is as good as none. */
const SECONDS = 5;

/** Where the operator's ssh-agent listens; undefined where there is none. */
export const agentSocket = (): string | undefined => process.env.SSH_AUTH_SOCK || undefined;

/** Public halves of an ssh-agent's keys, of the kinds that ssh2 knows; none without an agent. */
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

/**
 * Some keys of an ssh-agent, and no others: a server counts each key that it is offered as a try, and ends after six.
 */
export class SomeKeys extends BaseAgent<ParsedKey> {
    private readonly blobs: readonly Buffer[];

    /** @param publicKeys `ssh-ed25519 AAAA…` */
    constructor(
        readonly socket: string,
        publicKeys: readonly string[],
    ) {
        super();
        this.blobs = publicKeys.map(blobOf);
    }

    getIdentities(callback: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
        void held(this.socket).then(keys =>
            callback(
                undefined,
                keys.filter(key => this.has(key.getPublicSSH())),
            ),
        );
    }

    sign(
        key: string | Buffer | ParsedKey,
        data: Buffer,
        options: SigningRequestOptions | SignCallback,
        callback?: SignCallback,
    ): void {
        new OpenSSHAgent(this.socket).sign(key as ParsedKey, data, options as SigningRequestOptions, callback);
    }

    has(blob: Buffer): boolean {
        return this.blobs.some(own => own.equals(blob));
    }
}

/**
 * An ssh client's access to a key that only the operator's agent can sign with.
 * @throws UnusableKey if no agent holds it, with the remedy
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
