import type { Connection } from "../../clients/connection";
import { type CloudAccess, identity, type IdentityAccess, session } from "../../clients/identity";
import { ec2CredentialHandler } from "../../providers/keystone/ec2-credential";
import { endpointHandler } from "../../providers/keystone/endpoint";
import { grantHandler } from "../../providers/keystone/grant";
import { roleHandler } from "../../providers/keystone/role";
import { serviceHandler } from "../../providers/keystone/service";
import { tenantHandler } from "../../providers/keystone/tenant";
import { userHandler } from "../../providers/keystone/user";
import { releaseOf } from "../../releases";
import { recorded, Replay } from "../clients/replay";

// The handlers with the real client, against what Grizzly answered.
const via = { name: "host a" } as Connection;
const access: IdentityAccess = { via, host: "auth-node", adminPort: 35357, adminToken: "ADMIN" };
const [t1, u1, r1, member] = [
    "ff2310be7e324f3a8a0adc01943ac00f",
    "971af6ab667443048026f46ae6637005",
    "b2a00ca49ddb4fb9a957f6986aade7fe",
    "9fe2ff9ee4384b1894a90878d3e92bab",
];
const [nova, again] = ["1ee7d2197cae429f92e8a8e7e96a3ace", "3764a9a9c95d4c678fd66bb86e579788"];
const endpointId = "3686d9de10a94c46a0f9ac0c73f9cf0b",
    url = "http://127.0.0.1:8774/v2/$(tenant_id)s";
const endpoint = {
    identity: access,
    region: "RegionOne",
    serviceId: nova,
    publicUrl: url,
    adminUrl: url,
    internalUrl: url,
};

/** What a list of endpoints asks for. */
const endpointLists = "v3-endpoints endpoint-list",
    listsAfterwards = "v3-endpoints endpoint-list-after-v3-patch";

async function grizzly(
    cases: string,
    use: (api: (access: IdentityAccess) => ReturnType<typeof identity>, replay: Replay) => Promise<void>,
): Promise<void> {
    const replay = new Replay("keystone", ...cases.split(" ").filter(Boolean));
    try {
        await use(as => identity(as, replay.http), replay);
    } finally {
        await replay.finished();
    }
}

test("a grant that is there is a grant (409); one that is not there is taken away (404)", () =>
    grizzly("grant-again grant-twice grant-missing-tenant revoke revoke-twice", async api => {
        const handler = grantHandler(api),
            inputs = { identity: access, tenantId: t1!, userId: u1!, roleId: r1! };
        expect(handler.access).toEqual(["identity", "password", "names"]);
        const made = await handler.create(inputs);
        expect(made.id).toBe(`${t1}/${u1}/${r1}`);
        await expect(handler.create({ ...inputs, tenantId: "nonesuch" })).rejects.toMatchObject({
            status: 404,
            reason: "Could not find project: nonesuch",
        });
        expect(await handler.create(inputs)).toEqual(made);
        await handler.delete(made.id, inputs);
        await handler.delete(made.id, inputs);
    }));

test("a service's account that is granted its role again gets new tokens: by those that it has it would be refused for a day", () =>
    grizzly("grant-again user-set-same-password", async api => {
        const inputs = { identity: access, tenantId: t1!, userId: u1!, roleId: r1!, password: "pw1c" };
        expect((await grantHandler(api).create(inputs)).id).toBe(`${t1}/${u1}/${r1}`);
    }));

test("a user who was disabled gets a password that nobody could try, in the same request", () =>
    grizzly("user-list-disabled user-enable-with-password", async api => {
        const handler = userHandler(api),
            inputs = {
                identity: access,
                user: "u1",
                password: "pw1c",
                email: "u1@x",
                tenantId: t1!,
                enabled: true,
            };
        expect(recorded("keystone", "token-disabled-user").status).toBe(401);
        const read = await handler.read(u1!, inputs);
        expect(read).toEqual({ ...inputs, enabled: false });
        await handler.update(u1!, read!, inputs);
    }));

test("an EC2 credential that is gone is not deleted again: Grizzly would answer 401", () =>
    grizzly("token-admin-real ec2-list", async (_api, { http }) => {
        expect(recorded("keystone", "ec2-delete-gone").status).toBe(401);
        const admin: CloudAccess = {
            via,
            identityHost: "auth-node",
            adminPort: 35357,
            publicPort: 35357,
            username: "admin",
            password: "apw",
            tenant: "t1",
        };
        const gone = { cloud: admin, userId: u1!, tenantId: t1!, access: "nonesuch", secret: "s" };
        await ec2CredentialHandler(as => identity(as, http)).delete("nonesuch", gone);
    }));

test("a tenant of another domain, which Grizzly lists too, is not taken for one's own", () =>
    grizzly("tenant-by-name-of-another-domain tenant-create", async api => {
        const tenant = { identity: access, tenant: "t1", description: "first", enabled: true };
        expect(await tenantHandler(api).create(tenant)).toEqual({ id: t1, outputs: {} });
    }));

