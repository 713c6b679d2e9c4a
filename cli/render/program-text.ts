import * as yaml from "yaml";
import { type Connection, way } from "../../clients/connection";
import type { CloudAccess, IdentityAccess } from "../../clients/identity";
import { nodeNames } from "../../config/nodes";
import { fileOf as archiveFile } from "../../providers/guest/apt-archive";
import { fileOf as bridgeFile, stanza } from "../../providers/guest/bridge";
import { optionsFile as rootOptions } from "../../providers/guest/database-root";
import { type HostsEntry, writeBlock } from "../../providers/guest/hosts-block";
import { type Options, writeOptions } from "../../providers/guest/ini";
import { rootOptionsFile } from "../../providers/guest/mysql";
import type { SeedFile } from "../../providers/machine/container";
import type { ProgramOptions, ProgramResource } from "./program";

type Tree = Record<string, unknown>;

/**
 * The resources as YAML, machine by machine, in the program's order. No stack's name is in it: what differs between
 * two of them is all that `diff` shows.
 */
export function inWords(resources: readonly ProgramResource[], { showSecrets = false }: ProgramOptions = {}): string {
    const below = (parent: ProgramResource): ProgramResource[] => resources.filter(r => r.parent === parent.name);
    const within = (part: ProgramResource): ProgramResource[] => [part, ...below(part).flatMap(within)];
    const tree = (of: readonly ProgramResource[], machine?: string): Tree =>
        Object.fromEntries(of.map(r => [label(r), r.custom ? described(r, machine) : tree(below(r), machine)]));
    const whole: Tree = {};
    const [cloud] = resources,
        parts = below(cloud!).map(part => ({ part, machine: machineOf(within(part)) }));
    for (const { part, machine } of parts) {
        const its = machine === undefined ? [part] : parts.filter(p => p.machine === machine).map(p => p.part);
        if (machine === undefined) Object.assign(whole, tree(its));
        else whole[machine] ??= { ...wayTo(machine, its.flatMap(within)), ...tree(its, machine) };
    }
    const text = yaml.stringify(apart(whole, new Set(resources.map(label))), {
        lineWidth: 0,
        aliasDuplicateObjects: false,
    });
    return `${head(resources.filter(r => r.custom && !r.type.startsWith("providers:")).length, showSecrets)}\n${text}`;
}

const label = ({ type, name }: ProgramResource): string => `${type} ${name}`;

const head = (count: number, showSecrets: boolean): string =>
    [
        `${count} resources, machine by machine, in the program's order, each with its inputs.`,
        `\${name} stands for ${showSecrets ? "" : "a password, for "}a fact of the operator's machine, or a value that is known only after up.`,
        "Of an options file, the program's options; the rest of the file is the package's.",
    ]
        .map(line => `# ${line}\n`)
        .join("");

/** The document with an empty line before every machine and resource. */
function apart(whole: Tree, labels: ReadonlySet<string>): yaml.Document {
    const document = new yaml.Document(whole, { aliasDuplicateObjects: false });
    yaml.visit(document, {
        Pair(index, { key }, path) {
            if (index !== 0 && yaml.isScalar(key) && (path.length <= 2 || labels.has(String(key.value))))
                key.spaceBefore = true;
        },
    });
    return document;
}

/** The machine that a part of the cloud is or lives in; undefined for what is on the physical hosts. */
const machineOf = (part: readonly ProgramResource[]): string | undefined =>
    part
        .flatMap(({ inputs }) => [inputs.machine, (inputs.connection as Connection | undefined)?.name])
        .find(name => nodeNames.some(n => n === name)) as string | undefined;

function wayTo(machine: string, its: readonly ProgramResource[]): { reached?: string } {
    const to = its.map(r => r.inputs.connection as Connection | undefined).find(c => c?.name === machine);
    const name = ({ user = "root", host, port }: Connection): string => `${user}@${host}:${port}`;
    return to ? { reached: way(to).reverse().map(name).join(" through ") } : {};
}

