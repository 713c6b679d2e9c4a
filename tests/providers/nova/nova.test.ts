import * as fc from "fast-check";
import type {
    FlavorSpec,
    FloatingAddress,
    Keypair,
    Network,
    NetworkSpec,
    Rule,
    RuleSpec,
    SecurityGroup,
} from "../../../clients/compute";
import type { Connection } from "../../../clients/connection";
import type { ServiceState } from "../../../clients/service-state";
import type { RunScript } from "../../../clients/ssh";
import { HttpError } from "../../../clients/http";
import type { CloudAccess } from "../../../clients/identity";
import { idOf } from "../../../providers/dynamic";
import { flavorHandler } from "../../../providers/nova/flavor";
import { addressesOf, floatingRangeHandler, rangesOf, runs } from "../../../providers/nova/floating-range";
import { keypairHandler } from "../../../providers/nova/keypair";
import { networkHandler } from "../../../providers/nova/network";
import { securityRuleHandler } from "../../../providers/nova/security-rule";
import { set } from "../../clients/clock";
import { serviceStateHandler } from "../../../providers/nova/service-state";
import { formatAddress, parseAddress } from "../../../config/cidr";
import { expectApart } from "../apart";

const cloud = { tenant: "admin" } as CloudAccess;
const error = (status: number, reason = "") => new HttpError("GET", "/v2/x", status, reason, "api-node, port 8774");

/** Nova in memory; `calls` is what was written, `forgotten` the lists that were to be asked for anew. */
class Nova {
    readonly calls: string[] = [];
    readonly forgotten: string[] = [];
    broken: Error | undefined;
    nets: Network[] = [];
    pool: FloatingAddress[] = [];
    sizes: FlavorSpec[] = [];
    keys: Keypair[] = [];
    agents: ServiceState[] = [];
    groups: SecurityGroup[] = [{ id: "1", name: "default", rules: [] as Rule[] }];

    forget(kind: string): void {
        this.forgotten.push(kind);
    }
    private async ask<T>(answer: T): Promise<T> {
        if (this.broken) throw this.broken;
        return structuredClone(answer);
    }
    networks = () => this.ask(this.nets);
    createNetwork = async (n: NetworkSpec) => {
        this.calls.push("create");
        const made = { bridge: "br100", ...n, id: `n${this.nets.length + 1}` };
        this.nets.push(made);
        return made;
    };
    disassociateNetwork = async (id: string) => {
        this.calls.push("disassociate");
        delete this.nets.find(n => n.id === id)!.projectId;
    };
    deleteNetwork = async (id: string) => {
        this.calls.push("delete");
        if (!this.nets.some(n => n.id === id)) throw error(404);
        this.nets = this.nets.filter(n => n.id !== id);
    };
    floatingAddresses = () => this.ask(this.pool);
    createFloatingAddresses = async (range: string, pool: string) => {
        this.calls.push(`create ${range}`);
        const made = addressesOf(range);
        if (this.pool.some(a => made.includes(a.address))) throw error(400, "already exists");
        this.pool.push(...made.map(address => ({ address, pool, project_id: null, instance_uuid: null })));
    };
    deleteFloatingAddresses = async (range: string) => {
        this.calls.push(`delete ${range}`);
        const gone = addressesOf(range);
        this.pool = this.pool.filter(a => !gone.includes(a.address));
    };
    securityGroups = () => this.ask(this.groups);
    createRule = async (id: string, r: RuleSpec) => {
        this.calls.push("create");
        const made = { ...r, id: String(this.calls.length) };
        this.groups.find(g => g.id === id)!.rules.push(made);
        return made;
    };
    deleteRule = async (id: string) => {
        this.groups[0]!.rules = this.groups[0]!.rules.filter(r => r.id !== id);
    };
    flavors = () => this.ask(this.sizes);
    createFlavor = async (f: FlavorSpec) => {
        this.calls.push("create");
        this.sizes.push(f);
        return f;
    };
    deleteFlavor = async (id: string) => {
        if (!this.sizes.some(f => f.flavorId === id)) throw error(404);
        this.sizes = this.sizes.filter(f => f.flavorId !== id);
    };
    keypair = async (name: string) => {
        const found = await this.ask(this.keys.find(k => k.name === name));
        if (!found) throw error(404);
        return found;
    };
    importKeypair = async (k: Keypair) => {
        this.calls.push("create");
        this.keys.push(k);
    };
    deleteKeypair = async (name: string) => {
        if (!this.keys.some(k => k.name === name)) throw error(404);
        this.keys = this.keys.filter(k => k.name !== name);
    };
    services = () => this.ask(this.agents);
    enableService = async (host: string, binary: string, enabled: boolean) => {
        this.calls.push(enabled ? "enable" : "disable");
        this.agents.find(a => a.host === host && a.binary === binary)!.status = enabled ? "enabled" : "disabled";
    };
}

