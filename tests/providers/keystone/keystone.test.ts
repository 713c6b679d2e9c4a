import type { CloudAccess } from "../../../clients/identity";
import { differs } from "../../../providers/dynamic";
import { ec2CredentialHandler } from "../../../providers/keystone/ec2-credential";
import { endpointHandler } from "../../../providers/keystone/endpoint";
import { canBeFilledIn } from "../../../providers/keystone/endpoint-url";
import { tenantHandler } from "../../../providers/keystone/tenant";
import { releaseOf } from "../../../releases";
import { expectApart } from "../apart";
import { error, Keystone, kinds, url } from "./in-memory";

const names = Object.keys(kinds(new Keystone())) as (keyof ReturnType<typeof kinds>)[];

test.each(names)("%s: made once however often it is tried, read as it is, gone, deleted twice", async name => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone)[name] as ReturnType<typeof kinds>["tenant"];
    expect(handler.check?.(inputs) ?? []).toEqual([]);
    const { id } = await handler.create(inputs);
    expect(await handler.create(inputs)).toEqual({ id, outputs: {} });
    expect(keystone.calls.filter(c => c.startsWith("create"))).toHaveLength(name === "grant" ? 0 : 1);
    expect(await handler.read(id, inputs)).toEqual({ ...inputs, ...(name === "user" ? { email: undefined } : {}) });
    await handler.delete(id, inputs);
    expect(await handler.read(id, inputs)).toBeUndefined();
    await handler.delete(id, inputs);
});

test.each<[keyof ReturnType<typeof kinds>, object]>([
    ["tenant", { tenant: "other" }],
    ["user", { user: "other" }],
    ["role", { role: "other" }],
    ["grant", { roleId: "r2" }],
    ["service", { service: "other" }],
    ["endpoint", { region: "elsewhere" }],
])("%s: another one is not taken for it", async (name, change) => {
    const { handler, inputs } = kinds(new Keystone())[name] as ReturnType<typeof kinds>["tenant"];
    await expectApart(handler, inputs, { ...inputs, ...change });
});

test("a service of another type or description is another one; of several the equal one is taken", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).service,
        compute = { name: "nova", type: "compute", description: inputs.description };
    keystone.all.services.push({ ...compute, id: "s1", type: "ec2" });
    const { id } = await handler.create(inputs);
    expect([id, keystone.all.services.length]).toEqual(["service-1", 2]);
    keystone.all.services = [
        { ...compute, id: "s2", description: "other" },
        { ...compute, id: "s3" },
    ];
    expect(await handler.create(inputs)).toEqual({ id: "s3", outputs: {} });
    keystone.all.services.pop();
    await expect(handler.create(inputs)).rejects.toThrow(
        'service nova (compute) exists with description "other"; wanted: description "OpenStack Compute Service".',
    );
});

test("a role in other letters is refused", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).role;
    await handler.create(inputs);
    await expect(handler.create({ ...inputs, role: "MEMBER" })).rejects.toThrow(
        'role MEMBER exists with name "Member"; wanted: name "MEMBER".',
    );
});

test("a user who is disabled gets the password untried; a password that is known to differ is not tried again", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).user,
        off = { ...inputs, enabled: false };
    const { id } = await handler.create(off);
    await handler.create(off);
    expect(keystone.calls).toEqual(["create user", "update user password"]);
    keystone.all.users[0]!.enabled = true;
    keystone.calls.length = 0;
    expect((await handler.read(id, { ...inputs, password: differs }))!.password).toBe(differs);
    expect(keystone.calls).toEqual([]);
});

test("a grant that keystone refuses is not made", async () => {
    const keystone = new Keystone();
    keystone.grant = () => Promise.reject(error(403));
    await expect(kinds(keystone).grant.handler.create(kinds(keystone).grant.inputs)).rejects.toMatchObject({
        status: 403,
    });
});

test.each([
    ["role", "roles"],
    ["service", "services"],
    ["endpoint", "endpoints"],
] as const)("%s: %s are asked for anew before one is made, and then no more", async (name, list) => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone)[name] as unknown as ReturnType<typeof kinds>["tenant"];
    const { id } = await handler.create(inputs);
    await handler.read(id, inputs);
    await handler.delete(id, inputs);
    expect(keystone.forgotten).toEqual([list]);
});