test("names in other characters than ASCII's, to which Grizzly answers 500, are refused by the check where the release says so", () => {
    expect(recorded("keystone", "tenant-create-non-ascii").status).toBe(500);
    expect(tenantHandler().check!({ tenant: "café", ascii: releaseOf("grizzly").asciiNames })).toHaveLength(1);
    expect(tenantHandler().check!({ tenant: "café", ascii: releaseOf("ocata").asciiNames })).toEqual([]);
});

test("tenants and users are found by name, in small letters or capitals", () =>
    grizzly("tenant-by-name tenant-by-name-case user-by-name token-new-password", async api => {
        const tenant = { identity: access, tenant: "t1", description: "first", enabled: true };
        expect(await tenantHandler(api).create(tenant)).toEqual({ id: t1, outputs: {} });
        await expect(tenantHandler(api).create({ ...tenant, tenant: "T1" })).rejects.toThrow(
            'tenant T1 exists with name "t1"; wanted: name "T1".',
        );
        expect(
            await userHandler(api).create({
                identity: access,
                user: "u1",
                password: "pw1b",
                email: "u1@x",
                tenantId: t1!,
                enabled: true,
            }),
        ).toEqual({ id: u1, outputs: {} });
    }));

test("what Grizzly cannot change is replaced, and an update asks for nothing", () =>
    grizzly("", async api => {
        for (const name of ["role-update-put", "service-update-put", "endpoint-update-put"])
            expect(recorded("keystone", name).status).toBe(404);
        for (const handler of [roleHandler(api), serviceHandler(api), endpointHandler(api), grantHandler(api)]) {
            // Whether others are there is no property of the endpoint itself.
            expect(handler.replaceOn).toEqual(
                handler.inputs.filter(k => !["foreign", "malformed"].includes(k as string)),
            );
            expect(await handler.update("id", {} as never, {} as never)).toEqual({});
        }
    }));

test("a user is changed by PUT: POST finds nothing", () =>
    grizzly("user-update-put", async api => {
        expect(recorded("keystone", "user-update-post").status).toBe(404);
        const was = { identity: access, user: "u1", password: "pw1", enabled: undefined as never };
        await userHandler(api).update(u1!, was, { ...was, email: "new@x" });
    }));

test("a service takes its endpoints with it: they are asked for anew, gone, and deleting them is success", () =>
    grizzly(`${endpointLists} cleanup-service ${listsAfterwards} service-delete-again`, async api => {
        const [services, endpoints] = [serviceHandler(api), endpointHandler(api)],
            gone = "aefdb515084240f087c175b6c5bebd47",
            service = { identity: access, service: "nova", type: "compute", description: "d" };
        expect(await endpoints.read(gone, endpoint)).toEqual(endpoint);
        await services.delete(again!, service);
        expect(await endpoints.read(gone, endpoint)).toBeUndefined();
        await services.delete(nova!, service);
    }));

test("a role takes its grants with it: they are asked for anew", () =>
    grizzly("user-roles-of-user-after-create role-delete-in-use user-roles-after-role-delete", async api => {
        const grants = grantHandler(api),
            inputs = { identity: access, tenantId: t1!, userId: u1!, roleId: member! };
        expect(await grants.read("", inputs)).toEqual(inputs);
        await roleHandler(api).delete(r1!, { identity: access, role: "r1" });
        expect(await grants.read("", { ...inputs, roleId: r1! })).toBeUndefined();
    }));

test("a tenant that was made anew: the user shows the id of the old one, which Grizzly keeps", () =>
    grizzly("user-list token-u1-unscoped-now", async api => {
        const inputs = {
            identity: access,
            user: "u1",
            password: "pw1c",
            email: "u1@x",
            tenantId: "the new one",
            enabled: true,
        };
        expect(await userHandler(api).read(u1!, inputs)).toEqual({ ...inputs, tenantId: t1 });
    }));

test("an endpoint that somebody changed through the v3 API shows what is other, and is replaced", () =>
    grizzly(listsAfterwards, async api => {
        expect(await endpointHandler(api).read(endpointId, endpoint)).toEqual({
            ...endpoint,
            internalUrl: "http://patched/",
        });
    }));

