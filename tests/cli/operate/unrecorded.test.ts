import type { EngineEvent, Stack, UpOptions } from "@pulumi/pulumi/automation";
import { foundIn, keyless, takeIn, unrecorded } from "../../../cli/operate/unrecorded";
import type { Run } from "../../../cli/operate/run";
import type { Settings } from "../../../config/settings";
import type { RecordedResource } from "../../../engine/state";

/** What a host answers, what the state records, and what the program has asked to be recorded, in turn. */
const world = { printed: "", state: [] as RecordedResource[], recorded: [] as string[][] };
jest.mock("../../../clients/ssh", () => ({
    ...jest.requireActual<object>("../../../clients/ssh"),
    exec: async (to: string) => ({ stdout: to === "central" ? world.printed : "", code: 0 }),
}));
jest.mock("../../../components/host-pair", () => ({ hostConnection: (_settings: unknown, role: string) => role }));
jest.mock("../../../engine/stack-store", () => ({ stackStore: { resources: () => world.state } }));
jest.mock("../../../engine/leftovers", () => ({
    record: async (_stack: unknown, found: RecordedResource[]) => {
        world.recorded.push(found.map(r => `${r.custom ? r.id : "component"} ${r.urn.split("::").pop()}`));
        world.state = [...world.state, ...found];
    },
    forgetResources: async (_stack: unknown, urns: string[]) => {
        world.state = world.state.filter(r => !urns.includes(r.urn));
    },
}));

const provider = (role: string) =>
    `urn:pulumi:lab::p::classroom:index:TeamCloud$classroom:index:HostPair$pulumi:providers:libvirt::cloud-hosts-${role}::1234`;
const recorded = (kind: string, type: string, role: string, name: string): RecordedResource => ({
    urn: `urn:pulumi:lab::p::libvirt:index/${kind}:${type}::${name}`,
    type: `libvirt:index/${kind}:${type}`,
    custom: true,
    provider: provider(role),
    inputs: { name },
});

const said = {
    network: ["nat 260c765d-71d2-4135-b42e-5bb30124b99d"],
    domain: ["volume-node 45f1bb80-e196-44d1-a50e-0aeaa4129b90"],
    volume: ["volume-node.qcow2 /var/lib/libvirt/machines/volume-node.qcow2"],
};

test("what a host has under the program's names", () => {
    expect(foundIn("central", said)).toEqual([
        { role: "central", kind: "network", name: "nat", id: "260c765d-71d2-4135-b42e-5bb30124b99d" },
        { role: "central", kind: "domain", name: "volume-node", id: "45f1bb80-e196-44d1-a50e-0aeaa4129b90" },
        {
            role: "central",
            kind: "volume",
            name: "volume-node.qcow2",
            id: "/var/lib/libvirt/machines/volume-node.qcow2",
        },
    ]);
});

test("what is recorded of the same kind, name and host is known; on the other host, or of another kind, it is not", () => {
    const found = foundIn("central", said),
        names = (resources: RecordedResource[]) => unrecorded(found, resources).map(f => `${f.kind} ${f.name}`);
    expect(
        names([
            recorded("network", "Network", "central", "nat"),
            recorded("domain", "Domain", "central", "volume-node"),
            recorded("volume", "Volume", "central", "volume-node.qcow2"),
        ]),
    ).toEqual([]);
    expect(
        names([
            recorded("network", "Network", "compute", "nat"),
            recorded("volume", "Volume", "central", "volume-node"),
            recorded("volume", "Volume", "central", "volume-node.qcow2"),
        ]),
    ).toEqual(["network nat", "domain volume-node"]);
});

test("a virtual machine is refused in words, with how to be rid of it", () => {
    expect(keyless(foundIn("central", said)[1]!)).toMatch(
        /^the virtual machine volume-node \(45f1bb80-e196-44d1-a50e-0aeaa4129b90\) is on the central host without .* \(virsh destroy volume-node; virsh undefine volume-node\)\. Nothing was changed$/,
    );
});

