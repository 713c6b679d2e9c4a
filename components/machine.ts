import * as pulumi from "@pulumi/pulumi";
import type * as libvirt from "@pulumi/libvirt";
import type { Connection } from "../clients/connection";
import type { NodePlan } from "../config/address-plan";
import { Clock } from "../providers/machine/clock";
import { Container } from "../providers/machine/container";
import { rootsDir } from "../providers/machine/container-xml";
import { HostKey } from "../providers/machine/host-key";
import type { AptFacts } from "../releases/apt-facts";
import type { Release, SeedFormat, SshFacts } from "../releases/release";
import type { Golden } from "./golden-image";
import { identityFiles } from "./node-identity";
import { VirtualMachine } from "./virtual-machine";

export interface MachineArgs {
    node: NodePlan;
    /** `container`: libvirt's LXC driver, on its host's kernel; `vm`: a virtual machine with a kernel of its own. */
    kind: "container" | "vm";
    provider: libvirt.Provider;
    hypervisor: "kvm" | "qemu";
    /** Of virtual machines: whether it is to start machines under KVM itself. */
    nests?: boolean;
    /** Size of /dev/vdb in MiB, of virtual machines. */
    dataDiskMiB?: number;
    power: "on" | "off";
    /** With another one it is made anew from its golden clone; the disk for data with another one of its own. */
    generation: number;
    dataGeneration?: number;
    /** The physical host that it runs on. */
    host: Connection;
    /** Of containers: the first of the host's ids that are its own. */
    idmap?: number;
    /** Folder of the host that containers are clones of. */
    goldenRoot: string;
    /** Public key that may log in as root (H6). */
    operatorKey: string;
    memoryMiB: number;
    cpus: number;
    /** Devices of the host that it may use. */
    devices?: string[];
    /** Where it installs packages from, and what its apt goes by. */
    archive: ReturnType<Release["archive"]> & AptFacts;
    ssh: SshFacts;
    /** Of virtual machines: what they are made of, and how they are told what they are. */
    golden: Golden;
    seed: SeedFormat;
}

/**
 * One of the eight machines with its golden clone (H4–H6), as a container or as a virtual machine, its root an overlay on
 * the clone's. The clone stays off; replacing the machine gives it a new root on the same clone.
 */
export class Machine extends pulumi.ComponentResource {
    /** How it is reached: through its physical host, with a host key made by the program. */
    readonly connection: pulumi.Output<Connection>;
    /** The resource that what lives in the machine goes with. */
    readonly resource: pulumi.CustomResource;
    /** It runs, with a clock that is right, and can be worked in, as soon as this is made. */
    readonly running: pulumi.Resource;
    /** What is made anew where the machine is, the first of them first. */
    readonly made: pulumi.CustomResource[];
    /** New each time the machine is made. */
    readonly incarnation: pulumi.Output<string>;
    readonly archive: MachineArgs["archive"];

    constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:Machine", name, {}, opts);
        const { node, host, power, generation, goldenRoot, operatorKey, memoryMiB, cpus, devices = [], ssh } = args;
        this.archive = args.archive;
        const key = new HostKey(`${name}-key`, { machine: node.name, type: ssh.hostKey }, { parent: this }),
            keyFile = `/etc/ssh/ssh_host_${ssh.hostKey}_key`;
        const { name: _name, keyFile: operatorKeyFile, ...jump } = host;
        this.connection = key.publicKey.apply(hostKey => ({
            name: node.name,
            host: node.natAddress,
            port: 22,
            hostKey,
            keyFile: operatorKeyFile,
            ...(ssh.rsaSha1 && { rsaSha1: true }),
            jump,
        }));
        const identity = key.publicKey.apply(hostKey =>
            identityFiles(node, operatorKey, { file: keyFile, publicKey: hostKey }),
        );
        const secretIdentity = key.privateKey.apply(content => [{ path: keyFile, mode: "0600", content }]);
        if (args.kind === "vm") {
            const { provider, hypervisor, nests, dataDiskMiB, dataGeneration = 1, golden, seed } = args;
            const machine = new VirtualMachine(
                `${name}-vm`,
                {
                    node,
                    power,
                    generation,
                    dataGeneration,
                    host,
                    provider,
                    hypervisor,
                    ...(nests && { nests }),
                    golden,
                    seed,
                    guest: this.connection,
                    memoryMiB,
                    cpus,
                    ...(dataDiskMiB && { dataDiskMiB }),
                    files: pulumi.all([identity, secretIdentity]).apply(([open, secret]) => [...open, ...secret]),
                },
                { parent: this },
            );
            this.resource = machine.domain;
            this.made = [machine.root, machine.domain];
            // What is made in it has its time from it: certificates, tokens.
            this.running = new Clock(
                `${name}-clock`,
                { connection: this.connection },
                { parent: this, dependsOn: machine.running, deletedWith: machine.domain, replaceWith: this.made },
            );
            this.incarnation = machine.domain.id;
        } else {
            const shape = {
                connection: host,
                memoryMiB,
                cpus,
                devices,
                ...(args.idmap !== undefined && { idmap: args.idmap }),
                interfaces: node.interfaces.map(({ network, device, mac }) => ({ network, device, mac })),
            };
            const goldenName = `${node.name}-golden`;
            const golden = new Container(
                `${name}-golden`,
                {
                    ...shape,
                    name: goldenName,
                    lower: [goldenRoot],
                    power: "off",
                    files: identity,
                    secretFiles: secretIdentity,
                },
                { parent: this },
            );
            const container = new Container(
                `${name}-container`,
                {
                    ...shape,
                    name: node.name,
                    lower: [`${rootsDir}/${goldenName}/upper`, goldenRoot],
                    files: [],
                    power,
                    guest: this.connection,
                    ...(generation > 1 && { generation }),
                },
                { parent: this, dependsOn: golden },
            );
            this.resource = this.running = container;
            this.made = [container];
            this.incarnation = container.id;
        }
        this.registerOutputs({ connection: this.connection });
    }
}
