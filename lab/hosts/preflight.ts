import * as fs from "fs";
import * as os from "os";
import { cacheDir, stateDir } from "../../system/paths";
import { UserError } from "../../system/errors";
import { type MemoryMachine, memoryNow, memoryObstacle } from "./memory";
import { processIds } from "./processes";

/** A lab's needs; measured on a full cloud with two instances (docs/lab.md). */
const needs = { memoryMiB: 8 * 1024, cacheMiB: 6 * 1024, stateMiB: 6 * 1024, inotify: 48 };

interface Machine {
    uid: number;
    memoryMiB: number;
    /** What is left of it for this lab. */
    memory(): MemoryMachine;
    freeMiB(dir: string): number;
    exists(path: string): boolean;
    fileSystems: string;
    /** Watching instances that root may still open. */
    freeInotify(): number;
}

/**
 * Root's part of fs.inotify.max_user_instances that nothing uses yet. Without them libvirt's networks do not start. What is
 * used in a user namespace counts for whoever made that, too: of root's are those of containers.
 */
function freeInotify(): number {
    const own = fs.readlinkSync("/proc/self/ns/user");
    let used = 0;
    for (const pid of processIds()) {
        try {
            if (fs.statSync(`/proc/${pid}`).uid !== 0 && fs.readlinkSync(`/proc/${pid}/ns/user`) === own) continue;
            for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
                try {
                    if (fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === "anon_inode:inotify") used++;
                } catch {
                    /* closed meanwhile */
                }
            }
        } catch {
            /* ended meanwhile */
        }
    }
    return Number(fs.readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8")) - used;
}

/** @param own name of the cgroup of the lab that is to be made */
export const machineFor = (own: string): Machine => ({
    uid: process.getuid?.() ?? -1,
    memoryMiB: os.totalmem() / 2 ** 20,
    memory: () => memoryNow(own),
    freeMiB(dir) {
        while (!fs.existsSync(dir)) dir = dir.slice(0, dir.lastIndexOf("/")) || "/";
        const { bavail, bsize } = fs.statfsSync(dir);
        return (bavail * bsize) / 2 ** 20;
    },
    exists: fs.existsSync,
    fileSystems: fs.readFileSync("/proc/filesystems", "utf8"),
    freeInotify,
});

const gib = (mib: number): string => `${(mib / 1024).toFixed(1)} GiB`;

/** One of the whole machine's memory goes before one of what is left of it. */
function memoryObstacles({ memoryMiB, memory }: Machine): string[] {
    if (memoryMiB < needs.memoryMiB) return [`memory: ${gib(memoryMiB)}, but a lab needs ${gib(needs.memoryMiB)}`];
    return [memoryObstacle(memory()) ?? []].flat();
}

/** The obstacles to a lab on this machine, a line each; empty without any. */
export function obstacles(machine: Machine): string[] {
    const found = memoryObstacles(machine);
    for (const [what, dir, wanted] of [
        ["cache", cacheDir(), needs.cacheMiB],
        ["state", stateDir(), needs.stateMiB],
    ] as const) {
        const free = machine.freeMiB(dir);
        if (free < wanted)
            found.push(`disk: ${gib(free)} free for the ${what} (${dir}), but a lab needs ${gib(wanted)}`);
    }
    const freeInotify = machine.freeInotify();
    if (freeInotify < needs.inotify) {
        found.push(
            `inotify: root may open ${freeInotify} more instances, but a lab needs ${needs.inotify}; take another lab down, or let the limit be raised until the last lab is down: ./classroom lab up NAME --raise-inotify`,
        );
    }
    for (const ns of ["mnt", "net", "pid", "uts", "ipc", "cgroup"]) {
        if (!machine.exists(`/proc/self/ns/${ns}`)) found.push(`kernel: it has no ${ns} namespaces`);
    }
    // A module may be loaded at the first mount, so only a kernel without modules is known not to have it.
    if (!/\boverlay$/m.test(machine.fileSystems) && !machine.exists("/proc/modules"))
        found.push("kernel: it has no overlay file system");
    return found;
}

/** @throws UserError where a lab is not even to be seen: root makes it, in root's own state folder */
export function needRoot(machine: Pick<Machine, "uid"> = machineFor("")): void {
    if (machine.uid !== 0)
        throw new UserError(
            "a lab is made of namespaces, mounts and network links, for which it must be root: run it with sudo; nothing was changed (team stacks run as any user)",
        );
}

/** @throws UserError naming everything that is missing */
export function checkMachine(machine: Machine): void {
    needRoot(machine);
    const found = obstacles(machine);
    if (found.length > 0)
        throw new UserError(
            `this machine cannot carry a lab; nothing was changed:\n${found.map(line => `  ${line}`).join("\n")}`,
        );
}
