import { foundIn, keyless, unrecorded } from "../../cli/unrecorded";
import type { RecordedResource } from "../../engine/state";

const provider = (role: string) => `urn:pulumi:lab::p::classroom:index:TeamCloud$classroom:index:HostPair$pulumi:providers:libvirt::cloud-hosts-${role}::1234`;
const recorded = (kind: string, type: string, role: string, name: string): RecordedResource => ({ urn: `urn:pulumi:lab::p::libvirt:index/${kind}:${type}::${name}`, type: `libvirt:index/${kind}:${type}`, custom: true, provider: provider(role), inputs: { name } });

const printed = `network nat 260c765d-71d2-4135-b42e-5bb30124b99d
domain volume-node 45f1bb80-e196-44d1-a50e-0aeaa4129b90

volume volume-node.qcow2 /var/lib/libvirt/machines/volume-node.qcow2
network broken
`;

test("what a host has under the program's names", () => {
    expect(foundIn("central", printed)).toEqual([
        { role: "central", kind: "network", name: "nat", id: "260c765d-71d2-4135-b42e-5bb30124b99d" }, { role: "central", kind: "domain", name: "volume-node", id: "45f1bb80-e196-44d1-a50e-0aeaa4129b90" },
        { role: "central", kind: "volume", name: "volume-node.qcow2", id: "/var/lib/libvirt/machines/volume-node.qcow2" },
    ]);
});

test("what is recorded of the same kind, name and host is known; on the other host, or of another kind, it is not", () => {
    const found = foundIn("central", printed), names = (resources: RecordedResource[]) => unrecorded(found, resources).map(f => `${f.kind} ${f.name}`);
    expect(names([recorded("network", "Network", "central", "nat"), recorded("domain", "Domain", "central", "volume-node"), recorded("volume", "Volume", "central", "volume-node.qcow2")])).toEqual([]);
    expect(names([recorded("network", "Network", "compute", "nat"), recorded("volume", "Volume", "central", "volume-node"), recorded("volume", "Volume", "central", "volume-node.qcow2")])).toEqual(["network nat", "domain volume-node"]);
});

test("a virtual machine is refused in words, with how to be rid of it", () => {
    expect(keyless(foundIn("central", printed)[1]!)).toMatch(/^the virtual machine volume-node \(45f1bb80-e196-44d1-a50e-0aeaa4129b90\) is on the central host without .* \(virsh destroy volume-node; virsh undefine volume-node\)\. Nothing was changed$/);
});
