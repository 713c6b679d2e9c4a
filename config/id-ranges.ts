import { type NodeName, nodeNames } from "./nodes";

/** How many user and group ids a container has: 0 to 65535 in it, a range of its host's outside. */
export const idsPerContainer = 65536;

/**
 * Where ranges are taken from: neither useradd's for subordinate ids nor systemd's for containers reach there
 * (0x70000000 to 0x7ffdffff of systemd's table of ids is nobody's), and no id is negative as a signed number.
 */
const firstOfAll = 0x70000000;
/** A cloud has a range for each node. */
const idsPerCloud = nodeNames.length * idsPerContainer;

/** Clouds of teams have those that belong to their number, 0 to 255, labs one of those behind them. */
export const teamIds = (number: number): number => firstOfAll + number * idsPerCloud;
/** How many labs a machine has ranges for. */
export const labSlots = 255;
export const labIds = (slot: number): number => teamIds(256 + slot);

/** The first of a node's ids, in a cloud whose ranges begin at `first`. */
export const nodeIds = (first: number, node: NodeName): number => first + nodeNames.indexOf(node) * idsPerContainer;

/** Where a container's range may begin: neither root's nor another user's id, nor one behind those that systemd keeps for itself. */
export const rangeLimits = { least: 0x80000, most: 0x7ffe0000 - idsPerContainer } as const;
/** Where those of a cloud may begin. */
export const cloudLimits = { least: rangeLimits.least, most: 0x7ffe0000 - idsPerCloud } as const;

/** Whether a cloud's ranges that begin at `first` have an id of `count` from `from`. */
export const overlaps = (first: number, from: number, count: number): boolean =>
    from < first + idsPerCloud && from + count > first;