const kinds = (nova: Nova) => ({
    network: {
        handler: networkHandler(() => nova),
        inputs: { cloud, label: "net1", cidr: "10.99.0.0/22", bridge: "br100" },
    },
    floatingRange: {
        handler: floatingRangeHandler(() => nova),
        inputs: { cloud, range: "172.16.1.0/29", pool: "public", missing: [] as string[], foreign: [] as string[] },
    },
    securityRule: {
        handler: securityRuleHandler(() => nova),
        inputs: { cloud, group: "default", protocol: "icmp", fromPort: -1, toPort: -1, cidr: "0.0.0.0/0" },
    },
    flavor: {
        handler: flavorHandler(() => nova),
        inputs: { cloud, flavorId: "6", name: "x1.tiny", ram: 256, disk: 2, vcpus: 1, isPublic: true },
    },
    keypair: {
        handler: keypairHandler(() => nova),
        inputs: { cloud, name: "gridka-api-node", publicKey: "ssh-rsa AAAAB3Nz root@api-node" },
    },
});
const names = Object.keys(kinds(new Nova())) as (keyof ReturnType<typeof kinds>)[];

describe("made again by hand", () => {
    const readNetwork = async (...nets: Network[]) => {
        const nova = new Nova(),
            { handler, inputs } = kinds(nova).network;
        nova.nets = nets;
        const live = await handler.read("old", inputs);
        return live && { id: idOf(live, "old"), same: JSON.stringify(live) === JSON.stringify(inputs), live };
    };
    const net = { id: "new", label: "net1", cidr: "10.99.0.0/22", bridge: "br100" };

    test("a network is found by its range, under its new id; of two none", async () => {
        expect(await readNetwork({ ...net, projectId: "t" })).toMatchObject({ id: "new", same: true });
        expect(await readNetwork({ ...net, label: "by hand" })).toMatchObject({
            id: "new",
            live: { label: "by hand", cidr: net.cidr },
        });
        expect(await readNetwork(net, { ...net, id: "newer" })).toBeUndefined();
        expect(await readNetwork({ ...net, cidr: "10.98.0.0/22" })).toBeUndefined();
        expect(await readNetwork({ ...net, id: "another" }, { ...net, id: "old" })).toMatchObject({ id: "old" });
        await expect(readNetwork({ ...net, id: "../x" })).rejects.toMatchObject({ name: "Unreachable" });
    });

    test("a flavor with another id differs in that; of two none", async () => {
        const nova = new Nova(),
            { handler, inputs } = kinds(nova).flavor,
            { cloud: _cloud, ...flavor } = inputs;
        nova.sizes = [{ ...flavor, flavorId: "by-hand", name: "X1.tiny" }];
        const live = await handler.read("6", inputs);
        expect(live).toEqual({ ...inputs, flavorId: "by-hand", name: "X1.tiny" });
        expect(idOf(live!, "6")).toBe("by-hand");
        nova.sizes.push({ ...flavor, flavorId: "7" });
        expect(await handler.read("6", inputs)).toBeUndefined();
        nova.sizes = [{ ...flavor, flavorId: "../x" }];
        await expect(handler.read("6", inputs)).rejects.toMatchObject({ name: "Unreachable" });
    });
});

test.each(names)("%s: made once however often it is tried, read as it is, gone, deleted twice", async name => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova)[name] as ReturnType<typeof kinds>["flavor"];
    expect(handler.check!(inputs)).toEqual([]);
    const { id } = await handler.create(inputs);
    expect(id).toMatch(/./);
    expect(await handler.create(inputs)).toEqual({ id, outputs: {} });
    expect(nova.calls.filter(c => c.startsWith("create"))).toHaveLength(1);
    expect(await handler.read(id, inputs)).toEqual(inputs);
    await handler.delete(id, inputs);
    expect(await handler.read(id, inputs)).toBeUndefined();
    await handler.delete(id, inputs);
});

test.each<[keyof ReturnType<typeof kinds>, object]>([
    ["network", { label: "net2", cidr: "10.98.0.0/22" }],
    ["floatingRange", { range: "172.16.2.0/29", pool: "other" }],
    ["securityRule", { protocol: "tcp" }],
    ["flavor", { flavorId: "7", name: "x2.tiny" }],
    ["keypair", { name: "k2" }],
])("%s: another one is not taken for it", async (name, change) => {
    const { handler, inputs } = kinds(new Nova())[name] as ReturnType<typeof kinds>["flavor"];
    await expectApart(handler, inputs, { ...inputs, ...change });
});

test.each<[keyof ReturnType<typeof kinds>, string, boolean]>([
    ["network", "networks", true],
    ["floatingRange", "floating", true],
    ["securityRule", "groups", true],
    ["flavor", "flavors", false],
])(
    "%s: %s are asked for anew before one is made, and before one is deleted that has to be looked up",
    async (name, list, lookedUp) => {
        const nova = new Nova(),
            { handler, inputs } = kinds(nova)[name] as ReturnType<typeof kinds>["flavor"];
        const { id } = await handler.create(inputs);
        expect(nova.forgotten).toEqual([list]);
        await handler.read(id, inputs);
        await handler.delete(id, inputs);
        expect(nova.forgotten).toEqual(lookedUp ? [list, list] : [list]);
    },
);