test.each([
    ["stay", {}, ["other: http://10.0.0.99/"], ["own", "far", "another"]],
    [
        "go where it is to be alone",
        { alone: true as const },
        ["other: http://10.0.0.99/", `far: ${endpoint.publicUrl} (region elsewhere)`],
        ["own", "another"],
    ],
])(
    "another endpoint of the service in its region is named and deleted; those of other regions %s, of other services stay",
    async (_do, alone, foreign, stay) => {
        let all = [
            { id: "own", ...endpoint },
            { id: "other", ...endpoint, publicUrl: "http://10.0.0.99/" },
            { id: "far", ...endpoint, region: "elsewhere" },
            { id: "another", ...endpoint, serviceId: "another" },
        ];
        const api = {
            forget: () => undefined,
            endpoints: async () => all,
            createEndpoint: jest.fn(),
            deleteEndpoint: async ({ id }: { id: string }) => {
                all = all.filter(e => e.id !== id);
            },
        };
        const handler = endpointHandler(() => api as never),
            wanted = { ...endpoint, ...alone, foreign: [] as string[] };
        const read = await handler.read("own", wanted);
        expect(read).toEqual({ ...wanted, foreign });
        await handler.update("own", read!, wanted);
        expect(all.map(e => e.id)).toEqual(stay);
        expect(await handler.read("own", wanted)).toEqual(wanted);
    },
);

describe("a malformed URL, with which nobody can log in on a tenant", () => {
    const u1Access: CloudAccess = {
        via,
        identityHost: "auth-node",
        adminPort: 35357,
        publicPort: 5000,
        username: "u1",
        password: "pw1c",
        tenant: "t1",
    };
    const poison = "960978163a5f4c9fb8cb02ef88823ec9 of service 1ee7d2197cae429f92e8a8e7e96a3ace: http://h/%(tenant_id";
    const guard = { ...endpoint, malformed: [] as string[], release: "grizzly" as const };

    test("is taken by Grizzly and refused by the check", () => {
        const { status, req_body } = recorded("keystone", "endpoint-create-bad-template"),
            { publicurl, adminurl, internalurl } = JSON.parse(req_body!).endpoint;
        expect(status).toBe(200);
        expect(
            endpointHandler().check!({ publicUrl: publicurl, adminUrl: adminurl, internalUrl: internalurl }).map(
                p => p.property,
            ),
        ).toEqual(["publicUrl", "adminUrl"]);
    });

    test("somebody else's is named by the endpoint that answers for the catalogue, and deleted; then logins work", () =>
        grizzly(
            `token-with-bad-endpoint-in-catalog ${endpointLists} ${endpointLists} endpoint-delete-bad ${listsAfterwards} token-u1-for-ec2`,
            async (api, { http }) => {
                const handler = endpointHandler(api),
                    login = () => session(u1Access, http).withLogin(async ({ token }) => token.id);
                await expect(login()).rejects.toMatchObject({
                    status: 500,
                    reason: "Malformed endpoint URL (see ERROR log for details): http://h/$(nosuch)s",
                });
                const read = await handler.read(endpointId, guard);
                expect(read).toEqual({ ...guard, malformed: [poison] });
                await handler.update(endpointId, read!, guard);
                expect((await handler.read(endpointId, guard))!.malformed).toEqual([]);
                expect(await login()).toBe("PKI-TOKEN-014");
            },
        ));

    test("is out of the way before the endpoint itself is made", () =>
        grizzly(
            `${endpointLists} endpoint-delete-bad v3-endpoints endpoint-list-mended v3-endpoints endpoint-list-mended`,
            async api => {
                expect((await endpointHandler(api).create(guard)).id).toBe("aefdb515084240f087c175b6c5bebd47");
            },
        ));

    test("is found, too, where it was made over v3: v2.0 does not list it, and everybody's catalogue has it", () =>
        grizzly(
            "v3-endpoints-one-alone endpoint-list-mended v3-endpoints-one-alone endpoint-list-mended v3-endpoint-delete v3-endpoints endpoint-list-mended",
            async api => {
                const handler = endpointHandler(api),
                    own = "aefdb515084240f087c175b6c5bebd47",
                    read = await handler.read(own, guard);
                expect(read!.malformed).toEqual([
                    `e5e5e5e5e5e54e5ea5e5e5e5e5e5e5e5 of service ${nova}: http://h/$(admin_bind_host)s`,
                ]);
                await handler.update(own, read!, guard);
                expect((await handler.read(own, guard))!.malformed).toEqual([]);
            },
        ));

    test("is left to the one that answers", () =>
        grizzly(endpointLists, async api => {
            expect(await endpointHandler(api).read(endpointId, endpoint)).toEqual(endpoint);
        }));

    test("does not keep a password from being tried", () =>
        grizzly("token-u1-unscoped-now", async api => {
            expect(await api(access).accepts("u1", "pw1c")).toBe(true);
        }));

    test.each([
        ["http://h:$(public_port)s/$(debug)s", false],
        ["http://h/%(project_id)s", true],
        ["http://h/$(tenant_id)", true],
        ["http://h/$(nosuch)s", true],
    ])("%s: %s", async (publicUrl, malformed) => {
        const api = {
            forget: () => undefined,
            endpoints: async () => [{ id: "e", ...endpoint, publicUrl }],
            createEndpoint: jest.fn(),
            deleteEndpoint: jest.fn(),
        };
        expect((await endpointHandler(() => api as never).read("e", guard))!.malformed).toEqual(
            malformed ? [`e of service ${nova}: ${publicUrl}`] : [],
        );
    });
});
