import { createServer } from "http";
import * as net from "net";
import type { Connection } from "../../clients/connection";
import { Http, HttpError, type HttpRequest, HttpResponse, isStatus, type Target } from "../../clients/http";
import { type CloudAccess, type Identity, identity, type IdentityAccess, Lists, session } from "../../clients/identity";
import { Replay } from "./replay";
import { Sent } from "./sent";

const via = { name: "host a" } as Connection;
const access: IdentityAccess = { via, host: "auth-node", adminPort: 35357, adminToken: "ADMIN" };
const [t1, u1, u2, r1] = [
    "ff2310be7e324f3a8a0adc01943ac00f",
    "971af6ab667443048026f46ae6637005",
    "1411359cc90d4195bbe1b610012bda54",
    "b2a00ca49ddb4fb9a957f6986aade7fe",
];
const nova = "1ee7d2197cae429f92e8a8e7e96a3ace";

/** As it was recorded: both ports the same. */
const admin: CloudAccess = {
    via,
    identityHost: "auth-node",
    adminPort: 35357,
    publicPort: 35357,
    username: "admin",
    password: "apw",
    tenant: "t1",
};

/** Runs a test against the recorded cases, all of which it has to ask for. */
async function grizzly(
    cases: string,
    use: (keystone: ReturnType<typeof identity>, replay: Replay) => Promise<void>,
    as: IdentityAccess | CloudAccess = access,
): Promise<void> {
    const replay = new Replay("keystone", ...cases.split(" "));
    try {
        await use(identity(as, replay.http), replay);
    } finally {
        await replay.finished();
    }
}

test("tenants: created once, listed once for many, changed by POST, gone", () =>
    grizzly("tenant-list tenant-create tenant-create-dup tenant-update-post tenant-delete-again", async keystone => {
        expect(await keystone.createTenant({ name: "t1", description: "first", enabled: true })).toEqual({
            id: t1,
            name: "t1",
            description: "first",
            enabled: true,
        });
        const [all, again] = await Promise.all([keystone.tenants(), keystone.tenants()]);
        expect(all).toBe(again);
        expect(all.map(t => [t.name, t.description, t.enabled])).toEqual([
            ["tnull", "", true],
            ["textra", "", false],
            ["tmin", "", true],
            ["t1", "first", true],
        ]);
        await expect(keystone.createTenant({ name: "t1" } as never)).rejects.toMatchObject({
            status: 409,
            message: expect.stringMatching(/^POST \/v2.0\/tenants at auth-node, port 35357: 409 Conflict occurred/),
        });
        expect((await keystone.updateTenant(t1!, { description: "changed" })).description).toBe("changed");
        await expect(keystone.deleteTenant(t1!)).rejects.toMatchObject({
            status: 404,
            reason: `Could not find project: ${t1}`,
        });
    }));

test("users: listed, created, changed by PUT; the password asked for by logging in", () =>
    grizzly(
        "user-list user-create-admin user-create-missing-tenant user-update-put token-old-password token-new-password",
        async keystone => {
            expect((await keystone.users()).find(u => u.name === "u1")).toEqual({
                id: u1,
                name: "u1",
                email: "u1@x",
                tenantId: t1,
                enabled: true,
            });
            expect(await keystone.createUser({ name: "admin", password: "apw", tenantId: t1 } as never)).toEqual({
                id: "54e4a618ea9444d094b2d6900e0d040a",
                name: "admin",
                tenantId: t1,
                enabled: true,
            });
            await expect(
                keystone.createUser({ name: "u3", password: "pw", tenantId: "nonesuch" } as never),
            ).rejects.toMatchObject({ status: 404, reason: "Could not find project: nonesuch" });
            expect((await keystone.updateUser(u1!, { email: "new@x", name: "u1" })).email).toBe("new@x");
            expect([await keystone.accepts("u1", "pw1"), await keystone.accepts("u1", "pw1b")]).toEqual([false, true]);
        },
    ));

test("a database's error repeats the whole statement: the user's name, id and password hash are not in the message", () =>
    grizzly("user-create-enabled-string", async keystone => {
        const error: Error = await keystone
            .createUser({ name: "u4", password: "pw", enabled: "False" as never })
            .catch(e => e);
        expect(error.message).toContain("500 An unexpected error prevented the server");
        expect(error.message).not.toMatch(/INSERT|\$6\$|'u4'|pw/);
    }));

