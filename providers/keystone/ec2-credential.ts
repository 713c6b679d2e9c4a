import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { type CloudAccess, type Identity, identity } from "../../clients/identity";
import { type Handler, LiveResource, madeAgain } from "../dynamic";
import type { AccessArgs } from "./adopt";
import { followsIn, referencesAgain } from "./again";

interface Inputs {
    cloud: CloudAccess;
    userId: string;
    tenantId: string;
    /** By these the two are found where they were made again. */
    names?: Names;
}
interface Names {
    user: string;
    tenant: string;
}
interface Outputs {
    access: string;
    secret: string;
}
type Lists = "tenants" | "tenantNamed" | "users" | "userNamed" | "roles" | "ec2Credentials";
type Api = Pick<Identity, Lists | "createEc2Credential" | "deleteEc2Credential" | "forget">;

async function read(keystone: Api, id: string, recorded: Inputs & Outputs): Promise<(Inputs & Outputs) | undefined> {
    // The credentials of a missing user are gone.
    const of = async (user: string) => (await asked(unlessGone(keystone.ec2Credentials(user)))) ?? [];
    const { userId, tenantId, names } = recorded,
        ids = { userId, tenantId };
    if ((await of(userId)).some(c => c.access === id && c.tenantId === tenantId)) return recorded;
    const now = { ...ids, ...(names && (await referencesAgain(keystone, ids, names))) };
    const [only, ...more] = (await of(now.userId)).filter(c => c.tenantId === now.tenantId);
    if (!only || more.length > 0) return undefined;
    const { access, secret } = only;
    return madeAgain({ ...recorded, ...now, access, secret }, access, [...followsIn(ids, now), "access", "secret"]);
}

/** A pair of keys by which a user works on a tenant through the EC2 API. Nothing of it can be changed. */
export function ec2CredentialHandler(api: (access: CloudAccess) => Api = identity): Handler<Inputs, Outputs> {
    return {
        inputs: ["userId", "tenantId"],
        access: ["cloud", "names"],
        replaceOn: ["userId", "tenantId"],
        async create({ cloud, userId, tenantId }) {
            const keystone = api(cloud);
            keystone.forget(`ec2 ${userId}`);
            // All credentials of a user on a tenant are equal: one made by an interrupted run is used.
            const { access, secret } =
                (await keystone.ec2Credentials(userId)).find(c => c.tenantId === tenantId) ??
                (await keystone.createEc2Credential(userId, tenantId));
            return { id: access, outputs: { access, secret } };
        },
        read: (id, recorded) => read(api(recorded.cloud), id, recorded),
        async update(_id, { access, secret }) {
            return { access, secret };
        },
        async delete(id, { cloud, userId }) {
            const keystone = api(cloud);
            keystone.forget(`ec2 ${userId}`);
            // Keystone answers 401 to a delete of a missing credential.
            const all = await unlessGone(keystone.ec2Credentials(userId));
            if (all?.some(c => c.access === id)) await unlessGone(keystone.deleteEc2Credential(userId, id));
        },
    };
}
export const handler = ec2CredentialHandler();

export interface Ec2CredentialArgs {
    /** The cloud as its admin sees it, password secret: keystone does not take its own token for these. */
    cloud: AccessArgs<CloudAccess>;
    /** Ids of a `User` and a `Tenant`. */
    userId: pulumi.Input<string>;
    tenantId: pulumi.Input<string>;
    /** Of the two: with them the credentials are known again where somebody made one of them again by hand. */
    names?: Names;
}

/** EC2 credentials of a user on a tenant (K7). Its `id` is the access key. */
export class Ec2Credential extends LiveResource {
    declare readonly access: pulumi.Output<string>;
    /** Secret. */
    declare readonly secret: pulumi.Output<string>;

    constructor(name: string, args: Ec2CredentialArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "keystone/ec2-credential",
            "Ec2Credential",
            name,
            { ...args, cloud: pulumi.secret(args.cloud), access: undefined, secret: undefined },
            pulumi.mergeOptions({ additionalSecretOutputs: ["secret"] }, opts),
        );
    }
}
