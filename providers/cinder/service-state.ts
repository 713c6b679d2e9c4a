import * as pulumi from "@pulumi/pulumi";
import { volumes } from "../../clients/volume";
import { LiveResource } from "../dynamic";
import { type ServiceStateArgs, serviceStateHandler } from "../nova/service-state";

/** Its services compute for minutes while they start in an emulated machine: 204 s at a load of seventeen. */
const WAIT_SECONDS = 300;
/** They report themselves every ten seconds, and more slowly in a busy emulated machine. */
const LATE_SECONDS = 180;

export const handler = serviceStateHandler(volumes, {
    software: "cinder",
    lateSeconds: LATE_SECONDS,
    waitSeconds: WAIT_SECONDS,
});

/** That an agent of cinder is up and used; made when cinder has heard of it (P1). Its `id` is `host/binary`. */
export class ServiceState extends LiveResource {
    constructor(name: string, args: ServiceStateArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "cinder/service-state",
            "ServiceState",
            name,
            { enabled: true, ...args, cloud: pulumi.secret(args.cloud), state: "up" },
            opts,
        );
    }
}
