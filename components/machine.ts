import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../clients/connection";
import type { NodePlan } from "../config/address-plan";
import { Container } from "../providers/machine/container";
import { rootsDir } from "../providers/machine/container-xml";
import { HostKey } from "../providers/machine/host-key";
import { identityFiles } from "./node-identity";

export interface MachineArgs {
    node: NodePlan;
    power: "on" | "off";
    /** The physical host that it runs on. */
    host: Connection;
    /** Folder of the host that containers are clones of. */
    goldenRoot: string;
    /** Public key that may log in as root (H6). */
    operatorKey: string;
    memoryMiB: number;
    cpus: number;
    /** Devices of the host that it may use. */
    devices?: string[];
    /** Where it installs packages from. */
    archive: { archive: string; line: string; keyringPackage?: string };
}

/**
 * One of the eight machines with its golden clone (H4–H6): a container of libvirt's LXC driver whose root lies on the
 * clone's. The clone stays off; replacing the machine gives it a new root on the same clone.
 */
export class Machine extends pulumi.ComponentResource {
    /** How it is reached: through its physical host, with a host key made by the program. */
    readonly connection: pulumi.Output<Connection>;
    /** The resource that what lives in the machine goes with. */
    readonly resource: pulumi.CustomResource;
    /** New each time the machine is made. */
    readonly incarnation: pulumi.Output<string>;
    readonly archive: MachineArgs["archive"];

    constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:Machine", name, {}, opts);
        const { node, host, power, goldenRoot, operatorKey, memoryMiB, cpus, devices = [] } = args;
        this.archive = args.archive;
        const key = new HostKey(`${name}-key`, { machine: node.name }, { parent: this });
        this.connection = key.publicKey.apply(hostKey =>
            ({ name: node.name, host: node.natAddress, port: 22, user: "root", hostKey, keyFile: host.keyFile, jump: host }));
        const shape = { connection: host, memoryMiB, cpus, devices };
        const interfaces = node.interfaces.map(({ network, device, mac }) => ({ network, device, mac }));
        const goldenName = `${node.name}-golden`;
        const golden = new Container(`${name}-golden`, {
            ...shape, interfaces, name: goldenName, lower: [goldenRoot], power: "off",
            files: key.publicKey.apply(hostKey => identityFiles(node, operatorKey, hostKey)),
            secretFiles: key.privateKey.apply(content => [{ path: "/etc/ssh/ssh_host_ed25519_key", mode: "0600", content }]),
        }, { parent: this });
        const container = new Container(`${name}-container`, {
            ...shape, interfaces, name: node.name, lower: [`${rootsDir}/${goldenName}/upper`, goldenRoot], files: [], power, guest: this.connection,
        }, { parent: this, dependsOn: golden });
        this.resource = container;
        this.incarnation = container.incarnation;
        this.registerOutputs({ connection: this.connection });
    }
}
