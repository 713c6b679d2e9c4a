import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import { UserError } from "../../system/errors";
import type { Progress } from "../../system/progress";
import { run } from "../../system/run";
import { debianMirror, withApt } from "./debian-mirror";

/** The packages of a physical host of the course, and the lab's additions. */
const PACKAGES = [
    "libvirt-daemon-system",
    "libvirt-daemon-driver-lxc",
    "libvirt-daemon-driver-qemu",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
    "qemu-block-extra",
    "seabios",
    "ipxe-qemu",
    "dnsmasq-base",
    "genisoimage",
    "iptables",
    "ebtables",
    "nftables",
    "iproute2",
    "iputils-ping",
    "bridge-utils",
    "openssh-server",
    "openssh-client",
    "netcat-openbsd",
    "python3",
    "e2fsprogs",
    "lvm2",
    "procps",
    "psmisc",
    "util-linux",
    "kmod",
    "tcpdump",
    "ca-certificates",
];
const SUITE = "bookworm";

/** Raised when the steps below change the result. */
const RECIPE = 1;

/** Installs mmdebstrap where it is missing; it makes roots without being root's package manager itself. */
export const needMmdebstrap = (): Promise<void> => withApt(installMmdebstrap);

async function installMmdebstrap(): Promise<void> {
    if ((await run("sh", ["-c", "command -v mmdebstrap"], { allowFailure: true })).code === 0) return;
    if ((await run("sh", ["-c", "command -v apt-get"], { allowFailure: true })).code !== 0) {
        throw new UserError(
            "the lab's roots are made by mmdebstrap, which is not installed and cannot be (no apt-get): install the package mmdebstrap and run this again",
        );
    }
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const install = () =>
        run("apt-get", ["install", "-y", "--no-install-recommends", "mmdebstrap"], {
            env,
            timeoutSeconds: 600,
            allowFailure: true,
        });
    if ((await install()).code === 0) return;
    await run("apt-get", ["update", "-q"], { env, timeoutSeconds: 300 });
    const second = await install();
    if (second.code !== 0) throw new UserError(`mmdebstrap could not be installed:\n${second.stderr.trim()}`);
}

/** What mmdebstrap would leave behind that belongs to one machine, or would start what the program makes. */
function clean(root: string): void {
    const remove = (name: string) => fs.rmSync(path.join(root, name), { recursive: true, force: true });
    for (const name of fs.readdirSync(path.join(root, "etc/ssh")))
        if (name.startsWith("ssh_host_")) remove(`etc/ssh/${name}`);
    // The course's networks are the program's to define; Debian's package brings one named "default" along.
    for (const name of ["default.xml", "autostart/default.xml"]) remove(`etc/libvirt/qemu/networks/${name}`);
    for (const name of [
        "etc/apt/sources.list",
        "etc/resolv.conf",
        "var/lib/apt/lists",
        "var/cache/apt/archives",
        "var/cache/apt/pkgcache.bin",
        "var/cache/apt/srcpkgcache.bin",
        "usr/share/doc",
        "usr/share/man",
        "usr/share/locale",
    ])
        remove(name);
    fs.writeFileSync(path.join(root, "etc/resolv.conf"), "");
    fs.writeFileSync(path.join(root, "etc/machine-id"), "");
}

/**
 * The root file system of the lab's physical hosts: Debian bookworm with libvirt, QEMU and sshd, about 1.3 GB. It is made once
 * from the machine's configured mirror. Every host of every lab shares it read-only.
 */
export async function buildHostRoot(progress: Progress): Promise<string> {
    const inputs = { recipe: RECIPE, suite: SUITE, packages: PACKAGES };
    const entry = await cached({ kind: "host-root", name: SUITE, inputs, progress }, dir =>
        progress.step("Root of the lab's hosts", async detail => {
            detail("mmdebstrap");
            await needMmdebstrap();
            const mirror = await debianMirror();
            const root = path.join(dir, "root");
            await run(
                "mmdebstrap",
                [
                    "--variant=minbase",
                    "--mode=root",
                    '--aptopt=Acquire::Retries "3"',
                    '--aptopt=APT::Install-Recommends "false"',
                    "--dpkgopt=path-exclude=/usr/share/doc/*",
                    "--dpkgopt=path-exclude=/usr/share/man/*",
                    `--include=${PACKAGES.join(",")}`,
                    SUITE,
                    root,
                    ...(mirror === undefined ? [] : [`deb ${mirror} ${SUITE} main`]),
                ],
                {
                    timeoutSeconds: 1200,
                    onLine: line => {
                        const what = /^(?:I: )?(\w[\w ,.-]{3,60})\.\.\.$/.exec(line);
                        if (what) detail(what[1]!);
                    },
                },
            );
            clean(root);
        }),
    );
    return path.join(entry, "root");
}
