import type { Connection } from "../../../clients/connection";
import { HttpError } from "../../../clients/http";
import type { Ec2Credential, IdentityAccess, IdentityService, Role, Tenant, User } from "../../../clients/identity";
import type { Endpoint } from "../../../clients/v3-endpoints";
import { endpointHandler } from "../../../providers/keystone/endpoint";
import { grantHandler } from "../../../providers/keystone/grant";
import { roleHandler } from "../../../providers/keystone/role";
import { serviceHandler } from "../../../providers/keystone/service";
import { tenantHandler } from "../../../providers/keystone/tenant";
import { userHandler } from "../../../providers/keystone/user";

const access: IdentityAccess = {
    via: { name: "host a" } as Connection,
    host: "auth-node",
    adminPort: 35357,
    adminToken: "t",
};
export const error = (status: number, reason = "") =>
    new HttpError("GET", "/v2.0/x", status, reason, "auth-node, port 35357");

/** Identity in memory: a handler is given its methods; `calls` is what it wrote, `forgotten` the lists that it wanted anew. */
export class Keystone {
    readonly calls: string[] = [];
    readonly forgotten: string[] = [];
    broken: Error | undefined;
    readonly all = {
        tenants: [] as Tenant[],
        users: [] as (User & { password: string })[],
        roles: [] as Role[],
        services: [] as IdentityService[],
        endpoints: [] as Endpoint[],
        grants: [] as string[],
    };
    private next = 0;

    forget(kind: string): void {
        this.forgotten.push(kind);
    }
    private list<T>(of: T[]): Promise<T[]> {
        return this.broken ? Promise.reject(this.broken) : Promise.resolve([...of]);
    }
    private add<T extends object>(kind: string, to: (T & { id: string })[], object: T): Promise<T & { id: string }> {
        this.calls.push(`create ${kind}`);
        const made = { ...object, id: `${kind}-${++this.next}` };
        to.push(made);
        return Promise.resolve(made);
    }
    private remove(kind: string, from: { id: string }[], id: string): Promise<void> {
        this.calls.push(`delete ${kind}`);
        const index = from.findIndex(o => o.id === id);
        if (index < 0) return Promise.reject(error(404, "Could not find it"));
        from.splice(index, 1);
        return Promise.resolve();
    }
    tenants = () => this.list(this.all.tenants);
    tenantNamed = async (name: string) =>
        (await this.list(this.all.tenants)).find(t => t.name.toLowerCase() === name.toLowerCase());
    createTenant = (t: Omit<Tenant, "id">) => this.add("tenant", this.all.tenants, t);
    updateTenant = async (id: string, t: Partial<Tenant>) => {
        this.calls.push(`update tenant ${JSON.stringify(t)}`);
        return Object.assign(
            this.all.tenants.find(o => o.id === id)!,
            t,
        );
    };
    deleteTenant = (id: string) => this.remove("tenant", this.all.tenants, id);
    users = () => this.list<User>(this.all.users);
    userNamed = async (name: string) =>
        (await this.list<User>(this.all.users)).find(u => u.name.toLowerCase() === name.toLowerCase());
    createUser = (u: Omit<User, "id"> & { password: string }) => this.add("user", this.all.users, u);
    updateUser = async (id: string, u: Partial<User>) => {
        this.calls.push(
            `update user ${Object.keys(u)
                .filter(k => u[k as keyof User] !== undefined)
                .join(",")}`,
        );
        return Object.assign(
            this.all.users.find(o => o.id === id)!,
            u,
        );
    };
    deleteUser = (id: string) => this.remove("user", this.all.users, id);
    accepts = async (name: string, password: string) => {
        this.calls.push("login");
        return this.all.users.some(u => u.enabled && u.name === name && u.password === password);
    };
    roles = () => this.list(this.all.roles);
    createRole = (name: string) => this.add("role", this.all.roles, { name });
    deleteRole = (id: string) => this.remove("role", this.all.roles, id);
    grants = (t: string, u: string) =>
        t === "gone"
            ? Promise.reject(error(404))
            : this.list(
                  this.all.grants
                      .filter(g => g.startsWith(`${t}/${u}/`))
                      .map(g => ({ id: g.split("/")[2]!, name: "" })),
              );
    grant = async (t: string, u: string, r: string) => {
        if (this.all.grants.includes(`${t}/${u}/${r}`)) throw error(409);
        this.all.grants.push(`${t}/${u}/${r}`);
    };
    revoke = async (t: string, u: string, r: string) => {
        const i = this.all.grants.indexOf(`${t}/${u}/${r}`);
        if (i < 0) throw error(404);
        this.all.grants.splice(i, 1);
    };
    services = () => this.list(this.all.services);
    createService = (s: Omit<IdentityService, "id">) => this.add("service", this.all.services, s);
    deleteService = (id: string) => this.remove("service", this.all.services, id);
    endpoints = () => this.list(this.all.endpoints);
    createEndpoint = (e: Omit<Endpoint, "id">) => this.add("endpoint", this.all.endpoints, e);
    deleteEndpoint = ({ id }: { id: string }) => this.remove("endpoint", this.all.endpoints, id);
    ec2: (Ec2Credential & { userId: string })[] = [];
    ec2Credentials = (userId: string) =>
        userId === "gone"
            ? Promise.reject(error(404))
            : this.list<Ec2Credential>(this.ec2.filter(c => c.userId === userId));
    createEc2Credential = async (userId: string, tenantId: string) => {
        this.calls.push("create ec2");
        const made = { userId, tenantId, access: `access-${++this.next}`, secret: "s" };
        this.ec2.push(made);
        return made;
    };
    deleteEc2Credential = async (_userId: string, access: string) => {
        const i = this.ec2.findIndex(c => c.access === access);
        if (i < 0) throw error(401, "EC2 access key not found.");
        this.ec2.splice(i, 1);
    };
}

export const url = "http://api-node.example.org:8774/v2/$(tenant_id)s";
/** Every kind with inputs of one object. */
export const kinds = (keystone: Keystone) => ({
    tenant: {
        handler: tenantHandler(() => keystone),
        inputs: { identity: access, tenant: "admin", description: "", enabled: true },
    },
    user: {
        handler: userHandler(() => keystone),
        inputs: { identity: access, user: "nova", password: "secret", tenantId: "tenant-1", enabled: true },
    },
    role: { handler: roleHandler(() => keystone), inputs: { identity: access, role: "Member" } },
    grant: {
        handler: grantHandler(() => keystone),
        inputs: { identity: access, tenantId: "t", userId: "u", roleId: "r" },
    },
    service: {
        handler: serviceHandler(() => keystone),
        inputs: { identity: access, service: "nova", type: "compute", description: "OpenStack Compute Service" },
    },
    endpoint: {
        handler: endpointHandler(() => keystone),
        inputs: {
            identity: access,
            region: "RegionOne",
            serviceId: "s",
            publicUrl: url,
            adminUrl: url,
            internalUrl: url,
        },
    },
});
