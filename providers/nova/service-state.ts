import * as pulumi from "@pulumi/pulumi";
import { type Compute, compute } from "../../clients/compute";
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
type Api = Pick<Compute, "services" | "enableService" | "forget">;
type Connect = (access: CloudAccess) => Api;

/** How an agent is waited for, and its service restarted. */
interface Means {
    pauseSeconds: number;
    run: RunScript;
}

const WAIT_SECONDS = 120;
/** Of that time so much passes before the service of an agent that was up before is restarted. */
const OWN_WAY_SECONDS = 30;

async function find(api: Connect, { cloud, host, binary }: Inputs) {
    return (await api(cloud).services()).find(s => s.host === host && s.binary === binary);
}

/** That an agent did not come, in words, with where to look. */
const silent = ({ host, binary }: Inputs, live: Agent | undefined): string =>
    `${binary} on ${host} is not up after ${WAIT_SECONDS} s; nova ${live ? `last heard of it at ${live.updated_at} (UTC)` : "has never heard of it"}. See its log in /var/log/nova on ${host}`;

/** @param mends whether a service whose agent stays silent is restarted: it may have given up on something that is back */
async function put(api: Connect, inputs: Inputs, { pauseSeconds, run }: Means, mends: boolean): Promise<void> {
    const { cloud, guest, host, binary, enabled } = inputs,
        begun = operatorClock.elapsed();
    let mending = mends && guest !== undefined;
    for (;;) {
        api(cloud).forget("services");
        const live = await find(api, inputs);
        if (live?.state === "up") {
            if ((live.status === "enabled") !== enabled) await api(cloud).enableService(host, binary, enabled);
            return;
        }
        const passed = operatorClock.elapsed() - begun;
        if (passed >= WAIT_SECONDS) throw new Error(silent(inputs, live));
        if (mending && passed >= OWN_WAY_SECONDS) {
            mending = false;
            await restart(run, guest!, [binary]);
        }
        await new Promise(resolve => setTimeout(resolve, pauseSeconds * 1000));
    }
}

/** Nova's knowledge of one of its agents: it reports itself, and it is used or not. */
export function serviceStateHandler(api: Connect = compute, own: Partial<Means> = {}): Handler<Inputs> {
    const means = { pauseSeconds: 2, run: exec, ...own };
    return {
        inputs: ["host", "binary", "enabled", "state"],
        access: ["cloud", "guest"],
        replaceOn: ["host", "binary"],
        async create(inputs) {
            await put(api, inputs, means, false);
            return { id: `${inputs.host}/${inputs.binary}`, outputs: {} };
        },
        async read(_id, recorded) {
            const live = await asked(find(api, recorded));
            return live && { ...recorded, enabled: live.status === "enabled", state: live.state };
        },
        async update(_id, _recorded, inputs) {
            await put(api, inputs, means, true);
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
