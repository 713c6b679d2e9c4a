import * as fs from "fs";
import { replaceFile } from "../../system/files";
import { hierarchies, labCgroups } from "./cgroups";

/** Enough for twenty labs of 48 instances each. */
const RAISED = 1024;

/** Where the limit is and where its former value is kept; a test gives its own. */
export interface InotifyFiles {
    limit: string;
    /** Gone when the machine starts anew, as the limit itself is. */
    kept: string;
    /** Names of the labs' cgroups that there are. */
    labs: () => string[];
}

const thisMachine: InotifyFiles = {
    limit: "/proc/sys/fs/inotify/max_user_instances",
    kept: "/run/classroom-inotify",
    labs: () => labCgroups(hierarchies()[0]!.mountPoint),
};

const read = (file: string): number | undefined => {
    try {
        const text = fs.readFileSync(file, "utf8").trim();
        return /^\d+$/.test(text) ? Number(text) : undefined;
    } catch {
        return undefined;
    }
};

/**
 * Raises fs.inotify.max_user_instances of this machine, and keeps what it was. It is kept before it is raised: whoever ends this
 * by force leaves nothing that {@link putBack} does not know.
 * @returns what was done, in words; undefined where the limit is as high already
 */
export function raiseInotify(files: InotifyFiles = thisMachine): string | undefined {
    const now = read(files.limit) ?? 0;
    if (now >= RAISED) return undefined;
    if (read(files.kept) === undefined) replaceFile(files.kept, `${now}\n`, 0o600);
    fs.writeFileSync(files.limit, `${RAISED}\n`);
    return `fs.inotify.max_user_instances of this machine is ${RAISED} in place of ${now}, until its last lab is down`;
}

/**
 * Puts the limit back where no lab is left that may need it. One that somebody else has set since stays.
 * @returns what was done, in words; undefined where there was nothing to do
 */
export function putBack(files: InotifyFiles = thisMachine): string | undefined {
    const before = read(files.kept);
    if (before === undefined || files.labs().length > 0) return undefined;
    const isOurs = read(files.limit) === RAISED;
    if (isOurs) fs.writeFileSync(files.limit, `${before}\n`);
    fs.rmSync(files.kept, { force: true });
    return isOurs ? `fs.inotify.max_user_instances of this machine is ${before} again` : undefined;
}
