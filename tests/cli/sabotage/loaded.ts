import { type Chosen, nameOf, waysOf } from "../../../cli/sabotage/choose";
import { loadExercises } from "../../../cli/sabotage/exercises";
import type { Variant } from "../../../cli/sabotage/exercise";
import { scriptsOf } from "../../../cli/sabotage/render";
import { stepSchema } from "../../../cli/sabotage/steps";
import { readSettings, type Settings } from "../../../config/settings";

const hosts = { central: { address: "a" }, compute: { address: "b" } };
/** A team's settings in each release. */
export const settings = {
    grizzly: readSettings("team01", { number: 1, hosts }),
    ocata: readSettings("team01", { number: 1, hosts, release: "ocata" }),
};
export type ReleaseName = keyof typeof settings;

/** The checkout's own exercises: what a teacher has put beside them is not for these tests. */
export const exercises = loadExercises().filter(({ id }) => /^[SE]\d+$/.test(id));
export const ways: readonly (Chosen & { name: string })[] = waysOf(exercises).map(c => ({ ...c, name: nameOf(c) }));
/** Every way in each release that it is for. */
export const inReleases = ways.flatMap(way =>
    way.exercise.releases.map((release): [string, ReleaseName, Chosen] => [way.name, release, way]),
);

/** For scripts whose texts play no part in a test. */
export const scriptNamed = (file: string): string => `: ${file}`;

/** What begins after the functions that every script has. */
export const own = (script: string): string => script.slice(script.indexOf("\nkind=") + 1);

/** The script of one step, as it comes from a file. */
export function scriptOf(step: object, node: Variant["node"] = "api-node", of: Settings = settings.grizzly): string {
    const variant: Variant = { name: "x", node, steps: [stepSchema.parse(step)], causes: [], solution: "none" };
    return scriptsOf(variant, { settings: of, scriptNamed })[0]!.script;
}
