import type { ReleaseName } from "../config/releases";
import type { Settings } from "../config/settings";
import { UserError } from "../system/errors";
import { grizzly } from "./grizzly";
import { ocata } from "./ocata";
import type { Release } from "./release";

const releases: Readonly<Record<ReleaseName, Release>> = { grizzly, ocata };

/** The profile of a release. */
export const releaseOf = (name: ReleaseName): Release => releases[name];

/** @throws UserError when the operator's key is of a kind that the release's machines do not know: nobody could log in */
export function checkOperatorKey({
    release,
    sshKeyFile,
    operatorKey,
}: Pick<Settings, "release" | "sshKeyFile" | "operatorKey">): void {
    const { userKeys } = releaseOf(release).ssh,
        kind = operatorKey?.split(" ")[0];
    if (kind === undefined || userKeys === undefined || userKeys.includes(kind)) return;
    throw new UserError(
        `sshKeyFile: the key ${sshKeyFile} is of the kind ${kind}, which the ssh of release ${release}'s machines does not know; allowed are ${userKeys.join(", ")}. ` +
            "Make one with: ssh-keygen -t rsa -b 3072 -f ~/.ssh/id_rsa",
    );
}
