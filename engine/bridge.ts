import * as fs from "fs";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import { UserError } from "../system/errors";
import { replaceFile } from "../system/files";
import type { Progress } from "../system/progress";
import { run } from "../system/run";

/** The engine's plugin that runs providers made for Terraform, libvirt's among them. */
export const BRIDGE_VERSION = "1.1.3";
const NAME = "terraform-provider";

/** Where the engine looks for it. */
export const bridgeFile = (home: string): string =>
    path.join(home, `plugins/resource-${NAME}-v${BRIDGE_VERSION}/pulumi-resource-${NAME}`);

/**
 * Puts a script in the plugin's place that runs the real one: libvirt's provider takes its ssh configuration from the
 * home folder, and has one of its own where `CLASSROOM_SSH_HOME` names it. Nothing else of the engine's does.
 */
export function wrapBridge(home: string, real: string): void {
    const file = bridgeFile(home);
    const script = `#!/bin/sh\n[ -z "$CLASSROOM_SSH_HOME" ] || export HOME="$CLASSROOM_SSH_HOME"\nexec '${real.replace(/'/g, `'\\''`)}' "$@"\n`;
    const found = fs.lstatSync(file, { throwIfNoEntry: false });
    if (found?.isFile() && fs.readFileSync(file, "utf8") === script) return;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    replaceFile(file, script, 0o755);
}

/**
 * Sees to the plugin where the engine was not built here: it is downloaded by the engine itself, then wrapped.
 * @throws UserError where it cannot be had
 */
export async function needBridge({ workspace }: Stack, progress: Progress): Promise<void> {
    const { pulumiCommand, envVars } = workspace,
        home = envVars.PULUMI_HOME!,
        file = bridgeFile(home),
        real = path.join(path.dirname(file), NAME);
    if (envVars.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION !== undefined) return;
    if (!fs.existsSync(file)) {
        try {
            await progress.step(`Plugin ${NAME} ${BRIDGE_VERSION}`, () =>
                run(pulumiCommand.command, ["plugin", "install", "resource", NAME, BRIDGE_VERSION], {
                    env: envVars,
                    timeoutSeconds: 300,
                }),
            );
        } catch (e) {
            throw new UserError(
                `the engine's plugin ${NAME} ${BRIDGE_VERSION} is not here and could not be downloaded: ${(e as Error).message.trim().split("\n").pop()!}; nothing of the stack was changed`,
            );
        }
    }
    // A script begins with #!, what was downloaded does not.
    if (isScript(file)) return;
    fs.renameSync(file, real);
    wrapBridge(home, real);
}

function isScript(file: string): boolean {
    const start = Buffer.alloc(2),
        open = fs.openSync(file, "r");
    try {
        fs.readSync(open, start, 0, 2, 0);
    } finally {
        fs.closeSync(open);
    }
    return start.toString() === "#!";
}
