import * as fs from "fs";

/** MiB that the kernel gives programs of this machine without swapping; 0 where it does not say. */
export function memoryAvailable(meminfo = fs.readFileSync("/proc/meminfo", "utf8")): number {
    const [, kib] = /^MemAvailable: +(\d+) kB$/m.exec(meminfo) ?? [];
    return Number(kib ?? 0) / 1024;
}
