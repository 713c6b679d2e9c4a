import { createHash } from "crypto";
import { type Connection, Unreachable } from "./connection";
import { type Http, type HttpRequest, type HttpResponse, isStatus, shared, type Target, unlessGone } from "./http";
import { ec2Key } from "./identifiers";
import { path } from "./path";
import { type Endpoint, type UrlOfV3, withThoseOfV3 } from "./v3-endpoints";

/** The admin API of identity, by the token of keystone.conf: it works before there is any user. */
export interface IdentityAccess {
    /** The physical host that the requests start from. */
    via: Connection;
    /** Name or address of the auth node as `via` sees it. */
    host: string;
    /** 35357 */
    adminPort: number;
    /** Where users log in. Default 5000. */
    publicPort?: number;
    /** Secret. */
    adminToken: string;
}

/** Everything inside the cloud, as one of its users: a token and the catalogue come from identity. */
export interface CloudAccess {
    /** The physical host that the requests start from: it resolves the names in the catalogue. */
    via: Connection;
    identityHost: string;
    /** 35357 */
    adminPort: number;
    /** 5000 */
    publicPort: number;
    username: string;
    /** Secret. */
    password: string;
    tenant: string;
}

export interface Tenant {
    id: string;
    name: string;
    description: string;
    enabled: boolean;
}
export interface User {
    id: string;
    name: string;
    email?: string;
    tenantId?: string;
    enabled: boolean;
}
export interface Role {
    id: string;
    name: string;
}
export interface IdentityService {
    id: string;
    name: string;
    type: string;
    description: string;
}
export interface Ec2Credential {
    access: string;
    secret: string;
    tenantId: string;
}
/** Of the role alone that bears this name nova and cinder take a user for an admin. */
const ADMIN = "admin";
const TOKENS = "/v2.0/tokens";
/** The lists of one service: one call for each kind in a run, until a write or a request for a fresh list. */
export class Lists {
    private readonly known = new Map<string, Promise<unknown>>();

    get<T>(kind: string, ask: () => Promise<T>): Promise<T> {
        const known = this.known.get(kind);
        if (known) return known as Promise<T>;
        const list = ask();
        this.known.set(kind, list);
        list.catch(() => {
            if (this.known.get(kind) === list) this.known.delete(kind);
        });
        return list;
    }

    /** Runs a write; a list that was asked for while it ran is not kept either. */
    async changing<T>(kinds: readonly string[], write: () => Promise<T>): Promise<T> {
        this.drop(kinds);
        try {
            return await write();
        } finally {
            this.drop(kinds);
        }
    }

    /** `grants` are all lists that begin so: `grants TENANT USER`. */
    drop(kinds: readonly string[]): void {
        for (const known of [...this.known.keys()])
            if (kinds.some(kind => known === kind || known.startsWith(`${kind} `))) this.known.delete(known);
    }
}

/** The region of all endpoints that the program makes. */
export const REGION = "RegionOne";

interface Access {
    token: { id: string; tenant?: { id: string } };
    serviceCatalog: { type: string; endpoints: { publicURL: string; region?: string }[] }[];
    user?: { id: string; roles?: { name: string }[] };
}

const rolesOf = ({ user }: Access): string[] => (user?.roles ?? []).map(({ name }) => String(name).toLowerCase());
const sameRoles = (a: Access, b: Access): boolean => rolesOf(a).sort().join("\n") === rolesOf(b).sort().join("\n");

/** A user without admin would get a part of the list as if it were all. */
class NoAdmin extends Unreachable {}

async function login(http: Http, target: Target, username: string, password: string, tenant?: string): Promise<Access> {
    const answer = await http.request(target, {
        method: "POST",
        path: TOKENS,
        secrets: [password],
        json: {
            auth: {
                passwordCredentials: { username, password },
                ...(tenant === undefined ? {} : { tenantName: tenant }),
            },
        },
    });
    const access = answer.object<Access>("access");
    if (typeof access.token?.id !== "string") throw new Unreachable("the login gives no token");
    return access;
}

/** A user's token and catalogue: one login a process, and one more when the token is no longer accepted. */
export class Session {
    readonly lists = new Lists();
    private current: Promise<Access> | undefined;

    constructor(
        private readonly access: CloudAccess,
        private readonly http: Http,
    ) {}

    private login(): Promise<Access> {
        const { via, identityHost, publicPort, username, password, tenant } = this.access;
        if (!this.current) {
            const attempt = login(this.http, { via, host: identityHost, port: publicPort }, username, password, tenant);
            this.current = attempt;
            attempt.catch(() => {
                if (this.current === attempt) this.current = undefined;
            });
        }
        return this.current;
    }

