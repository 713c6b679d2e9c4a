import { randomBytes } from "crypto";
import { quote } from "../../clients/ssh";
import { type CheckedCloud, deadlines } from "./cloud";
import type { Reached, Using } from "./instances";
import type { Waiting } from "./wait";

/**
 * T7: a file is written in an instance, a snapshot is made of it by the API, and an instance of the snapshot has the file;
 * meanwhile the dashboard makes another one.
 * @param making told before there is an image
 */
export async function checkSnapshot(
    { cloud, wait, instances, name }: Using,
    { instance, address }: Reached,
    making: () => void,
): Promise<string> {
    const file = `/home/cirros/${name}`,
        token = randomBytes(16).toString("hex");
    await instances.run(address, `echo ${token} > ${quote(file)} && sync`);
    making();
    await cloud.compute.createImage(instance.id, `${name}-snapshot`);
    const imageId = await active(cloud, wait, `${name}-snapshot`, "the snapshot");
    const copy = await instances.create(`${name}-copy`, undefined, imageId);
    await cloud.dashboard.send(cloud.pages.snapshot({ instanceId: instance.id, name: `${name}-web-snapshot` }));
    await active(cloud, wait, `${name}-web-snapshot`, "the dashboard's snapshot");
    const reached = await instances.reached(copy, "the instance of the snapshot");
    const { stdout } = await instances.run(reached.address, `cat ${quote(file)}`);
    if (stdout.trim() !== token)
        throw new Error(
            `${file} of the snapshot's instance has ${JSON.stringify(stdout.trim().slice(0, 80))} in it, ${token} was written`,
        );
    await instances.drop(copy);
    return "active, its instance has the file that was written before; one by the dashboard: active";
}

/** The id of an image that nova makes, as soon as that is whole. */
function active({ images }: CheckedCloud, wait: Waiting, name: string, what: string): Promise<string> {
    let seen = false;
    return wait.until(`${what} is active`, deadlines.snapshot, async say => {
        images.forget();
        const image = (await images.list()).find(i => i.name === name);
        // Nova takes an image away that it cannot fill.
        if (!image && seen) throw new Error(`${what} is gone before it was active`);
        seen ||= image !== undefined;
        say(image?.status ?? "glance does not list it");
        if (image && ["killed", "deleted"].includes(image.status)) throw new Error(`${what} is ${image.status}`);
        return image?.status === "active" ? image.id : undefined;
    });
}
