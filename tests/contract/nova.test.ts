import type { Connection } from "../../clients/connection";
import { type Compute, compute } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { flavorHandler } from "../../providers/nova/flavor";
import { floatingRangeHandler } from "../../providers/nova/floating-range";
import { keypairHandler } from "../../providers/nova/keypair";
import { networkHandler } from "../../providers/nova/network";
import { securityRuleHandler } from "../../providers/nova/security-rule";
import { recorded, Replay } from "../clients/replay";

// The handlers with the real client, against what Grizzly answered.
const cloud: CloudAccess = {
    via: { name: "host a" } as Connection,
    identityHost: "auth-node",
    adminPort: 35357,
    publicPort: 5000,
    username: "admin",
    password: "admin_pass",
    tenant: "admin",
};
const id = "513f8a35-1f89-46e5-9a49-e9dda369d712";

async function grizzly(
    cases: string,
    use: (api: (access: CloudAccess) => Compute) => Promise<void>,
    wait?: (seconds: number) => Promise<void>,
): Promise<void> {
    const replay = new Replay("nova", ...cases.split(" ").filter(Boolean));
    if (wait) replay.waiting(wait);
    try {
        await use(as => compute(as, replay.http));
    } finally {
        await replay.finished();
    }
}

test("a 401 is plain text: one more login, and then its words", () =>
    grizzly("auth-admin-admin bad-token auth-admin-admin bad-token", async api => {
        await expect(api(cloud).servers()).rejects.toMatchObject({
            status: 401,
            reason: expect.stringMatching(/^This server could not verify that you are authorized/),
        });
    }));

describe("an admin without the role admin", () => {
    const demo: CloudAccess = { ...cloud, username: "demo", password: "demo_pass", tenant: "demo" };
    const inputs = { label: "private", cidr: "10.0.0.0/24" },
        flavor = { flavorId: "100", name: "f1", ram: 64, disk: 1, vcpus: 1, isPublic: false };

    test("would be shown a part of the networks and flavors (200): they are not asked for, and not gone", async () => {
        const { networks } = JSON.parse(recorded("nova", "network-list-nonadmin").resp_body);
        expect([networks.length, "bridge" in networks[0]]).toEqual([1, false]);
        await grizzly("auth-demo-demo auth-demo-demo auth-demo-demo", async api => {
            await expect(networkHandler(api).read(id, { cloud: demo, ...inputs })).rejects.toMatchObject({
                name: "Unreachable",
                message:
                    "compute could not be asked for os-networks: user demo has no role admin in tenant demo, and would be shown a part of it",
            });
            await expect(flavorHandler(api).read("100", { cloud: demo, ...flavor })).rejects.toThrow("no role admin");
        });
    });

    test("is asked for anew when he has the role again", () =>
        grizzly("auth-admin-without-role auth-admin-admin network-list-after-deletes", async api => {
            expect(await networkHandler(api).read(id, { cloud, ...inputs })).toMatchObject(inputs);
        }));

    test("is refused elsewhere (403): one new login, and no second question without another role", () =>
        grizzly("auth-demo-demo services-nonadmin auth-demo-demo", async api => {
            await expect(api(demo).services()).rejects.toMatchObject({ status: 403 });
        }));
});

test("a quota (413, Retry-After 0) is an error at once; a rate limit is waited for", async () => {
    const waits: number[] = [];
    const key = JSON.parse(recorded("nova", "keypair-import").req_body!).keypair;
    const inputs = { name: key.name, publicKey: key.public_key };
    await grizzly("auth-admin-admin keypair-quota", async api => {
        await expect(api(cloud).importKeypair(inputs)).rejects.toThrow("413 Quota exceeded, too many key pairs.");
    });
    await grizzly(
        "auth-admin-admin keypair-limited keypair-import",
        async api => {
            await api(cloud).importKeypair(inputs);
        },
        async seconds => {
            waits.push(seconds);
        },
    );
    expect(waits).toEqual([6]);
});

test("a network whose range another has is refused with that one named: nova's 409 names nobody", () =>
    grizzly("auth-admin-admin network-list-after-deletes", async api => {
        expect(recorded("nova", "network-create-dup").resp_body).not.toContain("10.0.0.0");
        await expect(networkHandler(api).create({ cloud, label: "o", cidr: "10.0.0.128/25" })).rejects.toThrow(
            `it overlaps 10.0.0.0/24 of network private (${id}`,
        );
    }));

