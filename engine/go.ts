import * as fs from "fs";
import * as path from "path";
import { cached } from "../system/cache";
import { NotReached, type Pinned } from "../system/download";
import { UserError } from "../system/errors";
import { projectDir } from "../system/paths";
import type { Progress } from "../system/progress";
import { run } from "../system/run";
import { GO_VERSION, goRelease } from "./pins";
import { unpackRelease } from "./release";

/** A program that is built from Go modules which engine/modules pins, with the sha256 of each in go.sum. */
export interface Tool {
    /** Folder below engine/modules. */
    module: string;
    package: string;
    /** The program's file, below the folder that is built into. */
    output: string;
    /** Of the linker. */
    flags: string;
}

const modulesDir = (): string => path.join(projectDir(), "engine/modules");

/** The pins of tools: two builds of equal pins are the same. */
export const pinsOf = (tools: readonly Tool[]): string[][] =>
    tools.map(({ module }) => [
        module,
        ...["go.mod", "go.sum"].map(name => fs.readFileSync(path.join(modulesDir(), module, name), "utf8")),
    ]);

/**
 * Settings of the caller's that a build keeps: the source of modules, and the caches of modules and compiled packages.
 */
const KEPT = ["GOPROXY", "GOSUMDB", "GOAUTH", "GOPATH", "GOMODCACHE", "GOCACHE"] as const;

/**
 * Environment of a build. No other setting of the caller's has a say, neither by variable nor by Go's own file of them: there are
 * those that skip checks, take modules from elsewhere, or put another program in the compiler's place.
 */
async function environment(go: string): Promise<Record<string, string | undefined>> {
    const said = JSON.parse((await run(go, ["env", "-json", ...KEPT], { timeoutSeconds: 20 })).stdout) as Record<
        string,
        string
    >;
    const others = Object.keys(process.env).filter(name => /^(GO|CGO_)/.test(name) && !(name in said));
    return {
        ...Object.fromEntries(others.map(name => [name, undefined])),
        ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== "")),
        GOENV: "off",
        GOFLAGS: "-mod=readonly",
        GOWORK: "off",
        GOTOOLCHAIN: "local",
    };
}

/**
 * Builds tools into a folder, from modules that have the sha256 of their go.sum.
 * @throws UserError where there is no Go and none can be had
 */
export async function buildTools(
    tools: readonly Tool[],
    dir: string,
    progress: Progress,
    release = goRelease(),
    places: readonly string[] = GO_PLACES,
): Promise<void> {
    const go = await findGo(progress, release, places),
        env = await environment(go);
    void fetchAhead(go, env, tools.slice(1));
    for (const [i, tool] of tools.entries()) {
        const title = `Pulumi engine from source (${i + 1} of ${tools.length}): ${tool.module}`;
        await progress.step(title, async detail => {
            let modulesFetched = 0;
            const output = path.join(dir, tool.output);
            await run(go, ["build", "-trimpath", "-ldflags", `-s -w ${tool.flags}`, "-o", output, tool.package], {
                cwd: path.join(modulesDir(), tool.module),
                timeoutSeconds: 3600,
                env,
                onLine: line => {
                    if (line.startsWith("go: downloading") && ++modulesFetched % 50 === 0)
                        detail(`${modulesFetched} modules fetched`);
                },
            });
        });
    }
}

/**
 * Fetches the modules of tools while another one is compiled: both share the cache of modules. What fails is told by the tool's
 * own build, which fetches what is missing.
 */
async function fetchAhead(go: string, env: Record<string, string | undefined>, tools: readonly Tool[]): Promise<void> {
    for (const tool of tools) {
        const options = {
            cwd: path.join(modulesDir(), tool.module),
            timeoutSeconds: 3600,
            env,
            onLine: () => undefined,
        };
        await run(go, ["list", "-deps", tool.package], { ...options, allowFailure: true }).catch(() => undefined);
    }
}

/** Where Go may be: on the PATH, else where Go's own instructions put it. `sudo` takes that folder off the PATH. */
const GO_PLACES = ["go", "/usr/local/go/bin/go"];

/** The command of a Go that is new enough: the machine's, else Go's own release. */
async function findGo(progress: Progress, release: Pinned | undefined, places: readonly string[]): Promise<string> {
    const found: string[] = [];
    for (const go of places) {
        const version = await versionOf(go);
        if (version !== undefined && isGo126(version)) return go;
        if (version !== undefined) found.push(version);
    }
    const wanted = `Go 1.26 or newer is needed to build plugins of the Pulumi engine; found ${found[0] ?? "none"}`;
    if (release === undefined) throw new UserError(`${wanted}. Install it and run this again`);
    try {
        const dir = await cached({ kind: "engine", name: `go-${GO_VERSION}`, inputs: release }, building =>
            unpackRelease(`Go ${GO_VERSION}`, release, building, progress),
        );
        return path.join(dir, "go/bin/go");
    } catch (e) {
        if (!(e instanceof NotReached)) throw e;
        throw new UserError(`${wanted}, and it could not be downloaded (${e.message}). Install it and run this again`);
    }
}

/** What `go env GOVERSION` says, where there is such a command. */
const versionOf = (go: string): Promise<string | undefined> =>
    run(go, ["env", "GOVERSION"], { timeoutSeconds: 20, env: { GOTOOLCHAIN: "local" } })
        .then(result => result.stdout.trim())
        .catch(() => undefined);

/** Whether `go env GOVERSION` names one that engine/modules can be built with. */
export function isGo126(version: string): boolean {
    const [major, minor] = version.replace(/^go/, "").split(".").map(Number);
    return major === 1 && minor !== undefined && minor >= 26;
}
