import * as fs from "fs";
import * as path from "path";
import { cached } from "../system/cache";
import { UserError } from "../system/errors";
import { replaceFile } from "../system/files";
import { projectDir, stateDir } from "../system/paths";
import type { Progress } from "../system/progress";
import { run } from "../system/run";
import { BRIDGE_VERSION, wrapBridge } from "./bridge";

/** The Pulumi engine, ready to be run. */
export interface Engine {
    /** Where it came from, for people. */
    origin: "PATH" | "download" | "build";
    version: string;
    /** Folder whose bin/ holds the command; undefined where it is the one on PATH. */
    root?: string;
    /** Environment that makes the Automation API and the engine's plugins find each other. */
    env: Record<string, string>;
}

/** Versions that the program is known to run with. */
const OLDEST = [3, 200] as const,
    NEXT_MAJOR = 4;
const BUILT_VERSION = "3.258.0",
    DOWNLOADED_VERSION = "3.270.0";
const LIBVIRT_PROVIDER_VERSION = "0.8.3";
const DOWNLOAD_SITE = "https://get.pulumi.com/";

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
 * Finds the engine on PATH at a fitting version, else downloads Pulumi's own release, else (a machine that reaches
 * only package registries) builds it and its plugins from pinned Go modules; all but the first are kept in the cache,
 * where it is found, too, from a lab's own side of the network, which reaches neither.
 * @throws UserError saying what is missing
 */
export async function obtainEngine(progress: Progress): Promise<Engine> {
    return (
        (await found()) ??
        (await built(progress, "cached only")) ??
        (await downloaded(progress, "cached only")) ??
        (await downloaded(progress)) ??
        (await built(progress))!
    );
}

/** PULUMI_HOME is our own: plugins and workspaces of other Pulumi programs stay apart. */
function environment(binDir: string | undefined): Record<string, string> {
    const home = path.join(stateDir(), "pulumi-home");
    fs.mkdirSync(home, { recursive: true, mode: 0o700 });
    // The launcher of dynamic resources is a script of the npm package; the engine looks for it on PATH.
    const npm = path.join(projectDir(), "node_modules/@pulumi/pulumi");
    return {
        PULUMI_HOME: home,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PATH: [...(binDir ? [binDir] : []), npm, process.env.PATH ?? ""].join(path.delimiter),
    };
}

async function found(): Promise<Engine | undefined> {
    let version: string;
    try {
        version = (await run("pulumi", ["version"], { timeoutSeconds: 20 })).stdout.trim();
    } catch {
        return undefined;
    }
    return fits(version) ? { origin: "PATH", version, env: environment(undefined) } : undefined;
}

async function downloaded(progress: Progress, only?: "cached only"): Promise<Engine | undefined> {
    const entry = await ifMade(
        cached({ kind: "engine", name: "release", inputs: { version: DOWNLOADED_VERSION } }, async dir => {
            if (only || !(await reached(progress))) throw new NotMade();
            const { PulumiCommand } = await import("@pulumi/pulumi/automation");
            const { SemVer } = await import("semver");
            await progress.step(`Pulumi ${DOWNLOADED_VERSION}`, async () => {
                await PulumiCommand.install({ root: dir, version: new SemVer(DOWNLOADED_VERSION) });
            });
        }),
    );
    return entry === undefined
        ? undefined
        : { origin: "download", version: DOWNLOADED_VERSION, root: entry, env: environment(path.join(entry, "bin")) };
}

async function reached(progress: Progress): Promise<boolean> {
    try {
        await fetch(DOWNLOAD_SITE, { method: "HEAD", signal: AbortSignal.timeout(10_000) });
        return true;
    } catch {
        progress.note(`${DOWNLOAD_SITE} is not reached within 10 s; the engine is built from its Go modules instead`);
        return false;
    }
}

