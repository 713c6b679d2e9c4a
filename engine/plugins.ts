import * as fs from "fs";
import * as path from "path";
import { cached } from "../system/cache";
import { replaceFile } from "../system/files";
import type { Progress } from "../system/progress";
import { buildTools, pinsOf, Tool } from "./go";
import { goPlatform } from "./pins";

const BRIDGE_VERSION = "1.1.3",
    LIBVIRT_PROVIDER_VERSION = "0.8.3";

/** What @pulumi/libvirt works with. Nobody publishes digests of the bridge's releases, so it is built, and the provider with it. */
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

/** Makes `at` a link to a file of the cache, whatever was there. */
export function linkTo(target: string, at: string): void {
    if (fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() && fs.readlinkSync(at) === target) return;
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.rmSync(at, { force: true });
    fs.symlinkSync(target, at);
}

/** Puts what was built where the engine looks for it. The files themselves stay in the cache. */
export function linkPlugins(entry: string, home: string): void {
    linkTo(
        path.join(entry, "pulumi-resource-terraform-provider"),
        path.join(home, `plugins/resource-terraform-provider-v${BRIDGE_VERSION}/pulumi-resource-terraform-provider`),
    );
    const dir = path.join(
        home,
        `dynamic_tf_plugins/registry.opentofu.org/dmacvicar/libvirt/${LIBVIRT_PROVIDER_VERSION}/${goPlatform("_")}`,
    );
    fs.mkdirSync(dir, { recursive: true });
    // The bridge leaves its terraform provider running after nearly every operation; where there is setpriv, it ends with it.
    const ending = process.platform === "linux" ? "setpriv --pdeathsig KILL " : "";
    const script = `#!/bin/sh\nexec ${ending}'${path.join(entry, "terraform-provider-libvirt")}' "$@"\n`;
    const file = path.join(dir, `terraform-provider-libvirt_v${LIBVIRT_PROVIDER_VERSION}`);
    if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== script) replaceFile(file, script, 0o755);
}
