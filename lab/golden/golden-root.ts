import * as fs from "fs";
import * as path from "path";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { run } from "../../system/run";
import { buildBaseRoot, debianSource } from "./base-root";
import { dataFile, dataList, dataTexts } from "./data-files";
import { inRoot, scriptInRoot } from "./in-root";
import { buildRuntime } from "./runtime";

/** Raised when the steps below change the result. */
const RECIPE = 6;

const INTERFACES = `# The program adds a file for each network card.
auto lo
iface lo inet loopback
source /etc/network/interfaces.d/*
`;

/**
 * For the one card that gets its address from libvirt: no questions to the neighbours, which take five seconds.
 * dhclient is not used. It asks and reads in different threads, and loses answers that arrive at once, as libvirt's do. It lost the first
 * answer in five of six starts, and now and then all of them.
 */
const DHCPCD = "\nnoarp\nnoipv6\nnoipv4ll\n";

/** Units that need a kernel of the node's own; in a container they count as started and do nothing. */
const NOT_IN_CONTAINERS = ["iscsid.service", "open-iscsi.service", "iscsid.socket", "lvm2-monitor.service"];

/** In a container only these settings are its own, and they are set at boot like a machine's (N6). */
const CONTAINER_SYSCTL = "[Unit]\nConditionPathIsReadWrite=\nConditionPathIsReadWrite=/proc/sys/net/ipv4/\n";

/** Of making the root. */
const LEFT_BEHIND = [
    "var/lib/apt/lists",
    "var/cache/apt/pkgcache.bin",
    "var/cache/apt/srcpkgcache.bin",
    "var/cache/apt/archives",
    "var/log/apt",
    "var/log/dpkg.log",
    "tmp",
    "run",
];

/** Makes the root one of no machine in particular, which starts quickly and asks nobody for packages. */
async function settle(root: string): Promise<void> {
    const file = (name: string) => path.join(root, name);
    const write = (name: string, text: string, mode = 0o644) => {
        fs.mkdirSync(path.dirname(file(name)), { recursive: true });
        fs.rmSync(file(name), { force: true });
        fs.writeFileSync(file(name), text, { mode });
    };
    for (const name of fs.readdirSync(file("etc/ssh")))
        if (name.startsWith("ssh_host_")) fs.rmSync(file(`etc/ssh/${name}`));
    write("etc/ssh/sshd_config.d/node.conf", fs.readFileSync(dataFile("sshd.conf"), "utf8"));
    write("etc/network/interfaces", INTERFACES);
    fs.appendFileSync(file("etc/dhcpcd.conf"), DHCPCD);
    for (const name of ["etc/machine-id", "etc/apt/sources.list", "etc/resolv.conf", "etc/fstab"]) write(name, "");
    write("etc/hostname", "golden\n");
    write("etc/hosts", "127.0.0.1 localhost\n");
    fs.rmSync(file("var/lib/dbus/machine-id"), { force: true });
    for (const name of LEFT_BEHIND) fs.rmSync(file(name), { recursive: true, force: true });
    for (const name of ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "run", "tmp"])
        fs.mkdirSync(file(name), { recursive: true });
    fs.chmodSync(file("tmp"), 0o1777);
    for (const unit of NOT_IN_CONTAINERS)
        write(`etc/systemd/system/${unit}.d/container.conf`, "[Unit]\nConditionVirtualization=!container\n");
    write("etc/systemd/system/systemd-sysctl.service.d/container.conf", CONTAINER_SYSCTL);
    for (const unit of dataList("masked-units.txt")) {
        fs.rmSync(file(`etc/systemd/system/${unit}`), { force: true });
        fs.symlinkSync("/dev/null", file(`etc/systemd/system/${unit}`));
    }
    await inRoot(root, ["systemctl", "set-default", "multi-user.target"]);
    // No password at all: a locked one ("!") would keep keys out too, where sshd does without PAM.
    await inRoot(root, ["usermod", "--password", "*", "root"]);
}

/**
 * The root that the lab's nodes are clones of: Debian bullseye with the services' Python environments and no service
 * of OpenStack, no database, no queue. Lower directory of containers, content of virtual machines' disks.
 */
export async function buildGoldenRoot(progress: Progress): Promise<string> {
    const runtime = await buildRuntime(progress);
    const base = await buildBaseRoot(progress);
    const inputs = {
        recipe: RECIPE,
        runtime: path.dirname(runtime),
        base: path.dirname(base),
        interfaces: INTERFACES,
        dhcpcd: DHCPCD,
        notInContainers: NOT_IN_CONTAINERS,
        containerSysctl: CONTAINER_SYSCTL,
        data: dataTexts("sshd.conf", "masked-units.txt", "golden-packages.txt"),
    };
    const entry = await cached({ kind: "golden-root", name: "bullseye", inputs: relative(inputs), progress }, dir =>
        progress.step("Golden root of the nodes", async detail => {
            const root = path.join(dir, "root");
            detail("copying Debian");
            await run("cp", ["-a", base, root]);
            detail("installing the runtime and the services' libraries");
            await scriptInRoot(
                root,
                `
            dpkg --install /runtime/openstack-lab-runtime.deb
            echo '${await debianSource()}' > /etc/apt/sources.list
            apt-get update -q
            apt-get install -q -y ${dataList("golden-packages.txt").join(" ")}
            apt-get clean
            rmdir /runtime || true
        `,
                { binds: { "/runtime": path.dirname(runtime) }, timeoutSeconds: 600 },
            );
            fs.rmSync(path.join(root, "runtime"), { recursive: true, force: true });
            detail("settling");
            await settle(root);
        }),
    );
    return path.join(entry, "root");
}

/** Inputs without the cache's own place, which is another for everybody. */
function relative<T extends { runtime: string; base: string }>(inputs: T): T {
    return { ...inputs, runtime: path.basename(inputs.runtime), base: path.basename(inputs.base) };
}
