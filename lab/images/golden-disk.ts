import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { buildGoldenRoot } from "../golden/golden-root";
import { buildImageTools, imageData, withImageTools } from "./image-tools";

/** Raised when the steps below change the result. */
const RECIPE = 1;

const FILES = ["node-initrd.sh", "node-init", "golden-disk.sh", "first-boot", "first-boot.service", "modules.sh"];

/**
 * The files of nodes that are virtual machines. golden.qcow2 is the golden root on ext4, with a kernel's modules. Its first boot runs the
 * script of a cidata disk. The machine's definition names vmlinuz and initrd.
 */
export async function buildGoldenDisk(progress: Progress): Promise<string> {
    const goldenRoot = await buildGoldenRoot(progress);
    const tools = await buildImageTools(progress);
    const text = (name: string): string => fs.readFileSync(imageData(name), "utf8");
    const inputs = {
        recipe: RECIPE,
        golden: path.basename(path.dirname(goldenRoot)),
        tools: tools.key,
        data: FILES.map(text),
    };
    return await cached({ kind: "golden-disk", name: "golden", inputs, progress }, dir =>
        progress.step("Disk of nodes that are virtual machines", async detail => {
            detail("kernel and initrd");
            await withImageTools(tools, dir, text("node-initrd.sh"), { timeoutSeconds: 120 });
            detail("file system");
            const layers = ["tree.upper", "tree.work"].map(name => path.join(dir, name));
            for (const folder of layers) fs.mkdirSync(folder);
            const mount = `mkdir /tree; mount -t overlay overlay -o lowerdir=/golden,upperdir=/out/tree.upper,workdir=/out/tree.work /tree\n`;
            await withImageTools(tools, dir, mount + text("golden-disk.sh"), {
                timeoutSeconds: 600,
                binds: { "/golden": goldenRoot },
            });
            for (const folder of layers) fs.rmSync(folder, { recursive: true, force: true });
        }),
    );
}
