import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { type Identity, identity, type IdentityAccess } from "../../clients/identity";
import { differs, type Handler, LiveResource, madeAgain, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, refuseDifferent } from "./adopt";
import { tenantAgain, userAgain } from "./again";

interface Inputs {
    identity: IdentityAccess;
    user: string;
    password: string;
    email?: string;
    tenantId?: string;
    enabled: boolean;
    ascii?: boolean;
    /** The tenant's name: it is found by it where it was made again. */
    names?: { tenant: string };
}
type Reads = "users" | "userNamed" | "tenants" | "tenantNamed" | "accepts";
type Api = Pick<Identity, Reads | "createUser" | "updateUser" | "deleteUser">;
type Connect = (access: IdentityAccess) => Api;

/** Keystone cuts off a longer password, and then refuses it at a login. */
const LONGEST_PASSWORD = 4096;

function check({ user, password, ascii }: Partial<Inputs>): Problem[] {
    const reason =
        password === ""
            ? `user ${user ?? ""} needs a password that is not empty`
            : password !== undefined && password.length > LONGEST_PASSWORD
              ? `user ${user ?? ""} could not log in with a password of more than ${LONGEST_PASSWORD} characters`
              : undefined;
    return [
        ...nameProblems("user", "a user", user, { most: 64, ascii }),
        ...(reason === undefined ? [] : [{ property: "password", reason }]),
    ];
}

async function create(api: Connect, { identity: access, ...wanted }: Inputs): Promise<{ id: string; outputs: object }> {
    const { user, password, email, tenantId, enabled } = wanted;
    const keystone = api(access),
        found = await keystone.userNamed(user);
    if (!found)
        return {
            id: (await keystone.createUser({ name: user, password, email, tenantId, enabled })).id,
            outputs: {},
        };
    refuseDifferent(`user ${user}`, { name: user, email, tenantId, enabled }, found);
    // Setting the same password would end the user's tokens.
    if (!enabled || !(await keystone.accepts(user, password))) await keystone.updateUser(found.id, { password });
    return { id: found.id, outputs: {} };
}

/** Whether a user's other tenant is the recorded one, which was made again. */
async function isTenantAgain(keystone: Api, now: string | undefined, { tenantId, names }: Inputs): Promise<boolean> {
    if (now === tenantId || now === undefined || tenantId === undefined || !names) return false;
    return (await tenantAgain(keystone, tenantId, names.tenant))?.id === now;
}

async function read(api: Connect, id: string, recorded: Inputs): Promise<Inputs | undefined> {
    const keystone = api(recorded.identity);
    const live = await userAgain(keystone, id, recorded.user);
    if (!live) return undefined;
    // A disabled user cannot log in with any password.
    const same =
        !live.enabled || recorded.password === differs || (await asked(keystone.accepts(live.name, recorded.password)));
    const { name: user, email, tenantId, enabled } = live;
    return madeAgain(
        { ...recorded, user, email, tenantId, enabled, password: same ? recorded.password : differs },
        live.id,
        (await isTenantAgain(keystone, tenantId, recorded)) ? ["tenantId"] : [],
    );
}

async function update(api: Connect, id: string, recorded: Inputs, inputs: Inputs): Promise<object> {
    const { identity: access, user, password, email, tenantId, enabled } = inputs;
    await api(access).updateUser(id, {
        name: user,
        email,
        tenantId,
        enabled,
        // Nobody could try it while the user was disabled.
        ...(password === recorded.password && (recorded.enabled || !enabled) ? {} : { password }),
    });
    return {};
}

/** A user of identity, found by its name. Whether the password is the recorded one is known by logging in with it. */
export function userHandler(api: Connect = identity): Handler<Inputs> {
    return {
        inputs: ["user", "password", "email", "tenantId", "enabled"],
        access: ["identity", "ascii", "names"],
        replaceOn: [],
        check,
        create: inputs => create(api, inputs),
        read: (id, recorded) => read(api, id, recorded),
        update: (id, recorded, inputs) => update(api, id, recorded, inputs),
        async delete(id, { identity: access }) {
            await unlessGone(api(access).deleteUser(id));
        },
    };
}
export const handler = userHandler();

export interface UserArgs {
    /** Identity's admin API; the token in it is a secret. */
    identity: AccessArgs<IdentityAccess>;
    /** The user's name. */
    user: pulumi.Input<string>;
    /** Kept as a secret. */
    password: pulumi.Input<string>;
    email?: pulumi.Input<string>;
    /** The tenant the user belongs to; keystone grants `_member_` there of itself. */
    tenantId?: pulumi.Input<string>;
    /** Default true. */
    enabled?: pulumi.Input<boolean>;
    /** The release's keystone takes names in ASCII only. Default false. */
    ascii?: boolean;
    /** The tenant's name: with it the user is known again where somebody made the tenant again by hand. */
    names?: { tenant: string };
}

/** A user (K3, K5). Its `id` is keystone's. */
export class User extends LiveResource {
    constructor(name: string, args: UserArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "keystone/user",
            "User",
            name,
            { enabled: true, ...args, identity: pulumi.secret(args.identity), password: pulumi.secret(args.password) },
            opts,
        );
    }
}
