import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { Connection } from "../clients/connection";
import type { NodePlan } from "../config/address-plan";
import { quote } from "../clients/ssh";
import { Booted } from "../providers/machine/booted";
import { SeedDisk } from "../providers/machine/seed-disk";
import type { SeedFile } from "../providers/machine/container";

export interface VirtualMachineArgs {
    node: NodePlan;
    power: "on" | "off";
    /** The physical host that it runs on. */
    host: Connection;
    provider: libvirt.Provider;
    /** `kvm`, or `qemu` where the host can only emulate. */
    hypervisor: "kvm" | "qemu";
    /** Files that make it itself; secret. */
    files: pulumi.Input<SeedFile[]>;
    guest: pulumi.Output<Connection>;
    memoryMiB: number;
    cpus: number;
    /** Size of /dev/vdb in GiB; none where it is not given (C1). */
    dataDiskGiB?: number;
}

/** Where a lab's hosts keep what virtual machines are made from, and where machines' own disks lie. */
const goldenPool = "golden", pool = "machines", imagesDir = "/srv/images", poolDir = "/var/lib/libvirt/machines";

/** The kernel's command line: quick to start where it is emulated, cards named as the tutorial names them. */
const kernelArguments = "root=/dev/vda rw console=ttyS0 mitigations=off nokaslr net.ifnames=0 random.trust_cpu=on no_timer_check tsc=reliable audit=0 selinux=0 apparmor=0 cryptomgr.notests";

/** A node as a virtual machine of libvirt's, its disk an overlay on its golden clone's (H4, H5). */
export class VirtualMachine extends pulumi.ComponentResource {
    readonly domain: libvirt.Domain;
    /** It runs and answers. */
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:VirtualMachine", name, {}, opts);
        const { node, power, host, provider, hypervisor, guest, memoryMiB, cpus, dataDiskGiB } = args;
        const made = { parent: this, provider, deleteBeforeReplace: true };
        // Both come back in another form than they were given, which would be a difference for ever.
        const domain = { ...made, ignoreChanges: ["cmdlines", "networkInterfaces"] };
        const golden = new libvirt.Volume(`${name}-golden-disk`, { name: `${node.name}-golden.qcow2`, pool, baseVolumeName: "golden.qcow2", baseVolumePool: goldenPool }, made);
        const seed = new SeedDisk(`${name}-seed`, {
            connection: host, path: `${poolDir}/${node.name}-seed.iso`, instanceId: node.name, script: pulumi.output(args.files).apply(firstBoot),
        }, { parent: this });
        const shape = (domainName: string, running: boolean, disks: libvirt.DomainArgs["disks"]): libvirt.DomainArgs => ({
            name: domainName, running, type: hypervisor, machine: "pc", memory: memoryMiB, vcpu: cpus, disks,
            kernel: `${imagesDir}/vmlinuz`, initrd: `${imagesDir}/initrd`, cmdlines: kernelArguments.split(" ").map(word => {
                const [key, ...value] = word.split("=");
                return value.length > 0 ? { [key!]: value.join("=") } : { _: key! };
            }),
            networkInterfaces: node.interfaces.map(({ network, mac }) => ({ networkName: network, mac: mac.toUpperCase() })),
            consoles: [{ type: "pty", targetPort: "0", targetType: "serial" }],
        });
        const overlay = (part: string, file: string) => new libvirt.Volume(`${name}-${part}`, { name: file, pool, baseVolumeId: golden.id }, { ...made, replaceOnChanges: ["baseVolumeId"] });
        // The provider starts a domain before it stops it, so the clone's domain has an overlay too: what machines lie on is never written.
        const scratch = overlay("golden-overlay", `${node.name}-golden-overlay.qcow2`);
        new libvirt.Domain(`${name}-golden`, shape(`${node.name}-golden`, false, [{ volumeId: scratch.id }]), domain);
        const root = overlay("disk", `${node.name}.qcow2`);
        const data = dataDiskGiB === undefined ? [] : [new libvirt.Volume(`${name}-data`, { name: `${node.name}-vdb.qcow2`, pool, format: "qcow2", size: dataDiskGiB * 2 ** 30 }, made)];
        this.domain = new libvirt.Domain(`${name}-domain`, shape(node.name, power === "on", [
            { volumeId: root.id }, ...data.map(d => ({ volumeId: d.id })), { file: seed.path },
        ]), domain);
        this.ready = power === "on" ? [new Booted(`${name}-booted`, { guest, incarnation: this.domain.id, seconds: hypervisor === "kvm" ? 120 : 300 }, { parent: this })] : [];
        this.registerOutputs();
    }
}

/** The script of the first start: writes the files that make the machine itself. */
function firstBoot(files: readonly SeedFile[]): string {
    const put = ({ path, mode, content }: SeedFile) => [
        `mkdir -p "$(dirname ${quote(path)})"`,
        `(umask 077; printf %s ${quote(Buffer.from(content).toString("base64"))} | base64 -d > ${quote(path)}; chmod ${mode} ${quote(path)})`,
    ];
    return ["#!/bin/sh", "set -e", ...files.flatMap(put), "hostname \"$(cat /etc/hostname)\"", ""].join("\n");
}