test.each(names)("%s: not asked is not gone", async name => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone)[name] as ReturnType<typeof kinds>["tenant"];
    for (const status of [401, 403, 500]) {
        keystone.broken = error(status, "(OperationalError) Can't connect to MySQL server");
        await expect(handler.read("id", inputs)).rejects.toMatchObject({
            name: "Unreachable",
            message: expect.stringContaining(`${status} (OperationalError)`),
        });
    }
});

test("a tenant of the same name that differs is refused with both shown; a refresh shows what changed, an update mends it", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).tenant;
    const { id } = await handler.create(inputs);
    keystone.all.tenants[0]!.description = "hacked";
    await expect(handler.create({ ...inputs, tenant: "Admin" })).rejects.toThrow(
        'tenant Admin exists with name "admin", description "hacked"; wanted: name "Admin", description "". Nothing was changed: make it so or delete it, then run again',
    );
    const read = await handler.read(id, inputs);
    expect(read).toEqual({ ...inputs, description: "hacked" });
    await handler.update(id, read!, inputs);
    expect(await handler.read(id, inputs)).toEqual(inputs);
});

test("a user's password: a wrong one shows as different, is set by an update, and alone; the right one is never set again", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).user;
    const { id } = await handler.create(inputs);
    await handler.create(inputs);
    expect(keystone.calls).toEqual(["create user", "login"]);
    keystone.all.users[0]!.password = "other";
    const read = await handler.read(id, inputs);
    expect(read!.password).toBe(differs);
    expect(JSON.stringify(read)).not.toContain("other");
    keystone.calls.length = 0;
    await handler.update(id, read!, inputs);
    expect(keystone.calls).toEqual(["update user name,tenantId,enabled,password"]);
    keystone.calls.length = 0;
    await handler.update(id, inputs, { ...inputs, enabled: false });
    expect(keystone.calls).toEqual(["update user name,tenantId,enabled"]);
    expect((await handler.read(id, inputs))!.password).toBe("secret"); // disabled: cannot be asked for
    await expect(handler.create(inputs)).rejects.toThrow("user nova exists with enabled false; wanted: enabled true.");
});

test("an adopted user gets the password", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).user;
    keystone.all.users.push({
        id: "u7",
        name: "nova",
        password: "from elsewhere",
        email: "nova@x",
        tenantId: "tenant-1",
        enabled: true,
    });
    expect((await handler.create(inputs)).id).toBe("u7");
    expect(keystone.calls).toEqual(["login", "update user password"]);
    delete keystone.all.users[0]!.email;
    await expect(handler.create({ ...inputs, email: "nova@x" } as never)).rejects.toThrow(
        'user nova exists with email not set; wanted: email "nova@x".',
    );
});

describe("a grant of a service's account", () => {
    const granting = () => {
        const keystone = new Keystone(),
            { handler, inputs } = kinds(keystone).grant;
        keystone.all.users.push({ id: "u", name: "nova", password: "secret", enabled: true });
        return { keystone, handler, inputs: { ...inputs, password: "secret" } };
    };

    test("ends the account's tokens by setting its password once more: a service would keep one without the role for a day", async () => {
        const { keystone, handler, inputs } = granting();
        const granted: string[][] = [];
        const set = keystone.updateUser;
        keystone.updateUser = (id, change) => {
            granted.push([...keystone.all.grants]);
            return set(id, change);
        };
        const { id } = await handler.create(inputs);
        expect([keystone.calls, granted]).toEqual([["update user password"], [["t/u/r"]]]);
        keystone.calls.length = 0;
        await handler.read(id, inputs);
        await handler.update(id, inputs, { ...inputs, password: "other" });
        await handler.delete(id, inputs);
        expect(keystone.calls).toEqual([]);
        expect(handler.access).toContain("password");
    });

    test("does so too where the role is there: who granted it may have been killed before", async () => {
        const { keystone, handler, inputs } = granting();
        keystone.all.grants.push("t/u/r");
        await handler.create(inputs);
        expect(keystone.calls).toEqual(["update user password"]);
    });

    test("leaves them alone where keystone does not grant it, or the account is none of a service's", async () => {
        const { keystone, handler, inputs } = granting();
        const { password: _password, ...plain } = inputs;
        await handler.create(plain);
        keystone.grant = () => Promise.reject(error(404));
        await expect(handler.create(inputs)).rejects.toMatchObject({ status: 404 });
        expect(keystone.calls).toEqual([]);
    });
});