test("EC2 credentials: listed, created for a user on a tenant; a user who is gone is not found", () =>
    grizzly(
        "token-admin-real ec2-list ec2-create ec2-create-missing-user",
        async keystone => {
            expect(await keystone.ec2Credentials(u1!)).toContainEqual({
                access: "f832981b8efa4c6aa8bea42c535f8dda",
                secret: "511662ddf85e48e187bad9992b83f01f",
                tenantId: t1,
            });
            expect(await keystone.createEc2Credential(u1!, t1!)).toEqual({
                access: "a4dc3457fefe487aa37b77d518917e5a",
                secret: "513d75e16f7e430b976da5fe378c313e",
                tenantId: t1,
            });
            await expect(keystone.createEc2Credential("nonesuch", t1!)).rejects.toMatchObject({
                status: 404,
                reason: "Could not find user: nonesuch",
            });
        },
        admin,
    ));

test("EC2 credentials of a user who is gone, and asked for without a tenant", () =>
    grizzly(
        "token-admin-real ec2-list-after-user-delete ec2-create-no-tenant",
        async keystone => {
            await expect(keystone.ec2Credentials(u1!)).rejects.toMatchObject({ status: 404 });
            await expect(keystone.createEc2Credential(u1!, undefined as never)).rejects.toMatchObject({ status: 400 });
        },
        admin,
    ));

test("the token of keystone.conf does not make EC2 credentials", () =>
    grizzly("ec2-create-with-bootstrap-admin-token", async keystone => {
        await expect(keystone.createEc2Credential(u1!, t1!)).rejects.toMatchObject({ status: 401 });
    }));

test("roles and grants: a second grant is a conflict, what is not granted is not found", () =>
    grizzly(
        "role-list role-create-description role-delete-in-use role-delete-missing user-roles-after-tenant grant-again grant-twice grant-missing-tenant revoke revoke-twice",
        async keystone => {
            expect((await keystone.roles()).map(r => r.name)).toEqual(["rdesc", "_member_", "r1"]);
            expect((await keystone.createRole("rdesc")).name).toBe("rdesc");
            expect((await keystone.grants(t1!, u2!)).map(r => r.name)).toEqual(["_member_"]);
            const outcome = (p: Promise<void>) =>
                p.then(
                    () => "done",
                    e => e.status,
                );
            // Of two equal requests the recorded answers come in the order of the cases named.
            expect([
                await outcome(keystone.grant(t1!, u1!, r1!)),
                await outcome(keystone.grant(t1!, u1!, r1!)),
            ]).toEqual(["done", 409]);
            expect([
                await outcome(keystone.revoke(t1!, u1!, r1!)),
                await outcome(keystone.revoke(t1!, u1!, r1!)),
            ]).toEqual(["done", 404]);
            expect([
                await outcome(keystone.grant("nonesuch", u1!, r1!)),
                await outcome(keystone.deleteRole(r1!)),
                await outcome(keystone.deleteRole("nonesuch")),
            ]).toEqual([404, "done", 404]);
        },
    ));

test("services and endpoints: equal ones are taken, null and absent URLs read alike", () =>
    grizzly(
        "service-list service-create-dup service-delete-again v3-endpoints endpoint-list endpoint-create endpoint-delete-bad",
        async keystone => {
            const description = "d",
                url = "http://127.0.0.1:8774/v2/$(tenant_id)s";
            expect((await keystone.services()).map(s => [s.name, s.type, s.description])).toEqual([
                ["nova", "compute", "d"],
                ["nova", "compute", "d"],
                ["", "", ""],
                ["only", "", ""],
            ]);
            expect((await keystone.createService({ name: "nova", type: "compute", description })).id).not.toBe(nova);
            const made = await keystone.createEndpoint({
                region: "RegionOne",
                serviceId: nova,
                publicUrl: url,
                adminUrl: url,
                internalUrl: url,
            });
            expect(await keystone.endpoints()).toContainEqual(made);
            expect((await keystone.endpoints()).find(e => e.region === "R3")).toMatchObject({
                publicUrl: "http://h/p",
                adminUrl: "",
                internalUrl: "",
            });
            await keystone.deleteEndpoint({ id: "960978163a5f4c9fb8cb02ef88823ec9" });
            await expect(keystone.deleteService(nova)).rejects.toMatchObject({ status: 404 });
        },
    ));

