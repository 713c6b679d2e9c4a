import * as pulumi from "@pulumi/pulumi";
import { VolumeGroup } from "../../providers/guest/volume-group";
import { Guest } from "../guest";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface VolumeNodeArgs extends NodeArgs {
    database: ServiceDatabase;
    queue: pulumi.Resource[];
    identity: pulumi.Resource[];
    /** The certificates that tokens are signed with, where they are. */
    certificates: pulumi.Input<string>;
}

/** Cinder on a volume group of its own disk (C1, C2). */
export class VolumeNode extends pulumi.ComponentResource {
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: VolumeNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:VolumeNode", name, {}, opts);
        const { machine, release, cloud, passwords, database, queue, identity, certificates } = args;
        const guest = new Guest("volume-node", name, machine, release, cloud, passwords, this);

        const packages = guest.base();
        const group = new VolumeGroup(
            `${name}-volumes`,
            {
                connection: guest.connection,
                group: "cinder-volumes",
                devices: ["/dev/vdb"],
                restarts: ["cinder-volume"],
            },
            guest.options([packages]),
        );
        const config = guest.config(release.cinder, [packages]);
        const schema = guest.steps(release.cinder.sync, database.incarnation, [...config, ...database.ready]);
        this.ready = guest.services(release.cinder.services, [...schema, ...queue, group], database.incarnation);
        guest.openrc([packages]);
        guest.certificates(certificates, identity);
        this.registerOutputs();
    }
}
