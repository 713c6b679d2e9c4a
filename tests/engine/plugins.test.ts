import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { linkPlugins, makeLauncher } from "../../engine/plugins";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-plugins-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

const entry = path.join(dir, "it's built"),
    real = path.join(entry, "pulumi-resource-terraform-provider");
const ask = (file: string, env: NodeJS.ProcessEnv): string =>
    spawnSync(file, ["a b", "c"], { encoding: "utf8", env: { HOME: "/home/me", ...env } }).stdout.trim();
const bridgeIn = (home: string): string =>
    path.join(home, "plugins/resource-terraform-provider-v1.1.3/pulumi-resource-terraform-provider");

beforeAll(() => {
    fs.mkdirSync(entry);
    fs.writeFileSync(real, '#!/bin/sh\necho real "$HOME" "$@"\n', { mode: 0o755 });
});

test("the bridge has a home of its own where one is named, else whoever runs it", () => {
    const home = path.join(dir, "one");
    for (let i = 0; i < 2; i++) linkPlugins(entry, home);
    expect(ask(bridgeIn(home), { CLASSROOM_SSH_HOME: "/private" })).toBe("real /private a b c");
    expect(ask(bridgeIn(home), {})).toBe("real /home/me a b c");
    expect(ask(bridgeIn(home), { CLASSROOM_SSH_HOME: "" })).toBe("real /home/me a b c");
});

test("a link that an earlier version put there is replaced, not written through", () => {
    const home = path.join(dir, "two"),
        before = fs.readFileSync(real, "utf8");
    fs.mkdirSync(path.dirname(bridgeIn(home)), { recursive: true });
    fs.symlinkSync(real, bridgeIn(home));
    linkPlugins(entry, home);
    expect(fs.readFileSync(real, "utf8")).toBe(before);
    expect(ask(bridgeIn(home), { CLASSROOM_SSH_HOME: "/private" })).toBe("real /private a b c");
});

test("the launcher of dynamic resources runs Pulumi's own code with what is loaded before it, from the engine's folder", () => {
    const folder = path.join(dir, "work it's"),
        write = (name: string, text: string) => {
            fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
            fs.writeFileSync(path.join(folder, name), text);
        };
    write("bin/providers/process.js", 'globalThis.before = "before";');
    write(
        "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js",
        "console.log(before, ...process.argv.slice(2));",
    );
    const launcher = path.join(makeLauncher(path.join(dir, "three")), "pulumi-resource-pulumi-nodejs");
    expect(spawnSync(launcher, ["a b"], { cwd: folder, encoding: "utf8" }).stdout.trim()).toBe("before a b");
});
