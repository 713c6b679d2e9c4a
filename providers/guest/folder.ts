import type * as pulumi from "@pulumi/pulumi";
import { ask, bytes } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { toText } from "./file-text";

interface Inputs {
    connection: Connection;
    path: string;
    /** Always empty in the program, so that a find of a refresh shows as a difference. */
    foreign: string[];
}

/** A folder of a service's own without room for big files of others: such files are found and removed. */
export function folderHandler(run: RunScript = exec): Handler<Inputs> {
    // Directly in the folder, and more than 1 MiB: the service's own files are small, or in folders below.
    const big = (path: string): string =>
        `[ ! -d ${quote(path)} ] || find ${quote(path)} -mindepth 1 -maxdepth 1 -type f -size +2048`;
    return {
        inputs: ["path", "foreign"],
        access: ["connection"],
        replaceOn: ["path"],
        check({ path }): Problem[] {
            return path === undefined || /^\/[^/\n]+\/[^\n]+$/.test(path)
                ? []
                : [{ property: "path", reason: `"${path}" is not the absolute path of a folder below another` }];
        },
        async create(inputs) {
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { connection, path } = recorded;
            // A name may have anything in it but a NUL; the last one says that all are there.
            const { files } = await ask(
                run,
                connection,
                `{ ${big(path)} -printf '%f (%k KiB)\\0'; printf '\\0'; } | tell files`,
                {
                    files: bytes,
                },
            );
            const names = toText(files).split("\0");
            if (names.splice(-2).join() !== ",") throw new Unreachable(`${connection.name}: ${path} cannot be listed`);
            return { ...recorded, foreign: names.sort() };
        },
        async update(_id, _recorded, { connection, path }) {
            await run(connection, `${big(path)} -delete`);
            return {};
        },
        // The folder is its package's.
        async delete() {
            return;
        },
    };
}
export const handler = folderHandler();

export interface FolderArgs {
    connection: pulumi.Input<Connection>;
    path: pulumi.Input<string>;
}

/** That nothing foreign fills a folder of a service. */
export class Folder extends LiveResource {
    constructor(name: string, args: FolderArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/folder", "Folder", name, { ...args, foreign: [] }, opts);
    }
}