test.each(names)("%s: not asked is not gone", async name => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova)[name] as ReturnType<typeof kinds>["flavor"];
    nova.broken = error(500, "The server has either erred");
    await expect(handler.read("6", inputs)).rejects.toMatchObject({
        name: "Unreachable",
        message: expect.stringContaining("500 The server has either erred"),
    });
});

describe("floating range", () => {
    const { inputs } = kinds(new Nova()).floatingRange;
    const made = async () => {
        const nova = new Nova(),
            { handler } = kinds(nova).floatingRange;
        await handler.create(inputs);
        nova.calls.length = 0;
        return { nova, handler };
    };

    test("whatever is missing is named, and added without touching the rest", () =>
        fc.assert(
            fc.asyncProperty(fc.subarray(addressesOf(inputs.range), { maxLength: 5 }), async lost => {
                const { nova, handler } = await made();
                nova.pool = nova.pool.filter(a => !lost.includes(a.address));
                const read = await handler.read("", inputs);
                expect(read).toEqual({ ...inputs, missing: runs(lost) });
                await handler.update("", read!, inputs);
                expect(nova.calls).toEqual(rangesOf(lost).map(range => `create ${range}`));
                expect(await handler.read("", inputs)).toEqual(inputs);
            }),
        ));

    test("an address in another pool is named, and moved unless it is in use", async () => {
        const { nova, handler } = await made();
        Object.assign(nova.pool[6 - 1]!, { pool: "other", project_id: "demo" });
        expect((await handler.read("", inputs))!.foreign).toEqual(["172.16.1.6 (pool other)"]);
        await expect(handler.update("", inputs, inputs)).rejects.toThrow(
            "floating addresses of 172.16.1.0/29 are in use, but not as wanted: 172.16.1.6 (pool other); wanted: pool public, once.",
        );
        nova.pool[5]!.project_id = null;
        await handler.update("", inputs, inputs);
        expect(nova.calls).toEqual(["delete 172.16.1.6", "create 172.16.1.6"]);
    });

    test.each([
        ["one entry", 1],
        ["all entries", 9],
    ])(
        "an address that two made at once is named, and made once again; a request takes away %s",
        async (_name, entries) => {
            const { nova, handler } = await made();
            nova.deleteFloatingAddresses = async range => {
                nova.calls.push(`delete ${range}`);
                for (const address of addressesOf(range))
                    for (let n = 0; n < entries; n++)
                        nova.pool.splice(nova.pool.findIndex(a => a.address === address) >>> 0, 1);
            };
            nova.pool.push({ ...nova.pool[2]! }, { ...nova.pool[2]! });
            expect((await handler.read("", inputs))!.foreign).toEqual(["172.16.1.3 (pool public, 3 times)"]);
            await handler.update("", inputs, inputs);
            expect(nova.calls).toEqual([...Array(3).fill("delete 172.16.1.3"), "create 172.16.1.3"]);
            expect(await handler.read("", inputs)).toEqual(inputs);
            nova.pool.push({ ...nova.pool[2]!, project_id: "demo" });
            await expect(handler.update("", inputs, inputs)).rejects.toThrow(
                "floating addresses of 172.16.1.0/29 are in use, but not as wanted: 172.16.1.4 (pool public, 2 times); wanted: pool public, once.",
            );
            nova.pool.at(-1)!.project_id = null;
            await handler.delete("", inputs);
            expect(nova.pool).toEqual([]);
        },
    );

    test("addresses of the pool that are not of the range are named and taken away, unless they are in use", async () => {
        const { nova, handler } = await made();
        await nova.createFloatingAddresses("172.61.1.0/29", "public");
        await nova.deleteFloatingAddresses(inputs.range);
        nova.calls.length = 0;
        nova.pool[0]!.project_id = "tenant";
        expect(await handler.read("", inputs)).toEqual({
            ...inputs,
            missing: ["172.16.1.1-172.16.1.6"],
            foreign: ["172.61.1.1-172.61.1.6 (pool public)"],
        });
        await expect(handler.update("", inputs, inputs)).rejects.toThrow(
            "addresses that are not of 172.16.1.0/29 are in use from pool public: 172.61.1.1. Release them",
        );
        nova.pool[0]!.project_id = null;
        await handler.update("", inputs, inputs);
        expect(await handler.read("", inputs)).toEqual(inputs);
        expect(nova.pool.map(a => a.address)).toEqual(addressesOf(inputs.range));
    });

    test("what is wrong in two ways is named in both; what an instance has is in use, whoever it is", async () => {
        const { nova, handler } = await made();
        for (const n of [0, 1]) nova.pool[n]!.pool = "other";
        nova.pool.push(
            { ...nova.pool[3]! },
            { ...nova.pool[3]!, address: "172.61.1.9", pool: "other" },
            { ...nova.pool[3]!, address: "172.61.1.9" },
            { ...nova.pool[3]!, address: "172.61.1.20" },
        );
        const [moved, twice] = ["172.16.1.1 (pool other)", "172.16.1.4 (pool public, 2 times)"];
        expect((await handler.read("", inputs))!.foreign).toEqual([
            moved,
            "172.16.1.2 (pool other)",
            twice,
            "172.61.1.9 (pool other, pool public, 2 times)",
            "172.61.1.20 (pool public)",
        ]);
        for (const n of [0, 3, 7, 9]) nova.pool[n]!.instance_uuid = "an instance";
        await expect(handler.update("", inputs, inputs)).rejects.toThrow(
            `in use, but not as wanted: ${moved}, ${twice}; wanted: pool public, once.`,
        );
        for (const n of [0, 3]) nova.pool[n]!.instance_uuid = null;
        await expect(handler.update("", inputs, inputs)).rejects.toThrow(
            "in use from pool public: 172.61.1.9, 172.61.1.20. Release them",
        );
    });

    test("one request makes a range, one deletes it; one that is all in another pool is moved by as few", async () => {
        const nova = new Nova(),
            { handler } = kinds(nova).floatingRange;
        expect((await handler.create(inputs)).id).toBe("public/172.16.1.0/29");
        for (const entry of nova.pool) entry.pool = "other";
        await handler.update("", inputs, inputs);
        expect(nova.calls).toEqual([`create ${inputs.range}`, `delete ${inputs.range}`, `create ${inputs.range}`]);
        nova.calls.length = 0;
        await handler.delete("", inputs);
        expect(nova.calls).toEqual([`delete ${inputs.range}`]);
    });

    test("the fewest ranges make exactly what is missing", () => {
        const row = (first: number, last: number) =>
            Array.from({ length: last - first + 1 }, (_, i) => `172.16.1.${first + i}`);
        expect(rangesOf([])).toEqual([]);
        expect(rangesOf(["172.16.1.9"])).toEqual(["172.16.1.9"]);
        expect(rangesOf(row(1, 254))).toEqual(["172.16.1.0/24"]);
        expect(rangesOf(addressesOf("172.16.0.0/16"))).toEqual(["172.16.0.0/16"]);
        expect(rangesOf(row(5, 6))).toEqual(["172.16.1.4/30"]);
        expect(rangesOf([...row(5, 6), "172.16.1.200"].reverse())).toEqual(["172.16.1.4/30", "172.16.1.200"]);
        expect(rangesOf(row(1, 18))).toEqual(["172.16.1.0/28", "172.16.1.15", "172.16.1.16/30", "172.16.1.16"]);
    });

    test("eighteen in a row are made by eleven requests at most, wherever the row begins: nova takes ten at once", () => {
        for (let first = 1; first <= 236; first++) {
            const row = Array.from({ length: 18 }, (_, i) => `172.16.1.${first + i}`);
            expect(rangesOf(row).length).toBeLessThanOrEqual(11);
        }
    });

    test("whatever the addresses are, the ranges hold them, once each, and no others", () =>
        fc.assert(
            fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 })), numbers => {
                const addresses = numbers.map(n => formatAddress(parseAddress("172.16.1.0") + n));
                expect(rangesOf(addresses).flatMap(addressesOf).sort()).toEqual([...addresses].sort());
            }),
        ));

    test("addresses in a row are shown as one", () => {
        expect(runs(["10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.255", "10.0.1.0", "10.0.1.1"])).toEqual([
            "10.0.0.1",
            "10.0.0.2",
            "10.0.0.4",
            "10.0.0.255-10.0.1.1",
        ]);
    });

    test("deleting leaves another pool's addresses alone", async () => {
        const { nova, handler } = await made();
        nova.pool[0]!.pool = "other";
        await handler.delete("", inputs);
        expect(nova.pool.map(a => a.address)).toEqual(["172.16.1.1"]);
    });

    test("254 addresses of a /24, the one of an address", () => {
        expect(addressesOf("172.16.1.0/24")).toHaveLength(254);
        expect([
            addressesOf("172.16.1.0/24")[0],
            addressesOf("172.16.1.0/24").at(-1),
            addressesOf("172.16.1.9"),
        ]).toEqual(["172.16.1.1", "172.16.1.254", ["172.16.1.9"]]);
    });

    test.each(["172.16.1.0/31", "172.16.1.1/24", "172.16.0.0/15", "172.16.1.1-172.16.1.9", "nope"])(
        "%s is refused",
        range => {
            expect(floatingRangeHandler().check!({ range })).toEqual([
                { property: "range", reason: expect.stringContaining(range) },
            ]);
        },
    );
});

