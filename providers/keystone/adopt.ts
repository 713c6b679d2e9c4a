import type * as pulumi from "@pulumi/pulumi";
import { identifier } from "../../clients/identifiers";

/** Access as an argument: any part of it may be an output. */
export type AccessArgs<Access> = pulumi.Input<{ [K in keyof Access]: pulumi.Input<Access[K]> }>;

/**
 * An object of the same natural key is there: it is adopted when it is as wanted, and left alone otherwise.
 * What is `undefined` in `wanted` may be anything.
 * @throws Error with both shown
 */
export function refuseDifferent<T extends object>(what: string, wanted: T, found: { [K in keyof T]?: unknown }): void {
    const different = (Object.keys(wanted) as (keyof T & string)[]).filter(
        k => wanted[k] !== undefined && wanted[k] !== found[k],
    );
    if (different.length === 0) return;
    const list = (of: { [K in keyof T]?: unknown }) =>
        different.map(k => `${k} ${JSON.stringify(of[k]) ?? "not set"}`).join(", ");
    throw new Error(
        `${what} exists with ${list(found)}; wanted: ${list(wanted)}. Nothing was changed: make it so or delete it, then run again`,
    );
}

/**
 * What is recorded under an id. Where that is not there: the only one of its natural key, which somebody made again by hand.
 * Of several none is taken, for nobody knows which.
 * @param what an id of the kind is, for messages: `a role's id`
 * @throws Unreachable where the other id cannot be used
 */
export function foundAgain<T extends { id: string }>(
    all: readonly T[],
    id: string,
    isSame: (entity: T) => boolean,
    what: string,
): T | undefined {
    const found = all.find(e => e.id === id);
    if (found) return found;
    const [only, ...more] = all.filter(isSame);
    return only && more.length === 0 ? { ...only, id: identifier(only.id, what) } : undefined;
}

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
