import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { buildGoldenDisk } from "./golden-disk";
import { buildInstanceImage, type InstanceImage } from "./instance-image";

/** One folder with instance.qcow2, golden.qcow2, vmlinuz and initrd: /srv/images on the lab's hosts. */
export async function buildImages(progress: Progress): Promise<{ folder: string; instance: InstanceImage }> {
    const golden = await buildGoldenDisk(progress);
    const instance = await buildInstanceImage(progress);
    const folder = await cached(
        { kind: "images", name: "lab", inputs: { golden: path.basename(golden), instance: instance.sha256 }, progress },
        async dir => {
            fs.linkSync(instance.file, path.join(dir, "instance.qcow2"));
            for (const name of ["golden.qcow2", "vmlinuz", "initrd"])
                fs.linkSync(path.join(golden, name), path.join(dir, name));
        },
    );
    return { folder, instance };
}
