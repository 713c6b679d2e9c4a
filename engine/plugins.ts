import * as fs from "fs";
import * as path from "path";
import { cached } from "../system/cache";
import { replaceFile } from "../system/files";
import { SSH_HOME } from "../system/handed-over";
import type { Progress } from "../system/progress";
import { buildTools, pinsOf, type Tool } from "./go";
import { goPlatform } from "./pins";

const BRIDGE_VERSION = "1.1.3",
    LIBVIRT_PROVIDER_VERSION = "0.8.3";

/**
 * The plugins of @pulumi/libvirt. Nobody publishes digests of the bridge's releases, so the bridge and the provider are
 * built.
 */
export const plugins: readonly Tool[] = [
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

/** Puts the plugins where an engine looks for them: built when they are not in the cache. */
export async function needPlugins(home: string, progress: Progress): Promise<void> {
    const entry = await cached({ kind: "engine", name: "plugins", inputs: { plugins, pins: pinsOf(plugins) } }, dir =>
        buildTools(plugins, dir, progress),
    );
    linkPlugins(entry, home);
}

/** Makes `at` a link to a file of the cache, in place of any former file. */
export function linkTo(target: string, at: string): void {
    if (fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() && fs.readlinkSync(at) === target) return;
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.rmSync(at, { force: true });
    fs.symlinkSync(target, at);
}

/** A word of a script. */
const word = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;

/** Makes `file` a script that anybody may run. */
function script(file: string, ...lines: string[]): void {
    const text = `#!/bin/sh\n${lines.join("\n")}\n`;
    const there = fs.lstatSync(file, { throwIfNoEntry: false });
    if (there?.isFile() && fs.readFileSync(file, "utf8") === text) return;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    replaceFile(file, text, 0o755);
}

/**
 * Makes the launcher of the process of dynamic resources, which the engine looks for on PATH. The npm package has one, too, which
 * starts Node.js twice and loads all of Pulumi's SDK.
 * @param home the engine's own home
 * @returns the folder that it is in
 */
export function makeLauncher(home: string): string {
    const dir = path.join(home, "launcher");
    // From the folder that the engine works in: checkouts that share a home have their own code all the same.
    script(
        path.join(dir, "pulumi-resource-pulumi-nodejs"),
        'exec node --require ./bin/providers/process.js ./node_modules/@pulumi/pulumi/cmd/dynamic-provider "$@"',
    );
    return dir;
}

/**
 * Puts what was built where the engine looks for it, behind scripts; the files themselves stay in the cache. Libvirt's
 * provider takes its ssh configuration from the home folder, and has one of its own where `SSH_HOME` names it.
 */
export function linkPlugins(entry: string, home: string): void {
    script(
        path.join(home, `plugins/resource-terraform-provider-v${BRIDGE_VERSION}/pulumi-resource-terraform-provider`),
        `[ -z "$${SSH_HOME}" ] || export HOME="$${SSH_HOME}"`,
        `exec ${word(path.join(entry, "pulumi-resource-terraform-provider"))} "$@"`,
    );
    // The bridge leaves its terraform provider running after nearly every operation; where there is setpriv, it ends
    // with it.
    const ending = process.platform === "linux" ? "setpriv --pdeathsig KILL " : "";
    script(
        path.join(
            home,
            `dynamic_tf_plugins/registry.opentofu.org/dmacvicar/libvirt/${LIBVIRT_PROVIDER_VERSION}/${goPlatform("_")}`,
            `terraform-provider-libvirt_v${LIBVIRT_PROVIDER_VERSION}`,
        ),
        `exec ${ending}${word(path.join(entry, "terraform-provider-libvirt"))} "$@"`,
    );
}