describe("endpoints that were made over v3", () => {
    const one = { id: "e5e5e5e5e5e54e5ea5e5e5e5e5e5e5e5", madeOverV3: true as const };

    test("are listed with those of v2.0, one for each URL, and deleted over v3", () =>
        grizzly("v3-endpoints-one-alone endpoint-list v3-endpoint-delete", async keystone => {
            const all = await keystone.endpoints();
            expect(all.filter(e => e.madeOverV3)).toEqual([
                {
                    ...one,
                    region: "RegionOne",
                    serviceId: nova,
                    publicUrl: "http://h/$(admin_bind_host)s",
                    adminUrl: "",
                    internalUrl: "",
                },
            ]);
            expect(all).toHaveLength(7);
            await keystone.deleteEndpoint(one);
        }));

    /** Keystone with these lists; `undefined` for no v3 API. */
    const listing = (v2: object[], v3?: object[]) => {
        const asked: string[] = [];
        class Both extends Http {
            override async request(_target: Target, { method, path }: HttpRequest): Promise<HttpResponse> {
                asked.push(path);
                const endpoints = path.startsWith("/v3/") ? v3 : v2;
                if (!endpoints) throw new HttpError(method, path, 404, "", "auth-node");
                return new HttpResponse(200, {}, Buffer.from(JSON.stringify({ endpoints })));
            }
        }
        return { asked, keystone: identity(access, new Both()) };
    };
    const ofV2 = { id: "a", region: "R", service_id: "s", publicurl: "http://p", adminurl: "http://a" };
    const ofV3 = (id: string, of: string, url: string, region: string | null = "R") => ({
        id,
        interface: of,
        url,
        region,
        service_id: "s",
    });

    test("v2.0's own rows there are not told twice; v3 is asked first, so that what is made in between is no stranger", async () => {
        const { asked, keystone } = listing(
            [ofV2],
            [
                ofV3("1", "public", "http://p"),
                ofV3("2", "admin", "http://a"),
                ofV3("3", "internal", "http://i"),
                ofV3("4", "admin", "http://p"),
                ofV3("5", "public", "http://p", null),
            ],
        );
        expect((await keystone.endpoints()).map(e => [e.id, e.madeOverV3 ?? false, e.region])).toEqual([
            ["a", false, "R"],
            ["3", true, "R"],
            ["4", true, "R"],
            ["5", true, ""],
        ]);
        expect(asked).toEqual(["/v3/endpoints", "/v2.0/endpoints"]);
    });

    test("a release whose v2.0 shows them by v3's ids shows them once, as v3's: it could not delete them", async () => {
        const { keystone } = listing(
            [{ ...ofV2, id: "1" }],
            [ofV3("1", "public", "http://p"), ofV3("2", "admin", "http://a")],
        );
        expect((await keystone.endpoints()).map(e => [e.id, e.publicUrl, e.adminUrl, e.madeOverV3])).toEqual([
            ["1", "http://p", "", true],
            ["2", "", "http://a", true],
        ]);
    });

    test("without a v3 API there are none", async () => {
        expect((await listing([ofV2]).keystone.endpoints()).map(e => e.id)).toEqual(["a"]);
    });
});

test("by its name a tenant, or a user, of the domain that v2.0 is of; others are not found", () =>
    grizzly(
        "tenant-by-name tenant-by-name-case tenant-by-name-of-another-domain user-by-name user-by-name-missing",
        async keystone => {
            const tenant = { id: t1, name: "t1", description: "first", enabled: true };
            expect(await keystone.tenantNamed("t1")).toEqual(tenant);
            expect(await keystone.tenantNamed("T1")).toEqual(tenant);
            expect(await keystone.tenantNamed("t1")).toBeUndefined();
            expect(await keystone.userNamed("u1")).toEqual({
                id: u1,
                name: "u1",
                email: "u1@x",
                tenantId: t1,
                enabled: true,
            });
            expect(await keystone.userNamed("nope")).toBeUndefined();
        },
    ));

