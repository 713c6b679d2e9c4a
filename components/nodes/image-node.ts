import * as pulumi from "@pulumi/pulumi";
import { Image } from "../../providers/glance/image";
import { Guest } from "../guest";
import type { AdminAccess } from "./auth-node";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface ImageNodeArgs extends NodeArgs {
    database: ServiceDatabase;
    queue: pulumi.Resource[];
    admin: AdminAccess;
    /** Identity and the catalogue: the image is put in through them. */
    identity: pulumi.Resource[];
    /** The certificates that tokens are signed with, where they are. */
    certificates: pulumi.Input<string>;
    /** The first image: a file of the operator's; none is uploaded where it is not given. */
    image?: { file: string; sha256: string };
}

/** Glance, and the image that instances start from (G1, G2). */
export class ImageNode extends pulumi.ComponentResource {
    /** Glance runs, and the image is in it. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: ImageNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:ImageNode", name, {}, opts);
        const { machine, release, cloud, passwords, database, queue, admin, identity, certificates, image, store } =
            args;
        const guest = new Guest("image-node", name, machine, release, cloud, passwords, this);

        const packages = guest.base();
        const config = guest.config(release.glance, [packages]);
        const schema = guest.steps(release.glance.sync, database.incarnation, [...config, ...database.ready]);
        const services = guest.services(release.glance.services, [...schema, ...queue], database.incarnation);
        guest.openrc([packages]);
        guest.certificates(certificates, identity);

        // Its record is in the database, its data on this machine.
        const replacementTrigger = pulumi.interpolate`${database.incarnation} ${machine.incarnation}`;
        const images = image
            ? [
                  new Image(
                      `${name}-image-cirros`,
                      {
                          cloud: admin,
                          name: "cirros-0.3.0",
                          file: image.file,
                          sha256: image.sha256,
                          diskFormat: "qcow2",
                          containerFormat: "bare",
                          isPublic: true,
                          store: guest.connection,
                      },
                      { parent: this, dependsOn: [...services, ...identity], deletedWith: store, replacementTrigger },
                  ),
              ]
            : [];
        this.ready = [...services, ...images];
        this.registerOutputs();
    }
}
