import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, quote, RunScript } from "../../clients/ssh";
import { differs, Handler, LiveResource, Problem } from "../dynamic";

interface Inputs { connection: Connection; path: string; instanceId: string; script: string }

/** Where the data that a disk was made from lies beside it, for comparing. */
const beside = (path: string): string => `${path}.d`;

/** A disk of cloud-init's NoCloud kind on a physical host: a script that a new machine runs at its first start. */
export function seedDiskHandler(run: RunScript = exec): Handler<Inputs> {
    const put = ({ connection, path, instanceId, script }: Inputs) => run(connection, `umask 077
d=${quote(beside(path))}; rm -rf "$d"; mkdir -p "$d"
cat > "$d/user-data"; printf 'instance-id: %s\\n' ${quote(instanceId)} > "$d/meta-data"
genisoimage -quiet -output ${quote(`${path}.new`)} -volid cidata -joliet -rock "$d/user-data" "$d/meta-data" 2> /dev/null
mv ${quote(`${path}.new`)} ${quote(path)}`, { input: script });
    return {
        inputs: ["path", "instanceId", "script"], access: ["connection"], replaceOn: ["path"],
        check({ path, script }): Problem[] {
            return [
                ...(path !== undefined && !path.startsWith("/") ? [{ property: "path", reason: `"${path}" is not an absolute path` }] : []),
                ...(script !== undefined && !script.startsWith("#!") ? [{ property: "script", reason: "must begin with #!, e.g. #!/bin/sh" }] : []),
            ];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { stdout } = await run(recorded.connection, `[ -f ${quote(recorded.path)} ] || exit 0; sed -n 's/^instance-id: //p' ${quote(`${beside(recorded.path)}/meta-data`)}; cat ${quote(`${beside(recorded.path)}/user-data`)}`);
            if (stdout === "") return undefined;
            const end = stdout.indexOf("\n");
            return { ...recorded, instanceId: stdout.slice(0, end), script: stdout.slice(end + 1) === recorded.script ? recorded.script : differs };
        },
        async update(_id, _recorded, inputs) { await put(inputs); return {}; },
        async delete(_id, { connection, path }) { await run(connection, `rm -rf ${quote(path)} ${quote(beside(path))}`); },
    };
}
export const handler = seedDiskHandler();

export interface SeedDiskArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    path: pulumi.Input<string>;
    /** The machine runs the script once for each. */
    instanceId: pulumi.Input<string>;
    /** Begins with #!; secret. */
    script: pulumi.Input<string>;
}

/**
 * What a virtual machine is told at its first start. Made on the physical host: @pulumi/libvirt makes such disks with
 * a program that the operator's machine would have to have.
 */
export class SeedDisk extends LiveResource {
    declare readonly path: pulumi.Output<string>;

    constructor(name: string, args: SeedDiskArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/seed-disk", "SeedDisk", name, { ...args, script: pulumi.secret(args.script) }, opts);
    }
}
