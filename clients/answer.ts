import { type Connection, Unreachable } from "./connection";
import { type ExecOptions, lastOf, RemoteError, type RunScript } from "./ssh";

/**
 * What a script answers with has names: `say NAME VALUE`, and `tell NAME < FILE` for bytes as they are. Each is a line of its
 * own, in base64 where it is more than that; `pour NAME < FILE` takes as many lines as it needs. Whatever else the script's commands print goes to standard error.
 *
 * A command whose failure counts is no part of a pipe or of `say`'s words, where the shell would not notice:
 * `disks=$(lsblk); say disks "$disks"`.
 */
export const answerShell = `exec 3>&1 >&2
say() { case $2 in *[![:print:]]*) printf '%s:' "$1" >&3; printf %s "$2" | base64 -w 0 >&3; echo >&3 ;; *) printf '%s %s\\n' "$1" "$2" >&3 ;; esac; }
tell() { printf '%s:' "$1" >&3; base64 -w 0 >&3; echo >&3; }
pour() { base64 -w 1048576 | sed "s/^/$1:/" >&3; }
`;

/** How the values that a script gave one name are understood. */
export interface Field<T> {
    /** @throws NotUnderstood */
    read(values: readonly Buffer[]): T;
}
export type Fields = Record<string, Field<unknown>>;
export type Answer<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** The words behind a name in a message: `is missing`. */
class NotUnderstood extends Error {}

const MIB = 1 << 20;
/** Bytes of one value. */
export const VALUE_BYTES = MIB;
/** Characters of a line that another program prints. */
const LINE = 4096;
/** Values of one name. */
const VALUES = 10_000;

const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

const one = <T>(read: (value: Buffer) => T): Field<T> => ({
    read(values) {
        const [value] = values;
        if (value === undefined) throw new NotUnderstood("is missing");
        if (values.length > 1) throw new NotUnderstood("is there more than once");
        if (value.length > VALUE_BYTES)
            throw new NotUnderstood(`has ${value.length} bytes; allowed are ${VALUE_BYTES}`);
        return read(value);
    },
});

/** Bytes as they are, up to 1 MiB. */
export const bytes = one(value => value);

/** Bytes that were poured, in as many values as they took: up to 4 MiB. None where there was nothing. */
export const poured: Field<Buffer> = {
    read(values) {
        const whole = Buffer.concat(values);
        if (whole.length > 4 * MIB) throw new NotUnderstood(`has ${whole.length} bytes; allowed are ${4 * MIB}`);
        return whole;
    },
};

/** A text that is all of the pattern; without one, any. */
export const text = (pattern = /[^]*/): Field<string> => {
    const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags);
    return one(value => {
        const found = value.toString();
        if (!Buffer.from(found).equals(value)) throw new NotUnderstood("is not UTF-8");
        if (!whole.test(found)) throw new NotUnderstood(`is ${shown(found)}`);
        return found;
    });
};

/**
 * The parts of each line of another program's output. The pattern has to match the whole line; empty lines are skipped.
 */
export const lines = (pattern: RegExp): Field<string[][]> => {
    const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags);
    return one(value =>
        value
            .toString()
            .split("\n")
            .filter(line => line.trim() !== "")
            .map(line => {
                const found = line.length > LINE ? undefined : whole.exec(line);
                if (!found) throw new NotUnderstood(`has the line ${shown(line)}`);
                return found.slice(1).map(part => part ?? "");
            }),
    );
};

/** One of some words. */
export const word = <W extends string>(...words: readonly W[]): Field<W> =>
    text(new RegExp(words.join("|"))) as Field<W>;

/** Whether: `yes` or `no`. */
export const yesOrNo: Field<boolean> = { read: values => word("yes", "no").read(values) === "yes" };

/** A whole number from 0 on. */
export const number: Field<number> = { read: values => Number(text(/\d{1,15}/).read(values)) };

/** Undefined where the script says nothing of it. */
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
    read: values => (values.length === 0 ? undefined : field.read(values)),
});

/** All that the script says of it, up to 10,000 values, in their order. */
export const list = <T>(field: Field<T>): Field<T[]> => ({
    read(values) {
        if (values.length > VALUES) throw new NotUnderstood(`has ${values.length} values; allowed are ${VALUES}`);
        return values.map(value => field.read([value]));
    },
});

/**
 * Runs a script that answers with names.
 * @throws Unreachable where the answer is not as it was asked for; RemoteError where the script fails
 */
export async function ask<F extends Fields>(
    run: RunScript,
    on: Connection,
    script: string,
    fields: F,
    options: Omit<ExecOptions, "allowFailure"> = {},
): Promise<Answer<F>> {
    const result = await run(on, answerShell + script, { ...options, allowFailure: true });
    // Its answer up to here does not belong into a message.
    if (result.code !== 0) throw new RemoteError(on.name, { ...result, stdout: "", stderr: lastOf(result.stderr) });
    try {
        return understood(result.stdout, fields);
    } catch (e) {
        if (e instanceof NotUnderstood) throw new Unreachable(`${on.name}: its answer is not understood: ${e.message}`);
        throw e;
    }
}

/** @throws NotUnderstood */
function understood<F extends Fields>(printed: string, fields: F): Answer<F> {
    const values = new Map(Object.keys(fields).map(name => [name, [] as Buffer[]]));
    const lines = printed.split("\n");
    if (lines.pop() !== "") throw new NotUnderstood("its last line is not whole");
    for (const line of lines) {
        const [, name = "", form, value = ""] = /^([A-Za-z]+)([ :])([^\0-\x1f\x7f]*)$/.exec(line) ?? [],
            known = values.get(name);
        if (!known) throw new NotUnderstood(`it says ${shown(line)}`);
        known.push(form === " " ? Buffer.from(value) : decoded(name, value));
    }
    return Object.fromEntries(
        Object.entries(fields).map(([name, field]) => {
            try {
                return [name, field.read(values.get(name)!)];
            } catch (e) {
                throw e instanceof NotUnderstood ? new NotUnderstood(`${name} ${e.message}`) : e;
            }
        }),
    ) as Answer<F>;
}

function decoded(name: string, base64: string): Buffer {
    const value = Buffer.from(base64, "base64");
    if (value.toString("base64") !== base64) throw new NotUnderstood(`${name} is not base64`);
    return value;
}