    /**
     * Runs a request with the token and endpoints of a login. Repeats it once with a new login if the token is not accepted. Does the
     * same if the token's roles are not enough and the user has other roles by now.
     */
    async withLogin<T>(send: (access: Access) => Promise<T>): Promise<T> {
        const login = this.login(),
            access = await login;
        try {
            return await send(access);
        } catch (e) {
            const denied = isStatus(e, 403) || e instanceof NoAdmin;
            if (!denied && !isStatus(e, 401)) throw e;
            if (this.current === login) this.current = undefined;
            const anew = await this.login();
            if (denied && sameRoles(access, anew)) throw e;
            return await send(anew);
        }
    }

    /** A request below a service's public URL (`fromRoot`: below its version), as the catalogue has it. */
    request(type: string, request: HttpRequest, fromRoot = false): Promise<HttpResponse> {
        return this.withLogin(access => this.below(access, type, request, fromRoot));
    }

    /**
     * A request for a list that the service shows in full to an admin only. Others get a part of it without a hint.
     * @throws Unreachable where the user is no admin
     */
    requestAsAdmin(type: string, request: HttpRequest): Promise<HttpResponse> {
        const { username, tenant } = this.access;
        return this.withLogin(async access => {
            if (!rolesOf(access).includes(ADMIN))
                throw new NoAdmin(
                    `${type} could not be asked for ${request.path.slice(1)}: user ${username} has no role ${ADMIN} in tenant ${tenant}, and would be shown a part of it`,
                );
            return await this.below(access, type, request, false);
        });
    }

    /** The URL has the tenant's id in it: it is of the same login as the token. */
    private below(
        { token, serviceCatalog }: Access,
        type: string,
        request: HttpRequest,
        fromRoot: boolean,
    ): Promise<HttpResponse> {
        const services = Array.isArray(serviceCatalog) ? serviceCatalog : [],
            endpoints = services.find(s => s?.type === type)?.endpoints ?? [],
            // Another region's may come first: which one, is chance.
            url = endpoints.find(e => (e?.region ?? REGION) === REGION)?.publicURL;
        if (typeof url !== "string")
            throw new Unreachable(
                `the catalogue of tenant ${this.access.tenant} has no endpoint of type ${type} in ${REGION}`,
            );
        if (!URL.canParse(url))
            throw new Unreachable(
                `the catalogue of tenant ${this.access.tenant} has ${JSON.stringify(url.slice(0, 80))} for ${type}, which is no URL`,
            );
        const { hostname, port, pathname } = new URL(url);
        const path = pathname.replace(fromRoot ? /\/(v\d[^/]*\/?)?$/ : /\/$/, "") + request.path;
        return this.http.request(
            { via: this.access.via, host: hostname, port: Number(port) || 80 },
            { ...request, path, headers: { ...request.headers, "X-Auth-Token": token.id } },
        );
    }
}

/** The session of a user; equal credentials share one. */
export function session(access: CloudAccess, http: Http = shared): Session {
    const { password, ...rest } = access;
    const key = createHash("sha256")
        .update(JSON.stringify([rest, password]))
        .digest("hex");
    return http.once(`session ${key}`, () => new Session(access, http));
}

/** Identity v2.0 with its admin extension, as Grizzly to Pike have it. */
export class Identity {
    private readonly target: Target;

    private readonly lists = new Lists();

    constructor(
        private readonly access: IdentityAccess | CloudAccess,
        private readonly http: Http,
    ) {
        this.target = {
            via: access.via,
            host: "host" in access ? access.host : access.identityHost,
            port: access.adminPort,
        };
    }

    private async send(
        method: HttpRequest["method"],
        path: string,
        json?: unknown,
        secrets: string[] = [],
        version = "v2.0",
    ): Promise<HttpResponse> {
        const send = (token: string) =>
            this.http.request(this.target, {
                method,
                path: `/${version}${path}`,
                json,
                headers: { "X-Auth-Token": token },
                secrets,
            });
        return "adminToken" in this.access
            ? await send(this.access.adminToken)
            : await session(this.access, this.http).withLogin(({ token }) => send(token.id));
    }
    private async ask<T>(
        method: HttpRequest["method"],
        path: string,
        json?: unknown,
        secrets: string[] = [],
        version?: string,
    ): Promise<T> {
        const answer = await this.send(method, path, json, secrets, version);
        return answer.body.length > 0 ? answer.json<T>() : (undefined as T);
    }
    private async listOf<T>(name: string, path: string, version?: string): Promise<T[]> {
        return (await this.send("GET", path, undefined, [], version)).list<T>(name);
    }

    /** Another list of the same kind is asked for next: for a look-up before a write. */
    forget(kind: "roles" | "services" | "endpoints" | `ec2 ${string}`): void {
        this.lists.drop([kind]);
    }

