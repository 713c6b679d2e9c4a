import * as fs from "fs";
import * as os from "os";
import * as path from "path";

const home = (override: string, xdg: string, below: string): string =>
    process.env[override] ?? path.join(process.env[xdg] || path.join(os.homedir(), below), "classroom");

/** Downloads and builds, addressed by content; may be deleted at any time. `$CLASSROOM_CACHE` overrides. */
export function cacheDir(): string {
    return home("CLASSROOM_CACHE", "XDG_CACHE_HOME", ".cache");
}

/** Stacks' state, passphrase, logs and labs: private to the user (0700). `$CLASSROOM_STATE` overrides. */
export function stateDir(): string {
    const dir = home("CLASSROOM_STATE", "XDG_STATE_HOME", ".local/state");
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
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