test("a network of the same range but another bridge is refused; one with a tenant is taken from it before it goes", async () => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova).network;
    nova.nets = [{ id: "n1", label: "net1", cidr: "10.99.0.0/22", bridge: "br200" }];
    await expect(handler.create(inputs)).rejects.toThrow(
        'network 10.99.0.0/22 (n1) exists with bridge "br200"; wanted: bridge "br100".',
    );
    nova.nets[0]!.projectId = "demo";
    await handler.delete("n1", inputs);
    expect(nova.calls).toEqual(["disassociate", "delete"]);
    nova.nets = [
        { id: "n3", label: "a tenant's", cidr: "10.3.0.0/24", projectId: "demo" },
        { id: "n4", label: "net4", cidr: "10.4.0.0/24" },
    ];
    await handler.delete("n4", inputs);
    expect(nova.calls.slice(2)).toEqual(["delete"]);
    nova.nets = [{ id: "n2", label: "net1", cidr: "10.99.0.0/22" }];
    nova.deleteNetwork = () => Promise.reject(error(500, "The server has either erred"));
    await expect(handler.delete("n2", inputs)).rejects.toThrow(
        /^network net1 cannot be deleted: .*500 The server has either erred. Nova says so too while an instance uses it/,
    );
});

describe("a network whose range others have", () => {
    const taken: Network[] = [
        { id: "n1", label: "theirs", cidr: "10.99.1.0/24", projectId: "demo" },
        { id: "n2", label: "all", cidr: "10.0.0.0/8" },
        { id: "n3", label: "far", cidr: "10.98.0.0/24" },
        { id: "n6", label: "six", cidr: "" },
    ];
    const named =
        "network 10.99.0.0/22 cannot be made, for it overlaps 10.99.1.0/24 of network theirs (n1, of tenant demo) and 10.0.0.0/8 of network all (n2). " +
        "Nothing was changed: delete the other or choose another range, then run again";

    test("is not asked for, and the others are named", async () => {
        const nova = new Nova(),
            { handler, inputs } = kinds(nova).network;
        nova.nets = taken;
        await expect(handler.create(inputs)).rejects.toThrow(named);
        expect(nova.calls).toEqual([]);
    });

    test("is refused by nova where somebody was faster: named too, for nova names nobody", async () => {
        const nova = new Nova(),
            { handler, inputs } = kinds(nova).network;
        nova.createNetwork = () => {
            nova.nets = taken;
            return Promise.reject(error(409, "There was a conflict"));
        };
        await expect(handler.create(inputs)).rejects.toThrow(named);
        nova.createNetwork = () => Promise.reject(error(409, "There was a conflict"));
        nova.nets = taken.slice(2);
        await expect(handler.create(inputs)).rejects.toThrow("409 There was a conflict");
    });
});

