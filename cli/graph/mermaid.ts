import type { Picture } from "./picture";

/** A text between quotes of Mermaid's. */
const quoted = (lines: readonly string[]): string =>
    `"${lines.map(line => line.replace(/["&<>#]/g, c => `#${c.charCodeAt(0)};`)).join("<br>")}"`;

const idOf = (name: string): string => name.replace(/-/g, "_");

/** A picture as a Mermaid flowchart: hosts are subgraphs, networks are nodes that the machines hang on. */
export function mermaid({ hosts, networks }: Picture): string {
    const lines = hosts.flatMap(({ role, address, nodes }) => [
        `  subgraph ${role}[${quoted([`${role} host ${address}`])}]`,
        ...nodes.map(({ name, services }) => `    ${idOf(name)}[${quoted([name, ...services])}]`),
        "  end",
    ]);
    const links = hosts.flatMap(({ nodes }) =>
        nodes.flatMap(({ name, addresses }) =>
            Object.entries(addresses).map(([network, address]) =>
                address === ""
                    ? `  ${idOf(name)} --- ${network}`
                    : `  ${idOf(name)} ---|${quoted([address])}| ${network}`,
            ),
        ),
    );
    return [
        "flowchart TB",
        ...lines,
        ...networks.map(({ name, label }) => `  ${name}([${quoted([label])}])`),
        ...links,
        "",
    ].join("\n");
}
