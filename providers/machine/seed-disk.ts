import * as pulumi from "@pulumi/pulumi";
import { ask, bytes, optional } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource, type Problem } from "../dynamic";
import { pathProblems } from "../guest/machine-files";

interface Inputs {
    connection: Connection;
    path: string;
    instanceId: string;
    script: string;
    hostname?: string;
    interfaces?: string;
}

/** Where the data that a disk was made from lies beside it, for comparing. */
const beside = (path: string): string => `${path}.d`;

/**
 * What is beside the script. A machine that is told its cards has them up before anything else is done: to cloud-init of
 * 2012 a disk's data are for later, unless they say that they are local.
 */
const metaData = ({ instanceId, hostname, interfaces }: Inputs): string =>
    [
        `instance-id: ${instanceId}`,
        ...(hostname === undefined ? [] : [`local-hostname: ${hostname}`]),
        ...(interfaces === undefined
            ? []
            : [
                  "dsmode: local",
                  "network-interfaces: |",
                  ...interfaces
                      .trimEnd()
                      .split("\n")
                      .map(line => `  ${line}`),
              ]),
        "",
    ].join("\n");

/**
 * Makes the disk in $d; says why there is none, for the host's packages of libvirt and QEMU do not bring the program. Not beside
 * $d: libvirt reads that folder as a pool while it makes volumes, and stops the pool where a name in it goes away meanwhile.
 */
const MAKE_DISK = `command -v genisoimage > /dev/null || { echo "it has no genisoimage, which makes the disk with a new machine's settings; install the package genisoimage" >&2; exit 1; }
said=$(genisoimage -quiet -output "$d/disk" -volid cidata -joliet -rock "$d/user-data" "$d/meta-data" 2>&1) || { printf 'genisoimage: %s\\n' "$said" >&2; exit 1; }`;

function put(run: RunScript, inputs: Inputs) {
    return run(
        inputs.connection,
        `umask 077
d=${quote(beside(inputs.path))}; rm -rf "$d"; mkdir -p "$d"
cat > "$d/user-data"; printf %s ${quote(metaData(inputs))} > "$d/meta-data"
${MAKE_DISK}
mv "$d/disk" ${quote(inputs.path)}`,
        { input: inputs.script },
    );
}

function check({ path, script, instanceId, hostname }: Partial<Inputs>): Problem[] {
    const word = (
        [
            ["instanceId", instanceId],
            ["hostname", hostname],
        ] as const
    ).find(([, value]) => value !== undefined && !/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(value));
    return [
        ...pathProblems(path),
        ...(word ? [{ property: word[0], reason: `"${word[1]}" is not a name of letters, digits, dots, dashes` }] : []),
        ...(script !== undefined && !/^#(!|cloud-config\n)/.test(script)
            ? [
                  {
                      property: "script",
                      reason: "must begin with #!, e.g. #!/bin/sh, or with the line #cloud-config",
                  },
              ]
            : []),
    ];
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const said = await ask(
        run,
        recorded.connection,
        `[ -f ${quote(recorded.path)} ] || exit 0; cd ${quote(beside(recorded.path))}; tell meta < meta-data; tell script < user-data`,
        { meta: optional(bytes), script: optional(bytes) },
    );
    if (said.meta === undefined) return undefined;
    const meta = said.meta.toString(),
        script = said.script?.toString();
    return {
        ...recorded,
        ...(meta === metaData(recorded) ? {} : readMetaData(meta)),
        script: script === recorded.script ? recorded.script : differs,
    };
}

/** A disk of cloud-init's NoCloud kind on a physical host, with the settings for a new machine's first start. */
export function seedDiskHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["path", "instanceId", "script", "hostname", "interfaces"],
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
            await run(connection, `rm -rf ${quote(path)} ${quote(beside(path))}`);
        },
    };
}
export const handler = seedDiskHandler();

/** The same parts again, of data that somebody changed. */
function readMetaData(text: string): Pick<Inputs, "instanceId" | "hostname" | "interfaces"> {
    const one = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1];
    const interfaces = /^network-interfaces: \|\n((?: .*\n?)*)/m.exec(text)?.[1]?.replace(/^ {2}/gm, "");
    return { instanceId: one("instance-id") ?? "", hostname: one("local-hostname"), interfaces };
}

export interface SeedDiskArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    path: pulumi.Input<string>;
    /** The machine runs the script once for each. */
    instanceId: pulumi.Input<string>;
    /** Begins with #! or #cloud-config; secret. */
    script: pulumi.Input<string>;
    /** For cloud-init, which sets it. */
    hostname?: pulumi.Input<string>;
    /** Its /etc/network/interfaces, for cloud-init of before 2016, which knows no other form. */
    interfaces?: pulumi.Input<string>;
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
