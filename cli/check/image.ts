import { createHash, randomBytes } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { temporaryFolder } from "../../system/paths";
import { type CheckedCloud, deadlines } from "./cloud";
import type { Using } from "./instances";
import type { Waiting } from "./wait";

/**
 * T1: an image is uploaded by the API and one by the dashboard, each active with the data that was sent, and deleted again.
 * @param making told before there is one
 */
export async function checkImage({ cloud, wait, name }: Omit<Using, "instances">, making: () => void): Promise<string> {
    const { images } = cloud,
        data = randomBytes(65536),
        checksum = createHash("md5").update(data).digest("hex"),
        dir = temporaryFolder("classroom-check-");
    try {
        const file = path.join(dir, "image");
        fs.writeFileSync(file, data);
        making();
        const { id } = await images.upload({
            name,
            diskFormat: "raw",
            containerFormat: "bare",
            isPublic: false,
            file,
            size: data.length,
            checksum,
        });
        await whole(cloud, wait, id, checksum, "the image");
        await cloud.dashboard.send(cloud.pages.upload({ name: `${name}-web`, data }));
        const web = await wait.until("glance lists the dashboard's image", deadlines.image, async () => {
            images.forget();
            return (await images.list()).find(i => i.name === `${name}-web`)?.id;
        });
        await whole(cloud, wait, web, checksum, "the dashboard's image");
        return "uploaded, active, deleted; by the dashboard the same";
    } finally {
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

/** Waits until an image is active, looks at its checksum, and deletes it. */
async function whole(
    { images }: CheckedCloud,
    wait: Waiting,
    id: string,
    checksum: string,
    what: string,
): Promise<void> {
    await wait.until(`${what} is active`, deadlines.image, async say => {
        const image = await images.get(id);
        say(image.status);
        if (["killed", "deleted"].includes(image.status)) throw new Error(`${what} is ${image.status}`);
        if (image.status !== "active") return undefined;
        if (image.checksum !== checksum)
            throw new Error(`${what}'s checksum is ${image.checksum}, that of what was sent is ${checksum}`);
        return true;
    });
    await images.delete(id);
    await wait.gone(what, () => images.get(id));
}
