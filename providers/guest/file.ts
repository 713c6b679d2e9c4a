import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource, type Problem } from "../dynamic";
import { hasAccess, pathProblems, readFile, writeFile } from "./machine-files";

interface Inputs {
    connection: Connection;
    path: string;
    content?: string;
    secretContent?: string;
    owner: string;
    group: string;
    mode: string;
}

function check({ path, mode }: Partial<Inputs>): Problem[] {
    return [
        ...pathProblems(path),
        ...(mode !== undefined && !/^[0-7]{4}$/.test(mode)
            ? [{ property: "mode", reason: `"${mode}" is not a mode of four octal digits such as 0644` }]
            : []),
    ];
}

/** Writes the file, unless it is there just so. */
async function put(run: RunScript, inputs: Inputs): Promise<void> {
    const { connection, path, owner, group, mode } = inputs;
    const content = inputs.secretContent ?? inputs.content ?? "";
    const before = await readFile(run, connection, path);
    if (before?.content !== content || !hasAccess(before, inputs))
        await writeFile(run, connection, path, content, { owner, group, mode });
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const live = await readFile(run, recorded.connection, recorded.path);
    if (!live) return undefined;
    const { content, owner, group, mode } = live;
    const shown =
        recorded.secretContent === undefined
            ? { content }
            : { secretContent: content === recorded.secretContent ? content : differs };
    return { ...recorded, owner, group, mode, ...shown };
}

/** A whole file: content, owner and mode. */
export function fileHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["path", "content", "secretContent", "owner", "group", "mode"],
        access: ["connection"],
        replaceOn: ["path"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        async delete(_id, { connection, path }) {
            await run(connection, `rm -f ${quote(path)}`);
        },
    };
}
export const handler = fileHandler();

export interface FileArgs {
    connection: pulumi.Input<Connection>;
    path: pulumi.Input<string>;
    /** Its content: one of `content` and `secretContent`. */
    content?: pulumi.Input<string>;
    secretContent?: pulumi.Input<string>;
    /** Default root. */
    owner?: pulumi.Input<string>;
    /** Default root. */
    group?: pulumi.Input<string>;
    /** Four octal digits. Default 0644, 0600 with `secretContent`. */
    mode?: pulumi.Input<string>;
}

/** A file of a machine, as a whole. */
export class File extends LiveResource {
    constructor(name: string, args: FileArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/file",
            "File",
            name,
            {
                owner: "root",
                group: "root",
                mode: args.secretContent === undefined ? "0644" : "0600",
                ...args,
                secretContent: args.secretContent === undefined ? undefined : pulumi.secret(args.secretContent),
            },
            opts,
        );
    }
}
