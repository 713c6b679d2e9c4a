import * as http from "http";
import * as net from "net";
import type { Connection } from "../../clients/connection";
import { compute } from "../../clients/compute";
import { Http } from "../../clients/http";
import { type CloudAccess, identity, type IdentityAccess } from "../../clients/identity";
import { grantHandler } from "../../providers/keystone/grant";
import { onLoopback } from "../clients/on-loopback";

/**
 * Identity and nova of Grizzly as far as S1 goes, by what the facts say of them: nova asks identity with a token of its own, which
 * it keeps as long as identity takes it; a role that is revoked, and a password that is set, end a user's tokens.
 */
class Grizzly {
    readonly roles: Record<string, string[]> = { nova: ["_member_", "admin"], admin: ["admin"] };
    readonly passwords: Record<string, string> = { nova: "novaServ", admin: "keystoneAdmin" };
    private readonly tokens = new Map<string, { user: string; roles: string[] }>();
    private own: string | undefined;
    private next = 0;

    login(user: string, password: string): string | undefined {
        if (this.passwords[user] !== password) return undefined;
        const id = `token-${++this.next}`;
        this.tokens.set(id, { user, roles: [...this.roles[user]!] });
        return id;
    }
    private end(user: string): void {
        for (const [id, token] of this.tokens) if (token.user === user) this.tokens.delete(id);
    }

    answer(method: string, path: string, token: string | undefined, json?: any): [number, object] {
        if (path === "/v2.0/tokens") {
            const { username, password } = json.auth.passwordCredentials;
            const id = this.login(username, password);
            const roles = this.roles[username]!.map(name => ({ name }));
            const endpoints = [{ publicURL: "http://api-node:8774/v2/t" }];
            return id === undefined
                ? [401, {}]
                : [
                      200,
                      {
                          access: {
                              token: { id },
                              user: { id: username, roles },
                              serviceCatalog: [{ type: "compute", endpoints }],
                          },
                      },
                  ];
        }
        if (path === "/v2/t/os-services") return this.nova(token);
        const [, user, role] = /^\/v2\.0\/(?:tenants\/service\/)?users\/([^/]+)(?:\/roles\/OS-KSADM\/(.*))?$/.exec(
            path,
        )!;
        if (role === undefined) {
            this.passwords[user!] = json.user.password;
            this.end(user!);
        } else if (method === "PUT") this.roles[user!]!.push(role);
        else {
            this.roles[user!] = this.roles[user!]!.filter(r => r !== role);
            this.end(user!);
        }
        return [200, { user: { id: user, name: user, enabled: true } }];
    }

    private nova(token: string | undefined): [number, object] {
        if (this.own === undefined || !this.tokens.has(this.own)) this.own = this.login("nova", "novaServ");
        const trusted = this.own !== undefined && this.tokens.get(this.own)!.roles.includes("admin");
        return trusted && this.tokens.has(token ?? "") ? [200, { services: [] }] : [401, {}];
    }
}

const grizzly = new Grizzly();
const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request
        .on("data", (d: Buffer) => parts.push(d))
        .on("end", () => {
            const text = Buffer.concat(parts).toString();
            const [status, body] = grizzly.answer(
                request.method!,
                request.url!,
                request.headers["x-auth-token"] as string | undefined,
                text === "" ? undefined : JSON.parse(text),
            );
            response.writeHead(status).end(JSON.stringify(body));
        });
});
const port = onLoopback(server);

const via = { name: "host a" } as Connection;
const access: IdentityAccess = { via, host: "auth-node", adminPort: 35357, adminToken: "ADMIN" };
const cloud: CloudAccess = {
    via,
    identityHost: "auth-node",
    adminPort: 35357,
    publicPort: 5000,
    username: "admin",
    password: "keystoneAdmin",
    tenant: "admin",
};

test("S1: nova, from whose account the role was taken and which was asked since, believes its users again when the grant is made anew", async () => {
    const client = new Http(async () => net.connect(port(), "127.0.0.1"));
    const keystone = identity(access, client),
        asked = () => {
            const nova = compute(cloud, client);
            nova.forget("services");
            return nova.services();
        };
    const grant = { identity: access, tenantId: "service", userId: "nova", roleId: "admin" };
    expect(await asked()).toEqual([]);
    await keystone.revoke("service", "nova", "admin");
    await expect(asked()).rejects.toMatchObject({ status: 401 });
    // The role alone does not help: nova keeps the token that it got without it.
    await grantHandler(() => keystone).create(grant);
    await expect(asked()).rejects.toMatchObject({ status: 401 });
    await keystone.revoke("service", "nova", "admin");
    await expect(asked()).rejects.toMatchObject({ status: 401 });
    await grantHandler(() => keystone).create({ ...grant, password: "novaServ" });
    expect(await asked()).toEqual([]);
});
