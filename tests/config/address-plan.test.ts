import * as fc from "fast-check";
import { AddressPlan, problems, tutorialRanges } from "../../config/address-plan";
import { nodeNames } from "../../config/nodes";

test("the tutorial's table of addresses (N2, N3)", () => {
    const plan = new AddressPlan(1);
    expect(
        Object.fromEntries(plan.all.map(n => [n.name, [n.host, n.internalAddress, n.publicAddress, n.publicName]])),
    ).toEqual({
        "db-node": ["central", "10.0.0.3", "172.16.0.3", "db-node.example.org"],
        "auth-node": ["central", "10.0.0.4", "172.16.0.4", "auth-node.example.org"],
        "image-node": ["central", "10.0.0.5", "172.16.0.5", "image-node.example.org"],
        "api-node": ["central", "10.0.0.6", "172.16.0.6", "api-node.example.org"],
        "network-node": ["central", "10.0.0.7", "172.16.0.7", "network-node.example.org"],
        "volume-node": ["central", "10.0.0.8", "172.16.0.8", "volume-node.example.org"],
        "compute-1": ["compute", "10.0.0.20", undefined, undefined],
        "compute-2": ["compute", "10.0.0.21", undefined, undefined],
    });
});

test("the OpenStack-private network is eth3 of network-node and eth2 of the computes, without address (N4)", () => {
    const plan = new AddressPlan(1);
    const cards = plan.all.flatMap(n =>
        n.interfaces.filter(i => i.network === "private").map(i => [n.name, i.device, i.address]),
    );
    expect(cards).toEqual([
        ["network-node", "eth3", undefined],
        ["compute-1", "eth2", undefined],
        ["compute-2", "eth2", undefined],
    ]);
});

test("no MAC address twice, over all stacks together, and each a unicast one", () => {
    const macs = Array.from({ length: 11 }, (_, n) => new AddressPlan(n)).flatMap(plan =>
        plan.all.flatMap(n => n.interfaces.map(i => i.mac)),
    );
    expect(new Set(macs).size).toBe(macs.length);
    for (const mac of macs) expect(mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
});

test("no address twice, whatever the networks", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
        fc.property(octet, octet, octet, (a, b, c) => {
            const ranges = {
                ...tutorialRanges,
                nat: `192.168.${a}.0/24`,
                internal: `10.${b}.0.0/24`,
                fixed: `10.${b}.4.0/22`,
                public: `172.16.0.0/16`,
                floating: `172.16.${c}.0/24`,
            };
            if (c === 0) {
                expect(problems(ranges).map(p => p.key)).toEqual(["floating"]);
                return;
            }
            const addresses = new AddressPlan(1, ranges).all.flatMap(n =>
                n.interfaces.map(i => i.address).filter(x => x !== undefined),
            );
            expect(new Set(addresses).size).toBe(addresses.length);
            expect(addresses).toHaveLength(nodeNames.length * 2 + 6);
        }),
    );
});

test("both names of every node are in the hosts entries (H3)", () => {
    const entries = new AddressPlan(1).hostsEntries();
    expect(entries).toHaveLength(14);
    expect(entries).toContainEqual({ address: "10.0.0.20", names: ["compute-1"] });
    expect(entries).toContainEqual({ address: "172.16.0.6", names: ["api-node.example.org"] });
});

test.each([
    [{ internal: "10.0.0.0" }, "internal", '"10.0.0.0" is not a network such as 10.0.0.0/24'],
    [{ internal: "10.0.0.0/28" }, "internal", "10.0.0.0/28 is too small: nodes have the addresses up to number 21"],
    [{ floating: "172.17.1.0/24" }, "floating", "172.17.1.0/24 is not inside the public network 172.16.0.0/16"],
    [{ floating: "172.16.0.0/24" }, "floating", "172.16.0.0/24 holds 172.16.0.3, the address of db-node"],
    [
        { floating: "172.16.1.4/31" },
        "floating",
        "172.16.1.4/31 is too small: nova takes ranges of at least 4 addresses, a /30",
    ],
    [
        { fixed: "10.96.0.0/20" },
        "fixed",
        "10.96.0.0/20 has 4096 addresses; allowed is a /22: nova makes a network of 1022 addresses of it (network_size)",
    ],
    [{ fixed: "10.0.0.0/22" }, "fixed", '10.0.0.0/22 overlaps the network "internal" (10.0.0.0/24)'],
])("%p is refused", (change, key, reason) => {
    expect(problems({ ...tutorialRanges, ...change })).toEqual([{ key, reason }]);
    expect(() => new AddressPlan(1, { ...tutorialRanges, ...change })).toThrow(`${key}: ${reason}`);
});