test("a network with an IPv6 range alone keeps nova from making others: said, where nova gives no reason", async () => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova).network;
    nova.createNetwork = () => Promise.reject(error(400, "The server could not comply with the request."));
    await expect(handler.create(inputs)).rejects.toThrow(/^GET .*400 The server could not comply with the request\.$/);
    nova.nets = [
        { id: "n4", label: "four", cidr: "10.1.0.0/24" },
        { id: "n6", label: "six", cidr: "" },
    ];
    await expect(handler.create(inputs)).rejects.toThrow(
        /400 The server could not comply with the request\. Network six \(n6\) has no IPv4 range, and beside such a one nova makes no other: delete it, then run again$/,
    );
});

test("a flavor's name under another id is refused, and its id under another name", async () => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova).flavor;
    const { cloud: _cloud, ...flavor } = inputs;
    nova.sizes = [{ ...flavor, flavorId: "7" }];
    await expect(handler.create(inputs)).rejects.toThrow(
        'flavor x1.tiny (id 7) exists with flavorId "7"; wanted: flavorId "6".',
    );
    nova.sizes = [{ ...flavor, name: "other" }];
    await expect(handler.create(inputs)).rejects.toThrow(
        'flavor other (id 6) exists with name "other"; wanted: name "x1.tiny".',
    );
});

test("a keypair's comment makes no difference, its key does", async () => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova).keypair;
    nova.keys = [{ name: inputs.name, publicKey: "ssh-rsa AAAAB3Nz somebody" }];
    expect((await handler.create(inputs)).id).toBe(inputs.name);
    expect(await handler.read(inputs.name, inputs)).toEqual(inputs);
    nova.keys[0]!.publicKey = "ssh-rsa AAAAother x";
    expect((await handler.read(inputs.name, inputs))!.publicKey).toBe("ssh-rsa AAAAother x");
    await expect(handler.create(inputs)).rejects.toThrow(
        'keypair gridka-api-node exists with publicKey "ssh-rsa AAAAother"; wanted: publicKey "ssh-rsa AAAAB3Nz".',
    );
    nova.keys[0]!.publicKey = " ssh-rsa  AAAAB3Nz\n";
    expect((await handler.create(inputs)).id).toBe(inputs.name);
    nova.keys = [];
    await handler.create({ ...inputs, publicKey: ` ${inputs.publicKey}\n` });
    expect(nova.keys[0]!.publicKey).toBe(inputs.publicKey);
    nova.keypair = async () => ({ name: "GridKa-api-node", publicKey: inputs.publicKey });
    await expect(handler.create(inputs)).rejects.toThrow(
        'keypair gridka-api-node exists with name "GridKa-api-node"; wanted: name "gridka-api-node".',
    );
});

test("a rule is another one if its group, protocol, a port or its range is another", async () => {
    const rule = { group: "web", protocol: "tcp", fromPort: 80, toPort: 88, cidr: "0.0.0.0/0" },
        inputs = { cloud, ...rule };
    const near = {
        protocol: { ...rule, protocol: "udp" },
        fromPort: { ...rule, fromPort: 81 },
        toPort: { ...rule, toPort: 89 },
        cidr: { ...rule, cidr: "10.0.0.0/8" },
    };
    const nova = new Nova(),
        { handler } = kinds(nova).securityRule;
    nova.groups = [
        { id: "1", name: "default", rules: [{ ...rule, id: "7" }] },
        { id: "2", name: "web", rules: Object.entries(near).map(([id, r]) => ({ ...r, id })) },
    ];
    expect(await handler.read("", inputs)).toBeUndefined();
    await handler.delete("", inputs);
    expect((await handler.create(inputs)).id).toBe("web/tcp/80-88/0.0.0.0/0");
    expect(nova.groups.map(g => g.rules.length)).toEqual([1, 5]);
    expect(await handler.read("", inputs)).toEqual(inputs);
});

