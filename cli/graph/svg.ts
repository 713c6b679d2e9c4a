import type { NetworkName } from "../../config/nodes";
import type { Condition, NodeCondition, NodeState } from "../stack/condition";
import type { DrawnNode, Picture } from "./picture";

/** Lengths in pixels. */
const NODE = { width: 122, gap: 12, head: 38, line: 14, foot: 10 },
    HOST = { pad: 14, head: 30, gap: 34 },
    NETWORK = { gap: 34, bar: 7 },
    /** Beside the bars: their labels. */
    LABELS = 210,
    MARGIN = 16;

const COLOURS: Readonly<Record<NetworkName, string>> = {
    nat: "#8a8f98",
    internal: "#2f6fdd",
    public: "#1f9d63",
    private: "#c2571a",
};

/** A text in HTML or XML, in an attribute too. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
/** A node's fill and stroke, and its words: a colour alone says nothing to some. */
const STATES: Readonly<Record<NodeState, { fill: string; stroke: string; words: string }>> = {
    sound: { fill: "#e6f5ec", stroke: "#1f7a4d", words: "as it was made" },
    up: { fill: "#e6f5ec", stroke: "#1f7a4d", words: "answers" },
    drifted: { fill: "#fff1d6", stroke: "#a35c00", words: "drifted" },
    mute: { fill: "#fde3e1", stroke: "#b3261e", words: "does not answer" },
    off: { fill: "#eceff3", stroke: "#6b7686", words: "off" },
};
const PLAIN = { fill: "#fff", stroke: "#6b7686" };

/** Attributes in the order in which they are given. */
const tag = (name: string, attributes: Readonly<Record<string, string | number>>, content?: string): string => {
    const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
    return `<${name}${written.join("")}${content === undefined ? "/>" : `>${content}</${name}>`}`;
};
const text = (x: number, y: number, content: string, style = "", more: Record<string, string> = {}): string =>
    tag("text", { x, y, ...(style !== "" && { class: style }), ...more }, escaped(content));

interface Placed {
    node: DrawnNode;
    x: number;
}

const widthOf = (nodes: number): number => Math.max(nodes, 1) * (NODE.width + NODE.gap) - NODE.gap + 2 * HOST.pad;

/**
 * A picture as SVG: hosts as boxes, nodes with their services in them, networks as bars below, and where each node is on them.
 * @param condition what its nodes are coloured with
 */
export function svg({ stack, hosts, networks }: Picture, condition?: Condition): string {
    const most = Math.max(...hosts.flatMap(({ nodes }) => nodes.map(n => n.services.length)), 1);
    const nodeHeight = NODE.head + most * NODE.line + NODE.foot,
        hostHeight = HOST.head + nodeHeight + HOST.pad;
    const lefts = hosts.map(
        (_host, i) => MARGIN + hosts.slice(0, i).reduce((x, host) => x + widthOf(host.nodes.length) + HOST.gap, 0),
    );
    const ends = lefts[lefts.length - 1]! + widthOf(hosts[hosts.length - 1]!.nodes.length),
        width = ends + LABELS,
        firstBar = MARGIN + hostHeight + NETWORK.gap;
    const bars = new Map(networks.map(({ name }, i) => [name, firstBar + i * NETWORK.gap]));
    const placed = hosts.flatMap(({ nodes }, i) =>
        nodes.map((node, k): Placed => ({ node, x: lefts[i]! + HOST.pad + k * (NODE.width + NODE.gap) })),
    );
    const height = firstBar + networks.length * NETWORK.gap;
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
        tag("title", { id: "title" }, escaped(`Hosts, nodes, networks and services of stack ${stack}`)),
        `<style>text{font:11px system-ui,sans-serif;fill:#1d2430}.name{font-weight:600;font-size:12px}.host{font-weight:600;font-size:13px}.small{font-size:10px;fill:#5a6270}${condition ? ".stopped{fill:#b3261e;font-weight:600}" : ""}</style>`,
        tag("rect", { width, height, fill: "#fff" }),
        ...hosts.map(({ role, address, nodes }, i) =>
            hostBox(lefts[i]!, widthOf(nodes.length), hostHeight, `${role} host`, address),
        ),
        ...networks.map(({ name, label }) => bar(ends, bars.get(name)!, COLOURS[name], label)),
        ...placed.flatMap(({ node, x }) => wires(node, x, MARGIN + hostHeight - HOST.pad, bars)),
        ...placed.map(({ node, x }) => nodeBox(node, x, nodeHeight, condition?.nodes[node.name])),
        "</svg>",
        "",
    ].join("\n");
}

const hostBox = (x: number, width: number, height: number, name: string, address: string): string =>
    [
        tag("rect", { x, y: MARGIN, width, height, rx: 8, fill: "#f3f5f8", stroke: "#b8c0cc" }),
        text(x + HOST.pad, MARGIN + 20, name, "host"),
        text(x + width - HOST.pad, MARGIN + 20, address, "small", { "text-anchor": "end" }),
    ].join("");

const bar = (end: number, y: number, fill: string, label: string): string =>
    [
        tag("rect", { x: MARGIN, y, width: end - MARGIN, height: NETWORK.bar, rx: 3, fill }),
        text(end + 8, y + NETWORK.bar, label),
    ].join("");

function nodeBox({ name, kind, services }: DrawnNode, x: number, height: number, found?: NodeCondition): string {
    const middle = x + NODE.width / 2,
        y = MARGIN + HOST.head,
        { fill, stroke } = found ? STATES[found.state] : PLAIN,
        kindWords = kind === "vm" ? "virtual machine" : "container";
    return [
        tag("rect", { x, y, width: NODE.width, height, rx: 5, fill, stroke, ...(found && { "stroke-width": 2 }) }),
        text(middle, y + 16, name, "name", { "text-anchor": "middle" }),
        text(middle, y + 29, found ? STATES[found.state].words : kindWords, "small", { "text-anchor": "middle" }),
        ...services.map((service, i) =>
            text(
                middle,
                y + NODE.head + (i + 1) * NODE.line - 3,
                found?.stopped.includes(service) ? `${service} ✗` : service,
                found?.stopped.includes(service) ? "stopped" : "",
                { "text-anchor": "middle" },
            ),
        ),
    ].join("");
}

/** The lines from a node to its networks, each with a dot and the end of the node's address there. */
function wires({ addresses }: DrawnNode, x: number, top: number, bars: ReadonlyMap<NetworkName, number>): string[] {
    const networks = Object.entries(addresses) as [NetworkName, string][];
    return networks.flatMap(([network, address], i) => {
        const at = x + ((i + 1) * NODE.width) / (networks.length + 1),
            y = bars.get(network)! + NETWORK.bar / 2,
            stroke = COLOURS[network];
        return [
            tag("line", { x1: at, y1: top, x2: at, y2: y, stroke, "stroke-width": 2 }),
            tag("circle", { cx: at, cy: y, r: 4, fill: "#fff", stroke, "stroke-width": 2 }),
            ...(address === "" ? [] : [text(at + 5, y + 16, `.${address.split(".").pop()}`, "small")]),
        ];
    });
}