describe("a state that was lost", () => {
    const urn = (name: string, type = "classroom:index:Part") => `urn:pulumi:lab::p::${type}::${name}`;
    const of = (role: string) => urn(`cloud-hosts-${role}`, "pulumi:providers:libvirt");
    const network = urn("cloud-net-central-nat", "libvirt:index/network:Network"),
        domain = urn("cloud-volume-node-vm-domain", "libvirt:index/domain:Domain");
    /** What the program would make: name, parent, and of libvirt's the object's name. */
    const wanted: [string, string | undefined, string?][] = [
        [urn("stack"), undefined],
        [urn("cloud"), urn("stack")],
        [of("central"), urn("cloud")],
        [urn("cloud-net"), urn("cloud")],
        [network, urn("cloud-net"), "nat"],
    ];
    const targets: string[][] = [];
    let asked = 0;

    /** An engine that knows no more than names: what is recorded is the same, or is what `changed` says. */
    async function lost(printed: string, resources = wanted, changed: string[] = []): Promise<void> {
        Object.assign(world, { printed, state: [], recorded: [] });
        targets.length = asked = 0;
        const step = ([name, parent, object]: (typeof wanted)[number]) => {
            const known = world.state.some(r => r.urn === name),
                side = { parent, provider: object && `${of("central")}::1234`, inputs: object ? { name: object } : {} };
            return {
                urn: name,
                type: name.split("::")[2]!,
                op: !known ? "create" : changed.includes(name) ? "update" : "same",
                new: side,
                old: { ...side, inputs: { name: object, mode: "route" } },
            };
        };
        const stack = {
            preview: async ({ onEvent }: { onEvent(e: EngineEvent): void }) => {
                asked++;
                resources.forEach(r => onEvent({ resourcePreEvent: { metadata: step(r) } } as never));
            },
            up: async ({ target }: UpOptions) => {
                targets.push(target!);
                world.state = [...world.state, ...target!.map(t => ({ urn: t, type: "", custom: false }))];
            },
        };
        const terminal = { step: (_title: string, work: () => Promise<unknown>) => work(), note: () => undefined };
        await takeIn(
            { stack: "lab", terminal, signal: undefined } as unknown as Run,
            stack as unknown as Stack,
            {} as Settings,
        );
    }

    test("networks are recorded below their components; of those only what the provider stands in is made", async () => {
        await lost("network nat 260c\n");
        expect(targets.map(t => [...t].sort())).toEqual([[of("central"), urn("cloud"), urn("stack")].sort()]);
        expect(world.recorded).toEqual([["component cloud-net", "260c cloud-net-central-nat"]]);
    });

    test("components come parents first, each once", async () => {
        const deeper: typeof wanted = [
            ...wanted.slice(0, 3),
            [urn("a"), urn("cloud")],
            [urn("b"), urn("a")],
            [network, urn("b"), "nat"],
            [urn("pool", "libvirt:index/network:Network"), urn("a"), "internal"],
        ];
        await lost("network nat 260c\nnetwork internal 31\n", deeper);
        expect(world.recorded).toEqual([["component a", "component b", "260c cloud-net-central-nat", "31 pool"]]);
    });

    test("what differs is shown, there and wanted, and the state is as it was", async () => {
        await expect(lost("network nat 260c\n", wanted, [network])).rejects.toThrow(
            /^network nat \(260c\) is on the central host but not in the state, and differs from the program \(there → wanted\); nothing was changed\.[^]*mode: "?route"?/,
        );
        expect(world.state.map(r => r.urn)).not.toContain(network);
    });

    test("a virtual machine is refused before anything is recorded", async () => {
        await expect(
            lost("network nat 260c\ndomain volume-node 88ea\n", [...wanted, [domain, urn("cloud"), "volume-node"]]),
        ).rejects.toThrow(/^the virtual machine volume-node \(88ea\) is on the central host/);
        expect([world.recorded, targets]).toEqual([[], []]);
    });

    test("where the hosts have nothing unknown the program is not asked", async () => {
        await lost("");
        expect([world.recorded, targets, asked]).toEqual([[], [], 0]);
    });
});