test("a user who was disabled gets the password with being enabled: nobody could try it", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).user;
    const { id } = await handler.create(inputs);
    Object.assign(keystone.all.users[0]!, { enabled: false, password: "other" });
    const read = await handler.read(id, inputs);
    expect(read).toMatchObject({ enabled: false, password: "secret" });
    keystone.calls.length = 0;
    await handler.update(id, read!, inputs);
    expect(keystone.calls).toEqual(["update user name,tenantId,enabled,password"]);
    expect(await handler.read(id, inputs)).toMatchObject(inputs);
    keystone.calls.length = 0;
    await handler.update(id, { ...inputs, enabled: false }, { ...inputs, enabled: false, email: "x@y" } as never);
    expect(keystone.calls).toEqual(["update user name,email,tenantId,enabled"]);
});

test.each(["tenant", "user"] as const)("a %s of another domain is not taken for one's own", async name => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone)[name] as ReturnType<typeof kinds>["tenant"];
    const { id } = await handler.create(inputs);
    // In the list, but not found by its name.
    keystone.tenantNamed = keystone.userNamed = async () => undefined;
    expect((await handler.create(inputs)).id).not.toBe(id);
});

test("an EC2 credential of a user who is gone is gone, and deleting it again asks for nothing that keystone refuses", async () => {
    const handler = ec2CredentialHandler(() => new Keystone());
    await handler.delete("access-1", {
        cloud: {} as CloudAccess,
        userId: "gone",
        tenantId: "t",
        access: "access-1",
        secret: "s",
    });
});

test("a grant of a tenant that is gone is gone", async () => {
    const { handler, inputs } = kinds(new Keystone()).grant;
    expect(await handler.read("", { ...inputs, tenantId: "gone" })).toBeUndefined();
});

test("EC2 credentials: made once however often it is tried, kept while they are there, gone with their user, deleted twice", async () => {
    const keystone = new Keystone(),
        handler = ec2CredentialHandler(() => keystone);
    const inputs = { cloud: { username: "admin" } as CloudAccess, userId: "u", tenantId: "t" };
    await keystone.createEc2Credential("u", "another tenant");
    const made = await handler.create(inputs);
    expect(made).toEqual({ id: "access-2", outputs: { access: "access-2", secret: "s" } });
    expect(await handler.create(inputs)).toEqual(made);
    expect(keystone.forgotten).toEqual(["ec2 u", "ec2 u"]);
    const recorded = { ...inputs, ...made.outputs };
    expect(await handler.read(made.id, recorded)).toEqual(recorded);
    for (const other of [{ userId: "gone" }, { tenantId: "a third tenant" }])
        expect(await handler.read(made.id, { ...recorded, ...other })).toBeUndefined();
    expect(await handler.update(made.id, recorded, inputs)).toEqual(made.outputs);
    keystone.broken = error(500, "(OperationalError)");
    await expect(handler.read(made.id, recorded)).rejects.toMatchObject({ name: "Unreachable" });
    keystone.broken = undefined;
    await handler.delete(made.id, recorded);
    expect(await handler.read(made.id, recorded)).toBeUndefined();
    await handler.delete(made.id, recorded);
    expect(keystone.ec2.map(c => c.access)).toEqual(["access-1"]);
});

test("an endpoint with other URLs is refused, one with the same among them adopted", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).endpoint;
    const endpoint = {
        region: "RegionOne",
        serviceId: "s",
        publicUrl: "http://other/",
        adminUrl: url,
        internalUrl: url,
    };
    keystone.all.endpoints.push({ id: "e1", ...endpoint });
    await expect(handler.create(inputs)).rejects.toThrow(
        `endpoint e1 of service s in RegionOne exists with publicUrl "http://other/"; wanted: publicUrl "${url}".`,
    );
    keystone.all.endpoints.push(
        ...["adminUrl", "internalUrl"].map(other => ({
            id: other,
            ...endpoint,
            publicUrl: url,
            [other]: "http://other/",
        })),
        { id: "e2", ...endpoint, publicUrl: url },
    );
    expect((await handler.create(inputs)).id).toBe("e2");
});

