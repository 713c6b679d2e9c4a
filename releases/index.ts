import { grizzly } from "./grizzly";
import { ocata } from "./ocata";
import type { Release } from "./release";

const releases: Readonly<Record<Release["name"], Release>> = { grizzly, ocata };

/** The profile of a release. */
export const releaseOf = (name: Release["name"]): Release => releases[name];
