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

function check({ group, devices }: Partial<Inputs>): Problem[] {
    const bad = devices?.find(d => !/^\/dev\/[A-Za-z0-9/_-]+$/.test(d));
    return [
        ...(group !== undefined && !isName(group)
            ? [{ property: "group", reason: `"${group}" is not the name of a volume group` }]
            : []),
        ...(bad !== undefined ? [{ property: "devices", reason: `"${bad}" is not a device such as /dev/vdb` }] : []),
    ];
}

/** The group of that name, else the one that is on its disks: it was renamed, and holds the same volumes. */
async function find(run: RunScript, { connection, group, devices }: Inputs): Promise<Found | undefined> {
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
}

/** Refuses a group of that name on other disks, and one of another name on its disks. */
function refuseAnother({ connection, group, devices }: Inputs, there: Found): void {
    const wanted = devices.join(", ");
    if (there.group !== group)
        throw new Error(
            `${connection.name}: ${wanted} is in the volume group ${there.group}, and there is no ${group}; nothing was changed. If it is the one, rename it there: vgrename ${there.group} ${group}`,
        );
    if (there.devices.join() !== [...devices].sort().join())
        throw new Error(
            `${connection.name}: volume group ${group} exists on ${there.devices.join(", ")}, wanted on ${wanted}; nothing was changed`,
        );
}

/** Neither command takes a disk that something else is on: that is for a person to decide. */
async function make(run: RunScript, { connection, group, devices }: Inputs): Promise<void> {
    const disks = devices.map(quote).join(" ");
    await run(
        connection,
        `for d in ${disks}; do pvs "$d" > /dev/null 2>&1 || pvcreate --quiet "$d"; done; vgcreate --quiet ${quote(group)} ${disks}`,
    );
}

async function create(run: RunScript, inputs: Inputs): Promise<{ id: string; outputs: object }> {
    const there = await find(run, inputs);
    if (there) refuseAnother(inputs, there);
    else {
        await make(run, inputs);
        await restart(run, inputs.connection, inputs.restarts ?? []);
    }
    return { id: `${inputs.connection.name}:${inputs.group}`, outputs: {} };
}

/** Its volumes go on under the other name, those in use too. */
async function rename(run: RunScript, from: string, { connection, group, restarts }: Inputs): Promise<void> {
    await run(connection, `vgrename --quiet ${quote(from)} ${quote(group)}`);
    await restart(run, connection, restarts ?? []);
}

/** @param on the disks that the group is on */
async function moveTo(run: RunScript, on: readonly string[], { connection, group, devices }: Inputs): Promise<void> {
    const add = devices.filter(d => !on.includes(d)),
        drop = on.filter(d => !devices.includes(d));
    if (add.length > 0) await run(connection, `vgextend --quiet ${quote(group)} ${add.map(quote).join(" ")}`);
    if (drop.length > 0) await run(connection, `vgreduce --quiet ${quote(group)} ${drop.map(quote).join(" ")}`);
}

async function remove(run: RunScript, recorded: Inputs): Promise<void> {
    const { connection, group, devices } = recorded;
    if ((await find(run, recorded))?.group !== group) return;
    await run(connection, `vgremove --quiet ${quote(group)} && pvremove --quiet ${devices.map(quote).join(" ")}`);
}

/** An LVM volume group on whole disks (C1). LVM of Ubuntu 12.04 (2.02.66) knows `--quiet` and no `-q`. */
export function volumeGroupHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["group", "devices"],
        access: ["connection", "restarts"],
        replaceOn: [],
        check,
        create: inputs => create(run, inputs),
        async read(_id, recorded) {
            const there = await find(run, recorded);
            return there && { ...recorded, ...there };
        },
        async update(_id, _recorded, inputs) {
            const there = await find(run, inputs);
            if (there && there.group !== inputs.group) await rename(run, there.group, inputs);
            await moveTo(run, there?.devices ?? [], inputs);
            return {};
        },
        // vgremove without force refuses a group that still has volumes in it.
        delete: (_id, recorded) => remove(run, recorded),
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
