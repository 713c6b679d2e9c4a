import { escaped, svg } from "../graph/svg";
import type { Picture } from "../graph/picture";

/** What a team's hand-out tells; nothing of another team's. */
export interface Handout {
    stack: string;
    /** Of class.yaml; absent where there is none. */
    className?: string;
    times: readonly (readonly [what: string, when: string])[];
    members: readonly { name: string; fingerprints: readonly string[] }[];
    picture: Picture;
    hosts: readonly { role: string; address: string; port: number }[];
    nodes: readonly HandoutNode[];
    /** Of the dashboard and the clients: user, and password or whom to ask for it. */
    login: { user: string; password: string };
    /** For the class's board, once that was started. */
    boardToken?: string;
    dashboard: string;
    /** What is typed first, in order, each with what it does. */
    commands: readonly (readonly [command: string, does: string])[];
    /** Why members get in nowhere, or not everywhere. */
    notes: readonly string[];
}

/** A node as a hand-out tells it. */
interface HandoutNode {
    name: string;
    host: string;
    addresses: readonly string[];
    /** Of its ssh keys, once it is made. */
    fingerprints: readonly string[];
}

const STYLE = `
@page { size: A4; margin: 15mm }
body { font: 11pt/1.4 system-ui, sans-serif; color: #1d2430; max-width: 60em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 20pt; margin: 0 } h2 { font-size: 13pt; margin: 1.2em 0 .3em; break-after: avoid }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt } tr { break-inside: avoid }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #b8c0cc; padding: .2em .6em .2em 0 }
code { font: 9.5pt ui-monospace, monospace; overflow-wrap: anywhere }
svg { width: 100%; height: auto; break-inside: avoid }
@media print { body { margin: 0; max-width: none; padding: 0 } }
`;

const code = (text: string): string => `<code>${escaped(text)}</code>`;
const section = (title: string, ...content: string[]): string[] =>
    content.some(part => part !== "") ? [`<h2>${escaped(title)}</h2>`, ...content] : [];

/** A table of cells that are HTML already; nothing where it has no rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
    if (rows.length === 0) return "";
    const row = (cells: readonly string[], open: string, close: string) =>
        `<tr>${cells.map(text => open + text + close).join("")}</tr>`;
    return [
        "<table>",
        `<thead>${row(head, '<th scope="col">', "</th>")}</thead>`,
        `<tbody>${rows.map(cells => row(cells, "<td>", "</td>")).join("\n")}</tbody>`,
        "</table>",
    ].join("\n");
}

const list = (lines: readonly string[]): string => lines.map(code).join("<br>");

/** The page, whole in one file: no script, and nothing is loaded. */
export function page(of: Handout): string {
    const title = escaped(of.className === undefined ? of.stack : `${of.className}: ${of.stack}`);
    const times = of.times.map(([what, when]) => [escaped(what), escaped(when)]),
        commands = of.commands.map(([command, does]) => [code(command), escaped(does)]);
    return [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
        '<meta name="viewport" content="width=device-width">',
        `<title>${title}</title><style>${STYLE}</style></head><body>`,
        `<h1>${title}</h1>`,
        table(["", "time"], times),
        ...section("Your cloud", svg(of.picture)),
        ...section("Hosts", hostTable(of)),
        ...section("Nodes", nodeTable(of)),
        ...section("Logins", loginTable(of), of.notes.map(note => `<p>${escaped(note)}</p>`).join("\n")),
        ...section("Dashboard", `<p>${code(of.dashboard)}</p>`),
        ...section("First commands", table(["command", "what it does"], commands)),
        "</body></html>",
        "",
    ].join("\n");
}

const hostTable = ({ hosts }: Handout): string =>
    table(
        ["host", "address", "port of ssh"],
        hosts.map(h => [escaped(h.role), code(h.address), String(h.port)]),
    );

const nodeTable = ({ nodes }: Handout): string =>
    table(
        ["node", "on host", "addresses", "its ssh key"],
        nodes.map(n => [escaped(n.name), escaped(n.host), list(n.addresses), list(n.fingerprints)]),
    );

const loginTable = ({ login, members, boardToken }: Handout): string =>
    table(
        ["what", "user", "password or key"],
        [
            ["dashboard and clients", code(login.user), code(login.password)],
            ...(boardToken === undefined ? [] : [["board", "", code(boardToken)]]),
            ...members.map(m => [`ssh: ${escaped(m.name)}`, code("root"), list(m.fingerprints)]),
        ],
    );
