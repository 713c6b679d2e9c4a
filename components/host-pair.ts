import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import { Connection, hostName } from "../clients/connection";
import { HostRole, hostRoles } from "../config/nodes";
import type { Settings } from "../config/settings";
import { HostsEntries } from "../providers/guest/hosts-entries";
import { Clock } from "../providers/machine/clock";
import { releaseOf } from "../releases";

export type HostPairArgs = Pick<Settings, "hosts" | "sshKeyFile" | "knownHostsFile" | "release" | "plan">;

/** How root reaches a physical host. */
export function hostConnection(
    { hosts, sshKeyFile, release }: Pick<Settings, "hosts" | "sshKeyFile" | "release">,
    role: HostRole,
): Connection {
    const { address, port, hostKey } = hosts[role];
    return {
        name: hostName(address),
        host: address,
        port,
        hostKey: hostKey!,
        keyFile: sshKeyFile,
        ...(releaseOf(release).ssh.rsaSha1 && { rsaSha1: true }),
    };
}

/** A team's two physical hosts: how they are reached, and their names of the nodes (H1, H3). */
export class HostPair extends pulumi.ComponentResource {
    readonly connections: Readonly<Record<HostRole, Connection>>;
    readonly providers: Readonly<Record<HostRole, libvirt.Provider>>;
    /** Right before a machine is made there: a container has this clock, and a virtual machine is started with it. */
    readonly clocks: Readonly<Record<HostRole, Clock>>;

    constructor(name: string, args: HostPairArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:HostPair", name, {}, opts);
        const each = <T>(make: (role: HostRole) => T) =>
            Object.fromEntries(hostRoles.map(role => [role, make(role)])) as Record<HostRole, T>;
        this.connections = each(role => hostConnection(args, role));
        this.providers = each(
            role =>
                new libvirt.Provider(
                    `${name}-${role}`,
                    { uri: libvirtUri(this.connections[role], args.knownHostsFile) },
                    // The engine takes its plugin's version for the provider's at the second operation: a change that is none.
                    { parent: this, ignoreChanges: ["version"] },
                ),
        );
        this.clocks = each(
            role => new Clock(`${name}-${role}-clock`, { connection: this.connections[role] }, { parent: this }),
        );
        for (const role of hostRoles) {
            new HostsEntries(
                `${name}-${role}-names`,
                { connection: this.connections[role], block: "nodes", entries: args.plan.hostsEntries() },
                { parent: this },
            );
        }
        this.registerOutputs();
    }
}

/**
 * libvirt's own ssh transport, with the operator's key and pinned host keys. Its provider puts variables into the files'
 * names but knows no `~`; the home folder's own path would differ from operator to operator.
 */
function libvirtUri({ host, port, keyFile }: Connection, knownHostsFile: string): string {
    const file = (name: string) => encodeURIComponent(name.replace(/^~(?=\/)/, "${HOME}"));
    return `qemu+ssh://root@${host}:${port}/system?keyfile=${file(keyFile)}&knownhosts=${file(knownHostsFile)}`;
}
