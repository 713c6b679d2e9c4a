import { type NodeName, nodeNames } from "./nodes";

/** User and group ids of a container: 0 to 65535 inside, a range of its host's ids outside. */
export const idsPerContainer = 65536;

/**
 * The ranges lie where neither useradd's subordinate ids nor systemd's containers reach: in systemd's table of ids, 0x70000000 to
 * 0x7ffdffff are nobody's. No id there is negative as a signed number.
 */
const firstOfAll = 0x70000000;
/** A cloud has a range for each node. */
const idsPerCloud = nodeNames.length * idsPerContainer;

/** The first id of a team's cloud, by its number, 0 to 255. The ranges of labs follow behind these. */
export const teamIds = (number: number): number => firstOfAll + number * idsPerCloud;
const teams = 256;
export const labIds = (slot: number): number => teamIds(teams + slot);

/** The first of a node's ids, in a cloud whose ranges begin at `first`. */
export const nodeIds = (first: number, node: NodeName): number => first + nodeNames.indexOf(node) * idsPerContainer;

/** Systemd keeps the ids from here on for itself. */
const firstOfSystemd = 0x7ffe0000;
/** The number of labs for which a machine has ranges: what the teams' leave. */
export const labSlots = Math.floor((firstOfSystemd - firstOfAll) / idsPerCloud) - teams;

/** Limits for the first id of a container's range: above root's and other users' ids. */
export const rangeLimits = { least: 0x80000, most: firstOfSystemd - idsPerContainer } as const;
/** The same limits for the ranges of a whole cloud. */
export const cloudLimits = { least: rangeLimits.least, most: firstOfSystemd - idsPerCloud } as const;

/** Whether a cloud's ranges that begin at `first` have an id of `count` from `from`. */
export const overlaps = (first: number, from: number, count: number): boolean =>
    from < first + idsPerCloud && from + count > first;