test("a network is found by its range; one in use is not deleted, and nova's bare 500 is explained", () =>
    grizzly(
        "auth-admin-admin network-list-after-deletes network-list-after-deletes network-delete-in-use",
        async api => {
            const handler = networkHandler(api),
                inputs = { cloud, label: "private", cidr: "10.0.0.0/24" };
            expect((await handler.create(inputs)).id).toBe(id);
            await expect(handler.delete(id, inputs)).rejects.toThrow(
                /^network private cannot be deleted: .*500 The server has either erred.*Nova says so too while an instance uses it: delete the instances first$/,
            );
        },
    ));

test("a flavor that is deleted still answers by its id: the list says that it is gone; deleting it again is success", () =>
    grizzly("auth-admin-admin flavor-delete flavor-list-all flavor-delete-again", async api => {
        const handler = flavorHandler(api),
            inputs = { cloud, flavorId: "100", name: "f1", ram: 64, disk: 1, vcpus: 1, isPublic: true };
        await handler.delete("100", inputs);
        expect(await handler.read("100", inputs)).toBeUndefined();
        await handler.delete("100", inputs);
    }));

test("a flavor's name in other letters is the same to nova: refused with both shown", () =>
    grizzly("auth-admin-admin flavor-list-all", async api => {
        expect(recorded("nova", "flavor-create-dup-name-case").status).toBe(409);
        await expect(
            flavorHandler(api).create({
                cloud,
                flavorId: "6",
                name: "M1.Tiny",
                ram: 512,
                disk: 0,
                vcpus: 1,
                isPublic: true,
            }),
        ).rejects.toThrow(
            /^flavor m1.tiny \(id 1\) exists with flavorId "1", name "m1.tiny".*; wanted: flavorId "6", name "M1.Tiny"/,
        );
    }));

test("what nova cannot change is replaced, and an update asks for nothing", () =>
    grizzly("", async api => {
        expect(
            ["flavor-update-put", "network-update-put", "sg-update"].map(name => recorded("nova", name).status),
        ).toEqual([400, 400, 404]);
        for (const handler of [
            flavorHandler(api),
            networkHandler(api),
            keypairHandler(api),
            securityRuleHandler(api),
        ]) {
            expect(handler.replaceOn).toEqual(handler.inputs);
            expect(await handler.update("id", {} as never, {} as never)).toEqual({});
        }
    }));

describe("floating addresses", () => {
    const inputs = { cloud, range: "172.24.4.0/29", pool: "public", missing: [] as string[], foreign: [] as string[] };

    test("those of a range are compared one by one", () =>
        grizzly("auth-admin-admin fbulk-list-count", async api => {
            const handler = floatingRangeHandler(api);
            // The recorded pool holds two that are of another range.
            expect(await handler.read("", inputs)).toEqual({
                ...inputs,
                foreign: ["172.24.3.253 (pool public)", "172.24.3.254 (pool public)"],
            });
            expect((await handler.read("", { ...inputs, range: "172.24.3.248/29" }))!.missing).toEqual([
                "172.24.3.249-172.24.3.252",
            ]);
            expect((await handler.read("", { ...inputs, pool: "floating", range: "172.24.4.1" }))!.foreign).toEqual([
                "172.24.4.1 (pool public)",
            ]);
        }));

    test("a range that is there is not made again, which nova would refuse as a whole", () =>
        grizzly("auth-admin-admin fbulk-list-count", async api => {
            expect(recorded("nova", "fbulk-create-dup").status).toBe(400);
            await floatingRangeHandler(access =>
                Object.assign(Object.create(api(access)) as ReturnType<typeof api>, {
                    floatingAddresses: async () =>
                        (await api(access).floatingAddresses()).filter(a => a.address.startsWith("172.24.4.")),
                }),
            ).create(inputs);
        }));

    test("made, and deleted with nova's unwrapped body, even while it is allocated; absent is success", () =>
        grizzly(
            "auth-admin-admin fbulk-list-count fbulk-create-single fbulk-list fbulk-delete-allocated fbulk-list-count",
            async api => {
                const handler = floatingRangeHandler(api),
                    one = { ...inputs, range: "172.24.6.9", pool: "other" };
                await handler.create(one);
                await handler.delete("", one);
                await handler.delete("", one);
            },
        ));
});
