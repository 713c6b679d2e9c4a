import * as pulumi from "@pulumi/pulumi";
import { TeamCloud } from "../../components/team-cloud";
import { type NodeName, nodeNames } from "../../config/nodes";
import { readSettings } from "../../config/settings";
import { setMocks } from "../../engine/mocks";
import { hostKeys } from "../clients/keys";

const given = {
    number: 1,
    release: "ocata",
    machine: "container",
    goldenRoot: "/srv/golden",
    archiveUrl: "http://192.168.122.1:8090/",
    image: { file: "/images/instance.qcow2", sha256: "0".repeat(64) },
    hosts: {
        central: { address: "gks-125.scc.kit.edu", hostKey: hostKeys.central },
        compute: { address: "gks-126.scc.kit.edu", hostKey: hostKeys.compute },
    },
};

/** What a resource says to the engine of its own replacement. */
interface Asked {
    name: string;
    type: string;
    inputs: Record<string, unknown>;
    replaceWith: string[];
    trigger: string;
}

const { MockMonitor } = require("@pulumi/pulumi/runtime/mocks") as {
    MockMonitor: { prototype: { registerResource(...args: unknown[]): unknown } };
};
const original = MockMonitor.prototype.registerResource;
const nameOf = (urn: string) => urn.split("::").pop()!;

/** Every resource of the cloud; the id of one is `<name>-id`, an ssh key that of its name. */
async function cloud(own: Record<string, unknown>): Promise<Asked[]> {
    const seen: Asked[] = [];
    await setMocks({
        newResource: args => ({
            id: `${args.name}-id`,
            state: {
                ...args.inputs,
                ...(/HostKey|SshKey/.test(args.type) && {
                    publicKey: `ssh-rsa ${args.name}-id`,
                    privateKey: "PRIVATE",
                }),
            },
        }),
        call: args => args.inputs,
    });
    const request = jest.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
        this: object,
        ...args: unknown[]
    ) {
        const {
            name,
            type,
            object,
            replaceWithList = [],
            replacementTrigger,
        } = (
            args[0] as {
                toObject(): {
                    name: string;
                    type: string;
                    object: unknown;
                    replaceWithList?: string[];
                    replacementTrigger?: unknown;
                };
            }
        ).toObject();
        const struct = (
            args[0] as { getObject(): { toJavaScript(): Record<string, unknown> } | undefined }
        ).getObject();
        seen.push({
            name,
            type: type.split("/").pop()!,
            inputs: object ? struct!.toJavaScript() : {},
            replaceWith: replaceWithList.map(nameOf),
            trigger: JSON.stringify(replacementTrigger ?? ""),
        });
        return original.apply(this, args);
    });
    new TeamCloud("cloud", {
        ...readSettings("team01", { ...given, ...own }),
        operatorKey: "ssh-ed25519 OPERATOR",
        knownHosts: "/known",
    });
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve));
    await pulumi.runtime.disconnect();
    request.mockRestore();
    return seen;
}

let all: Asked[];
beforeAll(async () => {
    all = await cloud({ nodes: { "volume-node": { kind: "vm" } } });
});

/** What the engine replaces when one is: by the options that say so, and by inputs that mean another object. */
function follow(first: string): Asked[] {
    const replaced = new Set([first]);
    const has = (text: string) => [...replaced].some(name => text.includes(`${name}-id`));
    for (let before = 0; before !== replaced.size;) {
        before = replaced.size;
        for (const { name, type, inputs, replaceWith, trigger } of all) {
            const another =
                type === "guest:Step"
                    ? inputs.per
                    : type === "nova:Keypair"
                      ? inputs.publicKey
                      : type === "machine:DomainPower"
                        ? inputs.incarnation
                        : type === "domain:Domain"
                          ? JSON.stringify(inputs.disks)
                          : "";
            if (replaceWith.some(r => replaced.has(r)) || has(trigger) || has(String(another))) replaced.add(name);
        }
    }
    return all.filter(r => replaced.has(r.name));
}
const first = (node: NodeName) => (node === "volume-node" ? "cloud-volume-node-vm-disk" : `cloud-${node}-container`);
const within = (node: NodeName) => (r: Asked) => (r.inputs.connection as { name?: string } | undefined)?.name === node;
const names = (of: Asked[]) => of.map(r => r.name.replace("cloud-", "")).sort();

