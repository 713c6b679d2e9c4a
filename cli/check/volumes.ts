import { randomBytes } from "crypto";
import { type CheckedCloud, deadlines } from "./cloud";
import type { Reached, Using } from "./instances";
import type { Waiting } from "./wait";

/** T8: a volume by the API and one by the dashboard, each available and deleted again. */
export async function checkVolumes(
    { cloud, wait, name }: Omit<Using, "instances">,
    making: () => void,
): Promise<string> {
    const { volumes } = cloud,
        web = `${name}-web`;
    await servicesUp(cloud, wait);
    making();
    const { id } = await volumes.create(name, 1);
    await cloud.dashboard.send(cloud.pages.createVolume({ name: web, sizeGb: 1 }));
    const webId = await wait.until(
        "cinder lists the dashboard's volume",
        deadlines.volume,
        async () => (await volumes.list()).find(v => v.name === web)?.id,
    );
    const both = [
        [id, "the volume"],
        [webId, "the dashboard's volume"],
    ] as const;
    // Side by side: on one volume node each waits for programs that the other does not need.
    for (const [one, what] of both) await available(cloud, wait, one, what);
    for (const [one] of both) await volumes.delete(one);
    for (const [one, what] of both) await deleted(cloud, wait, one, what);
    return "1 GiB: available, deleted; by the dashboard the same";
}

/** After a restart cinder gives a service no work until that has reported itself again, and told the scheduler what it has. */
async function servicesUp({ volumes }: CheckedCloud, wait: Waiting): Promise<void> {
    await wait.until("cinder's services are up", deadlines.services, async say => {
        const down = (await volumes.services()).filter(s => s.state !== "up");
        const unknown = down.length === 0 && (await volumes.pools())?.length === 0;
        say(
            unknown
                ? "cinder-scheduler knows of no pool"
                : down.map(s => `${s.binary} on ${s.host} is ${s.state}`).join("; "),
        );
        return (down.length === 0 && !unknown) || undefined;
    });
}

/** Waits until a new volume can be used; returns its id. */
function available({ volumes }: CheckedCloud, wait: Waiting, id: string, what: string): Promise<string> {
    return wait.until(`${what} is available`, deadlines.volume, async say => {
        const { status } = await volumes.get(id);
        say(status);
        if (status.startsWith("error"))
            throw new Error(
                `${what} is in state ${status}: is cinder-volume up, and is there room in its volume group?`,
            );
        return status === "available" ? id : undefined;
    });
}

function deleted({ volumes }: CheckedCloud, wait: Waiting, id: string, what: string): Promise<true> {
    return wait.gone(what, () => volumes.get(id), { seconds: deadlines.wiped });
}

const DEVICE = "/dev/vdb";

/**
 * T9: a volume is attached to an instance and written there, then to another one and read.
 * @param other starts the other one, or goes on with it
 * @param making told before there is a volume
 */
export async function checkAttach(
    using: Using,
    first: Reached,
    other: () => Promise<Reached>,
    making: () => void,
): Promise<string> {
    const { cloud, wait, instances, name } = using,
        token = randomBytes(16).toString("hex");
    await servicesUp(cloud, wait);
    making();
    const { id } = await cloud.volumes.create(`${name}-attached`, 1);
    const second = await other();
    await available(cloud, wait, id, "the volume");
    await attach(using, first, id);
    // Blocks of the device itself: a file system would be one more thing that the instance has to know.
    await instances.run(first.address, `${there} && echo ${token} | dd of=${DEVICE} conv=sync 2> /dev/null && sync`);
    await detach(using, first, id);
    await attach(using, second, id);
    const { stdout } = await instances.run(second.address, `${there} && dd if=${DEVICE} bs=32 count=1 2> /dev/null`);
    if (stdout.trim() !== token)
        throw new Error(
            `${DEVICE} of the second instance has ${JSON.stringify(stdout.trim().slice(0, 80))} in it, ${token} was written`,
        );
    await detach(using, second, id);
    await cloud.volumes.delete(id);
    await deleted(cloud, wait, id, "the volume");
    const on = ({ instance: { host } }: Reached) => host ?? "a compute node",
        how = cloud.iscsiByQemu ? ", by QEMU's own iSCSI" : "";
    return `${DEVICE} of an instance on ${on(first)} written, of one on ${on(second)} read${how}`;
}

/** Older kernels see new disks of a running machine only with this module. */
const there = `{ [ -b ${DEVICE} ] || modprobe acpiphp 2> /dev/null; [ -b ${DEVICE} ] || { echo there is no ${DEVICE} >&2; false; }; }`;

/** @throws Error with nova's words where it gives the volume back */
async function attach({ cloud, wait }: Using, { instance }: Reached, volumeId: string): Promise<void> {
    await cloud.compute.attachVolume(instance.id, volumeId, DEVICE);
    await wait.until(`the volume is attached`, deadlines.attach, async say => {
        const { status } = await cloud.volumes.get(volumeId);
        say(status);
        if (status === "available" || status.startsWith("error"))
            throw new Error(
                `the volume is ${status} again: ${(await cloud.compute.whyFailed(instance.id, "attach_volume")) ?? "nova does not say why it was not attached"}`,
            );
        return status === "in-use" || undefined;
    });
}

async function detach({ cloud, wait }: Using, { instance }: Reached, volumeId: string): Promise<void> {
    await cloud.compute.detachVolume(instance.id, volumeId);
    await wait.until("the volume is detached", deadlines.attach, async say => {
        const { status } = await cloud.volumes.get(volumeId);
        say(status);
        return status === "available" || undefined;
    });
}