test("a rule that is there twice, once with its protocol in capitals, which nova takes for another, is taken away twice", async () => {
    const nova = new Nova(),
        { handler, inputs } = kinds(nova).securityRule;
    const { cloud: _cloud, group: _group, ...rule } = inputs;
    // The client reads both alike.
    nova.groups[0]!.rules = [
        { ...rule, id: "4" },
        { ...rule, id: "7" },
    ];
    await handler.create(inputs);
    expect(nova.calls).toEqual([]);
    await handler.delete("", inputs);
    expect(nova.groups[0]!.rules).toEqual([]);
});

test("a security group that is not there is said, with those that are", async () => {
    const { handler, inputs } = kinds(new Nova()).securityRule;
    await expect(handler.create({ ...inputs, group: "web" })).rejects.toThrow(
        "tenant admin has no security group web; it has default",
    );
    const nova = new Nova(),
        other = kinds(nova).securityRule;
    nova.groups.push({ id: "2", name: "db", rules: [] });
    await expect(other.handler.create({ ...inputs, group: "web" })).rejects.toThrow("it has default, db");
    nova.groups = [];
    await expect(other.handler.create({ ...inputs, group: "web" })).rejects.toThrow("it has none");
    expect(await other.handler.read("", inputs)).toBeUndefined();
});

test("an agent: waited for until it is up, enabled, and its state shown", async () => {
    const nova = new Nova(),
        handler = serviceStateHandler(() => nova, { pauseSeconds: 0.01 }),
        inputs = { cloud, host: "compute-1", binary: "nova-compute", enabled: true, state: "up" };
    const agent: ServiceState = {
        host: "compute-1",
        binary: "nova-compute",
        zone: "nova",
        status: "disabled",
        state: "down",
        updated_at: null,
    };
    setTimeout(() => nova.agents.push(agent), 20);
    setTimeout(() => {
        agent.state = "up";
    }, 60);
    expect((await handler.create(inputs)).id).toBe("compute-1/nova-compute");
    expect(nova.calls).toEqual(["enable"]);
    expect(new Set(nova.forgotten)).toEqual(new Set(["services"]));
    agent.state = "down";
    expect(await handler.read("", inputs)).toEqual({ ...inputs, state: "down" });
    nova.agents = [];
    expect(await handler.read("", inputs)).toBeUndefined();
});

describe("an agent", () => {
    const inputs = { cloud, host: "compute-1", binary: "nova-compute", enabled: true, state: "up" };
    const agent: ServiceState = {
        host: "compute-1",
        binary: "nova-compute",
        zone: "nova",
        status: "enabled",
        state: "up",
        updated_at: "2013-08-28 12:00:00",
    };
    const others: ServiceState[] = [
        { ...agent, host: "compute-2", state: "down" },
        { ...agent, binary: "nova-network", state: "down" },
    ];
    const made = (...agents: ServiceState[]) => {
        const nova = new Nova();
        nova.agents = [...others, ...agents].map(a => ({ ...a }));
        return { nova, handler: serviceStateHandler(() => nova) };
    };

    test.each([
        ["heard of", [{ ...agent, state: "down" }], "nova last heard of it at 2013-08-28 12:00:00 (UTC)"],
        ["never heard of", [], "nova has never heard of it"],
    ])("that is not up after two minutes is given up: %s", async (_name, agents, heard) => {
        jest.useFakeTimers();
        const { nova, handler } = made(...agents),
            ended = jest.fn();
        const asked = handler.create(inputs);
        asked.catch(ended);
        await jest.advanceTimersByTimeAsync(119_000);
        expect(ended).not.toHaveBeenCalled();
        await jest.advanceTimersByTimeAsync(1000);
        jest.useRealTimers();
        await expect(asked).rejects.toThrow(
            `nova-compute on compute-1 is not up after 120 s; ${heard}. See its log in /var/log/nova on compute-1`,
        );
        expect([nova.calls, nova.forgotten.length]).toEqual([[], 61]);
    });

    describe("that stays silent though its service runs", () => {
        const guest = { name: "compute-1", host: "10.0.0.9", port: 22 } as Connection,
            within = { ...inputs, guest };
        const silent = () => {
            const nova = new Nova(),
                asked: string[] = [];
            nova.agents = [{ ...agent, state: "down" }];
            const run: RunScript = async (_to, script) => {
                asked.push(script);
                nova.agents = [agent];
                return { stdout: "restarted nova-compute\n", stderr: "", code: 0 };
            };
            return { nova, asked, handler: serviceStateHandler(() => nova, { run }) };
        };
        beforeEach(() => jest.useFakeTimers());
        afterEach(() => jest.useRealTimers());

        test("has it restarted when a quarter of the time has passed", async () => {
            const { asked, handler } = silent();
            const mended = handler.update("", { ...within, state: "down" }, within);
            await jest.advanceTimersByTimeAsync(29_000);
            expect(asked).toEqual([]);
            await jest.advanceTimersByTimeAsync(4000);
            await mended;
            expect(asked).toEqual([expect.stringContaining("for s in 'nova-compute'; do")]);
        });
        test("is not restarted where it reports itself before", async () => {
            const { nova, asked, handler } = silent();
            const mended = handler.update("", { ...within, state: "down" }, within);
            await jest.advanceTimersByTimeAsync(10_000);
            nova.agents = [agent];
            await jest.advanceTimersByTimeAsync(2000);
            await mended;
            expect(asked).toEqual([]);
        });
        test("is waited for alone while it is made", async () => {
            const { asked, handler } = silent(),
                ended = handler.create(within);
            ended.catch(() => undefined);
            await jest.advanceTimersByTimeAsync(121_000);
            await expect(ended).rejects.toThrow("nova-compute on compute-1 is not up after 120 s");
            expect(asked).toEqual([]);
        });
    });

    test("is waited for though this machine's clock is set on meanwhile", async () => {
        const nova = new Nova();
        setTimeout(() => nova.agents.push(agent), 20);
        await set(async () => {
            expect((await serviceStateHandler(() => nova, { pauseSeconds: 0.01 }).create(inputs)).id).toBe(
                "compute-1/nova-compute",
            );
        });
    });

    test("is changed only where it is not as wanted", async () => {
        const { nova, handler } = made(agent);
        await handler.create(inputs);
        expect(nova.calls).toEqual([]);
        await handler.update("", inputs, { ...inputs, enabled: false });
        expect(nova.calls).toEqual(["disable"]);
        expect(await handler.read("", inputs)).toEqual({ ...inputs, enabled: false });
        await handler.update("", inputs, { ...inputs, enabled: false });
        await handler.delete("", inputs);
        expect(nova.calls).toEqual(["disable"]);
    });
});