test.each([
    ["http://api-node:8774/v2/%(tenant_id)s", undefined],
    ["http://auth-node:5000/v2.0", undefined],
    ["http://h/%(tenant_id", "keystone fills in $(tenant_id)s and nothing else"],
    ["http://h/$(nosuch)s", "keystone fills in $(tenant_id)s and nothing else"],
    ["http://h/$(tenant_id)", "keystone fills in $(tenant_id)s and nothing else"],
    ["http://h/100%", "keystone fills in $(tenant_id)s and nothing else"],
    ["http://api-node:8774/v2 ", "an endpoint's URL begins with http:// and a host, and has no blanks"],
    ["http://api-node:8774/v 2", "an endpoint's URL begins with http:// and a host, and has no blanks"],
    ["api-node:8774", "an endpoint's URL begins with http:// and a host, and has no blanks"],
    ["http://", "an endpoint's URL begins with http:// and a host, and has no blanks"],
    ["xhttp://h/", "an endpoint's URL begins with http:// and a host, and has no blanks"],
])("an endpoint's URL: %s", (publicUrl, reason) => {
    expect(endpointHandler().check!({ publicUrl })).toEqual(
        reason ? [{ property: "publicUrl", reason: `"${publicUrl}": ${reason}` }] : [],
    );
});

describe("what a release's keystone fills in", () => {
    const fills = (url: string) =>
        (["grizzly", "ocata"] as const).map(name => canBeFilledIn(url, releaseOf(name).endpointUrls));

    test.each<[url: string, grizzly: boolean, ocata: boolean]>([
        ["http://h:8774/v2/$(tenant_id)s", true, true],
        ["http://h:8774/v2/%(tenant_id)s/%(user_id)r", true, true],
        ["http://h/", true, true],
        ["", true, true],
        ["http://h/%(project_id)s", false, true],
        ["http://%(public_bind_host)s/", false, true],
        ["http://$(admin_bind_host)s/", false, true],
        ["http://$(compute_host)s/", false, true],
        ["http://$(bind_host)s/", true, false],
        ["http://h/$(debug)s", true, false],
        ["http://h/$(sql)s", true, false],
        ["http://h/$(nosuch)s", false, false],
        ["http://h/$(tenant_id)", false, false],
        ["http://h/%(tenant_id", false, false],
        ["http://h/%()s", false, false],
        ["http://h/%((tenant_id))s", false, false],
        ["http://h:$(public_port)s/$(admin_port)d", true, true],
        ["http://h:$(public_port)05.1f/%(admin_port)-6ld", true, true],
        ["http://h/$(tenant_id)d", false, false],
        ["http://h/$(tenant_id)10.5s", true, true],
        // Without a name: everything there is, once, and not after one with a name.
        ["http://h/%s", true, true],
        ["http://h/a%20service", true, true],
        ["http://h/%s/%(tenant_id)s", true, true],
        ["http://h/%s/%s", false, false],
        ["http://h/%(tenant_id)s/%s", false, false],
        ["http://h/%d", false, false],
        ["http://h/100%", false, false],
        ["http://h/100%%/$(tenant_id)s/%%/%%", true, true],
        ["http://h/%(tenant_id)%", true, true],
        ["http://h/%(nosuch)%", false, false],
        ["http://h/a%20b", false, false],
        ["http://h/%*s", false, false],
    ])("%s", (url, ...expected) => {
        expect(fills(url)).toEqual(expected);
    });
});

test("of two malformed ones that hold the same, one of them made over v3, the second is seen when the first is gone, and goes too", async () => {
    const keystone = new Keystone(),
        { handler, inputs } = kinds(keystone).endpoint;
    const bad = { region: "R", serviceId: "x", publicUrl: "http://h/$(nosuch)s", adminUrl: "", internalUrl: "" };
    keystone.all.endpoints.push({ id: "own", ...inputs }, { id: "v2", ...bad });
    keystone.deleteEndpoint = async ({ id }) => {
        keystone.calls.push(`delete ${id}`);
        keystone.all.endpoints = keystone.all.endpoints.filter(e => e.id !== id);
        if (id === "v2") keystone.all.endpoints.push({ id: "v3", ...bad, madeOverV3: true });
    };
    const wanted = { ...inputs, malformed: [] as string[], release: "grizzly" as const };
    await handler.update("own", wanted, wanted);
    expect(keystone.calls).toEqual(["delete v2", "delete v3"]);
    expect(keystone.all.endpoints.map(e => e.id)).toEqual(["own"]);
});

