import * as fs from "fs";

/**
 * Memory of processes and of everything below them, each page counted once (PSS), in KiB.
 * @param started ids of the topmost processes
 */
export function memoryOf(started: ReadonlySet<number>): number {
    const parents = new Map<number, number>();
    for (const name of fs.readdirSync("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        const stat = readIfThere(`/proc/${name}/stat`);
        if (stat !== undefined) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]));
    }
    const isBelow = (pid: number): boolean =>
        started.has(pid) || (parents.has(pid) && parents.get(pid)! > 1 && isBelow(parents.get(pid)!));
    const all = [...parents.keys()].filter(isBelow).map(pid => readIfThere(`/proc/${pid}/smaps_rollup`) ?? "");
    return all.reduce((sum, text) => sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0), 0);
}

/** Undefined of a process that has ended meanwhile. */
function readIfThere(file: string): string | undefined {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return undefined;
    }
}
