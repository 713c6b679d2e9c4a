import * as pulumi from "@pulumi/pulumi";
import { asked } from "../../clients/http";
import { type Compute, compute } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { operatorClock } from "../../clients/operator-clock";
import { type Handler, LiveResource } from "../dynamic";
import type { AccessArgs } from "../keystone/adopt";

interface Inputs {
    cloud: CloudAccess;
    host: string;
    binary: string;
    enabled: boolean;
    state: string;
}
type Api = Pick<Compute, "services" | "enableService" | "forget">;
type Connect = (access: CloudAccess) => Api;

const WAIT_SECONDS = 120;

async function find(api: Connect, { cloud, host, binary }: Inputs) {
    return (await api(cloud).services()).find(s => s.host === host && s.binary === binary);
}

async function put(api: Connect, inputs: Inputs, pauseSeconds: number): Promise<void> {
    const { cloud, host, binary, enabled } = inputs,
        deadline = operatorClock.elapsed() + WAIT_SECONDS;
    for (;;) {
        api(cloud).forget("services");
        const live = await find(api, inputs);
        if (live?.state === "up") {
            if ((live.status === "enabled") !== enabled) await api(cloud).enableService(host, binary, enabled);
            return;
        }
        if (operatorClock.elapsed() >= deadline) {
            throw new Error(
                `${binary} on ${host} is not up after ${WAIT_SECONDS} s; nova ${live ? `last heard of it at ${live.updated_at} (UTC)` : "has never heard of it"}. See its log in /var/log/nova on ${host}`,
            );
        }
        await new Promise(resolve => setTimeout(resolve, pauseSeconds * 1000));
    }
}

/** Nova's knowledge of one of its agents: it reports itself, and it is used or not. */
export function serviceStateHandler(api: Connect = compute, pauseSeconds = 2): Handler<Inputs> {
    return {
        inputs: ["host", "binary", "enabled", "state"],
        access: ["cloud"],
        replaceOn: ["host", "binary"],
        async create(inputs) {
            await put(api, inputs, pauseSeconds);
            return { id: `${inputs.host}/${inputs.binary}`, outputs: {} };
        },
        async read(_id, recorded) {
            const live = await asked(find(api, recorded));
            return live && { ...recorded, enabled: live.status === "enabled", state: live.state };
        },
        async update(_id, _recorded, inputs) {
            await put(api, inputs, pauseSeconds);
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
