import { type Credentials, pastePasswords } from "./credentials";
import { limitsOf, type PasswordLimit } from "./releases";

/** Characters that a password's files cannot hold in any spelling (oslo.config, Python 2's ConfigParser). */
const limits: readonly PasswordLimit[] = [
    {
        names: ["adminToken", "rabbitPassword", "placementUser"],
        unusable: /\\\$|^(["']).*\1$/,
        reason: "it must not hold \\$ nor begin and end with the same quotation mark, which OpenStack's configuration files cannot tell",
    },
    {
        names: pastePasswords,
        unusable: /%\(| ;|^""$/,
        reason: "it must not hold %( nor a semicolon after a space: in a service's paste file these begin a reference and a comment",
    },
];

/**
 * Keystone cuts off a password after 4096 characters and then refuses it. Lines of MySQL's option files have the same
 * limit.
 */
const LONGEST = 1024;

/** Python 2 and the protocols of 2013 agree on no other characters; option files cut off spaces. */
const PRINTABLE = /^[!-~]([ -~]*[!-~])?$/;

/** A shorter password could not be told from other words, and so not be masked in the output. */
export const shortestPassword = 4;

/** Why a password cannot be used under a name; undefined where it can. The password itself is not in it. */
export function passwordProblem(name: keyof Credentials, password: string, release: string): string | undefined {
    if (!PRINTABLE.test(password)) return "it must be one line of printable ASCII characters without spaces around it";
    if (password.length > LONGEST) return `it must have at most ${LONGEST} characters`;
    return [...limits, ...(limitsOf(release)?.passwords ?? [])].find(
        l => l.names.includes(name) && l.unusable.test(password),
    )?.reason;
}
