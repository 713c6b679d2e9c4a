import { randomBytes } from "crypto";

/** A script's output, without the login's output before and after it. */
export interface Cut {
    stdout: string;
    stderr: string;
    /**
     * The script's exit code; `lost`: its input did not arrive whole, and it was not begun; `joined`: both streams are one.
     * Undefined where no end was heard.
     */
    end?: number | "lost" | "joined";
    /** Whether the machine came as far as the script. */
    begun: boolean;
    /** The login's last line where it did not. */
    noise: string;
}

/** Stands for a newline, which csh does not have between quotes. */
const LINE = "\x01";
/** Characters that fish and csh change between quotes stand outside of the quotes. */
const escaped = (text: string): string => text.replace(/['\\!]/g, c => `'\\${c}'`).replace(/\n/g, LINE);
/**
 * Takes a script apart into its lines and puts it together again: without a process of its own, for there may be
 * hundreds of scripts.
 */
const unescaped = `i=$IFS; IFS=${LINE}; set -f; set -- $1; IFS=\${i#??}; set -- "$*"; IFS=$i; set +f; eval "$1"`;

/** A word for a POSIX shell. */
export const quote = (word: string): string => `'${word.replace(/'/g, `'\\''`)}'`;

/** The words of a line that a tool printed, each as a word for a POSIX shell. */
export const quoteWords = (line: string): string => line.trim().split(/\s+/).map(quote).join(" ");

/**
 * A script on its way through the login shell of a machine. That shell may print, and read, before it comes to the
 * script, and something that it started may print afterwards: both streams are cut at marks that nobody can know
 * beforehand. Input has marks around it, too, and is looked at before the script begins.
 */
export class Frame {
    private readonly id = randomBytes(16).toString("hex");
    /** For the login shell, whichever it is. */
    readonly command: string;
    /** Standard input of the command. */
    readonly input: Buffer | undefined;

    /** @throws Error where the input has a NUL byte, or the script the character \x01: neither would arrive */
    constructor(script: string, input: string | Buffer = "") {
        const bytes = Buffer.from(input as string);
        if (bytes.includes(0)) throw new Error("the input of a script must not have a NUL byte in it");
        if (script.includes(LINE)) throw new Error("a script must not have the character \\x01 in it");
        if (bytes.length > 0)
            this.input = Buffer.concat([Buffer.from(this.mark("in")), bytes, Buffer.from(this.mark("out"))]);
        const run = `(set -e; eval ${quote(script)})`;
        // The machine joins the marks from parts, so a shell that prints its own commands does not print a mark.
        const text = `frame=${this.id}
mark() { printf '<%s %s>' $frame "$1"; printf '<%s %s>' $frame "$1" >&2; }
mark begin
${
    this.input === undefined
        ? `${run}; mark $?`
        : `sent=$(cat)
case $sent in
"<$frame in>"*"<$frame out>") sent=\${sent#"<$frame in>"}; sent=\${sent%"<$frame out>"}; printf %s "$sent" | ${run}; mark $? ;;
*) mark lost ;;
esac`
}`;
        this.command = `exec /bin/sh -c '${unescaped}' sh '${escaped(text)}'`;
    }

    private mark(what: string): string {
        return `<${this.id} ${what}>`;
    }

    /** Whether this part of a stream has the closing mark in it. */
    endsIn(part: Buffer): boolean {
        return this.end(part) !== undefined;
    }

    /** How many bytes of a stream have to be kept for {@link endsIn}: its mark may come in two parts. */
    get longest(): number {
        return this.mark("lost").length;
    }

    /** Where the closing mark is, and its word. */
    private end(part: Buffer): { at: number; word: string } | undefined {
        const first = `<${this.id} `;
        for (let at = part.indexOf(first); at >= 0; at = part.indexOf(first, at + 1)) {
            const word = /^<\w+ (\d+|lost)>/.exec(part.toString("latin1", at, at + this.longest))?.[1];
            if (word !== undefined) return { at, word };
        }
        return undefined;
    }

    /** The text between the marks of both streams. */
    cut(stdout: Buffer, stderr: Buffer): Cut {
        const [out, err] = [this.between(stdout), this.between(stderr)];
        return {
            stdout: out?.text ?? "",
            stderr: err?.text ?? "",
            begun: out !== undefined,
            end: out?.end,
            noise: out === undefined ? lastLine(stderr) || lastLine(stdout) : "",
        };
    }

    private between(stream: Buffer): { text: string; end?: Cut["end"] } | undefined {
        const mark = this.mark("begin"),
            at = stream.indexOf(mark);
        if (at < 0) return undefined;
        const inside = stream.subarray(at + mark.length),
            found = this.end(inside),
            word = found?.word;
        return {
            text: inside.subarray(0, found?.at).toString(),
            end: inside.includes(mark) ? "joined" : word === undefined || word === "lost" ? word : Number(word),
        };
    }
}

const lastLine = (bytes: Buffer): string => bytes.subarray(-500).toString().trim().split("\n").pop()!.trim();
