import * as pulumi from "@pulumi/pulumi";
import { unlessGone } from "../../clients/http";
import { type Identity, identity, type IdentityAccess } from "../../clients/identity";
import { type Handler, LiveResource, madeAgain } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, refuseDifferent, sameName } from "./adopt";
import { roleAgain } from "./again";

interface Inputs {
    identity: IdentityAccess;
    role: string;
    ascii?: boolean;
}
type Api = Pick<Identity, "roles" | "createRole" | "deleteRole" | "forget">;

/** A role of identity, found by its name; identity v2.0 cannot rename one. */
export function roleHandler(api: (access: IdentityAccess) => Api = identity): Handler<Inputs> {
    return {
        inputs: ["role"],
        access: ["identity", "ascii"],
        replaceOn: ["role"],
        check: ({ role, ascii }) => nameProblems("role", "a role", role, { most: 64, ascii }),
        async create({ identity: access, role }) {
            const keystone = api(access);
            keystone.forget("roles");
            const found = (await keystone.roles()).find(r => sameName(r.name, role));
            if (found) refuseDifferent(`role ${role}`, { name: role }, found);
            return { id: (found ?? (await keystone.createRole(role))).id, outputs: {} };
        },
        async read(id, recorded) {
            const live = await roleAgain(api(recorded.identity), id, recorded.role);
            return live && madeAgain({ ...recorded, role: live.name }, live.id);
        },
        async update() {
            return {};
        },
        async delete(id, { identity: access }) {
            await unlessGone(api(access).deleteRole(id));
        },
    };
}
export const handler = roleHandler();

export interface RoleArgs {
    /** Identity's admin API; the token in it is a secret. */
    identity: AccessArgs<IdentityAccess>;
    /** The role's name. */
    role: pulumi.Input<string>;
    /** The release's keystone takes names in ASCII only. Default false. */
    ascii?: boolean;
}

/** A role (K3). Its `id` is keystone's. */
export class Role extends LiveResource {
    constructor(name: string, args: RoleArgs, opts?: pulumi.CustomResourceOptions) {
        super("keystone/role", "Role", name, { ...args, identity: pulumi.secret(args.identity) }, opts);
    }
}
