import { cloudResources, open } from "./cloud-resources";
import { hostKeys } from "../clients/keys";

jest.setTimeout(120_000);

const given = {
    number: 1,
    release: "ocata",
    machine: "container",
    goldenRoot: "/srv/golden",
    baseline: "mend",
    image: { file: "/images/instance.qcow2", sha256: "0".repeat(64) },
    archiveUrl: "http://192.168.122.1:8090/",
    sshKeyFile: "/keys/operator",
    hosts: {
        central: { address: "central.example.org", hostKey: hostKeys.central },
        compute: { address: "compute.example.org", hostKey: hostKeys.compute },
    },
};
interface Inputs {
    connection: { name: string };
    expects: string;
    mends?: boolean;
    managed: { paths: string[]; lines: string[] };
    services?: string[];
    ready?: object;
}
/** Of each node, its first resource and its last. */
async function grounds(own: object = {}): Promise<Map<string, Inputs>> {
    const all = (await cloudResources({ ...given, ...own })).filter(({ type }) => /:(Ground|Baseline)$/.test(type));
    return new Map(all.map(({ name, inputs }) => [name, open(inputs) as Inputs]));
}

test("each node has a first resource and a last, which know what other resources manage", async () => {
    const all = await grounds();
    expect(all.size).toBe(16);
    const compute = all.get("cloud-compute-1-ground")!;
    expect(compute).toMatchObject({ connection: { name: "compute-1" }, mends: true, differences: [] });
    expect(compute.managed.paths).toContain("/etc/nova/nova.conf");
    expect(compute.services).toContain("nova-compute");
    const { lines } = all.get("cloud-network-node-ground")!.managed;
    expect(lines.filter(line => !line.startsWith("options "))).toEqual(["sysctls net.ipv4.ip_forward"]);
    expect(lines).toContain("options /etc/nova/nova.conf[DEFAULT]rabbit_host");
    expect(all.get("cloud-compute-1-baseline")).toMatchObject({ recorded: true, managed: compute.managed });
    expect(all.get("cloud-compute-1-baseline")!.expects).toBe(compute.expects);
});

test("another configuration of one node is another expectation of that one alone", async () => {
    const nodes = { "compute-1": { options: { "nova-conf": { DEFAULT: { debug: "true" } } } } };
    const [before, after] = [await grounds(), await grounds({ nodes })];
    const changed = [...before].filter(([name, { expects }]) => after.get(name)!.expects !== expects);
    expect(changed.map(([name]) => name).sort()).toEqual(["cloud-compute-1-baseline", "cloud-compute-1-ground"]);
});

test.each([
    [{ baseline: "report" }, 16, false],
    [{ baseline: "off" }, 0, false],
    [{ baseline: undefined, training: false }, 16, false],
    [{ baseline: undefined, training: true }, 16, true],
])("%j", async (own, count, mends) => {
    const all = await grounds(own);
    expect(all.size).toBe(count);
    expect([...all.values()].some(ground => ground.mends)).toBe(mends);
});
