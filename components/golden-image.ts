import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { Connection } from "../clients/connection";
import { ImageFile } from "../providers/machine/image-file";

/** libvirt's pools on a physical host: the virtual machines' images, and their own disks. */
export const pools = {
    golden: { name: "golden", path: "/srv/images" },
    machines: { name: "machines", path: "/var/lib/libvirt/machines" },
} as const;

/** The base of a virtual machine's disk. */
export interface Golden {
    /** Volume in the pool `golden`. */
    volume: string;
    /** Its machines start with the kernel and the initrd beside it; without this, from their disk. */
    hostKernel?: true;
    /** Size of their disks; the image's own where it is not given. */
    diskGiB?: number;
    /** Resources that have to be there first. */
    ready: pulumi.Resource[];
}

/** The image that a lab's hosts have ready. */
export const readyGolden: Golden = { volume: "golden.qcow2", hostKernel: true, ready: [] };

export interface GoldenImageArgs {
    /** The physical host. */
    host: Connection;
    provider: libvirt.Provider;
    url: string;
    sha256: string;
}

/** Room on a node beside its system, also for instances on compute nodes. Unused room takes no space on the host. */
const diskGiB = 20;

/** The image of a physical host's virtual machines, and the pools for it and for them (H4). */
export class GoldenImage extends pulumi.ComponentResource {
    readonly golden: Golden;

    constructor(
        name: string,
        { host, provider, url, sha256 }: GoldenImageArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("classroom:index:GoldenImage", name, {}, opts);
        const [golden, machines] = [pools.golden, pools.machines].map(
            ({ name: pool, path }) =>
                new libvirt.Pool(
                    `${name}-pool-${pool}`,
                    { name: pool, type: "dir", target: { path } },
                    { parent: this, provider, deleteBeforeReplace: true },
                ),
        );
        // Named by its content: another image makes other machines.
        const volume = `image-${sha256.slice(0, 16)}.qcow2`;
        const file = new ImageFile(
            `${name}-file`,
            { connection: host, pool: pools.golden.name, path: `${pools.golden.path}/${volume}`, url, sha256 },
            { parent: this, dependsOn: golden! },
        );
        this.golden = { volume, diskGiB, ready: [file, machines!] };
        this.registerOutputs();
    }
}
