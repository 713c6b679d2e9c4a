import * as pulumi from "@pulumi/pulumi";
import { Bridge } from "../../providers/guest/bridge";
import { Folder } from "../../providers/guest/folder";
import { ServiceState } from "../../providers/nova/service-state";
import { Guest } from "../guest";
import type { AdminAccess } from "./auth-node";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface ComputeNodeArgs extends NodeArgs {
    node: "compute-1" | "compute-2";
    /** nova-conductor, the queue and identity, which nova-compute waits for. */
    after: pulumi.Resource[];
    admin: AdminAccess;
    /** Nova's. */
    database: ServiceDatabase;
}

/** nova-compute on QEMU, its instances on br100 (N5, P1). */
export class ComputeNode extends pulumi.ComponentResource {
    /** Nova has heard of it. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: ComputeNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:ComputeNode", name, {}, opts);
        const { machine, release, cloud, passwords, after, node, admin, database, store } = args;
        const guest = new Guest(node, name, machine, release, cloud, passwords, this);

        const packages = guest.base();
        const bridge = new Bridge(
            `${name}-br100`,
            { connection: guest.connection, bridge: "br100", ports: ["eth2"] },
            guest.options([packages]),
        );
        new Folder(
            `${name}-instances`,
            { connection: guest.connection, path: "/var/lib/nova/instances" },
            guest.options([packages]),
        );
        const config = guest.config(release.novaCompute, [packages]);
        const services = guest.services(
            release.novaCompute.services,
            [...config, bridge, ...after],
            database.incarnation,
        );
        this.ready = [
            new ServiceState(
                `${name}-state`,
                { cloud: admin, host: node, binary: "nova-compute", enabled: true },
                {
                    parent: this,
                    dependsOn: [...services, ...after],
                    deletedWith: store,
                    replacementTrigger: pulumi.interpolate`${database.incarnation} ${machine.incarnation}`,
                },
            ),
        ];
        this.registerOutputs();
    }
}
