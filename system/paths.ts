import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { messageOf, UserError } from "./errors";

/** A kind of folder of the program's own. */
interface Kind {
    word: string;
    /** Names the folder itself. */
    variable: string;
    /** Names the folder that it is in, as the XDG specification has it. */
    xdg: string;
    /** That folder below the home folder, where neither is set. */
    below: string;
    /** Characters that its path must not hold, because they have another meaning at its uses. */
    unusable: RegExp;
    unusableInWords: string;
}

const CACHE: Kind = {
    word: "cache",
    variable: "CLASSROOM_CACHE",
    xdg: "XDG_CACHE_HOME",
    below: ".cache",
    // PATH, apt's configuration.
    unusable: /[\u0000-\u001f\u007f:"\\]/,
    unusableInWords: 'a colon, a ", a \\ or a control character',
};
const STATE: Kind = {
    word: "state",
    variable: "CLASSROOM_STATE",
    xdg: "XDG_STATE_HOME",
    below: ".local/state",
    // @pulumi/libvirt puts variables into the names of keys.
    unusable: /[\u0000-\u001f\u007f$]/,
    unusableInWords: "a $ or a control character",
};

/** The folder of a kind; `named` is one that the user has given a name. */
function folderOf(kind: Kind): { dir: string; named: boolean } {
    const own = absolute(kind, kind.variable),
        // An empty variable of XDG's is one that is not set, says its specification.
        above = process.env[kind.xdg] === "" ? undefined : absolute(kind, kind.xdg);
    const dir = own ?? path.join(above ?? path.join(homeFolder(kind), kind.below), "classroom");
    if (kind.unusable.test(dir))
        throw new UserError(
            `the ${kind.word} folder is ${JSON.stringify(dir)}, but its path must not hold ${kind.unusableInWords}; nothing was changed. Name another one with ${kind.variable}`,
        );
    return { dir, named: own !== undefined };
}

function absolute({ word }: Kind, variable: string): string | undefined {
    const value = process.env[variable];
    if (value === undefined) return undefined;
    if (!path.isAbsolute(value))
        throw new UserError(
            `${variable} is ${value === "" ? "empty" : JSON.stringify(value)}; nothing was changed. Give the ${word} folder's absolute path, or unset it`,
        );
    return path.resolve(value);
}

/** The home folder of a user without one, as the system's own users have it: some packages want it to have a name. */
export const NO_HOME = "/nonexistent";

function homeFolder({ word, variable }: Kind): string {
    let home = "";
    try {
        home = os.homedir();
    } catch {
        // One that the system's list of users does not have.
    }
    if (path.isAbsolute(home) && home !== NO_HOME) return home;
    throw new UserError(
        `this user has no home folder, so there is no place for the ${word} folder; nothing was changed. Set HOME, or ${variable}`,
    );
}

/**
 * The folder of a kind, made where it is missing, closed to others. One that the user has named stays as open as it is: what is
 * made in it is private by itself.
 * @throws UserError where it cannot be had, or is another user's
 */
function privateFolder(kind: Kind): string {
    const { dir, named } = folderOf(kind),
        another = `Name another one with ${kind.variable}`,
        uid = process.geteuid?.();
    try {
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        const { mode, uid: owner } = fs.statSync(dir);
        if (uid !== undefined && ![uid, 0].includes(owner))
            throw new UserError(
                `the ${kind.word} folder ${dir} belongs to another user (${owner}), and this one is ${uid}; nothing was changed. ${another}`,
            );
        if (!named && owner === uid && (mode & 0o077) !== 0) fs.chmodSync(dir, 0o700);
    } catch (e) {
        if (e instanceof UserError) throw e;
        throw new UserError(`the ${kind.word} folder ${dir} cannot be made (${messageOf(e)}). ${another}`);
    }
    return dir;
}

/**
 * Downloads and builds, addressed by content; may be deleted at any time. `$CLASSROOM_CACHE` overrides. Not made by
 * this.
 */
export const cacheDir = (): string => folderOf(CACHE).dir;

/** The cache folder, made where it is missing: private to the user (0700). */
export const ownCacheDir = (): string => privateFolder(CACHE);

/** Stacks' state, passphrase, logs and labs: private to the user (0700). `$CLASSROOM_STATE` overrides. */
export const stateDir = (): string => privateFolder(STATE);

/** A private folder for a command's temporary files. The command removes it. */
export function temporaryFolder(prefix: string): string {
    try {
        return fs.mkdtempSync(path.join(os.tmpdir(), prefix));
    } catch {
        // Where nothing can be written outside of the folders that are named.
        const dir = path.join(stateDir(), "temporary");
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        return fs.mkdtempSync(path.join(dir, prefix));
    }
}

/** A file of the operator's, `~/` being the home folder. */
export function inHome(file: string): string {
    return file.replace(/^~(?=\/)/, os.homedir());
}

/** The checkout this program was compiled in: the folder that holds package.json. */
export function projectDir(): string {
    let dir = __dirname;
    while (!fs.existsSync(path.join(dir, "package.json"))) {
        const parent = path.dirname(dir);
        if (parent === dir) throw new Error(`no package.json above ${__dirname}`);
        dir = parent;
    }
    return dir;
}

/** @throws UserError for a checkout that the engine could not find its plugin in */
export function checkProjectDir(dir = projectDir()): void {
    if (/[\u0000-\u001f\u007f:]/.test(dir))
        throw new UserError(
            `the program lies in ${JSON.stringify(dir)}, but the path must not hold a colon or a control character, because it goes into PATH; nothing was changed. Move it elsewhere`,
        );
}
