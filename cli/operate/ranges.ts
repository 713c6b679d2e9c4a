import { idsOf, type Settings } from "../../config/settings";
import type { RecordedResource } from "../../engine/state";
import { labStatus, rangesInWords } from "../../lab";
import { machinesOf } from "../restore/point";

type Shape = Pick<Settings, "made" | "kindOf" | "containerIds" | "number">;

/** Containers of a state that have the ids of their host, so that root in them is root of it; without golden clones. */
const withoutRange = (resources: readonly RecordedResource[]): string[] => {
    const bare = (name: string) =>
        resources.some(r => r.type.endsWith("machine:Container") && r.inputs?.name === name && !r.inputs.idmap);
    return machinesOf(resources)
        .filter(({ name, kind }) => kind === "container" && bare(name))
        .map(({ name }) => name);
};

/** Which nodes' root is root of the host, by what the state records; no line where none is. */
export function recordedRoots(resources: readonly RecordedResource[]): string[] {
    const bare = withoutRange(resources);
    return bare.length === 0 ? [] : [`containers with the ids of their host: root in ${bare.join(", ")} is root of it`];
}

/** Which nodes' root is going to be root of the host, and why; no line where none is. */
export function wantedRoots(settings: Shape, lab: string | undefined): string[] {
    const bare = settings.made.filter(
        node => settings.kindOf(node) === "container" && idsOf(settings, node) === undefined,
    );
    if (bare.length === 0) return [];
    const up = lab === undefined ? undefined : labStatus(lab);
    const why = up && !(up.ranges && "first" in up.ranges) ? rangesInWords(up.ranges) : "containerIds is host";
    return [`root in ${bare.join(", ")} is root of the machine that it runs on: ${why}`];
}

/** Containers that get a range now: in place, by being started again; no line where there is none. */
export function newRanges(settings: Shape, resources: readonly RecordedResource[]): string[] {
    const made = withoutRange(resources).filter(name =>
        settings.made.some(n => n === name && idsOf(settings, n) !== undefined),
    );
    return made.length === 0
        ? []
        : [
              `${made.join(", ")}: made before containers had ids of their own; what is in them stays, but they are started again`,
          ];
}
