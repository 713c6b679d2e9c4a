import * as fs from "fs";
import * as path from "path";
import { obtainEngine } from "../../engine/obtain";
import { buildArchive } from "../../lab/archive/archive";
import { buildBaseRoot, debianSource } from "../../lab/golden/base-root";
import { dataFile, dataList } from "../../lab/golden/data-files";
import { type InRootOptions, scriptInRoot } from "../../lab/golden/in-root";
import { pipEnvironment } from "../../lab/golden/pip-settings";
import { debianMirror } from "../../lab/hosts/debian-mirror";
import { buildGoldenRoot } from "../../lab/golden/golden-root";
import { buildHostRoot } from "../../lab/hosts/host-root";
import { buildImages } from "../../lab/images/images";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";

/** What a lab and its cloud are made of: on a new machine it is built first, which has times of its own. */
export async function buildParts(progress: Progress): Promise<void> {
    await obtainEngine(progress);
    await buildHostRoot(progress);
    await buildGoldenRoot(progress);
    await buildArchive(progress);
    await buildImages(progress);
}

/** Raised when the steps below change what comes out. */
const RECIPE = 1;

/**
 * Folders that are overlaid to be a root with Debian's headless Chromium: nothing is installed on the machine that
 * runs the tests. 140 MB to download, 460 MB on disk, under a minute.
 */
export async function buildBrowserRoot(progress: Progress): Promise<string[]> {
    const hostRoot = await buildHostRoot(progress);
    return await layered(
        "browser",
        "chromium",
        hostRoot,
        {},
        progress,
        `
        echo 'deb ${await debianMirror()} bookworm main' > /etc/apt/sources.list
        apt-get update -q
        apt-get install -q -y --no-install-recommends chromium-headless-shell
        rm -rf /var/lib/apt/lists /var/cache/apt
    `,
    );
}

/** What novaclient 2.13 imports; the versions are those of the clients on the nodes. */
const novaclient = ["pbr", "python-novaclient", "iso8601", "prettytable", "requests", "simplejson", "six"];

/** Folders that are overlaid to be a root with novaclient 2.13 in Python 2.7, at /opt/novaclient/bin/nova. */
export async function buildNovaclientRoot(progress: Progress): Promise<string[]> {
    const pins = dataList("pins-clients.txt").filter(pin => novaclient.includes(pin.split("==")[0]!));
    const made = [...dataList("pins-virtualenv.txt"), ...dataList("pins-clients-build.txt")];
    return await layered(
        "novaclient",
        "2.13",
        await buildBaseRoot(progress),
        [...made, ...pins],
        progress,
        `
        export PIP_REQUIRE_HASHES=1
        echo '${await debianSource()}' > /etc/apt/sources.list
        apt-get update -q
        apt-get install -q -y --no-install-recommends python3-pip
        python3 -m pip install -q --target /tmp/virtualenv -r /pins/pins-virtualenv.txt
        PYTHONPATH=/tmp/virtualenv python3 -m virtualenv -q --python=/usr/bin/python2.7 --no-periodic-update /opt/novaclient
        grep -E '^(${novaclient.join("|")})==' /pins/pins-clients.txt > /tmp/pins
        # The others' setup.py ask for pbr before pip could bring it.
        grep '^pbr==' /tmp/pins | cat - /pins/pins-clients-build.txt > /tmp/first
        for pins in first pins; do /opt/novaclient/bin/pip install -q --no-deps --no-build-isolation -r /tmp/$pins; done
        rm -rf /var/lib/apt/lists /var/cache/apt
    `,
        { env: await pipEnvironment(), binds: { "/pins": dataFile() } },
    );
}

/** What a script adds to a root, as a folder of the cache, and the root below it. */
async function layered(
    kind: string,
    name: string,
    below: string,
    pins: unknown,
    progress: Progress,
    script: string,
    options: Pick<InRootOptions, "env" | "binds"> = {},
): Promise<string[]> {
    const inputs = { recipe: RECIPE, pins, below: path.basename(path.dirname(below)) };
    const entry = await cached({ kind, name, inputs }, dir =>
        progress.step(`Root of the tests' ${kind}`, async () => {
            const root = path.join(dir, "root");
            await scriptInRoot(root, script, { lower: [below], timeoutSeconds: 600, ...options });
            fs.renameSync(`${root}.upper`, path.join(dir, "layer"));
            for (const used of [root, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
        }),
    );
    return [path.join(entry, "layer"), below];
}