    tenants(): Promise<Tenant[]> {
        return this.lists.get("tenants", async () => (await this.listOf<Tenant>("tenants", "/tenants")).map(toTenant));
    }
    /** By its name in the domain that v2.0 is of: the list has those of other domains too. */
    async tenantNamed(name: string): Promise<Tenant | undefined> {
        const found = await unlessGone(
            this.ask<{ tenant: Tenant }>("GET", `/tenants?name=${encodeURIComponent(name)}`),
        );
        return found && toTenant(found.tenant);
    }
    createTenant(tenant: Omit<Tenant, "id">): Promise<Tenant> {
        return this.lists.changing(["tenants"], async () =>
            toTenant((await this.ask<{ tenant: Tenant }>("POST", "/tenants", { tenant })).tenant),
        );
    }
    /** By POST, which Grizzly and Pike have in common. */
    updateTenant(id: string, tenant: Partial<Omit<Tenant, "id">>): Promise<Tenant> {
        return this.lists.changing(["tenants"], async () =>
            toTenant((await this.ask<{ tenant: Tenant }>("POST", path`/tenants/${id}`, { tenant })).tenant),
        );
    }
    /** Its grants go with it; users keep its id, and EC2 credentials on it stay. */
    deleteTenant(id: string): Promise<void> {
        return this.lists.changing(["tenants", "grants"], () => this.ask("DELETE", path`/tenants/${id}`));
    }

    users(): Promise<User[]> {
        return this.lists.get("users", async () => (await this.listOf<User>("users", "/users")).map(toUser));
    }
    /** By the name in the domain that v2.0 is of, where users log in: the list has those of other domains too. */
    async userNamed(name: string): Promise<User | undefined> {
        const found = await unlessGone(this.ask<{ user: User }>("GET", `/users?name=${encodeURIComponent(name)}`));
        return found && toUser(found.user);
    }
    /** With a tenant the user is granted `_member_` there. */
    createUser(user: Omit<User, "id"> & { password: string }): Promise<User> {
        return this.lists.changing(["users", "grants"], async () =>
            toUser((await this.ask<{ user: User }>("POST", "/users", { user }, [user.password])).user),
        );
    }
    /** Setting a password, even the same one, ends the user's tokens. */
    updateUser(id: string, user: Partial<Omit<User, "id"> & { password: string }>): Promise<User> {
        return this.lists.changing(["users", "grants"], async () =>
            toUser(
                (
                    await this.ask<{ user: User }>("PUT", path`/users/${id}`, { user: { id, ...user } }, [
                        user.password ?? "",
                    ])
                ).user,
            ),
        );
    }
    deleteUser(id: string): Promise<void> {
        return this.lists.changing(["users", "grants", `ec2 ${id}`], () => this.ask("DELETE", path`/users/${id}`));
    }

    /** Whether the password is the user's. It cannot be tried for a disabled user. */
    async accepts(username: string, password: string): Promise<boolean> {
        try {
            await login(this.http, { ...this.target, port: this.access.publicPort ?? 5000 }, username, password);
            return true;
        } catch (e) {
            if (isStatus(e, 401)) return false;
            throw e;
        }
    }

    roles(): Promise<Role[]> {
        return this.lists.get("roles", async () =>
            (await this.listOf<Role>("roles", "/OS-KSADM/roles")).map(({ id, name }) => ({ id, name })),
        );
    }
    createRole(name: string): Promise<Role> {
        return this.lists.changing(
            ["roles"],
            async () => (await this.ask<{ role: Role }>("POST", "/OS-KSADM/roles", { role: { name } })).role,
        );
    }
    /** Its grants go with it. */
    deleteRole(id: string): Promise<void> {
        return this.lists.changing(["roles", "grants"], () => this.ask("DELETE", path`/OS-KSADM/roles/${id}`));
    }

    /** The roles of a user on a tenant. */
    grants(tenantId: string, userId: string): Promise<Role[]> {
        return this.lists.get(`grants ${tenantId} ${userId}`, () =>
            this.listOf<Role>("roles", path`/tenants/${tenantId}/users/${userId}/roles`),
        );
    }
    /** A 409 says that it is granted. */
    grant(tenantId: string, userId: string, roleId: string): Promise<void> {
        return this.changeGrant("PUT", tenantId, userId, roleId);
    }
    /** A 404 says that it is not granted. */
    revoke(tenantId: string, userId: string, roleId: string): Promise<void> {
        return this.changeGrant("DELETE", tenantId, userId, roleId);
    }
    private changeGrant(method: "PUT" | "DELETE", tenantId: string, userId: string, roleId: string): Promise<void> {
        return this.lists.changing([`grants ${tenantId} ${userId}`], () =>
            this.ask(method, path`/tenants/${tenantId}/users/${userId}/roles/OS-KSADM/${roleId}`),
        );
    }

