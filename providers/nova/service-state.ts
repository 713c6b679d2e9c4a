import * as pulumi from "@pulumi/pulumi";
import { compute } from "../../clients/compute";
import type { Connection } from "../../clients/connection";
import { asked } from "../../clients/http";
import type { CloudAccess } from "../../clients/identity";
import { operatorClock } from "../../clients/operator-clock";
import type { ServiceState as Agent } from "../../clients/service-state";
import { exec, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource } from "../dynamic";
import { restart } from "../guest/restarts";
import type { AccessArgs } from "../keystone/adopt";

interface Inputs {
    cloud: CloudAccess;
    guest?: Connection;
    host: string;
    binary: string;
    enabled: boolean;
    state: string;
}
/** The API of the software that an agent reports itself to. */
interface Api {
    services(): Promise<Agent[]>;
    enableService(host: string, binary: string, enabled: boolean): Promise<void>;
    /** Where its lists are kept for a run: the next one is asked for. */
    forget?(kind: "services"): void;
}
type Connect = (access: CloudAccess) => Api;

/** Whose agents they are, and how they are waited for, by the operator's clock. */
interface Ways {
    software: string;
    /** One that has reported itself within this time is not called down. */
    lateSeconds: number;
    waitSeconds: number;
    pauseSeconds: number;
    run: RunScript;
}
const nova: Ways = { software: "nova", lateSeconds: 0, waitSeconds: 120, pauseSeconds: 2, run: exec };

/** Of the time for an agent to report itself again, this part passes before its service is restarted. */
const OWN_WAY = 0.25;

/** Later releases of cinder add the backend to the node's name: `volume-node@lvm`. */
const nodeOf = ({ host }: Agent): string => host.replace(/@.*$/, "");

async function find(api: Connect, { cloud, host, binary }: Inputs) {
    return (await api(cloud).services()).find(s => nodeOf(s) === host && s.binary === binary);
}

/** That an agent did not come, in words, with where to look. */
const silent = ({ host, binary }: Inputs, { software, waitSeconds }: Ways, live: Agent | undefined): string =>
    `${binary} on ${host} is not up after ${waitSeconds} s; ${software} ${live ? `last heard of it at ${live.updated_at} (UTC)` : "has never heard of it"}. See its log in /var/log/${software} on ${host}`;

/** @param mends whether a service whose agent stays silent is restarted: it may have given up on something that is back */
async function put(api: Connect, inputs: Inputs, ways: Ways, mends: boolean): Promise<void> {
    const { cloud, guest, binary, enabled } = inputs,
        { waitSeconds, pauseSeconds, run } = ways,
        begun = operatorClock.elapsed();
    let mending = mends && guest !== undefined;
    for (;;) {
        api(cloud).forget?.("services");
        const live = await find(api, inputs);
        if (live?.state === "up") {
            if ((live.status === "enabled") !== enabled) await api(cloud).enableService(live.host, binary, enabled);
            return;
        }
        const passed = operatorClock.elapsed() - begun;
        if (passed >= waitSeconds) throw new Error(silent(inputs, ways, live));
        if (mending && passed >= OWN_WAY * waitSeconds) {
            mending = false;
            await restart(run, guest!, [binary]);
        }
        await new Promise(resolve => setTimeout(resolve, pauseSeconds * 1000));
    }
}

/** The knowledge that nova, or another software of its kind, has of one of its agents: it reports itself, and it is used or not. */
export function serviceStateHandler(api: Connect = compute, own: Partial<Ways> = {}): Handler<Inputs> {
    const ways = { ...nova, ...own };
    return {
        inputs: ["host", "binary", "enabled", "state"],
        access: ["cloud", "guest"],
        replaceOn: ["host", "binary"],
        async create(inputs) {
            await put(api, inputs, ways, false);
            return { id: `${inputs.host}/${inputs.binary}`, outputs: {} };
        },
        async read(_id, recorded) {
            const live = await asked(find(api, recorded));
            if (!live) return undefined;
            const isLate = live.age !== undefined && Math.abs(live.age) < ways.lateSeconds;
            return { ...recorded, enabled: live.status === "enabled", state: isLate ? "up" : live.state };
        },
        async update(_id, _recorded, inputs) {
            await put(api, inputs, ways, true);
            return {};
        },
        // Grizzly has no way to forget one.
        async delete() {
            return;
        },
    };
}
export const handler = serviceStateHandler();

export interface ServiceStateArgs {
    /** The cloud's admin; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    /** The node. Its service is restarted where the agent stays silent though it runs. */
    guest?: pulumi.Input<Connection>;
    /** Name of the node. */
    host: pulumi.Input<string>;
    /** E.g. nova-compute. */
    binary: pulumi.Input<string>;
    /** Whether the scheduler uses it. Default true. */
    enabled?: pulumi.Input<boolean>;
}

/** That an agent of nova is up and used; made when nova has heard of it (P1). Its `id` is `host/binary`. */
export class ServiceState extends LiveResource {
    constructor(name: string, args: ServiceStateArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "nova/service-state",
            "ServiceState",
            name,
            { enabled: true, ...args, cloud: pulumi.secret(args.cloud), state: "up" },
            opts,
        );
    }
}
