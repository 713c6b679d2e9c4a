import * as pulumi from "@pulumi/pulumi";
import { asked } from "../../clients/http";
import { type Compute, compute, type FloatingAddress } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { Cidr, formatAddress, parseAddress } from "../../config/cidr";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import type { AccessArgs } from "../keystone/adopt";

interface Inputs {
    cloud: CloudAccess;
    range: string;
    pool: string;
    /**
     * Always empty in the program, so that a find of a refresh shows as a difference: an address that is missing,
     * double, in another pool, or foreign in this one.
     */
    missing: string[];
    foreign: string[];
}
type Api = Pick<Compute, "floatingAddresses" | "createFloatingAddresses" | "deleteFloatingAddresses" | "forget">;
type Connect = (access: CloudAccess) => Api;

/** The addresses that nova makes of a range: of a network all but the first and the last. */
export function addressesOf(range: string): string[] {
    if (!range.includes("/")) {
        parseAddress(range);
        return [range];
    }
    const network = Cidr.parse(range);
    return Array.from({ length: Math.max(network.size - 2, 0) }, (_, i) => network.address(i + 1));
}

/** An address with nova's entries of it: more than one where two asked for it at once. */
interface Held {
    address: string;
    entries: FloatingAddress[];
}

function compare(live: readonly FloatingAddress[], range: string, pool: string) {
    const known = new Map<string, FloatingAddress[]>();
    for (const entry of live) known.set(entry.address, [...(known.get(entry.address) ?? []), entry]);
    const inRange = new Set(addressesOf(range));
    const held = [...inRange].map((address): Held => ({ address, entries: known.get(address) ?? [] }));
    const inPool = ({ entries }: Held) => entries.every(e => e.pool === pool);
    return {
        missing: held.filter(h => h.entries.length === 0).map(h => h.address),
        own: held.filter(h => h.entries.length > 0 && inPool(h)),
        /** In another pool, or in this one twice. */
        wrong: held.filter(h => h.entries.length > 1 || !inPool(h)),
        /** Addresses that nova would hand out, although no instance can be reached there. */
        strangers: [...known]
            .filter(([address, entries]) => !inRange.has(address) && entries.some(e => e.pool === pool))
            .map(([address, entries]): Held => ({ address, entries })),
    };
}
const how = ({ entries }: Held): string =>
    `(${[...new Set(entries.map(e => `pool ${e.pool}`)), ...(entries.length > 1 ? [`${entries.length} times`] : [])].join(", ")})`;

/** The fewest ranges of which nova makes these addresses and no others. */
export function rangesOf(addresses: readonly string[]): string[] {
    const left = new Set(addresses.map(parseAddress)),
        ranges: { first: number; range: string }[] = [];
    // A network holds everything that those in it hold: the large ones come first.
    for (let prefix = 16; prefix <= 30; prefix++) {
        const size = 2 ** (32 - prefix);
        for (const base of new Set([...left].map(a => a - (a % size)))) {
            const hosts = left.size < size - 2 ? [] : Array.from({ length: size - 2 }, (_, i) => base + 1 + i);
            if (hosts.length === 0 || !hosts.every(a => left.has(a))) continue;
            for (const a of hosts) left.delete(a);
            ranges.push({ first: base, range: `${formatAddress(base)}/${prefix}` });
        }
    }
    return [...ranges, ...[...left].map(a => ({ first: a, range: formatAddress(a) }))]
        .sort((a, b) => a.first - b.first)
        .map(r => r.range);
}

/**
 * Nova does not say whether one request removes one entry of an address or all. A missing address counts as removed.
 */
async function remove(nova: Api, all: readonly Held[]): Promise<void> {
    for (let entry = 1; ; entry++) {
        const left = all.filter(h => h.entries.length >= entry);
        if (left.length === 0) return;
        for (const range of rangesOf(left.map(h => h.address))) await nova.deleteFloatingAddresses(range);
    }
}

