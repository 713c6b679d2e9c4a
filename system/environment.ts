import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { toItself } from "./handed-over";
import { NO_HOME, projectDir } from "./paths";

const PROXIES = ["http_proxy", "https_proxy", "all_proxy"].flatMap(name => [name, name.toUpperCase()]);

/** Names of the variables that lead to a proxy: on a lab's side of the network there is none. */
export const proxyVariables: readonly string[] = [...PROXIES, "no_proxy", "NO_PROXY"];

/** Never asked through a proxy: the engine and its plugins talk to each other there. */
const LOOPBACK = "localhost,127.0.0.1,::1";

/** Where root's commands are, which a `su` without `-` leaves out. */
const SYSTEM_PATH = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** A process's facts about its surroundings; a test gives its own. */
export interface Surroundings {
    uid: number;
    /** Owner of a folder; undefined where there is none. */
    owner(folder: string): number | undefined;
    writable(folder: string): boolean;
    /** The user's name and home folder in the system's list of users; undefined for one that is not in it. */
    listed: { username: string; homedir: string } | undefined;
    /** Variables of the caller's that count. */
    allowed: readonly string[];
    /** Whether another command of this program started this one. */
    hasParent: boolean;
}

type Environment = Record<string, string | undefined>;

/**
 * The environment of this process, and so of all that it starts, made from the caller's: only what docs/environment.md names is
 * taken over, the rest is fixed.
 */
export function cleanEnvironment(given: Environment, around: Surroundings): Record<string, string> {
    const kept = counting(given, around);
    const home = homeFolder(given.HOME, around);
    kept.HOME = home ?? NO_HOME;
    // With `sudo -E` these are the other user's, as HOME is.
    if (home !== given.HOME && isOthers(given.HOME, around))
        for (const name of Object.keys(kept)) if (name.startsWith("XDG_")) delete kept[name];
    kept.USER = kept.LOGNAME = around.listed?.username ?? (given.USER || String(around.uid));
    kept.PATH = searchPath(given.PATH, around.uid);
    const temporary = [given.TMPDIR, "/tmp", "/var/tmp"].find(dir => isAbsolute(dir) && around.writable(dir));
    if (temporary === undefined) delete kept.TMPDIR;
    else kept.TMPDIR = temporary;
    // The program also reads the output of other programs.
    return { ...kept, ...withoutProxy(kept), LC_ALL: "C.UTF-8" };
}

/** The variables of the caller's that count. */
function counting(given: Environment, { allowed, hasParent }: Surroundings): Record<string, string> {
    const names = [...allowed, ...(hasParent ? Object.values(toItself) : [])];
    return Object.fromEntries(
        names.flatMap(name => {
            const value = given[name];
            return value === undefined ? [] : [[name, value]];
        }),
    );
}

/** With a proxy: the hosts that are asked without it, in both spellings. */
function withoutProxy(kept: Environment): Record<string, string> {
    const direct = kept.no_proxy || kept.NO_PROXY || "";
    if (!PROXIES.some(name => kept[name]) || direct.includes(LOOPBACK)) return {};
    const all = direct === "" ? LOOPBACK : `${direct},${LOOPBACK}`;
    return { no_proxy: all, NO_PROXY: all };
}

const isAbsolute = (dir: string | undefined): dir is string => dir !== undefined && path.isAbsolute(dir);

const isOthers = (dir: string | undefined, { uid, owner }: Surroundings): boolean =>
    isAbsolute(dir) && ![uid, undefined].includes(owner(dir));

/**
 * HOME where it is this user's own, else the folder in the system's list of users; undefined where there is neither.
 */
function homeFolder(given: string | undefined, around: Surroundings): string | undefined {
    const { uid, owner, listed } = around;
    if (isAbsolute(given) && owner(given) === uid) return given;
    if (isAbsolute(listed?.homedir) && owner(listed.homedir) !== undefined) return listed.homedir;
    return isAbsolute(given) ? given : undefined;
}

/** PATH without folders that depend on where the program is called from. */
function searchPath(given: string | undefined, uid: number): string {
    const folders = (given || "/usr/local/bin:/usr/bin:/bin").split(":").filter(isAbsolute);
    const missing = uid === 0 ? SYSTEM_PATH.filter(dir => !folders.includes(dir)) : [];
    return [...folders, ...missing].join(":");
}

function surroundings(): Surroundings {
    const unlessFails = <T>(work: () => T): T | undefined => {
        try {
            return work();
        } catch {
            return undefined;
        }
    };
    const { W_OK, X_OK } = fs.constants;
    return {
        uid: process.geteuid?.() ?? -1,
        owner: folder => unlessFails(() => fs.statSync(folder).uid),
        writable: folder => unlessFails(() => fs.accessSync(folder, W_OK | X_OK) ?? true) ?? false,
        listed: unlessFails(() => os.userInfo()),
        allowed: allowedNames(),
        hasParent: process.channel !== undefined,
    };
}

/** The names in environment.names. */
export const allowedNames = (): string[] =>
    fs
        .readFileSync(path.join(projectDir(), "system/environment.names"), "utf8")
        .split("\n")
        .map(line => line.trim())
        .filter(line => /^[A-Za-z]/.test(line));

/** Gives this process its own environment and umask, in place of the caller's. */
export function takeEnvironment(): void {
    const own = cleanEnvironment(process.env, surroundings());
    for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
    Object.assign(process.env, own);
    // Private files have a mode of their own.
    process.umask(0o022);
}
