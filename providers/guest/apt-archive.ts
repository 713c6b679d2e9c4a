import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, quote, RunScript } from "../../clients/ssh";
import { Handler, LiveResource, Problem } from "../dynamic";
import { aptShell, LOG, withApt } from "./apt";
import { isName } from "./init";
import { readFile, writeFile } from "./machine-files";

interface Inputs {
    connection: Connection;
    archive: string;
    line: string;
    keyringPackage?: string;
}

export const fileOf = (archive: string): string => `/etc/apt/sources.list.d/${archive}.list`;

/** A package archive that a machine installs from (A1). */
export function aptArchiveHandler(run: RunScript = exec, clock = operatorClock): Handler<Inputs> {
    const put = async ({ connection, archive, line, keyringPackage }: Inputs) => {
        const shell = aptShell("-o Acquire::Retries=3 -o Dpkg::Options::=--force-confold");
        // A machine made of a cloud image has no index yet.
        if (keyringPackage) {
            const install = `install ${quote(keyringPackage)}`,
                script = `${shell}\ntry_apt ${install} || { apt update; apt ${install}; }`;
            await withApt(run, connection, script, 600, "", clock);
        }
        await writeFile(run, connection, fileOf(archive), `${line}\n`, { owner: "root", group: "root", mode: "0644" });
        // Once a machine, before anything is installed: index and upgrade.
        const script = `${shell}
apt update
if grep '^[EW]: Failed' ${LOG} >&2; then exit 1; fi
apt upgrade`;
        await withApt(run, connection, script, 1800, "", clock);
    };
    return {
        inputs: ["archive", "line"],
        access: ["connection", "keyringPackage"],
        replaceOn: ["archive"],
        check({ archive, line }): Problem[] {
            return [
                ...(archive !== undefined && !isName(archive)
                    ? [{ property: "archive", reason: `"${archive}" is not a file's name` }]
                    : []),
                ...(line !== undefined && !/^deb\s+(\[[^\]]*\]\s+)?\S+:\S+\s+\S+/.test(line)
                    ? [
                          {
                              property: "line",
                              reason: `"${line}" is not a line of apt's sources: deb URL SUITE COMPONENT…`,
                          },
                      ]
                    : []),
            ];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:${inputs.archive}`, outputs: {} };
        },
        async read(_id, recorded) {
            const file = await readFile(run, recorded.connection, fileOf(recorded.archive));
            return file && { ...recorded, line: file.content.trim() };
        },
        async update(_id, _recorded, inputs) {
            await put(inputs);
            return {};
        },
        async delete(_id, { connection, archive }) {
            await run(connection, `rm -f ${quote(fileOf(archive))}`);
        },
    };
}
export const handler = aptArchiveHandler();

export interface AptArchiveArgs {
    connection: pulumi.Input<Connection>;
    /** Name of the file below /etc/apt/sources.list.d, without its ending. */
    archive: pulumi.Input<string>;
    /** `deb URL SUITE COMPONENT…` */
    line: pulumi.Input<string>;
    /** Package that brings the archive's key, from the archives that the machine knows already. */
    keyringPackage?: pulumi.Input<string>;
}

/** A package archive of a machine. When it is made, the index is read and what is installed is upgraded, once (A1). */
export class AptArchive extends LiveResource {
    constructor(name: string, args: AptArchiveArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/apt-archive", "AptArchive", name, args as unknown as pulumi.Inputs, opts);
    }
}
