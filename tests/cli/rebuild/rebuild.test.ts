import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as yaml from "yaml";
import { kept, orphanLine, unknown } from "../../../cli/orphans/orphans";
import { nodesIn, raised } from "../../../cli/rebuild/rebuild";

const project = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-rebuild-"));
jest.mock("../../../system/paths", () => ({
    ...jest.requireActual<object>("../../../system/paths"),
    projectDir: () => project,
}));
afterAll(() => fs.rmSync(project, { recursive: true }));
fs.writeFileSync(path.join(project, "Pulumi.some.yaml"), "config:\n  nodes: { compute-1: { power: off } }\n");
fs.writeFileSync(path.join(project, "Pulumi.first.yaml"), "config:\n  upTo: auth-node\n");

test("nodes come in the tutorial's order, each once; what is not allowed is named, with what is", () => {
    expect(nodesIn("some", ["auth-node", "db-node", "auth-node"], false, false)).toEqual(["db-node", "auth-node"]);
    expect(nodesIn("some", ["volume-node"], true, false)).toEqual(["volume-node"]);
    expect(nodesIn("some", [], false, true)).toEqual([]);
    expect(() => nodesIn("some", ["api-nod", "db-node"], false, false)).toThrow(
        '"api-nod": no such node; there are db-node, auth-node, image-node, volume-node, api-node, network-node, compute-1, compute-2. Nothing was changed',
    );
    expect(() => nodesIn("some", [], false, false)).toThrow("which node? There are db-node, auth-node, ");
    expect(() => nodesIn("some", ["api-node"], true, false)).toThrow("--data is for volume-node");
    expect(() => nodesIn("some", ["api-node", "compute-1"], false, false)).toThrow(
        "off by configuration, so nothing can be made in it: compute-1 (nodes.compute-1.power); switch it on first. Nothing was changed",
    );
    expect(nodesIn("first", ["auth-node"], false, false)).toEqual(["auth-node"]);
    expect(() => nodesIn("first", ["db-node", "image-node"], false, false)).toThrow(
        "not made yet, for the stack goes up to auth-node (upTo): image-node. Nothing was changed",
    );
});

const P = "gridka-cloud-classroom";
test.each([
    [
        "none yet",
        `config:\n  ${P}:lab: lab # ours\n`,
        {
            [`${P}:lab`]: "lab",
            [`${P}:nodes`]: { "volume-node": { generation: 2, dataGeneration: 2 }, "db-node": { generation: 2 } },
        },
    ],
    [
        "in one line",
        `config:\n  ${P}:nodes: { db-node: { kind: vm, generation: 4 } } # ours\n`,
        {
            [`${P}:nodes`]: {
                "volume-node": { generation: 2, dataGeneration: 2 },
                "db-node": { kind: "vm", generation: 5 },
            },
        },
    ],
    [
        "without the project",
        "# ours\nconfig:\n  nodes:\n    volume-node:\n      dataGeneration: 2\n",
        { nodes: { "volume-node": { generation: 2, dataGeneration: 3 }, "db-node": { generation: 2 } } },
    ],
    [
        "as the engine writes it",
        `# ours\nconfig:\n  ${P}:nodes: '{"db-node":{"power":"on"}}'\n`,
        {
            [`${P}:nodes`]: {
                "volume-node": { generation: 2, dataGeneration: 2 },
                "db-node": { power: "on", generation: 2 },
            },
        },
    ],
])("a stack's file asks for the next generation: %s", (_title, file, config) => {
    const { text, set } = raised(file, ["db-node", "volume-node"], true);
    expect(yaml.parse(text)).toEqual({ config });
    expect(text).toContain("# ours");
    expect(set).toHaveLength(3);
    expect(set[0]).toMatch(/^nodes\.db-node\.generation: \d$/);
});

test("without --data the disk for volumes is left", () => {
    expect(raised("config: {}\n", ["volume-node"], false).set).toEqual(["nodes.volume-node.generation: 2"]);
});

test("of what lies on a node, what the cloud does not know; the metadata service's address is the node's own", () => {
    const [a, b] = ["3f56a1c0-0000-4000-8000-00000000000a", "3f56a1c0-0000-4000-8000-00000000000b"];
    const known = {
        instance: new Set([a]),
        volume: new Set<string>(),
        "floating address": new Set(["172.16.1.1"]),
        "firewall rule": new Set(["172.16.1.1"]),
    };
    const listed = {
        instance: [a, b, b],
        volume: [],
        address: ["172.16.1.1", "172.16.1.2"],
        rule: ["169.254.169.254", "172.16.1.2"],
    };
    const found = unknown("network-node", listed, known);
    expect(found.map(orphanLine)).toEqual([
        `instance ${b} on network-node`,
        "floating address 172.16.1.2 on network-node",
        "firewall rules of 172.16.1.2 on network-node",
    ]);
    expect(found.map(kept)).toEqual([
        ` (stopped, its disk kept, as orphan-${b}: its name and address are others' now)`,
        "",
        "",
    ]);
});