/** Of each node what follows that is not in it. */
const elsewhere = (node: NodeName) =>
    names(
        follow(first(node)).filter(
            r => !within(node)(r) && !r.type.startsWith("machine:") && !/^(domain|volume):/.test(r.type),
        ),
    );

test("everything in a node goes with its machine; of the golden clone, the disk for data, and other machines nothing does", () => {
    for (const node of nodeNames) {
        const replaced = follow(first(node)),
            machines = names(replaced.filter(r => r.type.startsWith("machine:") || /^(domain|volume):/.test(r.type)));
        expect([node, names(replaced.filter(within(node)))]).toEqual([node, names(all.filter(within(node)))]);
        expect(machines).toEqual(
            node === "volume-node"
                ? ["volume-node-clock", "volume-node-vm-disk", "volume-node-vm-domain", "volume-node-vm-power"]
                : [`${node}-container`],
        );
    }
});

test("what is elsewhere and lost its data follows, and nothing else", () => {
    expect(
        Object.fromEntries(nodeNames.filter(node => node !== "db-node").map(node => [node, elsewhere(node)])),
    ).toEqual({
        "auth-node": [],
        "image-node": ["image-image-cirros"],
        "volume-node": [],
        "api-node": ["api-keypair"],
        "network-node": ["network-state"],
        "compute-1": ["api-nova-discover-hosts", "compute-1-nova-state"],
        "compute-2": ["api-nova-discover-hosts", "compute-2-nova-state"],
    });
});

test("with db-node: schemas, and all that is stored by way of identity, glance and nova; who works on it restarts", () => {
    const replaced = follow(first("db-node")),
        stored = all.filter(r => /^(keystone|nova|glance):/.test(r.type));
    expect(stored.length).toBeGreaterThan(40);
    expect(elsewhere("db-node")).toEqual(
        names([...stored, ...all.filter(r => r.type === "guest:Step" && !within("db-node")(r))]),
    );
    const restarted = all.filter(
        r => r.type === "guest:Service" && replaced.some(other => String(r.inputs.per).includes(`${other.name}-id`)),
    );
    expect(names(restarted)).toEqual(
        names(
            all.filter(
                r =>
                    r.type === "guest:Service" &&
                    !within("db-node")(r) &&
                    !/-(ntp|tgt|libvirtd|openstack-dashboard)$/.test(r.name),
            ),
        ),
    );
});

test("another generation is asked for of the machine alone; the first one leaves what is recorded as it is", async () => {
    const generations = (seen: Asked[]) =>
        Object.fromEntries(seen.filter(r => r.inputs.generation !== undefined).map(r => [r.name, r.inputs.generation]));
    const triggers = (seen: Asked[]) =>
        Object.fromEntries(
            seen
                .filter(r => r.type === "volume:Volume" && r.trigger !== '""')
                .map(r => [r.name, r.trigger.match(/\d(\/\d)?/)![0]]),
        );
    expect([generations(all), triggers(all)]).toEqual([
        {},
        { "cloud-volume-node-vm-disk": "1/1", "cloud-volume-node-vm-data": "1" },
    ]);
    const next = await cloud({
        nodes: { "volume-node": { kind: "vm", generation: 3, dataGeneration: 2 }, "db-node": { generation: 2 } },
    });
    expect([generations(next), triggers(next)]).toEqual([
        { "cloud-db-node-container": 2 },
        { "cloud-volume-node-vm-disk": "3/2", "cloud-volume-node-vm-data": "2" },
    ]);
});