interface Tool {
    module: string;
    package: string;
    output: string;
    flags: string;
}
const tools: readonly Tool[] = [
    {
        module: "pulumi",
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        output: "bin/pulumi",
        flags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${BUILT_VERSION}`,
    },
    {
        module: "terraform-provider",
        package: "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
        output: "pulumi-resource-terraform-provider",
        flags: `-X github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/version.version=v${BRIDGE_VERSION}`,
    },
    {
        module: "libvirt",
        package: "github.com/dmacvicar/terraform-provider-libvirt",
        output: "terraform-provider-libvirt",
        flags: "",
    },
];

async function built(progress: Progress, only?: "cached only"): Promise<Engine | undefined> {
    const modules = path.join(projectDir(), "engine/modules");
    const pins = tools.map(t => [
        t.module,
        fs.readFileSync(path.join(modules, t.module, "go.mod"), "utf8"),
        fs.readFileSync(path.join(modules, t.module, "go.sum"), "utf8"),
    ]);
    const inputs = { tools, pins, recipe: 1 };
    const building = async (dir: string): Promise<void> => {
        if (only) throw new NotMade();
        const go = await findGo();
        for (const [i, tool] of tools.entries()) {
            await progress.step(
                `Pulumi engine from source (${i + 1} of ${tools.length}): ${tool.module}`,
                async detail => {
                    let modulesFetched = 0;
                    await run(
                        go,
                        [
                            "build",
                            "-trimpath",
                            "-ldflags",
                            `-s -w ${tool.flags}`,
                            "-o",
                            path.join(dir, tool.output),
                            tool.package,
                        ],
                        {
                            cwd: path.join(modules, tool.module),
                            timeoutSeconds: 3600,
                            env: { GOFLAGS: "-mod=readonly" },
                            onLine: line => {
                                if (line.startsWith("go: downloading") && ++modulesFetched % 50 === 0)
                                    detail(`${modulesFetched} modules fetched`);
                            },
                        },
                    );
                },
            );
        }
    };
    const entry = await ifMade(cached({ kind: "engine", name: "built", inputs }, building));
    if (entry === undefined) return undefined;
    const env = environment(path.join(entry, "bin"));
    installPlugins(entry, env.PULUMI_HOME!);
    return {
        origin: "build",
        version: BUILT_VERSION,
        root: entry,
        env: { ...env, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" },
    };
}

/** An engine that is not in the cache, and is not to be made or cannot be had in this way. */
class NotMade extends Error {}

async function ifMade(entry: Promise<string>): Promise<string | undefined> {
    try {
        return await entry;
    } catch (e) {
        if (e instanceof NotMade) return undefined;
        throw e;
    }
}

async function findGo(): Promise<string> {
    const wanted = "Go 1.26 or newer is needed to build the Pulumi engine on a machine that cannot download it";
    let version: string;
    try {
        version = (await run("go", ["env", "GOVERSION"], { timeoutSeconds: 20 })).stdout.trim();
    } catch {
        throw new UserError(`${wanted}, and there is no go command`);
    }
    const [major, minor] = version.replace(/^go/, "").split(".").map(Number);
    if (major !== 1 || minor === undefined || minor < 26) throw new UserError(`${wanted}; found ${version}`);
    return "go";
}

/** Puts what was built where the engine looks for it. The files themselves stay in the cache. */
function installPlugins(entry: string, home: string): void {
    wrapBridge(home, path.join(entry, "pulumi-resource-terraform-provider"));
    const arch = process.arch === "arm64" ? "arm64" : "amd64";
    const dir = path.join(
        home,
        `dynamic_tf_plugins/registry.opentofu.org/dmacvicar/libvirt/${LIBVIRT_PROVIDER_VERSION}/linux_${arch}`,
    );
    fs.mkdirSync(dir, { recursive: true });
    // The bridge leaves its terraform provider running after nearly every operation; this one ends with it.
    const script = `#!/bin/sh\nexec setpriv --pdeathsig KILL '${path.join(entry, "terraform-provider-libvirt").replace(/'/g, `'\\''`)}' "$@"\n`;
    const file = path.join(dir, `terraform-provider-libvirt_v${LIBVIRT_PROVIDER_VERSION}`);
    if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== script) replaceFile(file, script, 0o755);
}
