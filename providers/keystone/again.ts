import { asked } from "../../clients/http";
import type { Identity, IdentityService, Role, Tenant, User } from "../../clients/identity";
import { foundAgain, sameName } from "./adopt";

/** Each finds an entity by its recorded id or, where somebody made it again by hand, by its natural key. */

export const tenantAgain = async (
    keystone: Pick<Identity, "tenants" | "tenantNamed">,
    id: string,
    name: string,
): Promise<Tenant | undefined> =>
    await ofOwnDomain(
        foundAgain(await asked(keystone.tenants()), id, t => sameName(t.name, name), "a tenant's id"),
        id,
        () => keystone.tenantNamed(name),
    );

export const userAgain = async (
    keystone: Pick<Identity, "users" | "userNamed">,
    id: string,
    name: string,
): Promise<User | undefined> =>
    await ofOwnDomain(
        foundAgain(await asked(keystone.users()), id, u => sameName(u.name, name), "a user's id"),
        id,
        () => keystone.userNamed(name),
    );

export const roleAgain = async (
    keystone: Pick<Identity, "roles">,
    id: string,
    name: string,
): Promise<Role | undefined> =>
    foundAgain(await asked(keystone.roles()), id, r => sameName(r.name, name), "a role's id");

export const serviceAgain = async (
    keystone: Pick<Identity, "services">,
    id: string,
    { service, type }: { service: string; type: string },
): Promise<IdentityService | undefined> =>
    foundAgain(await asked(keystone.services()), id, s => s.name === service && s.type === type, "a service's id");

/** The lists have those of other domains too. By its name keystone finds those of its own. */
async function ofOwnDomain<T extends { id: string }>(
    found: T | undefined,
    id: string,
    named: () => Promise<T | undefined>,
): Promise<T | undefined> {
    if (found === undefined || found.id === id) return found;
    return (await asked(named()))?.id === found.id ? found : undefined;
}

/** Those of an object's properties that name another entity by its id. */
export interface References {
    tenantId: string;
    userId: string;
    roleId?: string;
}
/** The names of those entities. */
export interface ReferenceNames {
    tenant: string;
    user: string;
    role?: string;
}

/**
 * The present ids of what an object names by ids.
 * @returns undefined where one of them is gone, or was made again several times
 */
export async function referencesAgain<R extends References>(
    keystone: Pick<Identity, "tenants" | "tenantNamed" | "users" | "userNamed" | "roles">,
    { tenantId, userId, roleId }: R,
    { tenant, user, role }: ReferenceNames,
): Promise<References | undefined> {
    const [inTenant, ofUser, ofRole] = await Promise.all([
        tenantAgain(keystone, tenantId, tenant),
        userAgain(keystone, userId, user),
        roleId === undefined || role === undefined ? undefined : roleAgain(keystone, roleId, role),
    ]);
    if (!inTenant || !ofUser || (roleId !== undefined && !ofRole)) return undefined;
    return { tenantId: inTenant.id, userId: ofUser.id, ...(ofRole && { roleId: ofRole.id }) };
}

/** The properties in which present ids are others than the recorded ones. */
export const followsIn = <T extends object>(recorded: T, now: Partial<T>): string[] =>
    (Object.keys(now) as (keyof T & string)[]).filter(k => now[k] !== recorded[k]);
