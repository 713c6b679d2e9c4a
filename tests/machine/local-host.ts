import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { RunScript } from "../../clients/ssh";

/** Runs scripts on this machine, with programs of the test's own before the machine's; what they print is in `log`. */
export function localHost(programs: Record<string, string>) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-host-")), bin = path.join(dir, "bin"), log = path.join(dir, "log");
    fs.mkdirSync(bin);
    for (const [name, text] of Object.entries(programs)) fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const run: RunScript = async (_to, script, { input = "" } = {}) => {
        const { status, stdout, stderr } = spawnSync("sh", ["-ec", script], { input, encoding: "utf8", env: { PATH: `${bin}:${process.env.PATH}`, LOG: log } });
        if (status !== 0) throw new Error(stderr.trim());
        return { stdout, stderr, code: 0 };
    };
    return { dir, run, logged: () => fs.existsSync(log) ? fs.readFileSync(log, "utf8") : "", remove: () => fs.rmSync(dir, { recursive: true }) };
}