/** Addresses with three and more in a row as one: `172.16.1.1-172.16.1.254`. */
export function runs(addresses: readonly string[]): string[] {
    const rows: string[][] = [];
    for (const address of addresses) {
        const row = rows[rows.length - 1];
        if (row && parseAddress(address) === parseAddress(row[row.length - 1]!) + 1) row.push(address);
        else rows.push([address]);
    }
    return rows.flatMap(row => (row.length < 3 ? row : [`${row[0]}-${row[row.length - 1]}`]));
}
const shown = (all: readonly Held[]): string[] =>
    [...new Set(all.map(how))].flatMap(words =>
        runs(all.filter(h => how(h) === words).map(h => h.address)).map(run => `${run} ${words}`),
    );

async function put(api: Connect, { cloud, range, pool }: Inputs): Promise<void> {
    const nova = api(cloud);
    nova.forget("floating");
    const { missing, wrong, strangers } = compare(await nova.floatingAddresses(), range, pool);
    const isUsed = ({ entries }: Held) => entries.some(e => e.project_id !== null || e.instance_uuid !== null);
    const used = wrong.filter(isUsed),
        kept = strangers.filter(isUsed);
    if (used.length > 0)
        throw new Error(
            `floating addresses of ${range} are in use, but not as wanted: ${shown(used).join(", ")}; wanted: pool ${pool}, once. Release them, then run again`,
        );
    if (kept.length > 0)
        throw new Error(
            `addresses that are not of ${range} are in use from pool ${pool}: ${runs(kept.map(h => h.address)).join(", ")}. Release them, then run again`,
        );
    await remove(nova, [...wrong, ...strangers]);
    for (const part of rangesOf([...missing, ...wrong.map(h => h.address)]))
        await nova.createFloatingAddresses(part, pool);
}

function check({ range, pool }: Partial<Inputs>): Problem[] {
    const nameless = nameProblems("pool", "a pool", pool);
    if (nameless.length > 0 || range === undefined) return nameless;
    try {
        const count = range.includes("/") ? Cidr.parse(range).size : addressesOf(range).length + 3;
        return count >= 4 && count <= 65536
            ? []
            : [
                  {
                      property: "range",
                      reason: `"${range}": nova takes one address or a network from /16 to /30`,
                  },
              ];
    } catch (e) {
        return [{ property: "range", reason: (e as Error).message }];
    }
}

async function read(api: Connect, recorded: Inputs): Promise<Inputs | undefined> {
    const { missing, wrong, own, strangers } = compare(
        await asked(api(recorded.cloud).floatingAddresses()),
        recorded.range,
        recorded.pool,
    );
    return own.length + wrong.length + strangers.length > 0
        ? { ...recorded, missing: runs(missing), foreign: shown([...wrong, ...strangers]) }
        : undefined;
}

async function removeRange(api: Connect, { cloud, range, pool }: Inputs): Promise<void> {
    const nova = api(cloud);
    nova.forget("floating");
    const { wrong, own } = compare(await nova.floatingAddresses(), range, pool);
    if (own.length > 0 && wrong.length === 0) await nova.deleteFloatingAddresses(range);
    else await remove(nova, own);
}

/** Floating addresses of a pool, compared one by one; those that are missing are added without touching the others. */
export function floatingRangeHandler(api: Connect = compute): Handler<Inputs> {
    return {
        inputs: ["range", "pool", "missing", "foreign"],
        access: ["cloud"],
        replaceOn: ["range", "pool"],
        check,
        async create(inputs) {
            await put(api, inputs);
            return { id: `${inputs.pool}/${inputs.range}`, outputs: {} };
        },
        read: (_id, recorded) => read(api, recorded),
        async update(_id, _recorded, inputs) {
            await put(api, inputs);
            return {};
        },
        delete: (_id, recorded) => removeRange(api, recorded),
    };
}
export const handler = floatingRangeHandler();

export interface FloatingRangeArgs {
    /** The cloud's admin; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    /** A network from /16 to /30, or one address. */
    range: pulumi.Input<string>;
    /** Name of the pool that tenants ask for addresses from. */
    pool: pulumi.Input<string>;
}

/** The addresses that instances are reached at from outside (W3). Its `id` is `pool/range`. */
export class FloatingRange extends LiveResource {
    constructor(name: string, args: FloatingRangeArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "nova/floating-range",
            "FloatingRange",
            name,
            { ...args, cloud: pulumi.secret(args.cloud), missing: [], foreign: [] },
            opts,
        );
    }
}
