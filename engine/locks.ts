import * as fs from "fs";
import * as os from "os";
import * as path from "path";

interface Lock {
    pid: number;
    hostname: string;
    username: string;
}

/** An engine that takes longer to write a lock has none. */
const WRITTEN_BY_NOW_MS = 60_000;

/**
 * Whether a process is there, is the engine and not just waiting to be reaped; an id may have been given to another
 * program since.
 */
function isEngine(pid: number): boolean {
    try {
        return /^\d+ \(pulumi\) [^ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}

/**
 * Breaks the locks of a stack whose owner was a process of this machine that has died; a live one's or another
 * machine's stays, and the engine then says whose it is.
 * @param backendDir the file backend's folder
 * @returns a line for each broken lock
 */
export function breakDeadLocks(
    backendDir: string,
    project: string,
    stack: string,
    here: { hostname: string; isEngine(pid: number): boolean } = { hostname: os.hostname(), isEngine },
): string[] {
    const dir = path.join(backendDir, ".pulumi/locks/organization", project, stack);
    if (!fs.existsSync(dir)) return [];
    return fs
        .readdirSync(dir)
        .filter(name => name.endsWith(".json"))
        .flatMap(name => {
            const file = path.join(dir, name);
            let lock: Lock;
            const remove = () => [file, `${file}.attrs`].forEach(left => fs.rmSync(left, { force: true }));
            try {
                lock = JSON.parse(fs.readFileSync(file, "utf8")) as Lock;
            } catch {
                // The engine writes a lock as a whole. A damaged lock's owner has ended.
                const written = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
                if (Date.now() - written < WRITTEN_BY_NOW_MS) return [];
                remove();
                return [`stack ${stack} was locked by a file that cannot be read; the lock was broken`];
            }
            if (lock.hostname !== here.hostname || here.isEngine(lock.pid)) return [];
            remove();
            return [
                `stack ${stack} was locked by process ${lock.pid} of this machine, which has died; the lock was broken`,
            ];
        });
}

/** The present holder of a stack, in words; undefined without one. */
export function holderOf(backendDir: string, project: string, stack: string): string | undefined {
    const dir = path.join(backendDir, ".pulumi/locks/organization", project, stack);
    const name = fs.existsSync(dir) ? fs.readdirSync(dir).find(n => n.endsWith(".json")) : undefined;
    if (name === undefined) return undefined;
    try {
        const { pid, hostname, username } = JSON.parse(fs.readFileSync(path.join(dir, name), "utf8")) as Lock;
        return `process ${pid} of ${username} on ${hostname}`;
    } catch {
        return "a process that has just begun";
    }
}
