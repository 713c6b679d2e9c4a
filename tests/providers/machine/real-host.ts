import { spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { Frame } from "../../../clients/frame";
import type { RunScript } from "../../../clients/ssh";
import { cacheDir, temporaryFolder } from "../../../system/paths";

/** The root of a lab's hosts, where this machine has made it once. */
function hostRoot(): string | undefined {
    const kept = path.join(cacheDir(), "host-root");
    return fs.existsSync(kept)
        ? fs
              .readdirSync(kept)
              .map(name => path.join(kept, name, "root"))
              .find(root => fs.existsSync(path.join(root, "usr/sbin/libvirtd")))
        : undefined;
}

/** Says plainly why nothing real can be tried here; undefined where it can. */
export const lacks =
    process.getuid!() !== 0 ? "needs root" : hostRoot() === undefined ? "no lab was made on this machine" : undefined;

/** The first process stays a shell, which buries others: libvirt waits for that, half a minute each. */
const begin = (root: string, dir: string): string => `set -e
mount -t tmpfs none ${dir}
mkdir ${dir}/upper ${dir}/work ${dir}/root
mount -t overlay overlay -o lowerdir=${root},upperdir=${dir}/upper,workdir=${dir}/work ${dir}/root
cd ${dir}/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs none run
mount -t tmpfs none var/lib/libvirt
mkdir var/lib/libvirt/dnsmasq
ip link set lo up
printf 'auth_unix_rw = "none"\\nlog_outputs = "4:stderr"\\n' > etc/libvirt/libvirtd.conf
chroot . libvirtd < /dev/null > /dev/null 2>&1 &
echo ready
sleep 600 & wait $!`;

/** A host with libvirt in namespaces of its own: nothing of it is seen outside, and it ends with its first process. */
export class RealHost {
    private constructor(
        private readonly dir: string,
        private readonly outer: ReturnType<typeof spawn>,
        private readonly first: string,
    ) {}

    static async begin(): Promise<RealHost> {
        const dir = temporaryFolder("classroom-real-host-"),
            script = begin(hostRoot()!, dir);
        const outer = spawn(
            "unshare",
            ["-n", "-m", "-p", "-f", "-i", "-u", "--kill-child", "--propagation", "private", "sh", "-c", script],
            {
                stdio: ["ignore", "pipe", "inherit"],
            },
        );
        await new Promise<void>((resolve, reject) => {
            outer.stdout!.once("data", () => resolve());
            outer.once("exit", code => reject(new Error(`the host's namespaces ended with ${code}`)));
        });
        const children = fs.readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8").trim();
        return new RealHost(dir, outer, children.split(" ")[0]!);
    }

    /** Runs a script as ssh would. */
    readonly run: RunScript = (_to, script, { input = "", allowFailure } = {}) => {
        const frame = new Frame(script, input),
            printed = this.enter(frame.command, frame.input);
        const { stdout, stderr, end } = frame.cut(printed.stdout, printed.stderr);
        if (typeof end !== "number") throw new Error(`the script has no end: ${end}, ${printed.stderr.toString()}`);
        if (end !== 0 && !allowFailure) throw new Error(stderr.trim());
        return Promise.resolve({ stdout, stderr, code: end });
    };

    /** Runs shell there. */
    sh(command: string): string {
        const { status, stdout, stderr } = this.enter(`set -e\n${command}`);
        if (status !== 0) throw new Error(`${command}: ${stderr.toString()}`);
        return stdout.toString().trim();
    }

    private enter(command: string, input: Buffer | string = "") {
        return spawnSync(
            "nsenter",
            ["-t", this.first, "-n", "-m", "-p", "-i", "-u", "chroot", `${this.dir}/root`, "/bin/sh", "-c", command],
            {
                input,
                maxBuffer: 64 << 20,
            },
        );
    }

    async end(): Promise<void> {
        const ended = new Promise(resolve => this.outer.once("exit", resolve));
        process.kill(Number(this.first), "SIGKILL");
        await ended;
        fs.rmdirSync(this.dir);
    }
}
