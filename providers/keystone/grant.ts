import * as pulumi from "@pulumi/pulumi";
import { asked, isStatus, unlessGone } from "../../clients/http";
import { Identity, identity, IdentityAccess } from "../../clients/identity";
import { Handler, LiveResource } from "../dynamic";
import type { AccessArgs } from "./adopt";

interface Inputs {
    identity: IdentityAccess;
    tenantId: string;
    userId: string;
    roleId: string;
}
type Api = Pick<Identity, "grants" | "grant" | "revoke">;

/** A role of a user on a tenant; deleting one of the three takes it away. */
export function grantHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    return {
        inputs: ["tenantId", "userId", "roleId"],
        access: ["identity"],
        replaceOn: ["tenantId", "userId", "roleId"],
        async create({ identity: access, tenantId, userId, roleId }) {
            try {
                await api(access).grant(tenantId, userId, roleId);
            } catch (e) {
                if (!isStatus(e, 409)) throw e;
            }
            return { id: `${tenantId}/${userId}/${roleId}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { identity: access, tenantId, userId, roleId } = recorded;
            const roles = await asked(unlessGone(api(access).grants(tenantId, userId)));
            return roles?.some(r => r.id === roleId) ? recorded : undefined;
        },
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
}

/** That a user has a role on a tenant (K3, K5). Its `id` is `tenant/user/role`. */
export class Grant extends LiveResource {
    constructor(name: string, args: GrantArgs, opts?: pulumi.CustomResourceOptions) {
        super("keystone/grant", "Grant", name, { ...args, identity: pulumi.secret(args.identity) }, opts);
    }
}
