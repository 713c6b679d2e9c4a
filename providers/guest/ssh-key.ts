import type * as pulumi from "@pulumi/pulumi";
import { ask, optional, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { pathProblems } from "./machine-files";

interface Inputs {
    connection: Connection;
    path: string;
    type: string;
    owner?: string;
}
interface Outputs {
    publicKey: string;
}

/** As ssh-keygen prints one, its comment behind it. */
const PUBLIC_KEY = /((?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/]+={0,2})(?: .*)?/;

/** A command of the key's owner: in a folder of a service's root might follow a link of that service's. */
const as = (owner: string | undefined, command: string): string =>
    owner === undefined ? command : `su -s /bin/sh -c ${quote(command)} ${quote(owner)}`;

function check({ type, path, owner }: Partial<Inputs>): Problem[] {
    return [
        ...(owner !== undefined && !/^[a-z_][a-z0-9_-]*$/.test(owner)
            ? [{ property: "owner", reason: `"${owner}" is not the name of a user` }]
            : []),
        ...(type !== undefined && !["rsa", "ed25519", "ecdsa"].includes(type)
            ? [{ property: "type", reason: `"${type}" is not one of rsa, ed25519, ecdsa` }]
            : []),
        ...pathProblems(path),
    ];
}

/** The public half, as the private one gives it; undefined where there is none that can be read. */
async function publicKeyOf(run: RunScript, { connection, path, owner }: Inputs): Promise<string | undefined> {
    const { key } = await ask(
        run,
        connection,
        `if key=$(${as(owner, `ssh-keygen -y -f ${quote(path)}`)} < /dev/null 2> /dev/null); then say key "$key"; fi`,
        { key: optional(text(PUBLIC_KEY)) },
    );
    return key && PUBLIC_KEY.exec(key)![1];
}

async function make(run: RunScript, { connection, path, type, owner }: Inputs): Promise<void> {
    const [file, publicFile] = [quote(path), quote(`${path}.pub`)],
        comment = quote(`${owner ?? "root"}@${connection.name}`);
    const shell = `umask 077; mkdir -p "$(dirname ${file})"; rm -f ${file} ${publicFile}; ssh-keygen -q -t ${type} -N '' -C ${comment} -f ${file}`;
    await run(connection, as(owner, shell));
}

/** Makes a key pair where there is none: one that is there stays. */
async function put(run: RunScript, inputs: Inputs): Promise<Outputs> {
    if ((await publicKeyOf(run, inputs)) === undefined) await make(run, inputs);
    return { publicKey: (await publicKeyOf(run, inputs))! };
}

async function read(run: RunScript, recorded: Inputs): Promise<(Inputs & Outputs) | undefined> {
    const publicKey = await publicKeyOf(run, recorded);
    if (publicKey === undefined) return undefined;
    const word = publicKey.split(" ")[0]!,
        type = word === "ssh-rsa" ? "rsa" : word === "ssh-ed25519" ? "ed25519" : "ecdsa";
    return { ...recorded, publicKey, type };
}

/** An ssh key pair that a machine's user has of his own; the private half never leaves the machine (V4). */
export function sshKeyHandler(run: RunScript = exec): Handler<Inputs, Outputs> {
    return {
        inputs: ["path", "type", "owner"],
        access: ["connection"],
        replaceOn: ["path", "type", "owner"],
        check,
        async create(inputs) {
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: await put(run, inputs) };
        },
        read: (_id, recorded) => read(run, recorded),
        update: (_id, _recorded, inputs) => put(run, inputs),
        async delete(_id, { connection, path, owner }) {
            await run(connection, as(owner, `rm -f ${quote(path)} ${quote(`${path}.pub`)}`));
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
    /** The user whose it is, and who makes it. Default root. */
    owner?: pulumi.Input<string>;
}

/** A key pair made on a machine (V4, T10). */
export class SshKey extends LiveResource {
    /** In OpenSSH's form, without a comment. */
    declare readonly publicKey: pulumi.Output<string>;

    constructor(name: string, args: SshKeyArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/ssh-key", "SshKey", name, { type: "rsa", ...args, publicKey: undefined }, opts);
    }
}
