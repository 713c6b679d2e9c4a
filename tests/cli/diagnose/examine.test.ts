import { diagnose } from "../../../cli/diagnose/diagnosis";
import { examine, type Findings, onHosts } from "../../../cli/diagnose/examine";
import type { RecordedResource } from "../../../engine/state";

const addresses = { central: "gks-125", compute: "gks-126" };
const host = { name: "host gks-126", host: "gks-126" };
const connection = { name: "compute-1", host: "192.168.122.20", jump: host };
const resource = (name: string, type: string, more: Partial<RecordedResource>): RecordedResource => ({
    urn: `urn:pulumi:team01::p::${type}::${name}`,
    type,
    custom: true,
    id: `id-${name}`,
    ...more,
});
const machine = resource("machine", "pulumi-nodejs:dynamic/machine:Container", {
    inputs: { connection: host, name: "compute-1" },
});
const service = resource("service", "pulumi-nodejs:dynamic/guest:Service", {
    id: "compute-1:nova-compute",
    inputs: { connection, service: "nova-compute" },
    dependencies: [machine.urn],
});
const state = resource("state", "pulumi-nodejs:dynamic/nova:ServiceState", {
    inputs: { host: "compute-1", binary: "nova-compute" },
    dependencies: [service.urn],
});
const network = resource("network", "libvirt:index/network:Network", {
    provider: "urn:pulumi:team01::p::pulumi:providers:libvirt::cloud-hosts-compute::1",
});
const resources = [machine, service, state, network, resource("group", "classroom:index:TeamCloud", { custom: false })];
const nothing: Findings = { changes: [], unreachable: [], off: [], down: [] };
const mute = {
    resource: "guest/service compute-1:nova-compute",
    type: "guest:Service",
    id: "compute-1:nova-compute",
    reason: "accepts no ssh session",
};
test("where a value is set goes along with its change", () => {
    const change = { resource: "service", type: service.type, action: "drifted", property: "a", old: 1, new: 2 };
    const found = examine(resources, { ...nothing, changes: [{ ...change, where: "line 3" }, change] }, addresses);
    expect(found.find(e => e.name === "service")!.verdict).toEqual({
        found: "drifted",
        changes: [
            { path: "a", old: 1, new: 2, where: "line 3" },
            { path: "a", old: 1, new: 2 },
        ],
    });
});

const causes = (findings: Partial<Findings>) =>
    diagnose(examine(resources, { ...nothing, ...findings }, addresses)).map(c => [
        c.of.id.split("::").pop(),
        c.follows.map(e => e.id.split("::").pop()),
    ]);

test("each resource is where it is, and stands on ssh of its node or on its host", () => {
    const all = new Map(examine(resources, nothing, addresses).map(e => [e.name, e]));
    expect(all.get("service")).toMatchObject({
        area: "compute-1",
        needs: ["ssh compute-1", machine.urn],
        verdict: { found: "sound" },
    });
    expect(all.get("machine")).toMatchObject({ area: "compute", needs: ["host compute"] });
    expect(all.get("state")).toMatchObject({ area: "nova", needs: ["host central", service.urn] });
    expect(all.get("network")).toMatchObject({ area: "compute", needs: ["host compute"] });
    expect(all.has("group")).toBe(false);
});

test("a node that does not answer: its ssh where the machine runs, the machine where it is off, the host where that is down", () => {
    expect(causes({ unreachable: [mute] })).toEqual([["ssh compute-1", ["service"]]]);
    const off = {
        resource: "machine",
        type: "machine:Container",
        action: "drifted",
        property: "power",
        old: "on",
        new: "off",
    };
    expect(causes({ unreachable: [mute], changes: [off] })).toEqual([["machine", ["ssh compute-1", "service"]]]);
    expect(causes({ down: [{ role: "compute", address: "gks-126", reason: "no ssh session within 5 s" }] })).toEqual([
        ["host compute", ["ssh compute-1", "machine", "service", "network"]],
    ]);
});

test("a host that is down takes what is on it out of what is asked; what is in the cloud is asked from the central one", () => {
    const on = (role: "central" | "compute") =>
        onHosts(resources, [{ role, address: "", reason: "" }], addresses).map(urn => urn.split("::").pop());
    expect(on("compute")).toEqual(["machine", "service", "network"]);
    expect(on("central")).toEqual(["state"]);
});

test("a node that is off by configuration is neither broken nor sound", () => {
    expect(causes({ off: [{ ...mute, reason: "compute-1" }] })).toEqual([]);
    expect(
        examine(resources, { ...nothing, off: [{ ...mute, reason: "compute-1" }] }, addresses).find(
            e => e.name === "service",
        )!.verdict,
    ).toEqual({ found: "off", node: "compute-1" });
});
