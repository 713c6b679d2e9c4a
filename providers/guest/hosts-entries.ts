import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem, withPlaces } from "../dynamic";
import { readFile, writeFile } from "./machine-files";
import { given, type HostsEntry, inForce, readBlock, shadowsOf, withoutShadows, writeBlock } from "./hosts-block";

interface Inputs {
    connection: Connection;
    block: string;
    entries: HostsEntry[];
}

/** How a machine's /etc/hosts is read and written; replaced in tests. */
export interface HostsFile {
    read(connection: Connection): Promise<string>;
    write(connection: Connection, text: string): Promise<void>;
}

const remote: HostsFile = {
    read: async connection => (await readFile(exec, connection, "/etc/hosts"))?.content ?? "",
    write: (connection, text) => writeFile(exec, connection, "/etc/hosts", text),
};

function check({ entries }: Partial<Inputs>): Problem[] {
    return (entries ?? []).flatMap(({ address, names }, i): Problem[] => {
        if (!/^[0-9a-fA-F.:]+$/.test(address))
            return [{ property: `entries[${i}].address`, reason: `"${address}" is not an address` }];
        const bad = names.find(n => !/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(n));
        return bad !== undefined || names.length === 0
            ? [{ property: `entries[${i}].names`, reason: `"${bad ?? ""}" is not a host name` }]
            : [];
    });
}

async function put(file: HostsFile, { connection, block, entries }: Inputs): Promise<void> {
    const text = await file.read(connection);
    await file.write(connection, writeBlock(withoutShadows(text, block, entries, connection.name), block, entries));
}

/** The entries as the machine gets them, with the lines above the block that are read in their place. */
async function read(file: HostsFile, recorded: Inputs): Promise<Inputs | undefined> {
    const text = await file.read(recorded.connection),
        inBlock = readBlock(text, recorded.block);
    if (!inBlock) return undefined;
    const entries = given(text, inBlock, recorded.entries),
        shadows = shadowsOf(text, recorded.block, entries, recorded.connection.name),
        live = { ...recorded, entries: inForce(entries, shadows) };
    return shadows.length === 0
        ? live
        : withPlaces(live, { entries: `line ${shadows.map(s => s.line + 1).join(", ")}` });
}

async function remove(file: HostsFile, { connection, block }: Inputs): Promise<void> {
    const text = await file.read(connection);
    if (readBlock(text, block)) await file.write(connection, writeBlock(text, block, undefined));
}

/** A block of lines in a machine's /etc/hosts (H3). */
export function hostsEntriesHandler(file: HostsFile = remote): Handler<Inputs> {
    return {
        inputs: ["block", "entries"],
        access: ["connection"],
        replaceOn: ["block"],
        check,
        async create(inputs) {
            await put(file, inputs);
            return { id: `${inputs.connection.name}/${inputs.block}`, outputs: {} };
        },
        read: (_id, recorded) => read(file, recorded),
        async update(_id, _recorded, inputs) {
            await put(file, inputs);
            return {};
        },
        delete: (_id, recorded) => remove(file, recorded),
    };
}
export const handler = hostsEntriesHandler();

export interface HostsEntriesArgs {
    connection: pulumi.Input<Connection>;
    /** Name of the block, part of its first and last line. */
    block: pulumi.Input<string>;
    entries: pulumi.Input<HostsEntry[]>;
}

/** Lines of a machine's /etc/hosts, in a block of their own. The rest of the file is left alone (H3). */
export class HostsEntries extends LiveResource {
    constructor(name: string, args: HostsEntriesArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/hosts-entries", "HostsEntries", name, args as unknown as pulumi.Inputs, opts);
    }
}
