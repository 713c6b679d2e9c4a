import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { Connection } from "../clients/connection";
import type { NodePlan } from "../config/address-plan";
import { DomainPower } from "../providers/machine/domain-power";
import { SeedDisk } from "../providers/machine/seed-disk";
import type { SeedFile } from "../providers/machine/container";
import type { SeedFormat } from "../releases/release";
import { type Golden, pools } from "./golden-image";
import { onlyNewVolumes } from "./new-volume";
import { interfaces } from "./node-identity";
import { seedOf } from "./seed";

export interface VirtualMachineArgs {
    node: NodePlan;
    power: "on" | "off";
    /** With another one it has a new root; with another one of its data's, a new /dev/vdb too. */
    generation: number;
    dataGeneration: number;
    /** The physical host that it runs on. */
    host: Connection;
    provider: libvirt.Provider;
    /** `kvm`, or `qemu` where the host can only emulate. */
    hypervisor: "kvm" | "qemu";
    /** Whether it is to start machines under KVM itself: it has its host's processor then, virtualisation included. */
    nests?: boolean;
    /** The image of its golden clone. */
    golden: Golden;
    /** Files that make it itself, secret, and how it is told of them. */
    files: pulumi.Input<SeedFile[]>;
    seed: SeedFormat;
    guest: pulumi.Output<Connection>;
    memoryMiB: number;
    cpus: number;
    /** Size of /dev/vdb in MiB; none where it is not given (C1). */
    dataDiskMiB?: number;
}

/**
 * The command line of a kernel that is the host's: quick to start where it is emulated, cards named as the tutorial names
 * them. An emulated machine does not keep time by its TSC: on a busy host it may calibrate it wrongly, at each start anew,
 * and then its clock runs many times too fast or too slow. Under KVM the host tells the time. Nor does it spread its programs at random:
 * QEMU keeps translated code by its address, and would translate all of a program again each time that it starts.
 */
export const kernelArguments = (hypervisor: VirtualMachineArgs["hypervisor"]): string[] => [
    ..."root=/dev/vda rw console=ttyS0 mitigations=off nokaslr net.ifnames=0 random.trust_cpu=on no_timer_check".split(
        " ",
    ),
    ...(hypervisor === "qemu" ? ["tsc=unstable", "norandmaps"] : []),
    ..."audit=0 selinux=0 apparmor=0 cryptomgr.notests".split(" "),
];

/** A node as a virtual machine of libvirt's, its disk an overlay on its golden clone's (H4, H5). */
export class VirtualMachine extends pulumi.ComponentResource {
    /** Its last: it runs, and answers. */
    readonly running: pulumi.Resource;
    readonly domain: libvirt.Domain;
    /** Its root, which is replaced before the domain is. */
    readonly root: libvirt.Volume;

    constructor(
        private readonly name: string,
        private readonly args: VirtualMachineArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("classroom:index:VirtualMachine", name, {}, opts);
        const { node, power, generation, dataGeneration } = args;
        const golden = this.goldenDisk();
        const seed = this.seed();
        this.clone(golden);
        this.root = this.overlay(golden, "disk", `${node.name}.qcow2`, `${generation}/${dataGeneration}`);
        const data = this.data();
        this.domain = this.domainOf(`${name}-domain`, node.name, power === "on", [
            { volumeId: this.root.id },
            ...data.map(d => ({ volumeId: d.id })),
            { file: seed.path },
        ]);
        this.running = this.power();
        this.registerOutputs();
    }

    private get made() {
        return { parent: this, provider: this.args.provider, deleteBeforeReplace: true };
    }

    private get disk() {
        return { ...this.made, hooks: onlyNewVolumes(this.args.host) };
    }

    private goldenDisk(): libvirt.Volume {
        const { volume, diskGiB, ready } = this.args.golden;
        return new libvirt.Volume(
            `${this.name}-golden-disk`,
            {
                name: `${this.args.node.name}-golden.qcow2`,
                pool: pools.machines.name,
                baseVolumeName: volume,
                baseVolumePool: pools.golden.name,
                ...(diskGiB && { size: diskGiB * 2 ** 30 }),
            },
            { ...this.disk, dependsOn: ready, ...(diskGiB && { replaceOnChanges: ["baseVolumeName", "size"] }) },
        );
    }

