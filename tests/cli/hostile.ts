import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as fc from "fast-check";

/** What ends a word of a shell in one way or another and goes on with a command of its own. */
export const shellAttacks = [
    "$(touch PWNED)",
    "`touch PWNED`",
    "'; touch PWNED; : '",
    '"; touch PWNED; : "',
    "1.2.3.4/80'; touch PWNED; : '",
    "x\ntouch PWNED\n",
    "; touch PWNED & touch PWNED | touch PWNED #",
    "-oProxyCommand=touch PWNED",
] as const;

/** What a terminal obeys, and what ends a line, a field, a statement or an element. */
export const otherAttacks = [
    "\u001b[1A\u001b[2K   9 s + created guest:File forged",
    "\u001b]0;all is well\u0007",
    "\u001b]52;c;cm0gLXJm\u0007",
    "\u009b31m\u0085",
    "\u202eforged\u2066\u200b\ufeff\u2028",
    "\r\n! forged\tIMAGE",
    "x\nIMAGE\tami-00000666\tNone (cirros-0.3.0)\nINSTANCE\ti-00000666\tx\t\t\trunning",
    "'; DROP TABLE users; --",
    "\\' OR 1=1; -- ",
    "]]><interface type='network'/>&lt;!--",
    "\ud800",
    "\u0000",
] as const;

/** Anything that a node or a service may answer with. */
export const hostile: fc.Arbitrary<string> = fc
    .array(fc.oneof(fc.constantFrom(...shellAttacks, ...otherAttacks), fc.string({ unit: "binary", maxLength: 8 })), {
        minLength: 1,
        maxLength: 4,
    })
    .map(parts => parts.join(""));

/** A folder in which scripts are run by a real shell with stand-ins for what they call; nothing in it leaves the machine. */
export class Jail {
    readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-jail-"));

    /** @param programs shell, by name */
    constructor(programs: Readonly<Record<string, string>>) {
        fs.mkdirSync(path.join(this.dir, "bin"));
        for (const [name, text] of Object.entries(programs))
            fs.writeFileSync(path.join(this.dir, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }

    /** @throws Error where a script was no text that a shell takes, as one with a NUL byte is none */
    run(script: string): { code: number; stdout: string; stderr: string } {
        const { status, stdout, stderr, error } = spawnSync("sh", ["-ec", script], {
            cwd: this.dir,
            encoding: "utf8",
            env: { PATH: `${this.dir}/bin:${process.env.PATH}` },
            timeout: 10_000,
        });
        if (error) throw error;
        return { code: status ?? -1, stdout, stderr };
    }

    /** Whether something has run that was none of the script's. */
    get broken(): boolean {
        return fs.readdirSync(this.dir).join() !== "bin";
    }

    /** Removes what has broken it. */
    mend(): void {
        for (const name of fs.readdirSync(this.dir))
            if (name !== "bin") fs.rmSync(path.join(this.dir, name), { recursive: true });
    }

    remove(): void {
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

/** Whether a printed text is lines of which each is as it was made: nothing in it that a terminal obeys or hides. */
export const isPlain = (printed: string): boolean =>
    !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(
        printed,
    ) && !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(printed);
