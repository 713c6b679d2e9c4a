/**
 * A mistake of the user's or a fault of the surroundings, told in words: what was wanted,
 * what was found, what to do. Shown without a stack trace; exit code 1 unless given.
 */
export class UserError extends Error {
    override readonly name: string = "UserError";
    constructor(
        message: string,
        readonly exitCode: number = 1,
    ) {
        super(message);
    }
}

/** The text of a thrown value. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