    /** Not for the admin token alone: keystone wants a token that is in a tenant. */
    ec2Credentials(userId: string): Promise<Ec2Credential[]> {
        return this.lists.get(`ec2 ${userId}`, async () =>
            (await this.listOf<WireCredential>("credentials", path`/users/${userId}/credentials/OS-EC2`)).map(
                toCredential,
            ),
        );
    }
    createEc2Credential(userId: string, tenantId: string): Promise<Ec2Credential> {
        return this.lists.changing([`ec2 ${userId}`], async () =>
            toCredential(
                (
                    await this.ask<{ credential: WireCredential }>("POST", path`/users/${userId}/credentials/OS-EC2`, {
                        tenant_id: tenantId,
                    })
                ).credential,
            ),
        );
    }
    deleteEc2Credential(userId: string, access: string): Promise<void> {
        return this.lists.changing([`ec2 ${userId}`], () =>
            this.ask("DELETE", path`/users/${userId}/credentials/OS-EC2/${access}`),
        );
    }

    services(): Promise<IdentityService[]> {
        return this.lists.get("services", async () =>
            (await this.listOf<IdentityService>("OS-KSADM:services", "/OS-KSADM/services")).map(toService),
        );
    }
    createService(service: Omit<IdentityService, "id">): Promise<IdentityService> {
        return this.lists.changing(["services"], async () =>
            toService(
                (
                    await this.ask<{ "OS-KSADM:service": IdentityService }>("POST", "/OS-KSADM/services", {
                        "OS-KSADM:service": service,
                    })
                )["OS-KSADM:service"],
            ),
        );
    }
    /** Its endpoints go with it. */
    deleteService(id: string): Promise<void> {
        return this.lists.changing(["services", "endpoints"], () => this.ask("DELETE", path`/OS-KSADM/services/${id}`));
    }

    /** Those of v2.0, and each URL that was made over v3 alone: both are in everybody's catalogue. */
    endpoints(): Promise<Endpoint[]> {
        return this.lists.get("endpoints", async () => {
            // In this order: one of v2.0 that is made in between is in the second list alone.
            const v3 = await unlessGone(this.listOf<UrlOfV3>("endpoints", "/endpoints", "v3")),
                v2 = (await this.listOf<WireEndpoint>("endpoints", "/endpoints")).map(toEndpoint);
            return withThoseOfV3(v2, v3 ?? []);
        });
    }
    createEndpoint({ region, serviceId, publicUrl, adminUrl, internalUrl }: Omit<Endpoint, "id">): Promise<Endpoint> {
        const endpoint = {
            region,
            service_id: serviceId,
            publicurl: publicUrl,
            adminurl: adminUrl,
            internalurl: internalUrl,
        };
        return this.lists.changing(["endpoints"], async () =>
            toEndpoint((await this.ask<{ endpoint: WireEndpoint }>("POST", "/endpoints", { endpoint })).endpoint),
        );
    }
    deleteEndpoint({ id, madeOverV3 }: Pick<Endpoint, "id" | "madeOverV3">): Promise<void> {
        return this.lists.changing(["endpoints"], () =>
            this.ask("DELETE", path`/endpoints/${id}`, undefined, [], madeOverV3 && "v3"),
        );
    }
}

interface WireCredential {
    access: string;
    secret: string;
    tenant_id: string;
}
interface WireEndpoint {
    id: string;
    region?: string | null;
    service_id: string;
    publicurl?: string | null;
    adminurl?: string | null;
    internalurl?: string | null;
}

const toTenant = ({ id, name, description, enabled }: Tenant): Tenant => ({
    id,
    name,
    description: description ?? "",
    enabled,
});
const toUser = ({ id, name, email, tenantId, enabled }: User): User => ({
    id,
    name,
    email: email ?? undefined,
    tenantId: tenantId ?? undefined,
    enabled,
});
const toService = ({ id, name, type, description }: IdentityService): IdentityService => ({
    id,
    name: name ?? "",
    type: type ?? "",
    description: description ?? "",
});
const toCredential = ({ access, secret, tenant_id }: WireCredential): Ec2Credential => ({
    access: ec2Key(access),
    secret: ec2Key(secret),
    tenantId: tenant_id,
});
const toEndpoint = (e: WireEndpoint): Endpoint => ({
    id: e.id,
    region: e.region ?? "",
    serviceId: e.service_id,
    publicUrl: e.publicurl ?? "",
    adminUrl: e.adminurl ?? "",
    internalUrl: e.internalurl ?? "",
});

/** The admin API, by the admin token or as an admin. Equal access shares the same lists. */
export function identity(access: IdentityAccess | CloudAccess, http: Http = shared): Identity {
    const key = createHash("sha256").update(JSON.stringify(access)).digest("hex");
    return http.once(`identity ${key}`, () => new Identity(access, http));
}
