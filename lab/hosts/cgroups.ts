import * as fs from "fs";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";

export interface Hierarchy {
    version: 1 | 2;
    mountPoint: string;
    controllers: string[];
}

/** The cgroup hierarchies in a /proc/self/mounts. */
export function parseHierarchies(mounts: string): Hierarchy[] {
    const seen = new Set<string>();
    return mounts
        .split("\n")
        .map(line => line.split(" "))
        .filter(([, , type]) => type === "cgroup" || type === "cgroup2")
        .map(([, mountPoint = "", type, options = ""]) => ({
            version: type === "cgroup2" ? (2 as const) : (1 as const),
            mountPoint: mountPoint.replace(/\\040/g, " "),
            controllers: options.split(","),
        }))
        .filter(h => !seen.has(h.mountPoint) && seen.add(h.mountPoint));
}

export const hierarchies = (): Hierarchy[] => parseHierarchies(fs.readFileSync("/proc/self/mounts", "utf8"));

/** 2 only where it is the one hierarchy there is; a second one beside version 1 is that machine's `unified`. */
export const cgroupVersion = (found: readonly Hierarchy[] = hierarchies()): 1 | 2 =>
    found.some(h => h.version === 1) ? 1 : 2;

/** Names of the cgroups that labs have in a hierarchy, of all state folders. */
export const labCgroups = (folder: string): string[] =>
    fs.readdirSync(folder).filter(name => name.startsWith("classroom-"));

/** Makes a cgroup in one hierarchy; on version 1 a cpuset must be filled before a process may enter. */
function make(parent: string, name: string): string {
    const dir = path.join(parent, name);
    fs.mkdirSync(dir, { recursive: true });
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        if (!fs.existsSync(path.join(parent, file)) || fs.existsSync(path.join(dir, "cgroup.controllers"))) continue;
        fs.writeFileSync(path.join(dir, file), fs.readFileSync(path.join(parent, file), "utf8").trim());
    }
    return dir;
}

/** The lab's cgroup in every hierarchy, with one for each host in it. Returns their folders. */
export function makeCgroups(name: string, hosts: readonly string[]): string[] {
    return hierarchies().map(({ mountPoint, version }) => {
        const delegate = (dir: string) => {
            if (version !== 2 || cgroupVersion() !== 2) return;
            for (const c of fs
                .readFileSync(path.join(dir, "cgroup.controllers"), "utf8")
                .trim()
                .split(/\s+/)
                .filter(Boolean)) {
                try {
                    fs.writeFileSync(path.join(dir, "cgroup.subtree_control"), `+${c}`);
                } catch {
                    /* not this machine's to delegate */
                }
            }
        };
        const dir = make(mountPoint, name);
        delegate(dir);
        for (const host of hosts) make(dir, host);
        return dir;
    });
}

/** Ids of the processes in a lab's cgroups: also of those that were killed and still unmount. */
export const processesIn = (name: string, found: readonly Hierarchy[] = hierarchies()): number[] => [
    ...new Set(
        found.flatMap(({ mountPoint }) => {
            const top = path.join(mountPoint, name);
            return fs.existsSync(top) ? processesBelow(top) : [];
        }),
    ),
];

function processesBelow(dir: string): number[] {
    try {
        const own = fs.readFileSync(path.join(dir, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
        const folders = fs.readdirSync(dir, { withFileTypes: true }).filter(item => item.isDirectory());
        return [...own, ...folders.flatMap(({ name }) => processesBelow(path.join(dir, name)))];
    } catch {
        return []; // gone meanwhile
    }
}

/** Removes a lab's cgroups, which have to be empty of processes; the kernel takes a moment to see that. */
export async function removeCgroups(name: string, deadlineSeconds = 10): Promise<void> {
    const deadline = performance.now() + deadlineSeconds * 1000;
    for (const { mountPoint } of hierarchies()) {
        const top = path.join(mountPoint, name);
        while (fs.existsSync(top)) {
            try {
                removeTree(top);
            } catch (e) {
                if (performance.now() > deadline) throw new Error(`${top} cannot be removed: ${(e as Error).message}`);
                await sleep(50);
            }
        }
    }
}

/** Files in a cgroup cannot be removed, and need not be. */
function removeTree(dir: string): void {
    for (const item of fs.readdirSync(dir, { withFileTypes: true }))
        if (item.isDirectory()) removeTree(path.join(dir, item.name));
    fs.rmdirSync(dir);
}
