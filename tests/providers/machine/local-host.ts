import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Frame } from "../../../clients/frame";
import type { RunScript } from "../../../clients/ssh";

/** The folders of a system that a script means, where it does not name one of the test's. */
const SYSTEM = /(?<=^|[\s'"=(])\/(?=(etc|proc|root|run|sys|usr\/local|var\/(?:lib|log))\/)/gm;

/** What root's login prints on each of them, which is no part of any answer. */
const LOGIN = "unset BASH_ENV; echo Welcome; echo root root 0644 >&2; printf 'state gone'";

/**
 * Runs scripts on this machine, through a login shell, with programs of the test's own before the machine's, and its system's folders below `dir`;
 * what the programs print is in `log`.
 */
export function localHost(programs: Record<string, string>) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-host-")),
        bin = path.join(dir, "bin"),
        log = path.join(dir, "log"),
        login = path.join(dir, "login");
    fs.writeFileSync(login, LOGIN);
    fs.mkdirSync(bin);
    for (const [name, text] of Object.entries(programs))
        fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const run: RunScript = async (_to, script, { input = "", allowFailure } = {}) => {
        const env = { PATH: `${bin}:${process.env.PATH}`, LOG: log, ROOT: dir, BASH_ENV: login, SHLVL: "1" },
            frame = new Frame(script.replace(SYSTEM, `${dir}/`), input);
        const printed = spawnSync("bash", ["-c", frame.command], {
            input: frame.input ?? "",
            env,
            maxBuffer: 64 << 20,
        });
        const { stdout, stderr, end } = frame.cut(printed.stdout, printed.stderr);
        if (typeof end !== "number") throw new Error(`the script has no end: ${end}`);
        if (end !== 0 && !allowFailure) throw new Error(stderr.trim());
        return { stdout, stderr, code: end };
    };
    const put = (file: string, text: string) => {
        fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
        fs.writeFileSync(path.join(dir, file), text);
    };
    const there = (file: string): string | undefined => {
        try {
            return fs.readFileSync(path.join(dir, file), "utf8");
        } catch {
            return undefined;
        }
    };
    /** What was printed since it was last asked. */
    const said = () => {
        const text = there("log") ?? "";
        fs.rmSync(log, { force: true });
        return text;
    };
    return {
        dir,
        run,
        put,
        there,
        said,
        logged: () => there("log") ?? "",
        remove: () => fs.rmSync(dir, { recursive: true }),
    };
}
