import * as pulumi from "@pulumi/pulumi";
import { asked, isStatus, unlessGone } from "../../clients/http";
import { type Identity, identity, type IdentityAccess } from "../../clients/identity";
import { type Handler, LiveResource, madeAgain } from "../dynamic";
import type { AccessArgs } from "./adopt";
import { followsIn, referencesAgain } from "./again";

interface Inputs {
    identity: IdentityAccess;
    tenantId: string;
    userId: string;
    roleId: string;
    password?: string;
    /** By these the three are found where they were made again. */
    names?: Names;
}
interface Names {
    tenant: string;
    user: string;
    role: string;
}
type Ids = Pick<Inputs, "tenantId" | "userId" | "roleId">;
type Lists = "tenants" | "tenantNamed" | "users" | "userNamed" | "roles";
type Api = Pick<Identity, Lists | "grants" | "grant" | "revoke" | "updateUser">;

const idFor = ({ tenantId, userId, roleId }: Ids): string => `${tenantId}/${userId}/${roleId}`;

async function isGranted(keystone: Api, { tenantId, userId, roleId }: Ids): Promise<boolean> {
    const roles = await asked(unlessGone(keystone.grants(tenantId, userId)));
    return roles?.some(r => r.id === roleId) ?? false;
}

async function read(keystone: Api, recorded: Inputs): Promise<Inputs | undefined> {
    if (await isGranted(keystone, recorded)) return recorded;
    const { tenantId, userId, roleId, names } = recorded,
        ids = { tenantId, userId, roleId },
        now = { ...ids, ...(names && (await referencesAgain(keystone, ids, names))) },
        follows = followsIn<Ids>(ids, now);
    if (follows.length === 0 || !(await isGranted(keystone, now))) return undefined;
    return madeAgain({ ...recorded, ...now }, idFor(now), follows);
}

/** A role of a user on a tenant; deleting one of the three takes it away. */
export function grantHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    return {
        inputs: ["tenantId", "userId", "roleId"],
        access: ["identity", "password", "names"],
        replaceOn: ["tenantId", "userId", "roleId"],
        async create({ identity: access, tenantId, userId, roleId, password }) {
            const keystone = api(access);
            try {
                await keystone.grant(tenantId, userId, roleId);
            } catch (e) {
                if (!isStatus(e, 409)) throw e;
            }
            // A 409 may be of a run that was killed in between.
            if (password !== undefined) await keystone.updateUser(userId, { password });
            return { id: idFor({ tenantId, userId, roleId }), outputs: {} };
        },
        read: (_id, recorded) => read(api(recorded.identity), recorded),
        async update() {
            return {};
        },
        async delete(_id, { identity: access, tenantId, userId, roleId }) {
            await unlessGone(api(access).revoke(tenantId, userId, roleId));
        },
    };
}
export const handler = grantHandler();

export interface GrantArgs {
    /** Identity's admin API; the token in it is a secret. */
    identity: AccessArgs<IdentityAccess>;
    /** Ids of a `Tenant`, a `User` and a `Role`. */
    tenantId: pulumi.Input<string>;
    userId: pulumi.Input<string>;
    roleId: pulumi.Input<string>;
    /**
     * The user's, where he is a service's account; a secret. It is set once more when the role has been granted, which ends his
     * tokens: a service keeps one for a day, with the roles that it was given for.
     */
    password?: pulumi.Input<string>;
    /** Of the three: with them the grant is known again where somebody made one of them again by hand. */
    names?: Names;
}

/** That a user has a role on a tenant (K3, K5). Its `id` is `tenant/user/role`. */
export class Grant extends LiveResource {
    constructor(name: string, args: GrantArgs, opts?: pulumi.CustomResourceOptions) {
        const { identity, password, ...plain } = args;
        super(
            "keystone/grant",
            "Grant",
            name,
            {
                ...plain,
                identity: pulumi.secret(identity),
                ...(password !== undefined && { password: pulumi.secret(password) }),
            },
            opts,
        );
    }
}
