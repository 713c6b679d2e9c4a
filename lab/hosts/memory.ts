import * as fs from "fs";
import * as path from "path";
import { memoryAvailable } from "../../system/memory";
import { hierarchies, labCgroups } from "./cgroups";

/** MiB that a lab takes at most, its engine too: measured by `npm run bench` (bench/README.md). */
const LAB_MIB = 5 * 1024;
/** A cgroup without memory that is older is what a lab left that was ended by force. */
const STARTING_MILLISECONDS = 10 * 60_000;

/** A lab of this machine, whatever state folder it is of. */
interface OtherLab {
    /** Name of its cgroup. */
    cgroup: string;
    /** What its processes have, in MiB; the kernel gives its cache back. */
    usedMiB: number;
}

/** What decides whether another lab fits; a test gives its own. */
export interface MemoryMachine {
    availableMiB: number;
    labs: readonly OtherLab[];
}

/** @param own name of this lab's cgroup: what it has already, where it is up, is its own */
export function memoryNow(own: string): MemoryMachine {
    const all = labsIn(memoryFolder()),
        mine = all.find(({ cgroup }) => cgroup === own);
    return {
        availableMiB: memoryAvailable() + (mine?.usedMiB ?? 0),
        labs: all.filter(({ cgroup }) => cgroup !== own),
    };
}

/** The hierarchy that counts memory. */
const memoryFolder = (): string | undefined =>
    hierarchies().find(({ version, controllers }) => version === 2 || controllers.includes("memory"))?.mountPoint;

/** The labs that have a cgroup in a hierarchy. */
export function labsIn(folder: string | undefined, now = Date.now()): OtherLab[] {
    if (folder === undefined) return [];
    return labCgroups(folder).flatMap(cgroup => {
        const dir = path.join(folder, cgroup),
            usedMiB = usedIn(dir);
        return usedMiB > 0 || isYoung(dir, now) ? [{ cgroup, usedMiB }] : [];
    });
}

const isYoung = (dir: string, now: number): boolean => {
    try {
        return now - fs.statSync(dir).mtimeMs < STARTING_MILLISECONDS;
    } catch {
        return false;
    }
};

/** Of version 1 the sums with all below (`total_…`), of version 2 what memory.stat says itself. */
function usedIn(dir: string): number {
    try {
        const text = fs.readFileSync(path.join(dir, "memory.stat"), "utf8");
        const bytes = [/^total_rss (\d+)$/m, /^total_shmem (\d+)$/m, /^anon (\d+)$/m, /^shmem (\d+)$/m].map(form =>
            Number(form.exec(text)?.[1] ?? 0),
        );
        const [rss = 0, totalShmem = 0, anon = 0, shmem = 0] = bytes;
        return (anon > 0 ? anon + shmem : rss + totalShmem) / 2 ** 20;
    } catch {
        return 0;
    }
}

const gib = (mib: number): string => `${(mib / 1024).toFixed(1)} GiB`;

/** Why another lab does not fit, in a sentence; undefined where it does. Labs that are still being made have all that they may take. */
export function memoryObstacle({ availableMiB, labs }: MemoryMachine): string | undefined {
    const promised = labs.reduce((sum, { usedMiB }) => sum + Math.max(0, LAB_MIB - usedMiB), 0),
        left = availableMiB - promised;
    if (left >= LAB_MIB) return undefined;
    const others =
        labs.length === 0
            ? ""
            : `, of which ${labs.length === 1 ? "another lab" : `${labs.length} other labs`} may still take ${gib(promised)}; take one down`;
    return `memory: a lab takes up to ${gib(LAB_MIB)}, but ${gib(availableMiB)} are available${others}`;
}
