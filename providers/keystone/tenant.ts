import * as pulumi from "@pulumi/pulumi";
import { unlessGone } from "../../clients/http";
import { type Identity, identity, type IdentityAccess } from "../../clients/identity";
import { type Handler, LiveResource, madeAgain } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, refuseDifferent } from "./adopt";
import { tenantAgain } from "./again";

interface Inputs {
    identity: IdentityAccess;
    tenant: string;
    description: string;
    enabled: boolean;
    ascii?: boolean;
}
type Api = Pick<Identity, "tenants" | "tenantNamed" | "createTenant" | "updateTenant" | "deleteTenant">;

/** A tenant of identity, found by its name. */
export function tenantHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    return {
        inputs: ["tenant", "description", "enabled"],
        access: ["identity", "ascii"],
        replaceOn: [],
        check: ({ tenant, ascii }) => nameProblems("tenant", "a tenant", tenant, { most: 64, ascii }),
        async create({ identity: access, tenant, description, enabled }) {
            const keystone = api(access),
                found = await keystone.tenantNamed(tenant);
            if (found) refuseDifferent(`tenant ${tenant}`, { name: tenant, description, enabled }, found);
            return {
                id: (found ?? (await keystone.createTenant({ name: tenant, description, enabled }))).id,
                outputs: {},
            };
        },
        async read(id, recorded) {
            const live = await tenantAgain(api(recorded.identity), id, recorded.tenant);
            if (!live) return undefined;
            const { name: tenant, description, enabled } = live;
            return madeAgain({ ...recorded, tenant, description, enabled }, live.id);
        },
        async update(id, _recorded, { identity: access, tenant, description, enabled }) {
            await api(access).updateTenant(id, { name: tenant, description, enabled });
            return {};
        },
        async delete(id, { identity: access }) {
            await unlessGone(api(access).deleteTenant(id));
        },
    };
}
export const handler = tenantHandler();

export interface TenantArgs {
    /** Identity's admin API; the token in it is a secret. */
    identity: AccessArgs<IdentityAccess>;
    /** The tenant's name. */
    tenant: pulumi.Input<string>;
    /** Default "". */
    description?: pulumi.Input<string>;
    /** Default true. */
    enabled?: pulumi.Input<boolean>;
    /** The release's keystone takes names in ASCII only. Default false. */
    ascii?: boolean;
}

/** A tenant (K2). Its `id` is keystone's. */
export class Tenant extends LiveResource {
    constructor(name: string, args: TenantArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "keystone/tenant",
            "Tenant",
            name,
            { description: "", enabled: true, ...args, identity: pulumi.secret(args.identity) },
            opts,
        );
    }
}
