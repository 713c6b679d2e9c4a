import type * as pulumi from "@pulumi/pulumi";

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

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
