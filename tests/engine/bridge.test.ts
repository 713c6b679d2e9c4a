import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import { bridgeFile, needBridge, wrapBridge } from "../../engine/bridge";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-bridge-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

const says = (what: string): string => `#!/bin/sh\necho ${what} "$HOME" "$@"\n`;
const ask = (file: string, env: NodeJS.ProcessEnv): string =>
    spawnSync(file, ["a b", "c"], { encoding: "utf8", env: { HOME: "/home/me", ...env } }).stdout.trim();

test("the plugin has a home of its own where one is named, else whoever runs it", () => {
    const real = path.join(dir, "it's real"),
        home = path.join(dir, "one");
    fs.writeFileSync(real, says("real"), { mode: 0o755 });
    for (let i = 0; i < 2; i++) wrapBridge(home, real);
    const file = bridgeFile(home);
    expect(ask(file, { CLASSROOM_SSH_HOME: "/private" })).toBe("real /private a b c");
    expect(ask(file, {})).toBe("real /home/me a b c");
    expect(ask(file, { CLASSROOM_SSH_HOME: "" })).toBe("real /home/me a b c");
});

test("a link that an earlier version put there is replaced, not written through", () => {
    const real = path.join(dir, "linked"),
        home = path.join(dir, "two"),
        file = bridgeFile(home);
    fs.writeFileSync(real, says("real"), { mode: 0o755 });
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.symlinkSync(real, file);
    wrapBridge(home, real);
    expect(fs.readFileSync(real, "utf8")).toBe(says("real"));
    expect(ask(file, { CLASSROOM_SSH_HOME: "/private" })).toBe("real /private a b c");
});

/** A stack whose engine downloads: its command puts a plugin that is no script where the engine would. */
function stackOf(home: string, installs: boolean): { stack: Stack; steps: string[]; progress: never } {
    const command = path.join(dir, `pulumi-${installs}`),
        steps: string[] = [];
    const file = bridgeFile(home);
    fs.writeFileSync(
        command,
        installs
            ? `#!/bin/sh\necho "$@" >> '${dir}/asked'\nmkdir -p '${path.dirname(file)}'\ncp "$(command -v env)" '${file}'\n`
            : "#!/bin/sh\necho 'no route' >&2; exit 1\n",
        { mode: 0o755 },
    );
    return {
        steps,
        stack: { workspace: { pulumiCommand: { command }, envVars: { PULUMI_HOME: home } } } as unknown as Stack,
        progress: {
            step: async (name: string, work: () => Promise<unknown>) => {
                steps.push(name);
                return await work();
            },
            note: () => undefined,
        } as never,
    };
}

test("an engine that downloads: the plugin is had first, and wrapped once", async () => {
    const home = path.join(dir, "three"),
        { stack, steps, progress } = stackOf(home, true);
    for (let i = 0; i < 2; i++) await needBridge(stack, progress);
    expect(steps).toEqual(["Plugin terraform-provider 1.1.3"]);
    expect(fs.readFileSync(path.join(dir, "asked"), "utf8")).toBe("plugin install resource terraform-provider 1.1.3\n");
    const file = bridgeFile(home);
    const said = spawnSync(file, [], { encoding: "utf8", env: { CLASSROOM_SSH_HOME: "/private" } }).stdout;
    expect(said.split("\n")).toContain("HOME=/private");
});

test("an engine that cannot download it: one sentence", async () => {
    const { stack, progress } = stackOf(path.join(dir, "four"), false);
    await expect(needBridge(stack, progress)).rejects.toThrow(
        "the engine's plugin terraform-provider 1.1.3 is not here and could not be downloaded: no route; nothing of the stack was changed",
    );
});

test("an engine that was built here has it already", async () => {
    const { stack, steps, progress } = stackOf(path.join(dir, "five"), false);
    stack.workspace.envVars.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
    await needBridge(stack, progress);
    expect(steps).toEqual([]);
});
