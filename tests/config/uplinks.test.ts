import * as fc from "fast-check";
import { readSettings } from "../../config/settings";
import { uplinkedNetworks, uplinkId } from "../../config/uplinks";

const hosts = { central: { address: "a.example.org" }, compute: { address: "b.example.org" } };
const uplinks = (given: unknown, number = 3) => readSettings("team03", { number, hosts, uplinks: given }).uplinks;

test("without a word: the bridges that both hosts have", () => {
    expect(uplinks({})).toEqual({
        internal: { kind: "bridge", bridge: "br-internal" },
        private: { kind: "bridge", bridge: "br-private" },
    });
});

test("each kind; what is not given follows from the team's number and hosts", () => {
    expect(uplinks({ internal: { vxlan: {} }, private: { vlan: { nic: "eno2" } } })).toEqual({
        internal: {
            kind: "vxlan",
            bridge: "br-up-internal",
            id: 1006,
            port: 4789,
            mtu: 1450,
            ends: { central: "a.example.org", compute: "b.example.org" },
        },
        private: { kind: "vlan", bridge: "br-up-private", nic: "eno2", id: 1007, mtu: 1500 },
    });
    expect(uplinks({ internal: { bridge: "br7" } }).internal).toEqual({ kind: "bridge", bridge: "br7" });
});

test("a stack's smaller frames are what its nodes' cards are told", () => {
    const cards = (given: unknown) =>
        readSettings("team03", { number: 3, hosts, uplinks: given })
            .plan.node("db-node")
            .interfaces.map(({ network, mtu }) => [network, mtu]);
    expect(cards({ internal: { vxlan: { mtu: 1400 } } })).toEqual([
        ["nat", undefined],
        ["internal", 1400],
        ["public", undefined],
    ]);
    expect(cards({})).toEqual([
        ["nat", undefined],
        ["internal", undefined],
        ["public", undefined],
    ]);
});

test("ids of their own for every two stacks and networks, within what a VLAN can have", () => {
    fc.assert(
        fc.property(
            fc.nat(255),
            fc.nat(255),
            fc.constantFrom(...uplinkedNetworks),
            fc.constantFrom(...uplinkedNetworks),
            (a, b, one, other) => {
                const same = a === b && one === other;
                return (
                    (uplinkId(a, one) === uplinkId(b, other)) === same &&
                    uplinkId(a, one) >= 1 &&
                    uplinkId(a, one) <= 4094
                );
            },
        ),
    );
});

test.each([
    [{ internal: {} }, "uplinks.internal: {} is not allowed: an uplink is one of bridge, vlan, vxlan"],
    [
        { internal: { bridge: "br0", vxlan: {} } },
        "uplinks.internal: bridge and vxlan is not allowed: an uplink is one of bridge, vlan, vxlan",
    ],
    [{ public: { bridge: "br0" } }, "uplinks.public: there is no such key; allowed are internal, private"],
    [{ internal: { gre: {} } }, "uplinks.internal.gre: there is no such key; allowed are bridge, vlan, vxlan"],
    [
        { internal: { vlan: { nic: "eth1", id: 4095 } } },
        "uplinks.internal.vlan.id: 4095 is not allowed: a whole number from 1 to 4094",
    ],
    [{ internal: { vlan: { id: 5 } } }, "uplinks.internal.vlan.nic: missing"],
    [
        { internal: { bridge: "a bridge" } },
        'uplinks.internal.bridge: "a bridge" is not allowed: the name of an interface',
    ],
    [
        { private: { vxlan: { mtu: 1400 } } },
        "uplinks.private.vxlan.mtu: 1400 is not allowed: instances send frames of 1500 bytes",
    ],
    [
        { internal: { vxlan: { between: { central: "x", compute: "x" } } } },
        'uplinks.internal.vxlan.between.compute: "x" is the central host\'s end too',
    ],
    [
        { internal: { vlan: { nic: "eth1", id: 9 } }, private: { vlan: { nic: "eth1", id: 9 } } },
        "uplinks.private.vlan.id: 9 is the id of uplinks.internal too",
    ],
])("%j is refused with key, value and what is allowed", (given, words) => {
    expect(() => uplinks(given)).toThrow(words);
});
