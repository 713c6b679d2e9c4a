import type * as pulumi from "@pulumi/pulumi";
import { ask, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { readOptions, writeOptions } from "./ini";
import { alone, readFile, writeFile } from "./machine-files";

interface Inputs {
    connection: Connection;
    key: string;
    value: string;
    persistent: boolean;
}

const FILE = "/etc/sysctl.conf";

const procPath = (key: string): string => quote(`/proc/sys/${key.replace(/\./g, "/")}`);

function check({ key, value }: Partial<Inputs>): Problem[] {
    return [
        ...(key !== undefined && !/^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$/.test(key)
            ? [{ property: "key", reason: `"${key}" is not a kernel setting such as net.ipv4.ip_forward` }]
            : []),
        ...(value !== undefined && /\n/.test(value) ? [{ property: "value", reason: "must be one line" }] : []),
    ];
}

/** Sets the key in the file; without a value it takes the key out. */
async function write(run: RunScript, connection: Connection, key: string, value?: string): Promise<void> {
    await alone(connection, FILE, async () => {
        const text = (await readFile(run, connection, FILE))?.content ?? "";
        const next = writeOptions(text, { "": { [key]: value } });
        if (next !== text) await writeFile(run, connection, FILE, next);
    });
}

async function put(run: RunScript, { connection, key, value, persistent }: Inputs): Promise<void> {
    await write(run, connection, key, persistent ? value : undefined);
    await run(connection, `printf '%s\\n' ${quote(value)} > ${procPath(key)}`);
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs> {
    const { connection, key, value } = recorded;
    const now = await ask(run, connection, `value=$(cat ${procPath(key)}); say value "$value"`, { value: text() });
    const file = await readFile(run, connection, FILE);
    return {
        ...recorded,
        value: now.value.trim().replace(/\t/g, " "),
        persistent: readOptions(file?.content ?? "", { "": [key] })[""]?.[key] === value,
    };
}

/** A kernel setting, in force and in /etc/sysctl.conf (N6). */
export function sysctlHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["key", "value", "persistent"],
        access: ["connection"],
        replaceOn: ["key"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: `${inputs.connection.name}:${inputs.key}`, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        // The kernel's present value stays until the next boot, because the former one is not known.
        delete: (_id, { connection, key }) => write(run, connection, key),
    };
}
export const handler = sysctlHandler();

export interface SysctlArgs {
    connection: pulumi.Input<Connection>;
    /** E.g. net.ipv4.ip_forward. */
    key: pulumi.Input<string>;
    value: pulumi.Input<string>;
}

/** A kernel setting of a machine, now and after a reboot (N6). */
export class Sysctl extends LiveResource {
    constructor(name: string, args: SysctlArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/sysctl", "Sysctl", name, { persistent: true, ...args }, opts);
    }
}
