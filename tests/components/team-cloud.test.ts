import * as pulumi from "@pulumi/pulumi";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import { TeamCloud } from "../../components/team-cloud";
import { readSettings } from "../../config/settings";

const given = (number: number) => ({
    number, release: "ocata", sshKeyFile: "/keys/operator", knownHostsFile: "/keys/known_hosts",
    hosts: { central: { address: "gks-125.scc.kit.edu", hostKey: "ssh-ed25519 AAAA" }, compute: { address: "gks-126.scc.kit.edu", hostKey: "ssh-ed25519 BBBB" } },
});

/** Every resource that a stack registers, in order. What the engine would do with them is not shown here. */
async function registered(number: number): Promise<MockResourceArgs[]> {
    const seen: MockResourceArgs[] = [];
    await pulumi.runtime.setMocks({
        newResource: args => { seen.push(args); return { id: `${args.name}-id`, state: args.inputs }; },
        call: args => args.inputs,
    });
    new TeamCloud("cloud", readSettings("team01", given(number)));
    await pulumi.runtime.disconnect();
    return seen;
}

/** Logical names are an API: a renamed resource is another one, so a change here needs `aliases`. */
const names = [
    "classroom:index:HostPair cloud-hosts",
    "classroom:index:Networks cloud-net",
    "classroom:index:TeamCloud cloud",
    "libvirt:index/network:Network cloud-net-central-internal",
    "libvirt:index/network:Network cloud-net-central-nat",
    "libvirt:index/network:Network cloud-net-central-private",
    "libvirt:index/network:Network cloud-net-central-public",
    "libvirt:index/network:Network cloud-net-compute-internal",
    "libvirt:index/network:Network cloud-net-compute-nat",
    "libvirt:index/network:Network cloud-net-compute-private",
    "pulumi-nodejs:dynamic/guest:HostsEntries cloud-hosts-central-names",
    "pulumi-nodejs:dynamic/guest:HostsEntries cloud-hosts-compute-names",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-central-internal-state",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-central-nat-state",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-central-private-state",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-central-public-state",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-compute-internal-state",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-compute-nat-state",
    "pulumi-nodejs:dynamic/machine:NetworkState cloud-net-compute-private-state",
    "pulumi:providers:libvirt cloud-hosts-central",
    "pulumi:providers:libvirt cloud-hosts-compute",
];

test("every stack has the same resources under the same names", async () => {
    for (const number of [0, 1]) expect((await registered(number)).map(r => `${r.type} ${r.name}`).sort()).toEqual(names);
});

test("what the resources are given (H1, H3, N1–N4)", async () => {
    const seen = Object.fromEntries((await registered(1)).map(r => [r.name, r.inputs]));
    expect(seen["cloud-hosts-central"].uri).toBe("qemu+ssh://root@gks-125.scc.kit.edu:24/system?keyfile=%2Fkeys%2Foperator&knownhosts=%2Fkeys%2Fknown_hosts");
    expect(seen["cloud-net-central-nat"]).toMatchObject({ mode: "nat", autostart: true, addresses: ["192.168.122.0/24"], dhcp: { enabled: true } });
    expect(seen["cloud-net-central-public"]).toMatchObject({ mode: "route", addresses: ["172.16.0.0/16"], dhcp: { enabled: false } });
    for (const host of ["central", "compute"]) {
        expect(seen[`cloud-net-${host}-internal`]).toMatchObject({ mode: "bridge", bridge: "br-internal" });
        expect(seen[`cloud-net-${host}-private`]).toMatchObject({ mode: "bridge", bridge: "br-private" });
        const entries = seen[`cloud-hosts-${host}-names`];
        expect(entries.connection).toMatchObject({ port: 24, user: "root", hostKey: host === "central" ? "ssh-ed25519 AAAA" : "ssh-ed25519 BBBB" });
        expect(entries.entries).toContainEqual({ address: "172.16.0.6", names: ["api-node.example.org"] });
        expect(entries.entries).toContainEqual({ address: "10.0.0.21", names: ["compute-2"] });
        expect(entries.entries).toHaveLength(14);
        expect(JSON.stringify(entries).length).toBeLessThan(6 * 1024);
    }
});