test("whatever is in a name or an id is one part of the path", async () => {
    const { http, keystone } = sending(),
        odd = "a/b?c#d&e f.json";
    const one = "a%2Fb%3Fc%23d%26e%20f.json";
    const asked = await http.by(async () => {
        await keystone.tenantNamed(odd);
        await keystone.userNamed(odd);
        await keystone.deleteTenant(odd);
        await keystone.deleteUser(odd);
        await keystone.updateTenant(odd, {});
        await keystone.updateUser(odd, {});
        await keystone.deleteRole(odd);
        await keystone.grants(odd, odd);
        await keystone.revoke(odd, odd, odd);
        await keystone.ec2Credentials(odd);
        await keystone.createEc2Credential(odd, "t");
        await keystone.deleteEc2Credential(odd, odd);
        await keystone.deleteService(odd);
        await keystone.deleteEndpoint({ id: odd });
    });
    expect(asked.map(([, path]) => path)).toEqual([
        `/v2.0/tenants?name=${one}`,
        `/v2.0/users?name=${one}`,
        `/v2.0/tenants/${one}`,
        `/v2.0/users/${one}`,
        `/v2.0/tenants/${one}`,
        `/v2.0/users/${one}`,
        `/v2.0/OS-KSADM/roles/${one}`,
        `/v2.0/tenants/${one}/users/${one}/roles`,
        `/v2.0/tenants/${one}/users/${one}/roles/OS-KSADM/${one}`,
        `/v2.0/users/${one}/credentials/OS-EC2`,
        `/v2.0/users/${one}/credentials/OS-EC2`,
        `/v2.0/users/${one}/credentials/OS-EC2/${one}`,
        `/v2.0/OS-KSADM/services/${one}`,
        `/v2.0/endpoints/${one}`,
    ]);
});

test("a wrong admin token is refused, and is not in the message", () =>
    grizzly(
        "wrong-token",
        async keystone => {
            const error: Error = await keystone.users().catch(e => e);
            expect(isStatus(error, 401)).toBe(true);
            expect(error.message).not.toContain("WRONG");
        },
        { ...access, adminToken: "WRONG" },
    ));

test("an admin does without the admin token: one login for all", () =>
    grizzly(
        "token-admin-real admin-real-token-users",
        async keystone => {
            expect((await Promise.all([keystone.users(), keystone.users()]))[0]!.length).toBeGreaterThan(3);
        },
        admin,
    ));

test("a malformed endpoint makes the scoped login fail: said as keystone says it, without the password", async () => {
    const replay = new Replay("keystone", "token-with-bad-endpoint-in-catalog");
    const error: Error = await session({ ...admin, publicPort: 5000, username: "u1", password: "pw1c" }, replay.http)
        .request("compute", { method: "GET", path: "/servers" })
        .catch(e => e);
    expect(error.message).toBe(
        "POST /v2.0/tokens at auth-node, port 5000: 500 Malformed endpoint URL (see ERROR log for details): http://h/$(nosuch)s",
    );
    await replay.finished();
});

/** Answers a login with one token after the other, and everything else by the function. */
class Tokens extends Http {
    logins = 0;
    constructor(
        private readonly answer: (token: string, url: string) => object,
        private readonly tenant = (_login: number) => "abc",
        private readonly roles = (_login: number): string[] => ["admin"],
    ) {
        super();
    }
    override async request(target: Target, { path, headers }: HttpRequest): Promise<HttpResponse> {
        const body =
            path === "/v2.0/tokens"
                ? {
                      access: {
                          token: { id: `token-${++this.logins}` },
                          user: { id: "u", roles: this.roles(this.logins).map(name => ({ name })) },
                          serviceCatalog: [
                              {
                                  type: "compute",
                                  endpoints: [
                                      { publicURL: `http://api-node.example.org:8774/v2/${this.tenant(this.logins)}` },
                                  ],
                              },
                          ],
                      },
                  }
                : this.answer(headers!["X-Auth-Token"]!, `${target.host}:${target.port}${path}`);
        return new HttpResponse(200, {}, Buffer.from(JSON.stringify(body)));
    }
}
const unauthorized = () => new HttpError("GET", "/v2/abc/servers", 401, "", "api-node");

