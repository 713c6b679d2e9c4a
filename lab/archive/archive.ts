import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import { UserError } from "../../system/errors";
import { projectDir } from "../../system/paths";
import type { Progress } from "../../system/progress";
import { debianSource } from "../golden/base-root";
import { buildGoldenRoot } from "../golden/golden-root";
import { scriptInRoot } from "../golden/in-root";
import { buildDashboardStatic } from "./dashboard-static";
import { writeIndex } from "./index-files";
import { buildPackage } from "./package-tree";
import { debianPackages, packages } from "./packages";

/** Raised when the steps below change the result. */
const RECIPE = 2;

/** The text of every file below a folder, by path: the sources of the packages. */
function texts(dir: string): Record<string, string> {
    const names = fs
        .readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter(e => e.isFile())
        .map(e => path.relative(dir, path.join(e.parentPath, e.name)));
    return Object.fromEntries(names.sort().map(name => [name, fs.readFileSync(path.join(dir, name), "utf8")]));
}

/** The Debian packages that nodes need beyond the golden root. */
async function download(goldenRoot: string, dir: string, repository: string): Promise<void> {
    const root = path.join(dir, "download");
    await scriptInRoot(
        root,
        `
        echo '${await debianSource()}' > /etc/apt/sources.list
        apt-get update -q
        apt-get install -q -y --download-only ${debianPackages.join(" ")}
        mv /var/cache/apt/archives/*.deb /repository/
    `,
        { lower: [goldenRoot], binds: { "/repository": repository }, timeoutSeconds: 900 },
    );
    for (const used of [root, `${root}.upper`, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
}

/** @throws UserError when a node with nothing but this archive could not install one of its packages */
async function verify(goldenRoot: string, dir: string, repository: string): Promise<void> {
    const root = path.join(dir, "verify");
    const result = await scriptInRoot(
        root,
        `
        # Signed it is for each lab, and nothing is installed of it here.
        echo 'deb [trusted=yes] file:/repository ./' > /etc/apt/sources.list
        apt-get update -q
        for name in ${[...packages.map(p => p.name), ...debianPackages].join(" ")}; do
            apt-get install -q -y --simulate "$name" > /tmp/said 2>&1 || { echo "$name: $(tail -n 5 /tmp/said)"; failed=1; }
        done
        [ -z "\${failed:-}" ]
    `,
        { lower: [goldenRoot], binds: { "/repository": repository }, timeoutSeconds: 300, allowFailure: true },
    );
    if (result.code !== 0)
        throw new UserError(`the lab's archive is not whole:\n${(result.stdout + result.stderr).trim()}`);
    for (const used of [root, `${root}.upper`, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
}

/**
 * The flat package archive that the lab's nodes install from, `deb http://HOST:8090/ ./`, which is signed for each lab: the services
 * under their Ubuntu names of 2013, and the Debian packages they and the tutorial ask for with all they depend on.
 */
export async function buildArchive(progress: Progress): Promise<string> {
    const goldenRoot = await buildGoldenRoot(progress);
    const collected = await buildDashboardStatic(progress);
    const inputs = {
        recipe: RECIPE,
        golden: path.basename(path.dirname(goldenRoot)),
        dashboard: path.basename(path.dirname(collected)),
        packages,
        debianPackages,
        data: texts(path.join(projectDir(), "lab/archive/data")),
    };
    const entry = await cached({ kind: "archive", name: "bullseye", inputs }, dir =>
        progress.step("Package archive of the nodes", async detail => {
            const repository = path.join(dir, "repository");
            fs.mkdirSync(repository);
            detail(`packing ${packages.length} packages`);
            for (const pkg of packages) {
                const tree = path.join(dir, "trees", pkg.name);
                const extra: Record<string, string> =
                    pkg.name === "openstack-dashboard" ? { "usr/share/openstack-dashboard/static": collected } : {};
                await buildPackage(
                    pkg,
                    tree,
                    path.join(repository, `${pkg.name}_${pkg.version.replace(/^\d+:/, "")}_all.deb`),
                    goldenRoot,
                    extra,
                );
            }
            fs.rmSync(path.join(dir, "trees"), { recursive: true, force: true });
            detail("downloading Debian's packages");
            await download(goldenRoot, dir, repository);
            detail("indexing");
            const count = await writeIndex(repository);
            detail(`verifying ${count} packages`);
            await verify(goldenRoot, dir, repository);
        }),
    );
    return path.join(entry, "repository");
}
