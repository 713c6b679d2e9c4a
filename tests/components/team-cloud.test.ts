import * as fs from "fs";
import * as path from "path";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import { type NodeName, nodeNames } from "../../config/nodes";
import { cloudResources } from "./cloud-resources";
import { hostKeys } from "../clients/keys";

const given = (number: number) => ({
    number,
    release: "ocata",
    machine: "container",
    goldenRoot: "/srv/golden",
    nodes: { "volume-node": { kind: "vm" } },
    archiveUrl: "http://192.168.122.1:8090/",
    image: { file: "/images/instance.qcow2", sha256: "0".repeat(64) },
    sshKeyFile: "/keys/operator",
    knownHostsFile: "/keys/known_hosts",
    hosts: {
        central: { address: "gks-125.scc.kit.edu", hostKey: hostKeys.central },
        compute: { address: "gks-126.scc.kit.edu", hostKey: hostKeys.compute },
    },
});

jest.setTimeout(60_000);

/** Every resource that a stack registers, in order. What the engine would do with them is not shown here. */
const registered = (number: number): Promise<MockResourceArgs[]> => cloudResources(given(number));

/** Logical names are an API: a renamed resource is another one, so a change here needs `aliases`. */
const names = fs.readFileSync(path.join(__dirname, "resources.txt"), "utf8").trim().split("\n");

test("every stack has the same resources under the same names", async () => {
    for (const number of [0, 1])
        expect((await registered(number)).map(r => `${r.type} ${r.name}`).sort()).toEqual(names);
});

/** Names of what a node's step adds where not all of them begin with the node's. */
const owns: Partial<Record<NodeName, RegExp>> = {
    "db-node": /^cloud/,
    // The scheduler is told of compute nodes on api-node.
    "compute-1": /^cloud-(compute-1|api-nova-discover)/,
    // Two compute nodes let each other in.
    "compute-2": /^cloud-(compute-2|compute-1-nova-nova-(hosts|logins))/,
};

test("a cloud that is made node by node: each step adds what belongs to that node and leaves the rest as it was", async () => {
    const facts = (all: MockResourceArgs[]) => new Map(all.map(r => [r.name, JSON.stringify(r.inputs)]));
    let before = new Map<string, string>();
    for (const upTo of nodeNames) {
        const now = facts(await cloudResources({ ...given(1), upTo }));
        const added = [...now.keys()].filter(name => !before.has(name)).sort();
        const own = owns[upTo] ?? new RegExp(`^cloud-${upTo.replace(/-node$/, "")}`);
        expect(added.filter(name => !own.test(name))).toEqual([]);
        expect(added).toContain(`cloud-${upTo}-key`);
        expect(
            [...before].filter(
                ([name, inputs]) =>
                    now.get(name) !== inputs &&
                    !/^cloud(-api-nova-discover.*|-compute-1-(ground|baseline))?$/.test(name),
            ),
        ).toEqual([]);
        before = now;
    }
    expect([...before]).toEqual([...facts(await registered(1))]);
});

test("uplinks that the program makes: an end on each host, whose bridge the network is then in (N2, N4)", async () => {
    const seen = Object.fromEntries(
        (
            await cloudResources({
                ...given(1),
                uplinks: { internal: { vxlan: {} }, private: { vlan: { nic: "eno2" } } },
            })
        ).map(r => [r.name, r.inputs]),
    );
    for (const [role, peer] of [
        ["central", "gks-126.scc.kit.edu"],
        ["compute", "gks-125.scc.kit.edu"],
    ]) {
        expect(seen[`cloud-net-${role}-internal-uplink`]).toMatchObject({
            kind: "vxlan",
            segment: 1002,
            port: 4789,
            mtu: 1450,
            peer,
            bridge: "br-up-internal",
            ports: ["up-internal"],
        });
        expect(seen[`cloud-net-${role}-private-uplink`]).toMatchObject({
            kind: "vlan",
            segment: 1003,
            nic: "eno2",
            mtu: 1500,
            bridge: "br-up-private",
        });
        expect([seen[`cloud-net-${role}-internal`].bridge, seen[`cloud-net-${role}-private`].bridge]).toEqual([
            "br-up-internal",
            "br-up-private",
        ]);
    }
});

test("files of the home folder, in the words of libvirt's provider, which knows no ~", async () => {
    const uri = async (files: object) => {
        const [found] = (await cloudResources({ ...given(1), ...files })).filter(r => r.name === "cloud-hosts-compute");
        return new URL(found!.inputs.uri as string).searchParams;
    };
    const inHome = await uri({ sshKeyFile: "~/.ssh/id_rsa", knownHostsFile: "~/.ssh/known_hosts" });
    expect(inHome.get("keyfile")).toBe("${HOME}/.ssh/id_rsa");
    const elsewhere = await uri({ sshKeyFile: "/keys/~/a", knownHostsFile: "/keys/b" });
    expect([elsewhere.get("keyfile"), elsewhere.get("knownhosts")]).toEqual(["/keys/~/a", "/state/known_hosts"]);
});

test("what the resources are given (H1, H3, N1–N4)", async () => {
    const seen = Object.fromEntries((await registered(1)).map(r => [r.name, r.inputs]));
    expect(seen["cloud-hosts-central"].uri).toBe(
        "qemu+ssh://root@gks-125.scc.kit.edu:24/system?sshauth=privkey&keyfile=%2Fkeys%2Foperator&knownhosts=%2Fstate%2Fknown_hosts",
    );
    expect(seen["cloud-net-central-nat"]).toMatchObject({
        mode: "nat",
        autostart: true,
        addresses: ["192.168.122.0/24"],
        dhcp: { enabled: true },
    });
    expect(seen["cloud-net-central-public"]).toMatchObject({
        mode: "route",
        addresses: ["172.16.0.0/16"],
        dhcp: { enabled: false },
    });
    for (const host of ["central", "compute"] as const) {
        expect(seen[`cloud-net-${host}-internal`]).toMatchObject({ mode: "bridge", bridge: "br-internal" });
        expect(seen[`cloud-net-${host}-private`]).toMatchObject({ mode: "bridge", bridge: "br-private" });
        const entries = seen[`cloud-hosts-${host}-names`];
        expect(entries.connection).toMatchObject({
            port: 24,
            hostKey: hostKeys[host],
        });
        expect(entries.entries).toContainEqual({ address: "172.16.0.6", names: ["api-node.example.org"] });
        expect(entries.entries).toContainEqual({ address: "10.0.0.21", names: ["compute-2"] });
        expect(entries.entries).toHaveLength(14);
        expect(JSON.stringify(entries).length).toBeLessThan(6 * 1024);
    }
});
