import * as fs from "fs";

/** Names this start of the machine; undefined where there is no such name. */
export function thisStart(): string | undefined {
    try {
        return fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    } catch {
        return undefined;
    }
}
