import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { buildImageTools, imageData, withImageTools } from "./image-tools";

/** Raised when the steps below change the result. */
const RECIPE = 1;

export interface InstanceImage {
    file: string;
    sha256: string;
    md5: string;
}

/** The text of every file below a folder, by path. */
function texts(dir: string): Record<string, string> {
    const files = fs
        .readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter(e => e.isFile())
        .map(e => path.join(e.parentPath, e.name))
        .sort();
    return Object.fromEntries(files.map(file => [path.relative(dir, file), fs.readFileSync(file, "utf8")]));
}

/**
 * The disk image of the cloud's instances: Debian's cloud kernel, and busybox with an ssh server. An instance takes root's key
 * from the metadata service. It answers on port 80 and says INSTANCE-READY on its console.
 */
export async function buildInstanceImage(progress: Progress): Promise<InstanceImage> {
    const tools = await buildImageTools(progress);
    const inputs = {
        recipe: RECIPE,
        tools: tools.key,
        data: {
            ...texts(imageData("instance")),
            script: fs.readFileSync(imageData("instance-image.sh"), "utf8"),
            boot: fs.readFileSync(imageData("syslinux.cfg"), "utf8"),
        },
    };
    const entry = await cached({ kind: "instance-image", name: "instance", inputs }, dir =>
        progress.step("Image of instances", async () => {
            await withImageTools(tools, dir, fs.readFileSync(imageData("instance-image.sh"), "utf8"), {
                timeoutSeconds: 300,
            });
        }),
    );
    const file = path.join(entry, "instance.qcow2");
    const content = fs.readFileSync(file);
    const digest = (algorithm: string): string => createHash(algorithm).update(content).digest("hex");
    return { file, sha256: digest("sha256"), md5: digest("md5") };
}
