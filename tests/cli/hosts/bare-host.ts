import { spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { type Answer, ask, type Fields } from "../../../clients/answer";
import type { Connection } from "../../../clients/connection";
import { localHost } from "../../providers/machine/local-host";

/** What every Debian system has that scripts of the preflight run. */
const essential = "sh bash sed cut tr cat df awk head base64 dirname getent grep env".split(" ");

/** A host that has these programs, and of this machine's those alone that every Debian system has. */
export function bareHost(programs: Record<string, string>) {
    const host = localHost(programs),
        base = path.join(host.dir, "essential");
    fs.mkdirSync(base);
    for (const name of essential) {
        const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
        fs.symlinkSync(found, path.join(base, name));
    }
    return {
        ...host,
        /** Asks with a shell as `preflightScript` has it before its parts. */
        ask: async <F extends Fields>(script: string, fields: F): Promise<Answer<F>> => {
            const { PATH } = process.env;
            process.env.PATH = base;
            try {
                return await ask(host.run, { name: "host a" } as Connection, script, fields);
            } finally {
                process.env.PATH = PATH;
            }
        },
    };
}

/** The part of a script alone. */
export const withShell = (script: string): string => `has() { command -v "$1" > /dev/null; }\n${script}`;
