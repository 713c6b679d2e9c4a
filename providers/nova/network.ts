import * as pulumi from "@pulumi/pulumi";
import { asked, isStatus, unlessGone } from "../../clients/http";
import { type Compute, compute, type Network as Found, type NetworkSpec } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { Cidr } from "../../config/cidr";
import { type Handler, LiveResource, madeAgain, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import { type AccessArgs, foundAgain, refuseDifferent } from "../keystone/adopt";

interface Inputs extends NetworkSpec {
    cloud: CloudAccess;
}
type Api = Pick<Compute, "networks" | "createNetwork" | "disassociateNetwork" | "deleteNetwork" | "forget">;
type Connect = (access: CloudAccess) => Api;

const PROPERTIES = ["label", "cidr", "bridge", "bridgeInterface", "gateway", "dns1", "dns2", "multiHost"] as const;

const again = (nova: Api): Promise<Found[]> => {
    nova.forget("networks");
    return nova.networks();
};

const rangeOf = (cidr: string): Cidr | undefined => {
    try {
        return Cidr.parse(cidr);
    } catch {
        return undefined;
    }
};

/** Nova itself does not say whose range it is. */
function refuseOverlap({ cidr }: NetworkSpec, all: readonly Found[]): void {
    const own = Cidr.parse(cidr),
        others = all.filter(n => rangeOf(n.cidr)?.overlaps(own));
    if (others.length > 0)
        throw new Error(
            `network ${cidr} cannot be made, for it overlaps ${others.map(shown).join(" and ")}. Nothing was changed: delete the other or choose another range, then run again`,
        );
}
const shown = ({ label, id, cidr, projectId }: Found): string =>
    `${cidr} of network ${label} (${id}${projectId === undefined ? "" : `, of tenant ${projectId}`})`;

function check({ label, cidr }: Partial<Inputs>): Problem[] {
    try {
        if (cidr !== undefined && Cidr.parse(cidr).size < 8)
            return [{ property: "cidr", reason: `"${cidr}" has no room for instances: /29 at least` }];
    } catch (e) {
        return [{ property: "cidr", reason: (e as Error).message }];
    }
    return nameProblems("label", "a network", label);
}

async function create(api: Connect, { cloud, ...wanted }: Inputs): Promise<{ id: string; outputs: object }> {
    const nova = api(cloud),
        all = await again(nova),
        found = all.find(n => n.cidr === wanted.cidr);
    if (found) refuseDifferent(`network ${wanted.cidr} (${found.id})`, wanted, found);
    if (found) return { id: found.id, outputs: {} };
    refuseOverlap(wanted, all);
    try {
        return { id: (await nova.createNetwork(wanted)).id, outputs: {} };
    } catch (e) {
        // Somebody was faster.
        if (isStatus(e, 409)) refuseOverlap(wanted, await again(nova));
        // Grizzly gives no reason: with an IPv6 network alone among them it cannot compare the ranges.
        const v6 = isStatus(e, 400) && all.find(n => n.cidr === "");
        throw v6
            ? new Error(
                  `${e.message} Network ${v6.label} (${v6.id}) has no IPv4 range, and beside such a one nova makes no other: delete it, then run again`,
              )
            : e;
    }
}

async function read(api: Connect, id: string, recorded: Inputs): Promise<Inputs | undefined> {
    const all = await asked(api(recorded.cloud).networks()),
        live = foundAgain(all, id, n => n.cidr === recorded.cidr, "a network's id");
    if (!live) return undefined;
    const { id: present, projectId: _project, ...properties } = live;
    return madeAgain({ ...recorded, ...properties }, present);
}

async function remove(api: Connect, id: string, { cloud, label }: Inputs): Promise<void> {
    const nova = api(cloud),
        live = (await again(nova)).find(n => n.id === id);
    if (live?.projectId !== undefined) await nova.disassociateNetwork(id);
    try {
        await unlessGone(nova.deleteNetwork(id));
    } catch (e) {
        throw new Error(
            `network ${label} cannot be deleted: ${(e as Error).message}. Nova says so too while an instance uses it: delete the instances first`,
        );
    }
}

/**
 * A network of nova-network, found by its range: labels are not unique, ranges may not overlap, and nothing can be
 * changed.
 */
export function networkHandler(api: Connect = compute): Handler<Inputs> {
    return {
        inputs: PROPERTIES,
        access: ["cloud"],
        replaceOn: PROPERTIES,
        check,
        create: inputs => create(api, inputs),
        read: (id, recorded) => read(api, id, recorded),
        async update() {
            return {};
        },
        delete: (id, recorded) => remove(api, id, recorded),
    };
}
export const handler = networkHandler();

export interface NetworkArgs {
    /** The cloud's admin; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    label: pulumi.Input<string>;
    /** All of it is one network. */
    cidr: pulumi.Input<string>;
    /** Bridge on the network and compute nodes. Default: flat_network_bridge of nova.conf. */
    bridge?: pulumi.Input<string>;
    /** Default: flat_interface of nova.conf. */
    bridgeInterface?: pulumi.Input<string>;
    /** Default: the first address. */
    gateway?: pulumi.Input<string>;
    /** Default: flat_network_dns of nova.conf (8.8.4.4). */
    dns1?: pulumi.Input<string>;
    dns2?: pulumi.Input<string>;
    multiHost?: pulumi.Input<boolean>;
}

/** The instances' network (W1). Its `id` is nova's. A field that is not given is nova's choice, and not compared. */
export class Network extends LiveResource {
    constructor(name: string, args: NetworkArgs, opts?: pulumi.CustomResourceOptions) {
        super("nova/network", "Network", name, { ...args, cloud: pulumi.secret(args.cloud) }, opts);
    }
}
