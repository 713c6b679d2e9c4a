import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, RunScript } from "../../clients/ssh";
import { differs, Handler, LiveResource, Problem } from "../dynamic";
import { Options, readOptions, writeOptions } from "./ini";
import { isName } from "./init";
import { alone, FileAccess, readFile, writeFile } from "./machine-files";
import { Ready, restart } from "./restarts";

interface Inputs {
    connection: Connection;
    path: string;
    options: Options;
    secretOptions?: Options;
    owner: string;
    group: string;
    mode: string;
    restarts?: string[];
    ready?: Ready;
}

const hasAccess = (file: FileAccess, { owner, group, mode }: Inputs): boolean =>
    file.owner === owner && file.group === group && file.mode === mode;

/** What is wrong with who may read a file. */
function accessProblems({ owner, group, mode, secretOptions }: Partial<Inputs>): Problem[] {
    const found: Problem[] = [];
    for (const [property, name] of [
        ["owner", owner],
        ["group", group],
    ] as const)
        if (name !== undefined && !/^[a-z_][a-z0-9_-]*$/.test(name))
            found.push({ property, reason: `"${name}" is not the name of a user or a group` });
    if (mode !== undefined && !/^[0-7]{4}$/.test(mode))
        found.push({ property: "mode", reason: `"${mode}" is not a mode of four octal digits such as 0640` });
    else if (mode !== undefined && secretOptions !== undefined && !mode.endsWith("0"))
        found.push({ property: "mode", reason: `"${mode}" lets everybody read what is secret; allowed is 0640, say` });
    return found;
}

const keysOf = (options: Options): Record<string, string[]> =>
    Object.fromEntries(Object.entries(options).map(([s, o]) => [s, Object.keys(o)]));

/** Options of a file of sections and `key = value`, one by one, and who may read it; the rest of the file is left alone. */
export function optionsFileHandler(run: RunScript = exec): Handler<Inputs> {
    const put = async (inputs: Inputs, before?: Inputs) => {
        const { connection, path } = inputs;
        const changed = await alone(connection, path, async () => {
            const file = await readFile(run, connection, path),
                text = file?.content ?? "";
            const wanted: Record<string, Record<string, string | undefined>> = {};
            for (const old of [before?.options, before?.secretOptions])
                for (const [s, o] of Object.entries(old ?? {}))
                    for (const k of Object.keys(o)) (wanted[s] ??= {})[k] = undefined;
            for (const now of [inputs.options, inputs.secretOptions])
                for (const [s, o] of Object.entries(now ?? {})) Object.assign((wanted[s] ??= {}), o);
            const next = writeOptions(text, wanted);
            if (next === text && (!file || hasAccess(file, inputs))) return false;
            const { owner, group, mode } = inputs;
            await writeFile(run, connection, path, next, { owner, group, mode });
            return true;
        });
        if (changed) await restart(run, connection, inputs.restarts ?? [], inputs.ready);
    };
    return {
        inputs: ["path", "options", "secretOptions", "owner", "group", "mode"],
        access: ["connection", "restarts", "ready"],
        replaceOn: ["path"],
        check(inputs): Problem[] {
            const { path, options, secretOptions, restarts } = inputs,
                found = accessProblems(inputs);
            if (path !== undefined && !path.startsWith("/"))
                found.push({ property: "path", reason: `"${path}" is not an absolute path` });
            for (const [property, given] of [
                ["options", options],
                ["secretOptions", secretOptions],
            ] as const) {
                for (const [section, entries] of Object.entries(given ?? {}))
                    for (const [key, value] of Object.entries(entries)) {
                        const shown = property === "options" ? ` ${JSON.stringify(value)}` : "";
                        if (!/^[A-Za-z0-9_.$%-]+$/.test(key))
                            found.push({
                                property: `${property}.${section}.${key}`,
                                reason: "is not the name of an option",
                            });
                        if (typeof value !== "string" || /\n/.test(value) || value !== value.trim())
                            found.push({
                                property: `${property}.${section}.${key}`,
                                reason: `the value${shown} must be one line without spaces around it`,
                            });
                    }
            }
            const bad = restarts?.find(s => !isName(s));
            if (bad !== undefined)
                found.push({ property: "restarts", reason: `"${bad}" is not the name of a service` });
            return found;
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: {} };
        },
        async read(_id, recorded) {
            const file = await readFile(run, recorded.connection, recorded.path);
            if (!file) return undefined;
            const { content, ...access } = file,
                options = readOptions(content, keysOf(recorded.options));
            if (!recorded.secretOptions) return { ...recorded, ...access, options };
            const live = readOptions(content, keysOf(recorded.secretOptions));
            const secretOptions: Options = {};
            for (const [section, entries] of Object.entries(recorded.secretOptions))
                for (const [key, value] of Object.entries(entries)) {
                    const now = live[section]?.[key];
                    if (now !== undefined) (secretOptions[section] ??= {})[key] = now === value ? value : differs;
                }
            return { ...recorded, ...access, options, secretOptions };
        },
        async update(_id, recorded, inputs) {
            await put(inputs, recorded);
            return {};
        },
        async delete(_id, { connection, path, options, secretOptions }) {
            const gone = (o: Options = {}) =>
                Object.fromEntries(
                    Object.entries(o).map(([s, e]) => [s, Object.fromEntries(Object.keys(e).map(k => [k, undefined]))]),
                );
            await alone(connection, path, async () => {
                const file = await readFile(run, connection, path);
                if (file)
                    await writeFile(
                        run,
                        connection,
                        path,
                        writeOptions(writeOptions(file.content, gone(options)), gone(secretOptions)),
                    );
            });
        },
    };
}
export const handler = optionsFileHandler();

export interface OptionsFileArgs {
    connection: pulumi.Input<Connection>;
    path: pulumi.Input<string>;
    /** Section → option → value; section `""` stands before the first header. */
    options: pulumi.Input<Options>;
    /** Those whose values are secret; shown as such, and as "differs" where they drifted. */
    secretOptions?: pulumi.Input<Options>;
    /** Default root. */
    owner?: pulumi.Input<string>;
    /** Default root. */
    group?: pulumi.Input<string>;
    /** Four octal digits. Default 0644; 0640 with `secretOptions`, which everybody must not read. */
    mode?: pulumi.Input<string>;
    /** Services that read the file: those that run are restarted when it changes, once for all their files. */
    restarts?: pulumi.Input<string[]>;
    /** Of these, those that are waited for when they restart. */
    ready?: pulumi.Input<Ready>;
}

/** Options of a configuration file, managed and shown one by one, with its owner, group and mode. */
export class OptionsFile extends LiveResource {
    constructor(name: string, args: OptionsFileArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/options-file",
            "OptionsFile",
            name,
            {
                owner: "root",
                group: "root",
                mode: args.secretOptions === undefined ? "0644" : "0640",
                ...args,
                secretOptions: args.secretOptions && pulumi.secret(args.secretOptions),
            },
            opts,
        );
    }
}