test("a token that is no longer accepted: one more login, for everybody who used it", async () => {
    const http = new Tokens(token => {
        if (token === "token-1") throw unauthorized();
        return { token };
    });
    const ask = async () =>
        (await session(admin, http).request("compute", { method: "GET", path: "/servers" })).json<{ token: string }>()
            .token;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["token-2", "token-2", "token-2"]);
    expect(await ask()).toBe("token-2");
    expect(http.logins).toBe(2);
});

describe("roles that are not enough", () => {
    const forbidden = () => new HttpError("GET", "/v2/abc/os-services", 403, "", "api-node");
    const asking = (roles: string[][]) => {
        const seen: string[] = [];
        const http = new Tokens(
            token => {
                seen.push(token);
                if (token === "token-1") throw forbidden();
                return { token };
            },
            undefined,
            login => roles[login - 1]!,
        );
        return { http, seen, user: session(admin, http) };
    };
    const services: HttpRequest = { method: "GET", path: "/os-services" },
        networks: HttpRequest = { method: "GET", path: "/os-networks" };

    test("the user has others by now: one more login, for everybody", async () => {
        const { http, user } = asking([["_member_"], ["_member_", "admin"]]);
        const ask = async () => (await user.request("compute", services)).json<{ token: string }>().token;
        expect(await Promise.all([ask(), ask(), ask()])).toEqual(["token-2", "token-2", "token-2"]);
        expect([await ask(), http.logins]).toEqual(["token-2", 2]);
    });

    test("the user has no others: nothing is asked a second time", async () => {
        const { http, seen, user } = asking([
            ["a", "b"],
            ["b", "a"],
        ]);
        await expect(user.request("compute", services)).rejects.toMatchObject({ status: 403 });
        expect([http.logins, seen]).toEqual([2, ["token-1"]]);
    });

    test("what only an admin is shown all of is not asked for by others, who would be shown a part", async () => {
        const { http, seen, user } = asking([["_member_"], ["_member_"]]);
        await expect(user.requestAsAdmin("compute", networks)).rejects.toMatchObject({
            name: "Unreachable",
            message:
                "compute could not be asked for os-networks: user admin has no role admin in tenant t1, and would be shown a part of it",
        });
        expect([http.logins, seen]).toEqual([2, []]);
    });

    test("it is asked for when the role has been given back; nova knows the role by any letters", async () => {
        const { http, seen, user } = asking([[], ["Admin"]]);
        await user.requestAsAdmin("compute", networks);
        expect([http.logins, seen]).toEqual([2, ["token-2"]]);
    });

    test("a login that tells of no roles is no admin's", async () => {
        class Silent extends Http {
            override async request(): Promise<HttpResponse> {
                return new HttpResponse(
                    200,
                    {},
                    Buffer.from('{"access": {"token": {"id": "t"}, "serviceCatalog": []}}'),
                );
            }
        }
        await expect(session(admin, new Silent()).requestAsAdmin("compute", networks)).rejects.toThrow(
            "has no role admin",
        );
    });
});

test("a tenant that was made anew: the second login's URL goes with the second token", async () => {
    const http = new Tokens(
        (token, url) => {
            if (token === "token-1") throw unauthorized();
            return { url };
        },
        login => (login === 1 ? "abc" : "def"),
    );
    expect((await session(admin, http).request("compute", { method: "GET", path: "/servers" })).json()).toEqual({
        url: "api-node.example.org:8774/v2/def/servers",
    });
});

