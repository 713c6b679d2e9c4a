import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import { UserError } from "../../system/errors";
import type { Progress } from "../../system/progress";
import { projectDir } from "../../system/paths";
import { parseList } from "../golden/data-files";
import { type InRootOptions, scriptInRoot } from "../golden/in-root";
import { debianMirror } from "../hosts/debian-mirror";
import { buildHostRoot } from "../hosts/host-root";

/** Raised when the steps below change the result. */
const RECIPE = 2;

/** A file of lab/images/data. */
export const imageData = (...below: string[]): string => path.join(projectDir(), "lab/images/data", ...below);

/** The layers of a root for making images: the hosts' root below, tools and a kernel (/kernel) above. */
export interface ImageTools {
    layers: string[];
    key: string;
}

/** Makes the layer of tools over the hosts' root, so that nothing is installed on this machine. */
export async function buildImageTools(progress: Progress): Promise<ImageTools> {
    const hostRoot = await buildHostRoot(progress);
    const packages = parseList(fs.readFileSync(imageData("tools-packages.txt"), "utf8"));
    const inputs = { recipe: RECIPE, packages, hostRoot: path.basename(path.dirname(hostRoot)) };
    const entry = await cached({ kind: "image-tools", name: "bookworm", inputs }, dir =>
        progress.step("Kernel and tools of images", async () => {
            const mirror = await debianMirror();
            if (mirror === undefined)
                throw new UserError(
                    "images are made from this machine's Debian mirror, but its apt has none: add a Debian source to apt's configuration",
                );
            const root = path.join(dir, "root");
            await scriptInRoot(
                root,
                `
            echo 'deb ${mirror} bookworm main' > /etc/apt/sources.list
            apt-get update -q
            apt-get install -q -y --no-install-recommends ${packages.join(" ")}
            cd /tmp
            image=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" && /linux-image-/ {print $2; exit}')
            apt-get download -q "$image" busybox
            mkdir /kernel /busybox
            dpkg -x busybox_*.deb /busybox
            dpkg -x linux-image-*.deb /kernel
            version=$(ls /kernel/lib/modules)
            depmod --basedir /kernel "$version"
            ln -s "boot/vmlinuz-$version" /kernel/vmlinuz
            rm -rf /var/lib/apt/lists /var/cache/apt
        `,
                { lower: [hostRoot], timeoutSeconds: 600 },
            );
            fs.renameSync(`${root}.upper`, path.join(dir, "layer"));
            for (const used of [root, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
        }),
    );
    return { layers: [path.join(entry, "layer"), hostRoot], key: path.basename(entry) };
}

/** Runs a script among the tools; `dir` is /out there, lab/images/data is /data. */
export async function withImageTools(
    tools: ImageTools,
    dir: string,
    script: string,
    options: InRootOptions = {},
): Promise<void> {
    const root = path.join(dir, "work");
    await scriptInRoot(root, script, {
        ...options,
        lower: tools.layers,
        binds: { "/out": dir, "/data": imageData(), ...options.binds },
    });
    for (const used of [root, `${root}.upper`, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
}