const ends = (name: string) => `"${name}": a name has no blanks around it, for services cut them off`;
const noType = (type: string) => `"${type}" is not a type of service such as compute`;
test.each<[kind: keyof ReturnType<typeof kinds>, given: object, problems: Record<string, string>]>([
    ["tenant", {}, {}],
    ["tenant", { tenant: "t" }, {}],
    ["tenant", { tenant: "" }, { tenant: "a tenant has a name" }],
    ["tenant", { tenant: "a tenant" }, {}],
    ["tenant", { tenant: " t" }, { tenant: ends(" t") }],
    ["tenant", { tenant: "t\u00a0" }, { tenant: ends("t\u00a0") }],
    ["tenant", { tenant: "a\tb" }, { tenant: '"a\\tb": a name has no control characters in it' }],
    ["tenant", { tenant: "a\u0085" }, { tenant: '"a\\u0085": a name has no control characters in it' }],
    ["tenant", { tenant: "a\ud800" }, { tenant: '"a\\ud800": a name has no control characters in it' }],
    ["tenant", { tenant: "caf\u00e9" }, {}],
    [
        "tenant",
        { tenant: "caf\u00e9", ascii: true },
        { tenant: '"caf\u00e9": this release takes ASCII characters only' },
    ],
    ["tenant", { tenant: "cafe ~", ascii: true }, {}],
    ["role", { role: "R ", ascii: true }, { role: ends("R ") }],
    ["role", { role: "\u00e9", ascii: true }, { role: '"\u00e9": this release takes ASCII characters only' }],
    ["user", { user: "u\u00e9", ascii: true }, { user: '"u\u00e9": this release takes ASCII characters only' }],
    ["service", { service: "nova " }, { service: ends("nova ") }],
    ["endpoint", { region: " R" }, { region: ends(" R") }],
    ["endpoint", { region: "" }, { region: "a region has a name" }],
    ["role", {}, {}],
    ["role", { role: "" }, { role: "a role has a name" }],
    ["user", {}, {}],
    [
        "user",
        { user: "", password: "" },
        { user: "a user has a name", password: "user  needs a password that is not empty" },
    ],
    ["user", { user: "nova", password: "" }, { password: "user nova needs a password that is not empty" }],
    ["user", { password: "" }, { password: "user  needs a password that is not empty" }],
    ["service", {}, {}],
    ["service", { type: "object-store2" }, {}],
    ["service", { type: "Compute!" }, { type: noType("Compute!") }],
    ["service", { type: "a compute" }, { type: noType("a compute") }],
    ["service", { type: "" }, { type: noType("") }],
    ["endpoint", { publicUrl: "https://h/" }, {}],
    [
        "endpoint",
        { publicUrl: "ftp://h/", adminUrl: "", internalUrl: "h" },
        Object.fromEntries(
            Object.entries({ publicUrl: "ftp://h/", adminUrl: "", internalUrl: "h" }).map(([property, url]) => [
                property,
                `"${url}": an endpoint's URL begins with http:// and a host, and has no blanks`,
            ]),
        ),
    ],
])("what cannot be is said before anything is changed: %s %j", (kind, given, problems) => {
    const { check } = kinds(new Keystone())[kind].handler as ReturnType<typeof kinds>["tenant"]["handler"];
    expect(check!(given)).toEqual(Object.entries(problems).map(([property, reason]) => ({ property, reason })));
});

test.each<[kind: keyof ReturnType<typeof kinds>, property: string, most: number, reason: string]>([
    ["tenant", "tenant", 64, "a name of 65 characters: for a tenant at most 64 are allowed"],
    ["role", "role", 64, "a name of 65 characters: for a role at most 64 are allowed"],
    ["user", "user", 64, "a name of 65 characters: for a user at most 64 are allowed"],
    ["user", "password", 4096, "user  could not log in with a password of more than 4096 characters"],
    ["service", "service", 255, "a name of 256 characters: for a service at most 255 are allowed"],
    ["service", "type", 255, noType("x".repeat(256))],
    ["endpoint", "region", 255, "a name of 256 characters: for a region at most 255 are allowed"],
])("%s: a %s has %d characters at most", (kind, property, most, reason) => {
    const { check } = kinds(new Keystone())[kind].handler as ReturnType<typeof kinds>["tenant"]["handler"];
    expect(check!({ [property]: "x".repeat(most) })).toEqual([]);
    expect(check!({ [property]: "x".repeat(most + 1) })).toEqual([{ property, reason }]);
});

test("a name's characters are counted, not what they are made of", () => {
    expect(tenantHandler().check!({ tenant: "\u{1f600}".repeat(64) })).toEqual([]);
});