test("a token of Grizzly's size with its signs arrives as it is, in the header alone", async () => {
    const token = `MII${"aB3+/=-".repeat(490)}`,
        seen: [string | undefined, unknown][] = [];
    const server = createServer((request, response) => {
        seen.push([request.url, request.headers["x-auth-token"]]);
        response.end(
            JSON.stringify(
                request.url === "/v2.0/tokens"
                    ? { access: { token: { id: token }, serviceCatalog: [], user: { id: "u" } } }
                    : { tenants: [] },
            ),
        );
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const client = new Http(async () => net.connect((server.address() as net.AddressInfo).port, "127.0.0.1"));
    expect(await identity(admin, client).tenants()).toEqual([]);
    server.closeAllConnections();
    server.close();
    expect(seen).toEqual([
        ["/v2.0/tokens", undefined],
        ["/v2.0/tenants", token],
    ]);
});

test("a service that accepts no token at all: said after the second", async () => {
    const http = new Tokens(() => {
        throw unauthorized();
    });
    await expect(session(admin, http).request("compute", { method: "GET", path: "/servers" })).rejects.toMatchObject({
        status: 401,
    });
    expect(http.logins).toBe(2);
});

test("requests go to the public URL of the catalogue; no endpoint is no answer", async () => {
    const http = new Tokens((_t, url) => ({ url })),
        user = session(admin, http);
    const { url } = (await user.request("compute", { method: "GET", path: "/x" })).json<{ url: string }>();
    expect([url, session({ ...admin }, http) === user]).toEqual(["api-node.example.org:8774/v2/abc/x", true]);
    await expect(user.request("volume", { method: "GET", path: "/" })).rejects.toMatchObject({
        name: "Unreachable",
        message: "the catalogue of tenant t1 has no endpoint of type volume in RegionOne",
    });
});

test("of several endpoints the one of the program's region is asked, wherever it stands in the catalogue", async () => {
    const http = new (class extends Http {
        override async request({ host }: Target, { path }: HttpRequest): Promise<HttpResponse> {
            const at = (region: string) => ({ region, publicURL: `http://${region.toLowerCase()}:8774/v2` }),
                serviceCatalog = [{ type: "compute", endpoints: [at("Elsewhere"), at("RegionOne")] }];
            const answer =
                path === "/v2.0/tokens"
                    ? { access: { token: { id: "t" }, user: { id: "u" }, serviceCatalog } }
                    : { host };
            return new HttpResponse(200, {}, Buffer.from(JSON.stringify(answer)));
        }
    })();
    const answer = await session({ ...admin }, http).request("compute", { method: "GET", path: "/x" });
    expect(answer.json()).toEqual({ host: "regionone" });
});

test("a list serves many, until a write of its kind", async () => {
    const lists = new Lists();
    let asked = 0;
    const get = () => lists.get("tenants", async () => ++asked);
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    await lists.changing(["users"], async () => undefined);
    expect(await get()).toBe(1);
    await lists.changing(["tenants"], async () => {
        expect(await get()).toBe(2);
    });
    expect(await get()).toBe(3);
    const grants = () => lists.get("grants t u", async () => ++asked);
    expect(await grants()).toBe(4);
    await lists.changing(["grants"], async () => undefined);
    expect([await grants(), await get()]).toEqual([5, 3]);
    await expect(lists.get("roles", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(await lists.get("roles", async () => "up again")).toBe("up again");
});

const lists: Record<string, (keystone: Identity) => Promise<unknown>> = {
    tenants: keystone => keystone.tenants(),
    users: keystone => keystone.users(),
    roles: keystone => keystone.roles(),
    services: keystone => keystone.services(),
    endpoints: keystone => keystone.endpoints(),
    grants: keystone => keystone.grants("t", "u"),
    "other grants": keystone => keystone.grants("t", "v"),
    ec2: keystone => keystone.ec2Credentials("u"),
    "other ec2": keystone => keystone.ec2Credentials("v"),
};
const sending = () => {
    const http = new Sent(
        {},
        {
            tenant: {},
            tenants: [],
            user: {},
            users: [],
            role: {},
            roles: [],
            "OS-KSADM:service": {},
            "OS-KSADM:services": [],
            endpoint: {},
            endpoints: [],
            credential: { access: "a", secret: "s" },
            credentials: [],
        },
    );
    return { http, keystone: identity(access, http) };
};
const endpoint = { region: "R", serviceId: "s", publicUrl: "", adminUrl: "", internalUrl: "" };

test.each<[string, string[], (keystone: Identity) => Promise<unknown>]>([
    ["a tenant made", ["tenants"], keystone => keystone.createTenant({ name: "t", description: "", enabled: true })],
    ["a tenant changed", ["tenants"], keystone => keystone.updateTenant("t", {})],
    ["a tenant deleted", ["tenants", "grants", "other grants"], keystone => keystone.deleteTenant("t")],
    [
        "a user made",
        ["users", "grants", "other grants"],
        keystone => keystone.createUser({ name: "u", password: "p", enabled: true }),
    ],
    ["a user changed", ["users", "grants", "other grants"], keystone => keystone.updateUser("u", {})],
    ["a user deleted", ["users", "grants", "other grants", "ec2"], keystone => keystone.deleteUser("u")],
    ["a role made", ["roles"], keystone => keystone.createRole("r")],
    ["a role deleted", ["roles", "grants", "other grants"], keystone => keystone.deleteRole("r")],
    ["a grant", ["grants"], keystone => keystone.grant("t", "u", "r")],
    ["a grant taken away", ["grants"], keystone => keystone.revoke("t", "u", "r")],
    ["a credential made", ["ec2"], keystone => keystone.createEc2Credential("u", "t")],
    ["a credential deleted", ["ec2"], keystone => keystone.deleteEc2Credential("u", "a")],
    ["a service made", ["services"], keystone => keystone.createService({ name: "s", type: "t", description: "" })],
    ["a service deleted", ["services", "endpoints"], keystone => keystone.deleteService("s")],
    ["an endpoint made", ["endpoints"], keystone => keystone.createEndpoint(endpoint)],
    ["an endpoint deleted", ["endpoints"], keystone => keystone.deleteEndpoint({ id: "e" })],
])("%s: %p are asked for anew, and nothing else", async (_name, stale, write) => {
    const { http, keystone } = sending();
    expect(await http.staleAfter(keystone, lists, write)).toEqual(stale);
});

test.each(["roles", "services", "endpoints"] as const)(
    "%s are asked for anew when they are to be forgotten, and nothing else",
    async kind => {
        const { http, keystone } = sending();
        expect(await http.staleAfter(keystone, lists, () => keystone.forget(kind))).toEqual([kind]);
    },
);

test("what has no recorded answer is sent as its documentation has it", async () => {
    const { http, keystone } = sending();
    expect(await http.by(() => keystone.deleteUser("u"))).toEqual([["DELETE", "/v2.0/users/u"]]);
    expect(await http.by(() => keystone.deleteEc2Credential("u", "a"))).toEqual([
        ["DELETE", "/v2.0/users/u/credentials/OS-EC2/a"],
    ]);
    expect(await http.by(() => keystone.createRole("r"))).toEqual([
        ["POST", "/v2.0/OS-KSADM/roles", { role: { name: "r" } }],
    ]);
    expect(await http.by(() => keystone.updateTenant("t", { enabled: false }))).toEqual([
        ["POST", "/v2.0/tenants/t", { tenant: { enabled: false } }],
    ]);
});

test("a list that fails after it was dropped does not take the next one with it; a name's beginning is another name", async () => {
    const lists = new Lists();
    let fail!: (e: Error) => void;
    const slow = lists.get(
        "users",
        () =>
            new Promise((_resolve, reject) => {
                fail = reject;
            }),
    );
    lists.drop(["users"]);
    await lists.get("users", async () => 1);
    fail(new Error("down"));
    await expect(slow).rejects.toThrow("down");
    lists.drop(["user"]);
    expect(await lists.get("users", async () => 2)).toBe(1);
    await expect(lists.changing(["users"], () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
    expect(await lists.get("users", async () => 3)).toBe(3);
});

test("a login that fails is tried again by whoever comes next, and a password that is not accepted only then", async () => {
    const answers = [
        new HttpError("POST", "/v2.0/tokens", 401, "", "auth-node"),
        new HttpError("POST", "/v2.0/tokens", 503, "", "auth-node"),
    ];
    let logins = 0;
    class Failing extends Http {
        override async request(): Promise<HttpResponse> {
            logins++;
            const error = answers.shift();
            if (error) throw error;
            return new HttpResponse(200, {}, Buffer.from('{"access": {"token": {"id": "t"}}}'));
        }
    }
    const user = session(admin, new Failing()),
        login = () => user.withLogin(async ({ token }) => token.id);
    for (const status of [401, 503]) await expect(login()).rejects.toMatchObject({ status });
    expect([await login(), await login(), logins]).toEqual(["t", "t", 3]);
});

test("who has other credentials has another session and other lists", () => {
    const http = new Http();
    expect(session({ ...admin, password: "other" }, http)).not.toBe(session(admin, http));
    expect(session({ ...admin, tenant: "t2" }, http)).not.toBe(session(admin, http));
    expect(
        [identity({ ...access, adminToken: "other" }, http), identity({ ...access }, http)].map(
            i => i === identity(access, http),
        ),
    ).toEqual([false, true]);
});

test.each([
    ["http://h:8774/v2/abc", false, "h:8774/v2/abc/x"],
    ["http://h:8774/v2/abc/", false, "h:8774/v2/abc/x"],
    ["http://h/compute", false, "h:80/compute/x"],
    ["http://h:9292", true, "h:9292/x"],
    ["http://h:9292/v1", true, "h:9292/x"],
    ["http://h:9292/image/v2.0/", true, "h:9292/image/x"],
    ["http://h:9292/image/", true, "h:9292/image/x"],
    ["http://h:9292/v1/image", true, "h:9292/v1/image/x"],
])("a request below %s, from its root: %p", async (publicURL, fromRoot, asked) => {
    let seen = "";
    class Seen extends Http {
        override async request({ host, port }: Target, { path, headers }: HttpRequest): Promise<HttpResponse> {
            if (path !== "/v2.0/tokens") seen = `${host}:${port}${path} ${JSON.stringify(headers)}`;
            return new HttpResponse(
                200,
                {},
                Buffer.from(
                    JSON.stringify({
                        access: {
                            token: { id: "t" },
                            serviceCatalog: [
                                { type: "other", endpoints: [] },
                                { type: "any", endpoints: [{ publicURL }] },
                            ],
                        },
                    }),
                ),
            );
        }
    }
    const user = session(admin, new Seen());
    await user.request("any", { method: "GET", path: "/x", headers: { "X-Of-Mine": "1" } }, fromRoot);
    expect(seen).toBe(`${asked} {"X-Of-Mine":"1","X-Auth-Token":"t"}`);
    await expect(user.request("other", { method: "GET", path: "/x" })).rejects.toThrow("has no endpoint of type other");
});

test("passwords and who is asked: what must not be in a message goes with every request; a password is tried where users log in", async () => {
    const seen: unknown[] = [];
    class Seen extends Http {
        override async request({ port }: Target, { method, path, secrets }: HttpRequest): Promise<HttpResponse> {
            seen.push([method, port, path, secrets]);
            if (path === "/v2.0/tokens") throw new HttpError("POST", path, 500, "", "auth-node");
            return new HttpResponse(
                200,
                {},
                Buffer.from('{"user": {"id": "u", "name": "u", "email": null, "tenantId": null, "enabled": true}}'),
            );
        }
    }
    const keystone = identity({ ...access, publicPort: 5001 }, new Seen());
    expect(await keystone.createUser({ name: "u", password: "pw", enabled: true })).toStrictEqual({
        id: "u",
        name: "u",
        email: undefined,
        tenantId: undefined,
        enabled: true,
    });
    await keystone.updateUser("u", { password: "new" });
    await keystone.updateUser("u", { email: "u@x" });
    await expect(keystone.accepts("u", "pw1")).rejects.toMatchObject({ status: 500 });
    expect(seen).toEqual([
        ["POST", 35357, "/v2.0/users", ["pw"]],
        ["PUT", 35357, "/v2.0/users/u", ["new"]],
        ["PUT", 35357, "/v2.0/users/u", [""]],
        ["POST", 5001, "/v2.0/tokens", ["pw1"]],
    ]);
});

test("what keystone leaves empty reads as empty", async () => {
    const nothing = {
        id: "i",
        name: null,
        type: null,
        description: null,
        region: null,
        service_id: "s",
        publicurl: null,
        adminurl: null,
    };
    const http = new Sent(
            {},
            {
                "OS-KSADM:services": [nothing],
                endpoints: [nothing],
                tenants: [{ ...nothing, name: "t", enabled: true }],
                roles: [{ ...nothing, name: "r" }],
            },
        ),
        keystone = identity(access, http);
    expect(await keystone.services()).toEqual([{ id: "i", name: "", type: "", description: "" }]);
    // v3's list is the same here.
    expect(await keystone.endpoints()).toEqual([
        { id: "i", region: "", serviceId: "s", publicUrl: "", adminUrl: "", internalUrl: "", madeOverV3: true },
    ]);
    expect(await keystone.tenants()).toEqual([{ id: "i", name: "t", description: "", enabled: true }]);
    expect(await keystone.roles()).toEqual([{ id: "i", name: "r" }]);
});
