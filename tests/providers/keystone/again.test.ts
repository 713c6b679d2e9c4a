import type { CloudAccess, Tenant } from "../../../clients/identity";
import { differs, followsOf, type Handler, idOf } from "../../../providers/dynamic";
import { ec2CredentialHandler } from "../../../providers/keystone/ec2-credential";
import { Keystone, kinds, url } from "./in-memory";

/** An object that is recorded under the id `old`, as a test changes it. */
type Any = { handler: Handler<object>; inputs: object };

/** What is read of an object that is recorded under `old`: its present id, what differs, and what follows from the id. */
async function readAgain({ handler, inputs }: Any, recorded: object = inputs) {
    const live = await handler.read("old", recorded as never);
    if (!live) return "gone";
    const different = Object.entries(live).flatMap(([k, v]) =>
        v === undefined || JSON.stringify(v) === JSON.stringify((recorded as Record<string, unknown>)[k]) ? [] : [k],
    );
    return { id: idOf(live, "old"), different, follows: followsOf(live) };
}

const endpoint = { region: "RegionOne", serviceId: "s", publicUrl: url, adminUrl: url, internalUrl: url };
const service = { name: "nova", type: "compute", description: "OpenStack Compute Service" };
const user = { name: "nova", password: "secret", tenantId: "tenant-1", enabled: true };
const tenant: Omit<Tenant, "id"> = { name: "admin", description: "", enabled: true };

/** Of each kind: how it is made again, and a property in which it may be another. */
const again = {
    tenant: {
        make: (k: Keystone, id: string, more = {}) => k.all.tenants.push({ id, ...tenant, ...more }),
        other: { description: "by hand" },
        shows: "description",
    },
    user: {
        make: (k: Keystone, id: string, more = {}) => k.all.users.push({ id, ...user, ...more }),
        other: { enabled: false },
        shows: "enabled",
    },
    role: {
        make: (k: Keystone, id: string, more = {}) => k.all.roles.push({ id, name: "Member", ...more }),
        other: { name: "member" },
        shows: "role",
    },
    service: {
        make: (k: Keystone, id: string, more = {}) => k.all.services.push({ id, ...service, ...more }),
        other: { description: "by hand" },
        shows: "description",
    },
    endpoint: {
        make: (k: Keystone, id: string, more = {}) => k.all.endpoints.push({ id, ...endpoint, ...more }),
        other: { internalUrl: "http://10.0.0.99/" },
        shows: "internalUrl",
    },
};
const names = Object.keys(again) as (keyof typeof again)[];
const of = (keystone: Keystone, name: keyof typeof again) => kinds(keystone)[name] as unknown as Any;

describe.each(names)("a %s that was made again by hand", name => {
    const { make, other, shows } = again[name];

    test("is read under its new id, and nothing differs", async () => {
        const keystone = new Keystone();
        make(keystone, "new");
        expect(await readAgain(of(keystone, name))).toEqual({ id: "new", different: [], follows: [] });
    });

    test("is gone where there are two of it", async () => {
        const keystone = new Keystone();
        make(keystone, "new");
        make(keystone, "newer");
        expect(await readAgain(of(keystone, name))).toBe("gone");
    });

    test("shows the property in which it is another", async () => {
        const keystone = new Keystone();
        make(keystone, "new", other);
        expect(await readAgain(of(keystone, name))).toEqual({ id: "new", different: [shows], follows: [] });
    });

    test("is not asked for by its name while its own id is there", async () => {
        const keystone = new Keystone();
        keystone.tenantNamed = () => Promise.reject(new Error("asked by name"));
        keystone.userNamed = () => Promise.reject(new Error("asked by name"));
        keystone.services = name === "service" ? keystone.services : () => Promise.reject(new Error("asked"));
        make(keystone, "old");
        make(keystone, "new");
        expect(await readAgain(of(keystone, name))).toEqual({ id: "old", different: [], follows: [] });
    });

    test("cannot be asked where its id is none", async () => {
        const keystone = new Keystone();
        make(keystone, "../../x");
        await expect(readAgain(of(keystone, name))).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringMatching(/^the service's answer cannot be used: an? \w+'s id, "\.\.\/\.\.\/x",/),
        });
    });
});

test.each(["tenant", "user"] as const)("a %s of that name in another domain is not the one", async name => {
    const keystone = new Keystone();
    again[name].make(keystone, "of another domain");
    keystone.tenantNamed = keystone.userNamed = async () => undefined;
    again[name].make(keystone, "new", { name: "another" });
    keystone.all[`${name}s`][0]!.id = "elsewhere";
    expect(await readAgain(of(keystone, name))).toBe("gone");
});

test("a user who was made again with another password shows that", async () => {
    const keystone = new Keystone();
    again.user.make(keystone, "new", { password: "by hand" });
    expect(await readAgain(of(keystone, "user"))).toMatchObject({ id: "new", different: ["password"] });
    const { handler, inputs } = kinds(keystone).user;
    expect((await handler.read("old", inputs))!.password).toBe(differs);
});

