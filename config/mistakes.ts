import { UserError } from "../system/errors";

/** Something wrong in the configuration of a stack. */
export interface Mistake {
    /** Of the stack's file, from 1; absent where the mistake has no line, as a missing key, or none that is known. */
    line?: number;
    /** Of the key, without the project's prefix; empty where the file as a whole is meant. */
    path: readonly string[];
    /** The same in words: `hosts.central.port`. */
    key: string;
    /** The present value. Absent for passwords, private keys and missing values. */
    value?: unknown;
    /** The fault, and the allowed values. */
    reason: string;
}

/** A mistake whose key has no other dots in it than those between its parts. */
export const mistakeAt = (key: string, reason: string): Mistake => ({ path: key.split("."), key, reason });

/** A mistake from a line `key: reason`, with a key as {@link mistakeAt} takes it. */
export function mistakeIn(line: string): Mistake {
    const end = line.indexOf(": ");
    return mistakeAt(line.slice(0, end), line.slice(end + 2));
}

/** A mistake as a line: place, key, allowed values. */
export const mistakeInWords = ({ line, key, reason }: Mistake): string =>
    `${line === undefined ? "" : `line ${line}: `}${key === "" ? "" : `${key}: `}${reason}`;

/** A configuration that is not allowed: every mistake in it. */
export class Mistaken extends UserError {
    override readonly name = "Mistaken";
    /** @param of the thing that has them: `the configuration of stack lab` */
    constructor(
        of: string,
        readonly mistakes: readonly Mistake[],
    ) {
        const count = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
        super(`${of} has ${count}; nothing was changed\n${mistakes.map(m => `  ${mistakeInWords(m)}`).join("\n")}`);
    }
}
