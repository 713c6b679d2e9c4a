import { type Credentials, pastePasswords } from "./credentials";

/** Releases of OpenStack that the program knows: the course's, and the one that a lab can have. Their data: releases/. */
export const releaseNames = ["grizzly", "ocata"] as const;
export type ReleaseName = (typeof releaseNames)[number];

/** Passwords that cannot be used under some names, because a file or a service does not take them. */
export interface PasswordLimit {
    names: readonly (keyof Credentials)[];
    unusable: RegExp;
    reason: string;
}

/** What the rules of a stack's file ask of a release; all else is in releases/, which stands above this folder. */
interface ReleaseLimits {
    /** Its machines have Ubuntu 12.04: they get that system's archive, and their apt knows no key of a single archive. */
    precise?: true;
    /** Beside those of all releases. */
    passwords: readonly PasswordLimit[];
}

const limits: Readonly<Record<ReleaseName, ReleaseLimits>> = {
    grizzly: {
        precise: true,
        passwords: [
            {
                names: ["adminPassword", ...pastePasswords],
                unusable: /^\$6\$/,
                reason: "it must not begin with $6$: keystone of this release takes it for the hash of a password, and nobody could log in with it",
            },
        ],
    },
    ocata: {
        passwords: [
            {
                names: ["rabbitPassword"],
                unusable: /\//,
                reason: "it must not hold a slash: oslo.messaging of this release leaves one as it is in the URL that compute nodes are called by, and kombu cannot read it",
            },
            {
                names: ["glanceDatabase"],
                unusable: /[%:@/]/,
                reason: "it must not hold % : @ or /: glance-manage of this release hands its database's URL to a parser that takes % for a reference",
            },
        ],
    },
};

/** The limits of a release; undefined of a name that a stack's file has by mistake. */
export const limitsOf = (release: unknown): ReleaseLimits | undefined =>
    releaseNames.includes(release as ReleaseName) ? limits[release as ReleaseName] : undefined;

/** The releases whose machines have Ubuntu 12.04. */
export const preciseReleases: readonly ReleaseName[] = releaseNames.filter(name => limits[name].precise);