describe("what names another by its id", () => {
    test("an endpoint is known again with its service", async () => {
        const keystone = new Keystone(),
            { handler, inputs } = kinds(keystone).endpoint,
            recorded = { ...inputs, names: { service: "nova", type: "compute" }, foreign: [] as string[] };
        const read = () => readAgain({ handler: handler as never, inputs }, recorded);
        again.service.make(keystone, "another", { type: "ec2" });
        again.endpoint.make(keystone, "of another", { serviceId: "another" });
        expect(await read()).toBe("gone");
        again.service.make(keystone, "s2");
        expect(await read()).toBe("gone");
        again.endpoint.make(keystone, "new", { serviceId: "s2" });
        expect(await read()).toEqual({ id: "new", different: ["serviceId"], follows: ["serviceId"] });
        keystone.all.endpoints[1]!.adminUrl = "http://10.0.0.99/";
        expect(await read()).toEqual({ id: "new", different: ["serviceId", "adminUrl"], follows: ["serviceId"] });
        // Nobody knows which of two services it should be of.
        again.service.make(keystone, "s3");
        expect(await read()).toBe("gone");
    });

    test("an endpoint that was left to the former service keeps its id, and one that was put to the new service follows", async () => {
        const keystone = new Keystone(),
            { handler, inputs } = kinds(keystone).endpoint,
            recorded = { ...inputs, names: { service: "nova", type: "compute" } };
        const read = () => readAgain({ handler: handler as never, inputs }, recorded);
        again.service.make(keystone, "s2");
        again.endpoint.make(keystone, "old");
        expect(await read()).toEqual({ id: "old", different: [], follows: [] });
        keystone.all.endpoints[0]!.serviceId = "s2";
        expect(await read()).toEqual({ id: "old", different: ["serviceId"], follows: ["serviceId"] });
        keystone.all.endpoints[0]!.serviceId = "s9";
        expect(await read()).toEqual({ id: "old", different: ["serviceId"], follows: [] });
    });

    test("an endpoint that was made again over v3 alone is gone to v2.0", async () => {
        const keystone = new Keystone();
        again.endpoint.make(keystone, "new", { madeOverV3: true });
        expect(await readAgain(of(keystone, "endpoint"))).toBe("gone");
    });

    const granting = () => {
        const keystone = new Keystone(),
            { handler, inputs } = kinds(keystone).grant,
            recorded = { ...inputs, names: { tenant: "admin", user: "nova", role: "Member" } };
        return { keystone, read: () => readAgain({ handler: handler as never, inputs }, recorded) };
    };

    test("a grant is known again with its user, its tenant and its role", async () => {
        const { keystone, read } = granting();
        again.tenant.make(keystone, "t");
        again.role.make(keystone, "r");
        expect(await read()).toBe("gone");
        again.user.make(keystone, "u2");
        expect(await read()).toBe("gone");
        keystone.all.grants.push("t/u2/r");
        expect(await read()).toEqual({ id: "t/u2/r", different: ["userId"], follows: ["userId"] });
        keystone.all.tenants[0]!.id = "t2";
        keystone.all.roles[0]!.id = "r2";
        keystone.all.grants = ["t2/u2/r2"];
        expect(await read()).toMatchObject({ id: "t2/u2/r2", follows: ["tenantId", "userId", "roleId"] });
        again.role.make(keystone, "r3");
        expect(await read()).toBe("gone");
    });

    test("a grant that is gone asks by names once, and is gone where all three are there", async () => {
        const { keystone, read } = granting();
        again.tenant.make(keystone, "t");
        again.role.make(keystone, "r");
        again.user.make(keystone, "u");
        const asked = jest.spyOn(keystone, "grants");
        expect([await read(), asked.mock.calls]).toEqual(["gone", [["t", "u"]]]);
    });

    test("a user's other tenant follows where that was made again, and no other tenant does", async () => {
        const keystone = new Keystone(),
            { handler, inputs } = kinds(keystone).user,
            recorded = { ...inputs, names: { tenant: "admin" } };
        const read = () => readAgain({ handler: handler as never, inputs }, recorded);
        again.tenant.make(keystone, "t2");
        again.user.make(keystone, "new", { tenantId: "t2" });
        expect(await read()).toEqual({ id: "new", different: ["tenantId"], follows: ["tenantId"] });
        keystone.all.tenants[0]!.name = "another";
        expect(await read()).toEqual({ id: "new", different: ["tenantId"], follows: [] });
        again.tenant.make(keystone, "tenant-1");
        keystone.all.tenants[0]!.name = "admin";
        expect(await read()).toEqual({ id: "new", different: ["tenantId"], follows: [] });
    });

    test("EC2 credentials are known again with their user and tenant; of two nobody knows which", async () => {
        const keystone = new Keystone(),
            handler = ec2CredentialHandler(() => keystone);
        const recorded = { cloud: {} as CloudAccess, userId: "u", tenantId: "t", access: "old", secret: "old" },
            read = (more = {}) => readAgain({ handler: handler as never, inputs: {} }, { ...recorded, ...more });
        expect(await read()).toBe("gone");
        const { access } = await keystone.createEc2Credential("u", "t");
        expect(await read()).toMatchObject({ id: access, follows: ["access", "secret"] });
        again.tenant.make(keystone, "t");
        again.user.make(keystone, "u2");
        const names = { user: "nova", tenant: "admin" };
        expect(await read({ names })).toBe("gone");
        const made = await keystone.createEc2Credential("u2", "t");
        expect(await read({ names })).toMatchObject({ id: made.access, follows: ["userId", "access", "secret"] });
        await keystone.createEc2Credential("u2", "t");
        expect(await read({ names })).toBe("gone");
    });
});
