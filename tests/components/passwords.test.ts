import * as pulumi from "@pulumi/pulumi";
import { type ProgramResource, programOf } from "../../cli/render/program";
import { configured } from "../../cli/stack/reach";
import { Passwords } from "../../components/passwords";
import { credentialNames, tutorialCredentials } from "../../config/credentials";
import { setMocks } from "../../engine/mocks";

const generatedLab = { ...configured("lab"), secrets: "generated" };
const mark = (name: string) => `\${cloud-password-${name}.result}`;
const holds =
    (name: string) =>
    (r: ProgramResource): boolean =>
        JSON.stringify(r.inputs).includes(mark(name));
const ofType = (resources: readonly ProgramResource[], type: string) => resources.filter(r => r.type === type);

let lab: ProgramResource[];
beforeAll(async () => {
    lab = await programOf("lab", generatedLab);
});
const named = (name: string) => lab.find(r => r.name === name)!;
/** Everything that is made before a resource. */
function before(name: string, seen = new Set<string>()): Set<string> {
    for (const other of named(name).dependsOn)
        if (!seen.has(other)) {
            seen.add(other);
            before(other, seen);
        }
    return seen;
}

test("a password for each account of the release, made once; with the tutorial's none", async () => {
    const of = async (given: Record<string, unknown>) =>
        ofType(await programOf("lab", given), "randomPassword:RandomPassword");
    const made = ofType(lab, "randomPassword:RandomPassword");
    expect(made.map(r => r.name).sort()).toEqual(credentialNames.map(name => `cloud-password-${name}`).sort());
    for (const { inputs } of made) expect(inputs).toEqual({ length: 24, special: false });
    expect((await of({ ...generatedLab, release: "grizzly" })).map(r => r.name).sort()).toEqual(
        credentialNames
            .filter(name => name !== "placementUser")
            .map(name => `cloud-password-${name}`)
            .sort(),
    );
    expect(await of(configured("lab"))).toEqual([]);
    const some = await of({ ...generatedLab, credentials: { adminPassword: "own" }, rotations: { novaUser: 2 } });
    expect(some.map(r => r.name)).not.toContain("cloud-password-adminPassword");
    expect(some.filter(r => r.inputs.keepers !== undefined)).toMatchObject([
        { name: "cloud-password-novaUser", inputs: { keepers: { rotation: "2" } } },
    ]);
});

test("no password of the tutorial's is left, nor its account of the queue", () => {
    const text = JSON.stringify(lab);
    for (const password of Object.values(tutorialCredentials).filter(p => p.length > 5 && p !== "keystone"))
        expect(text).not.toContain(password);
    expect(text).not.toMatch(/_(?:adminToken|novaUser|rabbitPassword|novaDatabase)_/);
    expect(named("cloud-db-rabbit-openstack").inputs).toMatchObject({ user: "openstack", others: [] });
    expect(lab.map(r => r.name)).not.toContain("cloud-db-rabbit-guest");
    const files = ofType(lab, "guest:OptionsFile").filter(r =>
        JSON.stringify(r.inputs.secretOptions ?? {}).includes("rabbit_password"),
    );
    expect(files).toHaveLength(6);
    for (const { inputs } of files)
        expect((inputs.options as Record<string, object>).DEFAULT).toMatchObject({ rabbit_userid: "openstack" });
    expect(named("cloud-api-nova-cell1").inputs.input).toContain(
        `rabbit://openstack:${mark("rabbitPassword")}@10.0.0.3:5672/`,
    );
});

test.each([
    ["keystoneDatabase", "cloud-db-grant-keystone"],
    ["glanceDatabase", "cloud-db-grant-glance"],
    ["cinderDatabase", "cloud-db-grant-cinder"],
    ["novaDatabase", "cloud-db-grant-nova"],
    ["rabbitPassword", "cloud-db-rabbit-openstack"],
])("%s: let in by %s before a file with it is written", (name, account) => {
    const files = [...ofType(lab, "guest:OptionsFile"), ...ofType(lab, "guest:Step")].filter(holds(name));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
        expect([file.name, [...before(file.name)]]).toEqual([file.name, expect.arrayContaining([account])]);
});

test.each([
    ["glanceUser", "glance"],
    ["cinderUser", "cinder"],
    ["novaUser", "nova"],
    ["placementUser", "placement"],
])("%s: keystone's user comes after every file with its password", (name, user) => {
    const files = ofType(lab, "guest:OptionsFile")
        .filter(holds(name))
        .map(r => r.name);
    expect(files.length).toBeGreaterThan(0);
    expect(named(`cloud-auth-user-${user}`)).toMatchObject({
        inputs: { password: mark(name) },
        dependsOn: expect.arrayContaining(["cloud-auth-keystone", ...files]),
    });
});

test("what is stored in the cloud by admin, and by the token, comes after admin and after keystone's file", () => {
    for (const r of lab.filter(holds("adminToken")).filter(r => r.type.startsWith("keystone:")))
        expect([r.name, [...before(r.name)]]).toEqual([r.name, expect.arrayContaining(["cloud-auth-keystone-conf"])]);
    for (const r of lab.filter(holds("adminPassword")).filter(r => r.inputs.cloud !== undefined))
        expect([r.name, [...before(r.name)]]).toEqual([
            r.name,
            expect.arrayContaining(["cloud-auth-grant-admin-admin"]),
        ]);
});

test("nova's services start anew when its cells know another password; a metadata service does after that", () => {
    expect(named("cloud-api-nova-cell1").inputs).toMatchObject({
        restarts: expect.arrayContaining(["nova-api", "nova-conductor", "nova-scheduler"]),
        ready: { "nova-api": 8774 },
    });
    expect(named("cloud-network-nova-conf").dependsOn).toContain("cloud-api-nova-cell1");
    expect(named("cloud-api-nova-api").dependsOn).toContain("cloud-api-nova-cell1");
});

test("what is made of passwords hangs on those in it and no others, and they are told before anybody else has them", async () => {
    const told: string[] = [];
    await setMocks({
        newResource: ({ name, inputs }) => ({ id: name, state: { ...inputs, result: `made-${name}` } }),
        call: args => args.inputs,
    });
    const passwords = new Passwords("p", {
        credentials: { novaUser: "own" },
        rotations: {},
        onGenerated: (name, password) => told.push(`${name} ${password}`),
    });
    const made = passwords.in(c => ({ url: `mysql://x:${c.glanceDatabase}@y`, user: c.novaUser })) as pulumi.Output<{
        url: string;
        user: string;
    }>;
    const value = new Promise(resolve =>
        made.apply(v => {
            resolve([v, ...told]);
        }),
    );
    expect(await value).toEqual([
        { url: "mysql://x:made-p-glanceDatabase@y", user: "own" },
        "glanceDatabase made-p-glanceDatabase",
    ]);
    const { resources } = made as unknown as { resources(): Set<pulumi.Resource> };
    expect(
        await Promise.all(
            [...resources()].map(
                r =>
                    new Promise(resolve =>
                        r.urn.apply(urn => {
                            resolve(urn.split("::").pop());
                        }),
                    ),
            ),
        ),
    ).toEqual(["p-glanceDatabase"]);
    expect(passwords.in(c => c.novaUser)).toBe("own");
    await pulumi.runtime.disconnect();
});
