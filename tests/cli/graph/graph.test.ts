import * as fs from "fs";
import * as path from "path";
import { mermaid } from "../../../cli/graph/mermaid";
import { type Picture, pictureOf, pictureOfStack as pictureOfFile } from "../../../cli/graph/picture";
import { svg } from "../../../cli/graph/svg";
import { noMachine, placeholderCredentials } from "../../../cli/stack/placeholders";
import { configured, settingsFrom } from "../../../cli/stack/reach";
import { projectDir } from "../../../system/paths";

const pictureOfStack = (stack: string, more: object = {}): Picture => {
    const given = { ...configured(stack), ...more };
    return pictureOf(stack, settingsFrom(stack, { ...given, credentials: placeholderCredentials(given) }, noMachine));
};
const team = pictureOfStack("team01");
const nodesOf = (picture: Picture) => picture.hosts.flatMap(host => host.nodes);

test("the picture has the two hosts with the tutorial's machines", () => {
    expect(team.hosts.map(({ role, nodes }) => [role, nodes.map(n => n.name)])).toEqual([
        ["central", ["db-node", "auth-node", "image-node", "volume-node", "api-node", "network-node"]],
        ["compute", ["compute-1", "compute-2"]],
    ]);
});

test("a node has its services and an address on each network that gives one", () => {
    expect(nodesOf(team).find(n => n.name === "network-node")).toMatchObject({
        services: expect.arrayContaining(["nova-network"]),
        addresses: { nat: "192.168.122.7", internal: "10.0.0.7", public: "172.16.0.7", private: "" },
    });
});

test("nodes that are not made yet are left out", () => {
    expect(nodesOf(pictureOfStack("team01", { upTo: "image-node" })).map(n => n.name)).toEqual([
        "db-node",
        "auth-node",
        "image-node",
    ]);
});

test("each node and each service is in both drawings", () => {
    for (const drawing of [svg(team), mermaid(team)])
        for (const { name, services } of nodesOf(team))
            for (const word of [name, ...services]) expect(drawing).toContain(word);
});

test("a drawing has one line for each card of a node", () => {
    const cards = nodesOf(team).flatMap(n => Object.keys(n.addresses)).length;
    expect([svg(team).match(/<line /g)!.length, mermaid(team).match(/ ---/g)!.length]).toEqual([cards, cards]);
});

test("a name with marks of XML or Mermaid is text", () => {
    const picture: Picture = { stack: '"><script>', hosts: team.hosts, networks: [{ name: "nat", label: '"]<b>&' }] };
    const hosts = picture.hosts.map(host => ({ ...host, nodes: [] }));
    expect(svg({ ...picture, hosts })).not.toMatch(/<script>|<b>/);
    expect(mermaid({ ...picture, hosts })).toContain('nat(["#34;]#60;b#62;#38;"])');
});

test("a diagnosis colours its nodes and says their state in words; stopped services have a mark", () => {
    const drawn = svg(team, {
        time: "2026-11-30T02:00:00Z",
        nodes: { "auth-node": { state: "drifted", stopped: ["keystone"] }, "api-node": { state: "mute", stopped: [] } },
    });
    expect([drawn.match(/>drifted</g)!.length, drawn.match(/>does not answer</g)!.length]).toEqual([1, 1]);
    expect(drawn).toContain("keystone ✗");
    // The others are drawn as they are without a diagnosis.
    expect(drawn.match(/>virtual machine</g)!.length).toBe(nodesOf(team).length - 2);
});

test("the picture of a stack's file is the same for everybody", () => {
    expect(svg(pictureOfFile("team01"))).toBe(svg(team));
});

test("the drawing in the README is of today", () => {
    const file = path.join(projectDir(), "docs/cloud.svg");
    expect(fs.readFileSync(file, "utf8")).toBe(svg(team));
});
