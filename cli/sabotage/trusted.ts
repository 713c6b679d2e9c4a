import * as fs from "fs";
import * as path from "path";
import { UserError } from "../../system/errors";

/** Scripts of more than this are refused: they go to a machine as one word. */
const LARGEST = 64 * 1024;

/**
 * What reads the scripts of exercises: from a folder that the teacher has marked as trusted, and nowhere else. Folder and script
 * have to be this user's or root's, and nobody else may write them.
 * @param folder undefined where none is trusted
 */
export function scriptsIn(folder: string | undefined): (file: string) => string {
    return file => {
        if (folder === undefined)
            throw new UserError(
                `the exercise runs the script ${file}, and no folder of scripts is trusted, so nothing was broken; look at the script, and name its folder with --scripts FOLDER`,
            );
        const whole = path.join(folder, file);
        for (const at of [folder, whole]) {
            const reason = whyUntrusted(at, at === whole);
            if (reason !== undefined)
                throw new UserError(
                    `${at} ${reason}, so nothing was broken; scripts come from a folder that only you write`,
                );
        }
        const text = fs.readFileSync(whole, "utf8");
        // The shell of the machine gets it as a word.
        if (/[\u0000\u0001]/.test(text)) throw new UserError(`${whole} is no shell script, so nothing was broken`);
        return text.replace(/\n+$/, "");
    };
}

/** What keeps a folder, or a script in it, from being trusted; undefined where nothing does. */
function whyUntrusted(at: string, isScript: boolean): string | undefined {
    let stat;
    try {
        stat = fs.lstatSync(at);
    } catch {
        return "is not there";
    }
    if (isScript ? !stat.isFile() : !stat.isDirectory()) return isScript ? "is no plain file" : "is no folder";
    return (
        whyOthersWrite(stat) ?? (isScript && stat.size > LARGEST ? `is larger than ${LARGEST / 1024} KiB` : undefined)
    );
}

/** Who besides this user and root may write it. */
function whyOthersWrite({ uid, mode }: fs.Stats): string | undefined {
    if (uid !== 0 && uid !== process.getuid?.()) return "belongs to another user";
    return (mode & 0o022) === 0 ? undefined : "may be written by others (chmod go-w)";
}
