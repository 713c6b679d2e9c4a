import type * as pulumi from "@pulumi/pulumi";
import { ask, optional, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";

interface Inputs {
    connection: Connection;
    path: string;
    type: string;
}
interface Outputs {
    publicKey: string;
}

/** As ssh-keygen prints one, its comment behind it. */
const PUBLIC_KEY = /((?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/]+={0,2})(?: .*)?/;

/** An ssh key pair that a machine's user has of his own; the private half never leaves the machine (V4). */
export function sshKeyHandler(run: RunScript = exec): Handler<Inputs, Outputs> {
    const publicKey = async ({ connection, path }: Inputs): Promise<string | undefined> => {
        const { key } = await ask(
            run,
            connection,
            `if key=$(ssh-keygen -y -f ${quote(path)} < /dev/null 2> /dev/null); then say key "$key"; fi`,
            { key: optional(text(PUBLIC_KEY)) },
        );
        return key && PUBLIC_KEY.exec(key)![1];
    };
    const put = async (inputs: Inputs): Promise<Outputs> => {
        const { connection, path, type } = inputs;
        if ((await publicKey(inputs)) === undefined) {
            await run(
                connection,
                `umask 077; mkdir -p "$(dirname ${quote(path)})"; rm -f ${quote(path)} ${quote(`${path}.pub`)}; ssh-keygen -q -t ${type} -N '' -C ${quote(`root@${connection.name}`)} -f ${quote(path)}`,
            );
        }
        return { publicKey: (await publicKey(inputs))! };
    };
    return {
        inputs: ["path", "type"],
        access: ["connection"],
        replaceOn: ["path", "type"],
        check({ type, path }): Problem[] {
            return [
                ...(type !== undefined && !["rsa", "ed25519", "ecdsa"].includes(type)
                    ? [{ property: "type", reason: `"${type}" is not one of rsa, ed25519, ecdsa` }]
                    : []),
                ...(path !== undefined && !path.startsWith("/")
                    ? [{ property: "path", reason: `"${path}" is not an absolute path` }]
                    : []),
            ];
        },
        async create(inputs) {
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: await put(inputs) };
        },
        async read(_id, recorded) {
            const live = await publicKey(recorded);
            if (live === undefined) return undefined;
            const word = live.split(" ")[0]!;
            return {
                ...recorded,
                publicKey: live,
                type: word === "ssh-rsa" ? "rsa" : word === "ssh-ed25519" ? "ed25519" : "ecdsa",
            };
        },
        async update(_id, _recorded, inputs) {
            return await put(inputs);
        },
        async delete(_id, { connection, path }) {
            await run(connection, `rm -f ${quote(path)} ${quote(`${path}.pub`)}`);
        },
    };
}
export const handler = sshKeyHandler();

export interface SshKeyArgs {
    connection: pulumi.Input<Connection>;
    /** Of the private key; the public one lies beside it with .pub. */
    path: pulumi.Input<string>;
    /** rsa, ed25519 or ecdsa. Default rsa. */
    type?: pulumi.Input<string>;
}

/** A key pair made on a machine (V4). */
export class SshKey extends LiveResource {
    /** In OpenSSH's form, without a comment. */
    declare readonly publicKey: pulumi.Output<string>;

    constructor(name: string, args: SshKeyArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/ssh-key", "SshKey", name, { type: "rsa", ...args, publicKey: undefined }, opts);
    }
}
