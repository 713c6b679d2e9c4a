import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { type CloudAccess, type Identity, identity } from "../../clients/identity";
import { type Handler, LiveResource } from "../dynamic";
import type { AccessArgs } from "./adopt";

interface Inputs {
    cloud: CloudAccess;
    userId: string;
    tenantId: string;
}
interface Outputs {
    access: string;
    secret: string;
}
type Api = Pick<Identity, "ec2Credentials" | "createEc2Credential" | "deleteEc2Credential" | "forget">;

/** A pair of keys by which a user works on a tenant through the EC2 API. Nothing of it can be changed. */
export function ec2CredentialHandler(api: (access: CloudAccess) => Api = identity): Handler<Inputs, Outputs> {
    return {
        inputs: ["userId", "tenantId"],
        access: ["cloud"],
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
        async read(id, recorded) {
            // The credentials of a missing user are gone.
            const all = await asked(unlessGone(api(recorded.cloud).ec2Credentials(recorded.userId)));
            return all?.some(c => c.access === id && c.tenantId === recorded.tenantId) ? recorded : undefined;
        },
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
