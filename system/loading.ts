import * as fs from "fs";
import * as modules from "module";
import * as path from "path";
import { cacheDir } from "./paths";

/** How Node.js loads a module by its name; not a part of its documented interface that has types. */
interface Loader {
    _load(name: string, ...rest: unknown[]): unknown;
}

/**
 * Modules that Pulumi's SDK loads with itself, for one thing alone: to write functions into the state. This program writes
 * none (providers/dynamic.ts), and each of its processes would spend half of its start on them.
 */
const SELDOM: ReadonlySet<string> = new Set(["typescript", "@npmcli/arborist", "normalize-package-data"]);

/**
 * Stands for a module until something of it is wanted; then it is loaded.
 * @param load is called at most once
 */
export function onceWanted(load: () => unknown): object {
    let loaded: { module: object } | undefined;
    const whole = () => (loaded ??= { module: load() as object }).module;
    return new Proxy(
        {},
        {
            // The compiled way to import asks for this first, and would copy everything out of what has it not.
            get: (_target, name) =>
                name === "__esModule" ? true : name === "default" ? whole() : Reflect.get(whole(), name),
            has: (_target, name) => Reflect.has(whole(), name),
        },
    );
}

/**
 * Makes this process load less and compile less: what is seldom wanted is loaded once it is wanted, and compiled code is kept in
 * the cache, where Node.js can do that (22.8).
 */
export function quickenLoading(): void {
    const loader = modules.Module as unknown as Loader,
        load = loader._load.bind(loader);
    loader._load = (name, ...rest) => (SELDOM.has(name) ? onceWanted(() => load(name, ...rest)) : load(name, ...rest));
    const dir = compiledDir();
    if (dir !== undefined) modules.enableCompileCache?.(dir);
}

/** Where compiled code is kept; undefined where the cache is not there yet, or others could write into it: it is run unseen. */
function compiledDir(): string | undefined {
    try {
        const dir = path.join(cacheDir(), "compiled");
        if (!fs.existsSync(path.dirname(dir))) return undefined;
        fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
        const { uid, mode } = fs.statSync(dir);
        return uid === process.geteuid?.() && (mode & 0o022) === 0 ? dir : undefined;
    } catch {
        return undefined; // without a cache all is as it was, and whoever needs the folder says what is wrong with it
    }
}
