import * as pulumi from "@pulumi/pulumi";
import { asked } from "../../clients/http";
import { Compute, compute, FloatingAddress } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { Cidr, parseAddress } from "../../config/cidr";
import { Handler, LiveResource } from "../dynamic";
import type { AccessArgs } from "../keystone/adopt";

interface Inputs {
    cloud: CloudAccess; range: string; pool: string;
    /** Always empty in the program: what a refresh finds missing, in another pool, or in this one without being of the range, shows as a difference. */
    missing: string[]; foreign: string[];
}
type Api = Pick<Compute, "floatingAddresses" | "createFloatingAddresses" | "deleteFloatingAddresses" | "forget">;

/** The addresses that nova makes of a range: of a network all but the first and the last. */
export function addressesOf(range: string): string[] {
    if (!range.includes("/")) { parseAddress(range); return [range]; }
    const network = Cidr.parse(range);
    return Array.from({ length: Math.max(network.size - 2, 0) }, (_, i) => network.address(i + 1));
}

function compare(live: readonly FloatingAddress[], range: string, pool: string) {
    const known = new Map(live.map(a => [a.address, a]));
    const wanted = addressesOf(range);
    const elsewhere = wanted.flatMap(a => known.get(a) ?? []).filter(a => a.pool !== pool), inRange = new Set(wanted);
    return {
        missing: wanted.filter(a => !known.has(a)), elsewhere, own: wanted.filter(a => known.get(a)?.pool === pool),
        // What nova would hand out too, though nobody can be reached there.
        strangers: live.filter(a => a.pool === pool && !inRange.has(a.address)),
    };
}
const show = (a: FloatingAddress): string => `${a.address} (pool ${a.pool})`;

/** Addresses with three and more in a row as one: `172.16.1.1-172.16.1.254`. */
export function runs(addresses: readonly string[]): string[] {
    const rows: string[][] = [];
    for (const address of addresses) {
        const row = rows[rows.length - 1];
        if (row && parseAddress(address) === parseAddress(row[row.length - 1]!) + 1) row.push(address); else rows.push([address]);
    }
    return rows.flatMap(row => row.length < 3 ? row : [`${row[0]}-${row[row.length - 1]}`]);
}
const inPools = (all: readonly FloatingAddress[]): string[] => [...new Set(all.map(a => a.pool))].flatMap(pool => runs(all.filter(a => a.pool === pool).map(a => a.address)).map(run => `${run} (pool ${pool})`));

/** Floating addresses of a pool, compared one by one; those that are missing are added without touching the others. */
export function floatingRangeHandler(api: (access: CloudAccess) => Api = compute): Handler<Inputs> {
    const put = async ({ cloud, range, pool }: Inputs) => {
        const nova = api(cloud);
        nova.forget("floating");
        const { missing, elsewhere, own, strangers } = compare(await nova.floatingAddresses(), range, pool);
        const isUsed = (a: FloatingAddress) => a.project_id !== null || a.instance_uuid !== null;
        const used = elsewhere.filter(isUsed), kept = strangers.filter(isUsed);
        if (used.length > 0) throw new Error(`floating addresses of ${range} are in use from another pool: ${used.map(show).join(", ")}; wanted: pool ${pool}. Release them, then run again`);
        if (kept.length > 0) throw new Error(`addresses that are not of ${range} are in use from pool ${pool}: ${kept.map(a => a.address).join(", ")}. Release them, then run again`);
        for (const { address } of [...elsewhere, ...strangers]) await nova.deleteFloatingAddresses(address);
        if (own.length === 0 && elsewhere.length === 0) await nova.createFloatingAddresses(range, pool);
        else for (const address of [...missing, ...elsewhere.map(a => a.address)]) await nova.createFloatingAddresses(address, pool);
    };
    return {
        inputs: ["range", "pool", "missing", "foreign"], access: ["cloud"], replaceOn: ["range", "pool"],
        check({ range, pool }) {
            if (pool === "") return [{ property: "pool", reason: "a pool has a name" }];
            if (range === undefined) return [];
            try {
                const count = range.includes("/") ? Cidr.parse(range).size : addressesOf(range).length + 3;
                return count >= 4 && count <= 65536 ? [] : [{ property: "range", reason: `"${range}": nova takes one address or a network from /16 to /30` }];
            } catch (e) { return [{ property: "range", reason: (e as Error).message }]; }
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.pool}/${inputs.range}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { missing, elsewhere, own, strangers } = compare(await asked(api(recorded.cloud).floatingAddresses()), recorded.range, recorded.pool);
            return own.length + elsewhere.length + strangers.length > 0 ? { ...recorded, missing: runs(missing), foreign: inPools([...elsewhere, ...strangers]) } : undefined;
        },
        async update(_id, _recorded, inputs) { await put(inputs); return {}; },
        async delete(_id, { cloud, range, pool }) {
            const nova = api(cloud);
            nova.forget("floating");
            const { elsewhere, own } = compare(await nova.floatingAddresses(), range, pool);
            if (own.length > 0 && elsewhere.length === 0) await nova.deleteFloatingAddresses(range);
            else for (const address of own) await nova.deleteFloatingAddresses(address);
        },
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
        super("nova/floating-range", "FloatingRange", name, { ...args, cloud: pulumi.secret(args.cloud), missing: [], foreign: [] }, opts);
    }
}
