import type * as pulumi from "@pulumi/pulumi";
import { ask, lines } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { isName } from "./init";
import { restart } from "./restarts";

interface Inputs {
    connection: Connection;
    group: string;
    devices: string[];
    restarts?: string[];
}

/** A volume group that is there. */
type Found = Pick<Inputs, "group" | "devices">;

/** An LVM volume group on whole disks (C1). LVM of Ubuntu 12.04 (2.02.66) knows `--quiet` and no `-q`. */
export function volumeGroupHandler(run: RunScript = exec): Handler<Inputs> {
    /** The group of that name, else the one that is on its disks: it was renamed, and holds the same volumes. */
    const find = async ({ connection, group, devices }: Inputs): Promise<Found | undefined> => {
        // A disk without a group has the other column empty.
        const { groups, disks } = await ask(
            run,
            connection,
            `groups=$(vgs --noheadings -o vg_name); say groups "$groups"
disks=$(pvs --noheadings -o pv_name,vg_name); say disks "$disks"`,
            { groups: lines(/\s*(\S+)\s*/), disks: lines(/\s*(\S+)\s*(\S*)\s*/) },
        );
        const called = groups.some(([name]) => name === group)
            ? group
            : disks.find(([disk, of]) => of !== "" && devices.includes(disk!))?.[1];
        return called === undefined
            ? undefined
            : { group: called, devices: disks.flatMap(([disk, of]) => (of === called ? [disk!] : [])).sort() };
    };
    /** Its volumes go on under the other name, those in use too. */
    const rename = (connection: Connection, from: string, to: string) =>
        run(connection, `vgrename --quiet ${quote(from)} ${quote(to)}`);
    return {
        inputs: ["group", "devices"],
        access: ["connection", "restarts"],
        replaceOn: [],
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
            const there = await find(inputs);
            if (there && there.group !== inputs.group)
                throw new Error(
                    `${inputs.connection.name}: ${inputs.devices.join(", ")} is in the volume group ${there.group}, and there is no ${inputs.group}; nothing was changed. If it is the one, rename it there: vgrename ${there.group} ${inputs.group}`,
                );
            if (there && there.devices.join() !== [...inputs.devices].sort().join()) {
                throw new Error(
                    `${inputs.connection.name}: volume group ${inputs.group} exists on ${there.devices.join(", ")}, wanted on ${inputs.devices.join(", ")}; nothing was changed`,
                );
            }
            // Neither command takes a disk that something else is on: that is for a person to decide.
            if (!there) {
                await run(
                    inputs.connection,
                    `for d in ${inputs.devices.map(quote).join(" ")}; do pvs "$d" > /dev/null 2>&1 || pvcreate --quiet "$d"; done; vgcreate --quiet ${quote(inputs.group)} ${inputs.devices.map(quote).join(" ")}`,
                );
                await restart(run, inputs.connection, inputs.restarts ?? []);
            }
            return { id: `${inputs.connection.name}:${inputs.group}`, outputs: {} };
        },
        async read(_id, recorded) {
            const there = await find(recorded);
            return there && { ...recorded, ...there };
        },
        async update(_id, _recorded, inputs) {
            const there = await find(inputs);
            if (there && there.group !== inputs.group) {
                await rename(inputs.connection, there.group, inputs.group);
                await restart(run, inputs.connection, inputs.restarts ?? []);
            }
            const on = there?.devices ?? [],
                add = inputs.devices.filter(d => !on.includes(d)),
                drop = on.filter(d => !inputs.devices.includes(d));
            if (add.length > 0)
                await run(inputs.connection, `vgextend --quiet ${quote(inputs.group)} ${add.map(quote).join(" ")}`);
            if (drop.length > 0)
                await run(inputs.connection, `vgreduce --quiet ${quote(inputs.group)} ${drop.map(quote).join(" ")}`);
            return {};
        },
        // vgremove without force refuses a group that still has volumes in it.
        async delete(_id, recorded) {
            if ((await find(recorded))?.group === recorded.group)
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
    /** Services that look for the group when they start, and work no more where it was not there. */
    restarts?: pulumi.Input<string[]>;
}

/** A volume group, with a physical volume on each of its disks (C1). */
export class VolumeGroup extends LiveResource {
    constructor(name: string, args: VolumeGroupArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/volume-group", "VolumeGroup", name, args as unknown as pulumi.Inputs, opts);
    }
}
