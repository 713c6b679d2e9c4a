import * as fs from "fs";
import * as path from "path";
import { cached } from "../system/cache";
import { NotReached, type Pinned } from "../system/download";
import { stateDir } from "../system/paths";
import type { Progress } from "../system/progress";
import { run } from "../system/run";
import { buildTools, pinsOf, type Tool } from "./go";
import { PULUMI_VERSION, pulumiRelease } from "./pins";
import { linkPlugins, makeLauncher, needPlugins, plugins } from "./plugins";
import { unpackRelease } from "./release";

/** The Pulumi engine, ready to be run. */
export interface Engine {
    /** Where it came from, for people. */
    origin: "PATH" | "download" | "build";
    version: string;
    /** Folder whose bin/ holds the command; undefined where it is the one on PATH. */
    root?: string;
    /** Environment that makes the Automation API and the engine's plugins find each other. */
    env: Record<string, string> & { PULUMI_HOME: string };
}

/** Versions that the program is known to run with. */
const OLDEST = [3, 200] as const,
    NEXT_MAJOR = 4;

/** Whether `pulumi version` names one that fits: 3.200 or newer, below 4. */
export function fits(version: string): boolean {
    const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
    return (
        major !== undefined &&
        minor !== undefined &&
        major < NEXT_MAJOR &&
        (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))
    );
}

/**
 * Obtains the engine. It takes, in this order:
 *
 * 1. an engine of a fitting version on PATH;
 * 2. Pulumi's own release, downloaded;
 * 3. a build from pinned Go modules, if only package registries are reached, or the kind of machine has no known digest.
 *
 * The plugins are built in each case. Downloads and builds stay in the cache. A lab's side of the network, which reaches no site, finds
 * them there.
 * @throws UserError if something is missing, or if a download has the wrong digest
 */
export async function obtainEngine(progress: Progress, release = pulumiRelease()): Promise<Engine> {
    return (
        (await found(progress)) ??
        (await built(progress, "cached only")) ??
        (await downloaded(progress, release, "cached only")) ??
        (await downloaded(progress, release)) ??
        (await built(progress))!
    );
}

/**
 * PULUMI_HOME is our own: plugins and workspaces of other Pulumi programs stay apart. The engine fetches no plugin by itself:
 * it would run whatever it is given.
 */
function environment(binDir: string | undefined): Record<string, string> & { PULUMI_HOME: string } {
    const home = path.join(stateDir(), "pulumi-home");
    fs.mkdirSync(home, { recursive: true, mode: 0o700 });
    return {
        PULUMI_HOME: home,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PATH: [...(binDir ? [binDir] : []), makeLauncher(home), process.env.PATH ?? ""].join(path.delimiter),
    };
}

async function found(progress: Progress): Promise<Engine | undefined> {
    let version: string;
    try {
        version = (await run("pulumi", ["version"], { timeoutSeconds: 20 })).stdout.trim();
    } catch {
        return undefined;
    }
    if (!fits(version)) return undefined;
    const env = environment(undefined);
    await needPlugins(env.PULUMI_HOME, progress);
    return { origin: "PATH", version, env };
}

async function downloaded(
    progress: Progress,
    release: Pinned | undefined,
    only?: "cached only",
): Promise<Engine | undefined> {
    if (release === undefined) return undefined;
    const entry = await ifMade(
        cached({ kind: "engine", name: "release", inputs: release }, async dir => {
            if (only) throw new NotMade();
            const bin = path.join(dir, "bin");
            fs.mkdirSync(bin);
            await unpackRelease(`Pulumi ${PULUMI_VERSION}`, release, bin, progress, "pulumi");
        }),
        reason =>
            progress.note(
                `Pulumi ${PULUMI_VERSION} cannot be downloaded (${reason}): it is built from its Go modules instead`,
            ),
    );
    if (entry === undefined) return undefined;
    const env = environment(path.join(entry, "bin"));
    await needPlugins(env.PULUMI_HOME, progress);
    return { origin: "download", version: PULUMI_VERSION, root: entry, env };
}

const cli: Tool = {
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    output: "bin/pulumi",
    flags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`,
};

/** The whole engine, its plugins included. */
async function built(progress: Progress, only?: "cached only"): Promise<Engine | undefined> {
    const tools = [cli, ...plugins];
    const building = async (dir: string): Promise<void> => {
        if (only) throw new NotMade();
        await buildTools(tools, dir, progress);
    };
    const entry = await ifMade(
        cached({ kind: "engine", name: "built", inputs: { tools, pins: pinsOf(tools), recipe: 1 } }, building),
    );
    if (entry === undefined) return undefined;
    const env = environment(path.join(entry, "bin"));
    linkPlugins(entry, env.PULUMI_HOME);
    return { origin: "build", version: PULUMI_VERSION, root: entry, env };
}

/** An engine that is not in the cache, and is not to be made now. */
class NotMade extends Error {}

/** The entry of the cache, or nothing; `note` is told why a file was not reached. */
async function ifMade(entry: Promise<string>, note?: (reason: string) => void): Promise<string | undefined> {
    try {
        return await entry;
    } catch (e) {
        if (e instanceof NotReached) note?.(e.message);
        else if (!(e instanceof NotMade)) throw e;
        return undefined;
    }
}
