import type { Credentials } from "./credentials";
import type { ReleaseName } from "./releases";

interface Limit {
    names: readonly (keyof Credentials)[];
    release?: ReleaseName;
    unusable: RegExp;
    reason: string;
}

/** Characters that a password's files cannot hold in any spelling (oslo.config, Python 2's ConfigParser). */
const limits: readonly Limit[] = [
    {
        names: ["adminToken", "rabbitPassword", "placementUser"],
        unusable: /\\\$|^(["']).*\1$/,
        reason: "it must not hold \\$ nor begin and end with the same quotation mark, which OpenStack's configuration files cannot tell",
    },
    {
        names: ["glanceUser", "cinderUser", "novaUser"],
        unusable: /%\(| ;|^""$/,
        reason: "it must not hold %( nor a semicolon after a space: in a service's paste file these begin a reference and a comment",
    },
    {
        names: ["adminPassword", "glanceUser", "cinderUser", "novaUser"],
        release: "grizzly",
        unusable: /^\$6\$/,
        reason: "it must not begin with $6$: keystone of this release takes it for the hash of a password, and nobody could log in with it",
    },
    {
        names: ["rabbitPassword"],
        release: "ocata",
        unusable: /\//,
        reason: "it must not hold a slash: oslo.messaging of this release leaves one as it is in the URL that compute nodes are called by, and kombu cannot read it",
    },
    {
        names: ["glanceDatabase"],
        release: "ocata",
        unusable: /[%:@/]/,
        reason: "it must not hold % : @ or /: glance-manage of this release hands its database's URL to a parser that takes % for a reference",
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
    return limits.find(l => l.names.includes(name) && (l.release ?? release) === release && l.unusable.test(password))
        ?.reason;
}
