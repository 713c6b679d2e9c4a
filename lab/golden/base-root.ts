import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import { UserError } from "../../system/errors";
import type { Progress } from "../../system/progress";
import { run } from "../../system/run";
import { debianMirror } from "../hosts/debian-mirror";
import { needMmdebstrap } from "../hosts/host-root";
import { dataList } from "./data-files";

/** The nodes' Debian: the last with Python 2.7, which the services need. Its security archive is gone, main is not. */
const SUITE = "bullseye";

/** Raised when the steps below change the result. */
const RECIPE = 3;

/** The line of sources.list that nodes' packages come from while a root is made; nodes themselves never have it. */
export async function debianSource(): Promise<string> {
    const mirror = await debianMirror();
    if (mirror === undefined)
        throw new UserError(
            "the lab's nodes are made from this machine's Debian mirror, but its apt has none: add a Debian source to apt's configuration",
        );
    return `deb ${mirror} ${SUITE} main`;
}

/** mmdebstrap's: the requested packages alone, without their documentation. */
const OPTIONS = [
    "--variant=minbase",
    "--mode=root",
    '--aptopt=Acquire::Retries "3"',
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Get::Assume-Yes "true"',
    ...["doc/*", "man/*", "locale/*", "info/*", "lintian/*"].map(what => `--dpkgopt=path-exclude=/usr/share/${what}`),
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=force-confold",
];
const CACHES = [
    "var/cache/apt/archives",
    "var/cache/apt/pkgcache.bin",
    "var/cache/apt/srcpkgcache.bin",
    "var/lib/apt/lists",
];

/** Debian with everything that nodes have in common, as mmdebstrap leaves it. About 350 MB, half a minute. */
export async function buildBaseRoot(progress: Progress): Promise<string> {
    const packages = dataList("base-packages.txt");
    const inputs = { recipe: RECIPE, packages };
    const entry = await cached({ kind: "base-root", name: SUITE, inputs, progress }, dir =>
        progress.step("Debian of the nodes", async detail => {
            detail("mmdebstrap");
            await needMmdebstrap();
            const root = path.join(dir, "root");
            await run(
                "mmdebstrap",
                [...OPTIONS, `--include=${packages.join(",")}`, SUITE, root, await debianSource()],
                {
                    timeoutSeconds: 1200,
                    onLine: line => {
                        const what = /^(?:I: )?(\w[\w ,.-]{3,60})\.\.\.$/.exec(line);
                        if (what) detail(what[1]!);
                    },
                },
            );
            for (const cache of CACHES) fs.rmSync(path.join(root, cache), { recursive: true, force: true });
        }),
    );
    return path.join(entry, "root");
}