/** Properties that a refresh fills, each a list that is to be empty: no part of a cloud. */
const findings = new Set(["apart", "differences", "foreign", "hindered", "lacks", "malformed", "missing", "unread"]);
const isNoFinding = ([key, value]: [string, unknown]): boolean =>
    !(findings.has(key) && Array.isArray(value) && value.length === 0);

/** What a resource is given, in the form that it has on the machine where there is one. */
function described(
    { type, provider, inputs: { connection, guest, identity, cloud, ...rest } }: ProgramResource,
    machine: string | undefined,
): Tree {
    const otherThanIt = (key: string, to: unknown): Tree => {
        const name = (to as Connection | undefined)?.name;
        return name !== undefined && name !== machine ? { [key]: name } : {};
    };
    return {
        ...(provider !== undefined && { provider }),
        ...otherThanIt("on", connection),
        ...otherThanIt("guest", guest),
        ...(identity !== undefined && { as: `token ${(identity as IdentityAccess).adminToken}` }),
        ...(cloud !== undefined && { as: userOf(cloud as CloudAccess) }),
        ...(forms[type] ?? (inputs => inputs))(Object.fromEntries(Object.entries(rest).filter(isNoFinding))),
    };
}

const userOf = ({ username, tenant, password }: CloudAccess): string =>
    `user ${username} of tenant ${tenant}, password ${password}`;

/** How inputs of some types are shown: files as they will be, lists of small objects a line each. */
const forms: Readonly<Record<string, (inputs: Tree) => Tree>> = {
    // Its bytes are in the node that it stands beneath.
    "glance:Image": ({ store: _node, data: _whole, ...rest }) => rest,
    // By which ports its services are known to be ready is shown at them.
    "guest:OptionsFile": ({ path, options, secretOptions, ready: _ports, ...rest }) => ({
        path,
        options: writeOptions(writeOptions("", options as Options), (secretOptions ?? {}) as Options),
        ...rest,
    }),
    "guest:File": ({ content, secretContent, ...rest }) => ({ ...rest, content: secretContent ?? content }),
    "guest:HostsEntries": ({ block, entries, ...rest }) => ({
        path: "/etc/hosts",
        ...rest,
        lines: writeBlock("", block as string, entries as HostsEntry[]),
    }),
    "guest:Step": ({ ready: _ports, ...rest }) => rest,
    // What it leaves to the node's other resources is shown at them.
    "guest:Ground": ({ managed: _theirs, services: _running, ready: _ports, ...rest }) => rest,
    "guest:Baseline": ({ managed: _theirs, ...rest }) => rest,
    "guest:AptArchive": ({ archive, ...rest }) => ({ path: archiveFile(archive as string), ...rest }),
    "guest:Bridge": inputs => ({
        ...inputs,
        path: bridgeFile(inputs.bridge as string),
        content: stanza(inputs.bridge as string, inputs.ports as string[]),
    }),
    "guest:DatabaseRoot": ({ password, ...rest }) => ({
        password,
        ...rest,
        path: rootOptionsFile,
        content: rootOptions(password as string),
    }),
    "machine:SeedDisk": ({ script, ...rest }) => ({ ...rest, script }),
    "machine:Container": ({ interfaces, files, secretFiles, ...rest }) => ({
        ...rest,
        interfaces: (interfaces as object[]).map(inOneLine),
        files: Object.fromEntries(
            [...(files as SeedFile[]), ...((secretFiles ?? []) as SeedFile[])].map(({ path, content, ...other }) => [
                path,
                { ...other, content },
            ]),
        ),
    }),
    "domain:Domain": ({ cmdlines, networkInterfaces, ...rest }) => ({
        ...rest,
        ...(cmdlines !== undefined && {
            cmdlines: (cmdlines as Record<string, string>[])
                .flatMap(Object.entries)
                .map(([key, value]) => (key === "_" ? value : `${key}=${value}`))
                .join(" "),
        }),
        ...(networkInterfaces !== undefined && { networkInterfaces: (networkInterfaces as object[]).map(inOneLine) }),
    }),
};

/** `device eth0, mac 52:54:00:00:00:03, network nat` */
const inOneLine = (of: object): string =>
    Object.entries(of)
        .map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join(", ");
