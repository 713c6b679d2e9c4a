import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { run } from "../../system/run";
import { buildBaseRoot, debianSource } from "./base-root";
import { dataFile, dataList, dataTexts } from "./data-files";
import { scriptInRoot } from "./in-root";
import { pipEnvironment } from "./pip-settings";

/** Raised when the steps below change the result. */
const RECIPE = 1;

/** Debian packages that the environments' compiled modules load. */
const DEPENDS = [
    "python2.7",
    "netbase",
    "libmariadb3",
    "libffi7",
    "libssl1.1",
    "libvirt0",
    "libxml2",
    "libxslt1.1",
    "ca-certificates",
];

/** The packages of the environments and of their build, each with the sha256 of its allowed files. */
export const ENVIRONMENT_PINS = [
    "pins-ocata.txt",
    "pins-pike.txt",
    "pins-clients.txt",
    "pins-clients-build.txt",
    "pins-virtualenv.txt",
    "pins-libvirt-python.txt",
] as const;

const control = (installedKiB: number): string => `Package: openstack-lab-runtime
Version: 1.0
Architecture: amd64
Maintainer: the classroom's lab <root@localhost>
Installed-Size: ${installedKiB}
Depends: ${DEPENDS.join(", ")}
Section: python
Priority: optional
Description: Python environments of the lab's OpenStack
 Three virtual environments of Python 2.7 below /opt/openstack: ocata (nova, cinder), pike (keystone, glance,
 horizon) and clients (the command-line clients of 2013). Nothing of it runs by itself.
`;

const PACKAGE = "openstack-lab-runtime.deb";

/**
 * The package with the services' Python environments, from the machine's package index; three to four minutes, once.
 */
export async function buildRuntime(progress: Progress): Promise<string> {
    const base = await buildBaseRoot(progress);
    const pins = dataTexts(
        ...ENVIRONMENT_PINS,
        "build-environments.sh",
        "build-libvirt-python.sh",
        "build-packages.txt",
        "base-packages.txt",
    );
    const entry = await cached(
        { kind: "runtime", name: "openstack", inputs: { recipe: RECIPE, depends: DEPENDS, pins }, progress },
        dir =>
            progress.step("Python environments of OpenStack", async detail => {
                const root = path.join(dir, "root");
                const script = fs.readFileSync(dataFile("build-environments.sh"), "utf8");
                const source = await debianSource();
                await scriptInRoot(root, `echo '${source}' > /etc/apt/sources.list\n${script}`, {
                    lower: [base],
                    binds: { "/pins": dataFile() },
                    env: { ...(await pipEnvironment()), BUILD_PACKAGES: dataList("build-packages.txt").join(" ") },
                    timeoutSeconds: 1800,
                    onLine: line => {
                        if (line.startsWith("STEP ")) detail(line.slice(5));
                    },
                });
                detail("packing");
                await pack(root, path.join(dir, "tree"), path.join(dir, PACKAGE));
            }),
    );
    return path.join(entry, PACKAGE);
}

/** Packs the environments that were made in a root, and removes it. @param tree folder for the package's files */
async function pack(root: string, tree: string, file: string): Promise<void> {
    fs.mkdirSync(path.join(tree, "DEBIAN"), { recursive: true });
    fs.mkdirSync(path.join(tree, "opt"));
    fs.renameSync(path.join(`${root}.upper`, "opt/openstack"), path.join(tree, "opt/openstack"));
    const size = Number((await run("du", ["-sk", path.join(tree, "opt")])).stdout.split("\t")[0]);
    fs.writeFileSync(path.join(tree, "DEBIAN/control"), control(size));
    // Unpacked once, on this machine: not worth compressing.
    await run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, file]);
    for (const used of [root, `${root}.upper`, `${root}.work`, tree]) fs.rmSync(used, { recursive: true, force: true });
}
