import type * as pulumi from "@pulumi/pulumi";
import { ask, lines } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { isName } from "./init";

interface Inputs {
    connection: Connection;
    group: string;
    devices: string[];
}

/** An LVM volume group on whole disks (C1). LVM of Ubuntu 12.04 (2.02.66) knows `--quiet` and no `-q`. */
export function volumeGroupHandler(run: RunScript = exec): Handler<Inputs> {
    const devicesOf = async ({ connection, group }: Inputs): Promise<string[] | undefined> => {
        // A disk without a group has the other column empty.
        const { groups, disks } = await ask(
            run,
            connection,
            `groups=$(vgs --noheadings -o vg_name); say groups "$groups"
disks=$(pvs --noheadings -o pv_name,vg_name); say disks "$disks"`,
            { groups: lines(/\s*(\S+)\s*/), disks: lines(/\s*(\S+)\s*(\S*)\s*/) },
        );
        if (!groups.some(([name]) => name === group)) return undefined;
        return disks.flatMap(([disk, of]) => (of === group ? [disk!] : [])).sort();
    };
    return {
        inputs: ["group", "devices"],
        access: ["connection"],
        replaceOn: ["group"],
        check({ group, devices }): Problem[] {
            const bad = devices?.find(d => !/^\/dev\/[A-Za-z0-9/_-]+$/.test(d));
            return [
                ...(group !== undefined && !isName(group)
                    ? [{ property: "group", reason: `"${group}" is not the name of a volume group` }]
                    : []),
                ...(bad !== undefined
                    ? [{ property: "devices", reason: `"${bad}" is not a device such as /dev/vdb` }]
                    : []),
            ];
        },
        async create(inputs) {
            const there = await devicesOf(inputs);
            if (there && there.join() !== [...inputs.devices].sort().join()) {
                throw new Error(
                    `${inputs.connection.name}: volume group ${inputs.group} exists on ${there.join(", ")}, wanted on ${inputs.devices.join(", ")}; nothing was changed`,
                );
            }
            // Neither command takes a disk that something else is on: that is for a person to decide.
            if (!there)
                await run(
                    inputs.connection,
                    `for d in ${inputs.devices.map(quote).join(" ")}; do pvs "$d" > /dev/null 2>&1 || pvcreate --quiet "$d"; done; vgcreate --quiet ${quote(inputs.group)} ${inputs.devices.map(quote).join(" ")}`,
                );
            return { id: `${inputs.connection.name}:${inputs.group}`, outputs: {} };
        },
        async read(_id, recorded) {
            const devices = await devicesOf(recorded);
            return devices && { ...recorded, devices };
        },
        async update(_id, recorded, inputs) {
            const there = (await devicesOf(inputs)) ?? [];
            const add = inputs.devices.filter(d => !there.includes(d)),
                drop = there.filter(d => !inputs.devices.includes(d));
            if (add.length > 0)
                await run(inputs.connection, `vgextend --quiet ${quote(recorded.group)} ${add.map(quote).join(" ")}`);
            if (drop.length > 0)
                await run(inputs.connection, `vgreduce --quiet ${quote(recorded.group)} ${drop.map(quote).join(" ")}`);
            return {};
        },
        // vgremove without force refuses a group that still has volumes in it.
        async delete(_id, recorded) {
            if (await devicesOf(recorded))
                await run(
                    recorded.connection,
                    `vgremove --quiet ${quote(recorded.group)} && pvremove --quiet ${recorded.devices.map(quote).join(" ")}`,
                );
        },
    };
}
export const handler = volumeGroupHandler();

export interface VolumeGroupArgs {
    connection: pulumi.Input<Connection>;
    group: pulumi.Input<string>;
    /** Whole disks, e.g. /dev/vdb. */
    devices: pulumi.Input<string[]>;
}

/** A volume group, with a physical volume on each of its disks (C1). */
export class VolumeGroup extends LiveResource {
    constructor(name: string, args: VolumeGroupArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/volume-group", "VolumeGroup", name, args as unknown as pulumi.Inputs, opts);
    }
}
