import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { labIds, labSlots, overlaps } from "../../config/id-ranges";
import { UserError } from "../../system/errors";
import { hierarchies, labCgroups } from "./cgroups";

/** The machine's facts that decide which ranges are free; a test gives its own. */
export interface RangesMachine {
    /** Folder of a cgroup hierarchy: the whole machine has one, for labs of all state folders. */
    cgroups: string;
    /** The content of /etc/subuid and /etc/subgid. */
    subordinate: string;
}

const thisMachine = (): RangesMachine => ({
    cgroups: hierarchies()[0]!.mountPoint,
    subordinate: ["/etc/subuid", "/etc/subgid"]
        .map(file => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : ""))
        .join("\n"),
});

/** Users' subordinate ids: lines `name:first:count`. */
const taken = (text: string): [from: number, count: number][] =>
    text
        .split("\n")
        .map(line => line.split(":").slice(1).map(Number) as [number, number])
        .filter(([from, count]) => from > 0 && count > 0);

/**
 * Takes ranges that no other lab of this machine has. They are held by an empty cgroup in the lab's own, so that they are
 * free again exactly when that is removed. A lab tries its own ones first.
 * @param lab name of the lab's cgroup, which is there
 * @returns the first id of the first range
 * @throws UserError when there is none left
 */
export function takeRanges(lab: string, machine: RangesMachine = thisMachine()): number {
    const others = taken(machine.subordinate),
        begin = createHash("sha256").update(lab).digest().readUInt16BE(0);
    for (let i = 0; i < labSlots; i++) {
        const slot = (begin + i) % labSlots,
            mine = path.join(machine.cgroups, lab, `ids-${slot}`);
        if (others.some(([from, count]) => overlaps(labIds(slot), from, count))) continue;
        fs.mkdirSync(mine, { recursive: true });
        // Of two labs that take the same range at once, each sees the other or is seen: neither keeps it.
        if (!holders(machine.cgroups, slot).some(holder => holder !== lab)) return labIds(slot);
        fs.rmdirSync(mine);
    }
    throw new UserError(
        `none of ${labSlots} ranges of ids for the containers of a lab is free on this machine; take a lab down that is not needed`,
    );
}

/** Names of the labs' cgroups that hold a slot. */
const holders = (cgroups: string, slot: number): string[] =>
    labCgroups(cgroups).filter(name => fs.existsSync(path.join(cgroups, name, `ids-${slot}`)));

/** The ids of a lab's containers on its machine, as a part of a sentence. */
export function rangesInWords(ranges: { first: number } | { why: string } | undefined): string {
    if (ranges === undefined)
        return "the lab was made before containers had ids of their own; take it down and make it anew";
    return "first" in ranges
        ? `containers have ids of their own, from ${ranges.first} on`
        : `this machine gives containers no ids of their own (${ranges.why})`;
}
