import { randomUUID } from "crypto";
import * as fs from "fs";

/**
 * Puts a text into a file, which nobody sees half of, whenever this is cut off. Its folder has to be there.
 * @param mode of the file, independent of the umask. A secret in it is at no moment open to others
 */
export function replaceFile(file: string, text: string, mode: number): void {
    const next = `${file}.new`;
    // One that a run left may have another mode.
    fs.rmSync(next, { force: true });
    fs.writeFileSync(next, text, { mode: 0o600 });
    fs.chmodSync(next, mode);
    fs.renameSync(next, file);
}

/**
 * Makes a file with a text, which is whole as soon as the file is there. Its folder has to be there.
 * @returns whether it did; one that is there already stays as it is
 */
export function createFile(file: string, text: string, mode: number): boolean {
    const next = `${file}.${randomUUID()}`;
    try {
        fs.writeFileSync(next, text, { mode, flag: "wx" });
        fs.linkSync(next, file);
        return true;
    } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== "EEXIST") throw e;
        return false;
    } finally {
        fs.rmSync(next, { force: true });
    }
}
