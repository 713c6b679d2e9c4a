import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { Connection } from "../clients/connection";
import type { NodePlan } from "../config/address-plan";
import { quote } from "../clients/ssh";
import { DomainPower } from "../providers/machine/domain-power";
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

    constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:VirtualMachine", name, {}, opts);
        const { node, power, host, provider, hypervisor, guest, memoryMiB, cpus, dataDiskGiB } = args;
        const made = { parent: this, provider, deleteBeforeReplace: true };
        // Both come back in another form than they were given, which would be a difference for ever.
        // Whether it runs is another resource's: the provider would never stop one.
        const domain = { ...made, ignoreChanges: ["cmdlines", "networkInterfaces", "running"] };
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
        const clone = new libvirt.Domain(`${name}-golden`, shape(`${node.name}-golden`, false, [{ volumeId: scratch.id }]), domain);
        new DomainPower(`${name}-golden-power`, { connection: host, domain: clone.name, incarnation: clone.id, power: "off" }, { parent: this });
        const root = overlay("disk", `${node.name}.qcow2`);
        const data = dataDiskGiB === undefined ? [] : [new libvirt.Volume(`${name}-data`, { name: `${node.name}-vdb.qcow2`, pool, format: "qcow2", size: dataDiskGiB * 2 ** 30 }, made)];
        this.domain = new libvirt.Domain(`${name}-domain`, shape(node.name, power === "on", [
            { volumeId: root.id }, ...data.map(d => ({ volumeId: d.id })), { file: seed.path },
        ]), domain);
        new DomainPower(`${name}-power`, { connection: host, domain: this.domain.name, incarnation: this.domain.id, power, guest, ...(hypervisor === "qemu" && { seconds: 300 }) }, { parent: this });
        this.registerOutputs();
    }
}

/** The script of the first start: writes the files that make the machine itself. Short, for it is in the state twice. */
function firstBoot(files: readonly SeedFile[]): string {
    const put = ({ path, mode, content }: SeedFile) => `put ${mode} ${quote(path)} ${quote(content)}`;
    return ["#!/bin/sh", "set -e", 'put() { mkdir -p "${2%/*}"; (umask 077; printf %s "$3" > "$2"; chmod "$1" "$2"); }', ...files.map(put), 'hostname "$(cat /etc/hostname)"', ""].join("\n");
}
