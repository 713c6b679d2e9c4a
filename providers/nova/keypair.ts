import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { type Compute, compute } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, refuseDifferent } from "../keystone/adopt";

interface Inputs {
    cloud: CloudAccess;
    name: string;
    publicKey: string;
}
type Api = Pick<Compute, "keypair" | "importKeypair" | "deleteKeypair">;
type Connect = (access: CloudAccess) => Api;

/** The key itself: a comment makes no difference. */
const bare = (key: string): string => key.trim().split(/\s+/).slice(0, 2).join(" ");

function check({ name, publicKey }: Partial<Inputs>): Problem[] {
    const nameless = nameProblems("name", "a keypair", name);
    return [
        ...nameless,
        ...(name === undefined || nameless.length > 0 || /^[A-Za-z0-9 _-]+$/.test(name)
            ? []
            : [{ property: "name", reason: `"${name}": letters, digits, blanks, _ and - only` }]),
        ...(publicKey === undefined || /^(ssh|ecdsa)-\S+ [A-Za-z0-9+/]+=*(\s|$)/.test(publicKey.trim())
            ? []
            : [{ property: "publicKey", reason: "this is not a public key such as ssh-rsa AAAA…" }]),
    ];
}

async function create(api: Connect, { cloud, name, publicKey }: Inputs): Promise<{ id: string; outputs: object }> {
    const nova = api(cloud),
        found = await unlessGone(nova.keypair(name));
    if (found)
        refuseDifferent(
            `keypair ${name}`,
            { name, publicKey: bare(publicKey) },
            { name: found.name, publicKey: bare(found.publicKey) },
        );
    else await nova.importKeypair({ name, publicKey: publicKey.trim() });
    return { id: name, outputs: {} };
}

async function read(api: Connect, id: string, recorded: Inputs): Promise<Inputs | undefined> {
    const live = await asked(unlessGone(api(recorded.cloud).keypair(id)));
    return (
        live && {
            ...recorded,
            name: live.name,
            publicKey: bare(live.publicKey) === bare(recorded.publicKey) ? recorded.publicKey : live.publicKey,
        }
    );
}

/** A public key of a user, found by its name; nova cannot change one. */
export function keypairHandler(api: Connect = compute): Handler<Inputs> {
    return {
        inputs: ["name", "publicKey"],
        access: ["cloud"],
        replaceOn: ["name", "publicKey"],
        check,
        create: inputs => create(api, inputs),
        read: (id, recorded) => read(api, id, recorded),
        async update() {
            return {};
        },
        async delete(id, { cloud }) {
            await unlessGone(api(cloud).deleteKeypair(id));
        },
    };
}
export const handler = keypairHandler();

export interface KeypairArgs {
    /** The user whose key it is; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    name: pulumi.Input<string>;
    /** Grizzly takes rsa and dsa only. */
    publicKey: pulumi.Input<string>;
}

/** A public key that instances are started with (V4). Its `id` is its name. */
export class Keypair extends LiveResource {
    constructor(name: string, args: KeypairArgs, opts?: pulumi.CustomResourceOptions) {
        super("nova/keypair", "Keypair", name, { ...args, cloud: pulumi.secret(args.cloud) }, opts);
    }
}