    private seed(): SeedDisk {
        const { node, host, files, seed, golden } = this.args;
        return new SeedDisk(
            `${this.name}-seed`,
            {
                connection: host,
                path: `${pools.machines.path}/${node.name}-seed.iso`,
                instanceId: node.name,
                script: pulumi.output(files).apply(all => seedOf(seed, all)),
                ...(seed !== "script" && { hostname: node.name, interfaces: interfaces(node) }),
            },
            { parent: this, dependsOn: golden.ready },
        );
    }

    /** The golden clone, which stays off. */
    private clone(golden: libvirt.Volume): void {
        const { node, host } = this.args;
        // The provider starts a domain before it stops it. So the clone's domain has an overlay too, and the machines'
        // base is never written.
        const scratch = this.overlay(golden, "golden-overlay", `${node.name}-golden-overlay.qcow2`);
        const clone = this.domainOf(`${this.name}-golden`, `${node.name}-golden`, false, [{ volumeId: scratch.id }]);
        new DomainPower(
            `${this.name}-golden-power`,
            { connection: host, domain: clone.name, incarnation: clone.id, power: "off" },
            { parent: this },
        );
    }

    private overlay(golden: libvirt.Volume, part: string, file: string, of?: string): libvirt.Volume {
        return new libvirt.Volume(
            `${this.name}-${part}`,
            { name: file, pool: pools.machines.name, baseVolumeId: golden.id },
            { ...this.disk, replaceOnChanges: ["baseVolumeId"], ...(of && { replacementTrigger: of }) },
        );
    }

    /** /dev/vdb, where it has one. */
    private data(): libvirt.Volume[] {
        const { node, dataDiskMiB, dataGeneration, golden } = this.args;
        if (dataDiskMiB === undefined) return [];
        const size = dataDiskMiB * 2 ** 20;
        return [
            new libvirt.Volume(
                `${this.name}-data`,
                { name: `${node.name}-vdb.qcow2`, pool: pools.machines.name, format: "qcow2", size },
                { ...this.disk, dependsOn: golden.ready, replacementTrigger: dataGeneration },
            ),
        ];
    }

    private domainOf(
        name: string,
        domain: string,
        running: boolean,
        disks: libvirt.DomainArgs["disks"],
    ): libvirt.Domain {
        return new libvirt.Domain(
            name,
            { name: domain, running, ...shapeOf(this.args, disks) },
            // The provider reads the command line and the cards in another form than it was given: a comparison would
            // always differ.
            // Whether it runs is another resource's: the provider would never stop one.
            // The provider can give a machine that is there no other display: it would replace one that has another.
            { ...this.made, ignoreChanges: ["cmdlines", "graphics", "networkInterfaces", "running"] },
        );
    }

    private power(): DomainPower {
        const { host, power, guest, hypervisor } = this.args;
        return new DomainPower(
            `${this.name}-power`,
            {
                connection: host,
                domain: this.domain.name,
                incarnation: this.domain.id,
                power,
                guest,
                ...(hypervisor === "qemu" && { seconds: 180 }),
            },
            { parent: this },
        );
    }
}

/** The same of a machine and of its clone. */
function shapeOf(
    { node, hypervisor, nests, memoryMiB, cpus, golden: { hostKernel } }: VirtualMachineArgs,
    disks: libvirt.DomainArgs["disks"],
): libvirt.DomainArgs {
    return {
        type: hypervisor,
        machine: "pc",
        memory: memoryMiB,
        vcpu: cpus,
        disks,
        ...(hostKernel && {
            kernel: `${pools.golden.path}/vmlinuz`,
            initrd: `${pools.golden.path}/initrd`,
            cmdlines: kernelArguments(hypervisor).map(word => {
                const [key, ...value] = word.split("=");
                return value.length > 0 ? { [key!]: value.join("=") } : { _: key! };
            }),
        }),
        networkInterfaces: node.interfaces.map(({ network, mac }) => ({
            networkName: network,
            mac: mac.toUpperCase(),
        })),
        ...(nests && { cpu: { mode: "host-passthrough" } }),
        // Without this the provider adds SPICE, which is a package of its own on newer systems. Nobody but libvirt gets
        // to it.
        graphics: { type: "vnc", listenType: "none" },
        consoles: [{ type: "pty", targetPort: "0", targetType: "serial" }],
    };
}
