import * as pulumi from "@pulumi/pulumi";
import type * as libvirt from "@pulumi/libvirt";
import type { Connection } from "../clients/connection";
import type { NodePlan } from "../config/address-plan";
import type { Settings } from "../config/settings";
import { Clock } from "../providers/machine/clock";
import { Container, type SeedFile } from "../providers/machine/container";
import { rootsDir } from "../providers/machine/container-xml";
import { HostKey } from "../providers/machine/host-key";
import type { AptFacts } from "../releases/apt-facts";
import type { Release, SeedFormat, SshFacts } from "../releases/release";
import type { Golden } from "./golden-image";
import { NodeGround } from "./node-ground";
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
    /** What becomes of changes that somebody else makes in it; `off`: nothing of it is recorded. */
    baseline: Settings["baseline"];
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
    /** Its package archive, and its apt's settings. */
    archive: ReturnType<Release["archive"]> & AptFacts;
    ssh: SshFacts;
    /** Of virtual machines: their image, and the form of their first start's data. */
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
    /** The resource whose end takes away everything in the machine. */
    readonly resource: pulumi.CustomResource;
    /** It runs, with a clock that is right, and can be worked in, as soon as this is made. */
    readonly running: pulumi.Resource;
    /** The resources that are made anew with the machine, in order. */
    readonly made: pulumi.CustomResource[];
    /** New each time the machine is made. */
    readonly incarnation: pulumi.Output<string>;
    readonly archive: MachineArgs["archive"];
    /** Its first and its last resource, where what is right in it is recorded. */
    readonly ground?: NodeGround;

    constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:Machine", name, {}, opts);
        this.archive = args.archive;
        const key = new HostKey(`${name}-key`, { machine: args.node.name, type: args.ssh.hostKey }, { parent: this });
        this.connection = key.publicKey.apply(hostKey => connectionTo(args, hostKey));
        const files = filesOf(args, key);
        const made = args.kind === "vm" ? this.virtualMachine(name, args, files) : this.container(name, args, files);
        this.resource = made.resource;
        if (args.baseline !== "off")
            this.ground = new NodeGround(name, {
                connection: this.connection,
                mends: args.baseline === "mend",
                running: made.running,
                made: made.made,
                parent: this,
            });
        this.running = this.ground?.first ?? made.running;
        this.made = made.made;
        this.incarnation = made.incarnation;
        this.registerOutputs({ connection: this.connection });
    }

    private virtualMachine(name: string, args: MachineArgs, files: IdentityFiles): Made {
        const { node, power, generation, dataGeneration = 1, host, provider, hypervisor, nests, dataDiskMiB } = args,
            { golden, seed, memoryMiB, cpus } = args;
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
                files: pulumi.all([files.open, files.secret]).apply(([open, secret]) => [...open, ...secret]),
            },
            { parent: this },
        );
        const made = [machine.root, machine.domain];
        // Certificates and tokens made in it have its time.
        const running = new Clock(
            `${name}-clock`,
            { connection: this.connection },
            { parent: this, dependsOn: machine.running, deletedWith: machine.domain, replaceWith: made },
        );
        return { resource: machine.domain, made, running, incarnation: machine.domain.id };
    }

    private container(name: string, args: MachineArgs, files: IdentityFiles): Made {
        const { node, power, generation, host, goldenRoot, memoryMiB, cpus, devices = [] } = args;
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
                files: files.open,
                secretFiles: files.secret,
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
        return { resource: container, made: [container], running: container, incarnation: container.id };
    }
}

/** A machine of either kind, as the others see it. */
type Made = Pick<Machine, "resource" | "made" | "running" | "incarnation">;

/** Files that make a machine itself. */
interface IdentityFiles {
    open: pulumi.Output<SeedFile[]>;
    secret: pulumi.Output<SeedFile[]>;
}

/** Through the machine's physical host, by the operator's key. */
function connectionTo({ node, ssh, host }: MachineArgs, hostKey: string): Connection {
    const { name: _name, keyFile, ...jump } = host;
    return {
        name: node.name,
        host: node.natAddress,
        port: 22,
        hostKey,
        keyFile,
        ...(ssh.rsaSha1 && { rsaSha1: true }),
        jump,
    };
}

function filesOf({ node, ssh, operatorKey }: MachineArgs, key: HostKey): IdentityFiles {
    const file = `/etc/ssh/ssh_host_${ssh.hostKey}_key`;
    return {
        open: key.publicKey.apply(publicKey => identityFiles(node, operatorKey, { file, publicKey })),
        secret: key.privateKey.apply(content => [{ path: file, mode: "0600", content }]),
    };
}
