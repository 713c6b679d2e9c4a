import { randomBytes } from "crypto";
import * as fs from "fs";
import { processIds } from "../../lab/hosts/processes";
import { type RunResult } from "../../system/run";

/** Where something was found: which secret, by its name, never the secret. */
export interface Finding {
    secret: string;
    where: string;
}

/** The parts of a base64 text that a value is sure to be in, for each of the three ways it can be aligned. */
const base64Of = (value: string): string[] =>
    [0, 1, 2].flatMap(offset => {
        const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
            .toString("base64")
            .replace(/=+$/, "");
        // Characters at both ends hold bits of what stands beside it.
        const core = text.slice(
            offset === 0 ? 0 : offset + 1,
            Math.floor(((offset + Buffer.byteLength(value)) * 8) / 6),
        );
        return [core, core.replace(/\+/g, "-").replace(/\//g, "_")];
    });

/**
 * The texts to look for in place of a secret. It begins and ends with random letters and digits. These are the same in a URL, JSON, SQL,
 * a shell's word or other quotes. Each end counts by itself, plain, in base64 and in hexadecimal, so that half a secret is found too.
 */
const formsOf = (value: string): string[] =>
    [value.slice(0, END), value.slice(-END)].flatMap(end => {
        const hex = Buffer.from(end).toString("hex");
        return [
            end,
            ...base64Of(end),
            hex,
            hex.toUpperCase(),
            [...Buffer.from(end)].map(b => `%${b.toString(16).toUpperCase()}`).join(""),
        ];
    });

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    END = 18;
const randomEnd = (): string => [...randomBytes(END)].map(b => LETTERS[b % LETTERS.length]).join("");

/** Random secrets by name, and the search for them. */
export class Canaries {
    private readonly values = new Map<string, string>();
    private readonly forms = new Map<string, string>();

    /** A new secret with `middle` inside it. */
    make(name: string, middle: string): string {
        const value = `${randomEnd()}${middle}${randomEnd()}`;
        this.watch(name, value);
        return value;
    }

    /** Also looks for a secret that somebody else made. */
    watch(name: string, value: string): void {
        this.values.set(name, value);
        for (const form of formsOf(value)) this.forms.set(form, name);
    }

    get names(): string[] {
        return [...this.values.keys()];
    }
    value(name: string): string {
        return this.values.get(name)!;
    }

    /** What grep looks for, a line each: to be given on standard input or in a private file. */
    get patterns(): string {
        return [...this.forms.keys()].join("\n") + "\n";
    }

    /** Names of the secrets that are in a text. */
    in(text: string | Buffer): string[] {
        return [...new Set([...this.forms].filter(([form]) => text.includes(form)).map(([, name]) => name))];
    }
}

/** What commands printed, kept to be searched. */
export class Outputs {
    private readonly kept: { what: string; text: string }[] = [];

    keep(what: string, result: RunResult): RunResult {
        this.kept.push({ what, text: result.stdout + result.stderr });
        return result;
    }

    find(canaries: Canaries): Finding[] {
        return this.kept.flatMap(({ what, text }) =>
            canaries.in(text).map(secret => ({ secret, where: `output of ${what}` })),
        );
    }
}

/** Watches the process lists of the machine and all labs on it, as everybody on it can. */
export class ProcessList {
    private readonly seen = new Set<string>();
    private readonly open = new Set<string>();
    private timer: NodeJS.Timeout | undefined;
    samples = 0;

    /** Looks five times a second until {@link stop}. */
    start(): this {
        this.timer = setInterval(() => this.sample(), 200);
        return this;
    }

    stop(): void {
        clearInterval(this.timer);
    }

    get commandLines(): number {
        return this.seen.size;
    }

    private sample(): void {
        this.samples++;
        for (const pid of processIds()) {
            try {
                this.seen.add(fs.readFileSync(`/proc/${pid}/cmdline`, "latin1").replace(/\0/g, " "));
                if (fs.statSync(`/proc/${pid}/environ`).mode & 0o044)
                    this.open.add(fs.readFileSync(`/proc/${pid}/environ`, "latin1"));
            } catch {
                /* it has ended */
            }
        }
    }

    find(canaries: Canaries): Finding[] {
        const command = (line: string) =>
            line
                .slice(0, 200)
                .split(" ")
                .map(word => (canaries.in(word).length > 0 ? "[secret]" : word))
                .join(" ");
        return [
            ...[...this.seen].flatMap(line =>
                canaries.in(line).map(secret => ({ secret, where: `command line ${command(line)}` })),
            ),
            ...[...this.open].flatMap(text =>
                canaries.in(text).map(secret => ({ secret, where: "environment that others can read" })),
            ),
        ];
    }
}
