import { spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { cacheDir } from "../../../../system/paths";

/** How many files are generated: thousands, or as many as CLASSROOM_FILES says. */
export const FILES = Number(process.env.CLASSROOM_FILES ?? 3000);
/** What they are drawn by. */
export const SEED = Number(process.env.CLASSROOM_SEED ?? 1);

/** A program of a golden root, with that root's own libraries: nothing of it is entered. */
interface OfRoot {
    root: string;
    command: string[];
}

/** The programs of the newest golden root in the cache; undefined where the cache has none for this processor. */
function ofGoldenRoot(): OfRoot | undefined {
    const kept = path.join(cacheDir(), "golden-root");
    if (!fs.existsSync(kept)) return undefined;
    for (const name of fs.readdirSync(kept)) {
        const root = path.join(kept, name, "root"),
            libraries = path.join(root, "lib/x86_64-linux-gnu"),
            loader = path.join(libraries, "ld-2.31.so");
        if (process.arch !== "x64" || !fs.existsSync(loader)) continue;
        const command = [loader, "--library-path", `${libraries}:${path.join(root, "usr/lib/x86_64-linux-gnu")}`];
        return { root, command };
    }
    return undefined;
}

/** Runs a Python program that reads JSON and prints JSON. */
function answer<T>(command: readonly string[], env: NodeJS.ProcessEnv, program: string, input: unknown): T {
    const [first, ...rest] = command;
    const { status, stdout, stderr } = spawnSync(first!, [...rest, "-c", program], {
        input: JSON.stringify(input),
        env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: "1" },
        encoding: "utf8",
        maxBuffer: 1 << 30,
    });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
}

/** This machine's python3; undefined where it has none. */
export function python3(): (<T>(program: string, input: unknown) => T) | undefined {
    if (spawnSync("python3", ["--version"]).status !== 0) return undefined;
    return (program, input) => answer(["python3"], {}, program, input);
}

/** Python 2.7 of a golden root, with the packages of one of its environments. */
export function python2(environment = "ocata"): (<T>(program: string, input: unknown) => T) | undefined {
    const there = ofGoldenRoot();
    if (!there) return undefined;
    const { root, command } = there,
        env = {
            PYTHONHOME: path.join(root, "usr"),
            PYTHONPATH: path.join(root, `opt/openstack/${environment}/lib/python2.7/site-packages`),
        };
    return (program, input) => answer([...command, path.join(root, "usr/bin/python2.7")], env, program, input);
}

/** A test of the real thing, or one that says plainly that it was skipped, and why. */
export const ifThere = (there: unknown, lacks: string) =>
    there === undefined
        ? (title: string, _run: () => void) => test.skip(`${title} (skipped: ${lacks})`, () => undefined)
        : test;

/**
 * MySQL's own reader of its files: this machine's, else the one of the server's package in the cache, with the libraries
 * of a golden root. Undefined where there is neither. `folder` is the test's own.
 */
export function printDefaults(folder: string): string[] | undefined {
    if (spawnSync("my_print_defaults", ["--help"]).status === 0) return ["my_print_defaults"];
    const there = ofGoldenRoot(),
        kept = path.join(cacheDir(), "archive"),
        packages = (fs.existsSync(kept) ? fs.readdirSync(kept) : [])
            .map(name => path.join(kept, name, "repository"))
            .filter(repository => fs.existsSync(repository))
            .flatMap(repository => fs.readdirSync(repository).map(name => path.join(repository, name)))
            .filter(file => /\/mariadb-server-core-[^/]*_amd64\.deb$/.test(file));
    if (!there || packages.length === 0) return undefined;
    const unpack = `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" ./usr/bin/my_print_defaults`;
    if (spawnSync("sh", ["-c", unpack, "sh", packages[0]!, folder]).status !== 0) return undefined;
    return [...there.command, path.join(folder, "usr/bin/my_print_defaults")];
}
