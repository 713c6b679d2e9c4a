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

/** A kernel setting, in force and in /etc/sysctl.conf (N6). */
export function sysctlHandler(run: RunScript = exec): Handler<Inputs> {
    const write = (connection: Connection, key: string, value: string | undefined) =>
        alone(connection, FILE, async () => {
            const text = (await readFile(run, connection, FILE))?.content ?? "";
            const next = writeOptions(text, { "": { [key]: value } });
            if (next !== text) await writeFile(run, connection, FILE, next);
        });
    const procPath = (key: string): string => quote(`/proc/sys/${key.replace(/\./g, "/")}`);
    const put = async ({ connection, key, value, persistent }: Inputs) => {
        await write(connection, key, persistent ? value : undefined);
        await run(connection, `printf '%s\\n' ${quote(value)} > ${procPath(key)}`);
    };
    return {
        inputs: ["key", "value", "persistent"],
        access: ["connection"],
        replaceOn: ["key"],
        check({ key, value }): Problem[] {
            return [
                ...(key !== undefined && !/^[a-z0-9_]+(\.[A-Za-z0-9_-]+)+$/.test(key)
                    ? [{ property: "key", reason: `"${key}" is not a kernel setting such as net.ipv4.ip_forward` }]
                    : []),
                ...(value !== undefined && /\n/.test(value) ? [{ property: "value", reason: "must be one line" }] : []),
            ];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:${inputs.key}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { connection, key, value } = recorded;
            const now = await ask(run, connection, `value=$(cat ${procPath(key)}); say value "$value"`, {
                value: text(),
            });
            const file = await readFile(run, connection, FILE);
            return {
                ...recorded,
                value: now.value.trim().replace(/\t/g, " "),
                persistent: readOptions(file?.content ?? "", { "": [key] })[""]?.[key] === value,
            };
        },
        async update(_id, _recorded, inputs) {
            await put(inputs);
            return {};
        },
        // The kernel's present value stays until the next boot, because the former one is not known.
        async delete(_id, { connection, key }) {
            await write(connection, key, undefined);
        },
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