const number = (value: number, least: number) => `${value} is not a whole number from ${least} to 2147483647`,
    notRange = (value: number, least: number, most: number) => `${value} is not from ${least} to ${most}`;
const noKey = "this is not a public key such as ssh-rsa AAAA…",
    noBlanks = "a name has no blanks around it, for services cut them off",
    noId = "letters, digits, _.- and blanks within only",
    noKeyName = "letters, digits, blanks, _ and - only",
    noFlavorName = "letters, digits and _.- only";
test.each<[kind: keyof ReturnType<typeof kinds>, given: object, problems: Record<string, string>]>([
    ["network", {}, {}],
    [
        "network",
        { label: "x", cidr: "10.99.0.5/22" },
        { cidr: '"10.99.0.5/22" is an address in a network, not a network: 10.99.0.0/22 would be' },
    ],
    ["network", { cidr: "10.99.0.0/29" }, {}],
    ["network", { cidr: "10.99.0.0/30" }, { cidr: '"10.99.0.0/30" has no room for instances: /29 at least' }],
    ["network", { label: "" }, { label: "a network has a name" }],
    ["network", { label: " net1" }, { label: `" net1": ${noBlanks}` }],
    ["network", { label: "net\n1" }, { label: '"net\\n1": a name has no control characters in it' }],
    ["network", { label: "x" }, {}],
    ["floatingRange", {}, {}],
    ["floatingRange", { pool: "" }, { pool: "a pool has a name" }],
    ["floatingRange", { pool: "public " }, { pool: `"public ": ${noBlanks}` }],
    ["floatingRange", { range: "172.16.0.0/16" }, {}],
    ["floatingRange", { range: "172.16.1.4/30", pool: "p" }, {}],
    ["floatingRange", { range: "172.16.1.9" }, {}],
    [
        "floatingRange",
        { range: "172.16.1.0/31" },
        { range: '"172.16.1.0/31": nova takes one address or a network from /16 to /30' },
    ],
    ["flavor", {}, {}],
    [
        "flavor",
        { flavorId: "auto", name: "f/1" },
        { flavorId: '"auto": Grizzly makes no id of its own; give one', name: `"f/1": ${noFlavorName}` },
    ],
    ["flavor", { flavorId: "" }, { flavorId: '"": Grizzly makes no id of its own; give one' }],
    ["flavor", { name: "m1.a b_c-D" }, {}],
    ["flavor", { name: " f" }, { name: `" f": ${noBlanks}` }],
    ["flavor", { name: "f " }, { name: `"f ": ${noBlanks}` }],
    ["flavor", { name: "" }, { name: "a flavor has a name" }],
    ["flavor", { name: "f\n" }, { name: '"f\\n": a name has no control characters in it' }],
    ["flavor", { flavorId: "m1.x-y_z 2" }, {}],
    ["flavor", { flavorId: "za?b" }, { flavorId: `"za?b": ${noId}` }],
    ["flavor", { flavorId: "a/b" }, { flavorId: `"a/b": ${noId}` }],
    ["flavor", { flavorId: " 6" }, { flavorId: `" 6": ${noId}` }],
    ["flavor", { flavorId: "6 " }, { flavorId: `"6 ": ${noId}` }],
    ["flavor", { flavorId: ".." }, { flavorId: `"..": ${noId}` }],
    ["flavor", { flavorId: "caf\u00e9" }, { flavorId: `"caf\u00e9": ${noId}` }],
    ["flavor", { flavorId: "zx.json" }, { flavorId: '"zx.json": an id does not end in .json or .xml' }],
    ["flavor", { flavorId: "zx.xml" }, { flavorId: '"zx.xml": an id does not end in .json or .xml' }],
    ["flavor", { flavorId: "zx.jsonp" }, {}],
    ["flavor", { ram: 1, vcpus: 1, disk: 0 }, {}],
    ["flavor", { ram: 0, vcpus: 0, disk: -1 }, { ram: number(0, 1), vcpus: number(0, 1), disk: number(-1, 0) }],
    ["flavor", { ram: 1.5 }, { ram: number(1.5, 1) }],
    ["flavor", { ram: 2147483647, vcpus: 2147483647, disk: 2147483647 }, {}],
    [
        "flavor",
        { ram: 2147483648, vcpus: 2147483648, disk: 2147483648 },
        { ram: number(2147483648, 1), vcpus: number(2147483648, 1), disk: number(2147483648, 0) },
    ],
    ["securityRule", {}, {}],
    ["securityRule", { fromPort: 22.5, toPort: 23 }, { fromPort: "22.5 is not a whole number" }],
    ["securityRule", { protocol: "tcp", fromPort: 22, toPort: 22.5 }, { toPort: "22.5 is not a whole number" }],
    ["securityRule", { group: " default" }, { group: `" default": ${noBlanks}` }],
    [
        "securityRule",
        { protocol: "TCP", cidr: "10.0.0.5/24" },
        {
            protocol: '"TCP" is none of tcp, udp, icmp',
            cidr: '"10.0.0.5/24" is an address in a network, not a network: 10.0.0.0/24 would be',
        },
    ],
    ["securityRule", { protocol: "tcp", fromPort: 90, toPort: 80 }, { toPort: "80 is below fromPort, 90" }],
    ["securityRule", { fromPort: 90, toPort: 80 }, { toPort: "80 is below fromPort, 90" }],
    ["securityRule", { protocol: "tcp", fromPort: 80, toPort: 80 }, {}],
    ["securityRule", { protocol: "udp", fromPort: 1, toPort: 65535 }, {}],
    [
        "securityRule",
        { protocol: "tcp", fromPort: 0, toPort: 65536 },
        { fromPort: notRange(0, 1, 65535), toPort: notRange(65536, 1, 65535) },
    ],
    ["securityRule", { fromPort: -1 }, {}],
    ["securityRule", { toPort: -1 }, {}],
    ["securityRule", { protocol: "icmp", fromPort: 8, toPort: -1 }, {}],
    [
        "securityRule",
        { protocol: "icmp", fromPort: -2, toPort: 256 },
        { fromPort: notRange(-2, -1, 255), toPort: notRange(256, -1, 255) },
    ],
    ["securityRule", { protocol: "icmp", fromPort: -1, toPort: 255 }, {}],
    ["keypair", {}, {}],
    ["keypair", { name: "k/3", publicKey: "AAAA" }, { name: `"k/3": ${noKeyName}`, publicKey: noKey }],
    ["keypair", { name: "" }, { name: "a keypair has a name" }],
    ["keypair", { name: " k" }, { name: `" k": ${noBlanks}` }],
    ["keypair", { name: "k " }, { name: `"k ": ${noBlanks}` }],
    ["keypair", { name: "A b_-9" }, {}],
    ["keypair", { publicKey: "ssh-rsa AAAA+/9== root@api-node" }, {}],
    ["keypair", { publicKey: " ecdsa-sha2-nistp256 AAAA\n" }, {}],
    ["keypair", { publicKey: "my ssh-rsa AAAA" }, { publicKey: noKey }],
    ["keypair", { publicKey: "ssh-rsa AA=A" }, { publicKey: noKey }],
    ["keypair", { publicKey: "ssh- AAAA" }, { publicKey: noKey }],
    ["keypair", { publicKey: "ssh-rsa =" }, { publicKey: noKey }],
])("what cannot be is said before anything is changed: %s %j", (kind, given, problems) => {
    const { check } = kinds(new Nova())[kind].handler as ReturnType<typeof kinds>["flavor"]["handler"];
    expect(check!(given)).toEqual(Object.entries(problems).map(([property, reason]) => ({ property, reason })));
});

test.each([
    ["keypair", "name"],
    ["network", "label"],
    ["flavor", "name"],
    ["flavor", "flavorId"],
    ["floatingRange", "pool"],
    ["securityRule", "group"],
] as const)("%s: a %s has 255 characters at most", (kind, property) => {
    const { check } = kinds(new Nova())[kind].handler as ReturnType<typeof kinds>["flavor"]["handler"];
    expect([255, 256].map(length => check!({ [property]: "n".repeat(length) }).length)).toEqual([0, 1]);
});
