import { UserError } from "../system/errors";
import { ocata } from "./ocata";
import type { Release } from "./release";

/** The profile of a release. @throws UserError for one that has none yet */
export function releaseOf(name: Release["name"]): Release {
    if (name === "ocata") return ocata;
    throw new UserError(`release ${name}: its profile is not there yet (docs/coverage.md); allowed is ocata`);
}
