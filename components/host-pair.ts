import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import { bastionName, type Connection, hostName } from "../clients/connection";
import { type HostRole, hostRoles } from "../config/nodes";
import type { Settings } from "../config/settings";
import { HostsEntries } from "../providers/guest/hosts-entries";
import { Clock } from "../providers/machine/clock";
import { releaseOf } from "../releases";

export type HostPairArgs = Pick<Settings, "hosts" | "sshKeyFile" | "sshAuth" | "knownHosts" | "release" | "plan">;

const providerName = (pair: string, role: HostRole): string => `${pair}-${role}`;

/** How the providers of a cloud's pair reach their hosts, by the providers' names. */
export const libvirtWays = (settings: LibvirtWay, pair = "cloud-hosts"): Record<string, string> =>
    Object.fromEntries(hostRoles.map(role => [providerName(pair, role), libvirtUri(role, settings)]));

type LibvirtWay = Pick<Settings, "hosts" | "sshKeyFile" | "sshAuth" | "knownHosts">;

/** How root reaches a physical host. */
export function hostConnection(
    { hosts, sshKeyFile, release }: Pick<Settings, "hosts" | "sshKeyFile" | "release">,
    role: HostRole,
): Connection {
    const { address, port, hostKey, jump } = hosts[role];
    return {
        name: hostName(address),
        host: address,
        port,
        hostKey: hostKey!,
        keyFile: sshKeyFile,
        ...(releaseOf(release).ssh.rsaSha1 && { rsaSha1: true }),
        ...(jump && {
            jump: {
                name: bastionName(jump.address),
                host: jump.address,
                port: jump.port,
                ...(jump.user !== "root" && { user: jump.user }),
                hostKey: jump.hostKey!,
                ...(jump.sshKeyFile !== undefined && { keyFile: jump.sshKeyFile }),
            },
        }),
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
                    providerName(name, role),
                    { uri: libvirtUri(role, args) },
                    // The engine takes its plugin's version for the provider's at the second operation: a change that
                    // is none.
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

/** The provider's name for a host behind a bastion. Only this run's own files have its address. */
export const libvirtAlias = (role: HostRole): string => `${role}.classroom`;

/**
 * libvirt's own ssh transport, with the operator's key and pinned host keys, and nothing else to log in by. Its provider
 * puts variables into the files' names but knows no `~`; the home folder's own path would differ from operator to operator.
 */
export function libvirtUri(role: HostRole, { hosts, sshKeyFile, sshAuth = "privkey", knownHosts }: LibvirtWay): string {
    const { address, port, jump } = hosts[role],
        file = (name: string) => encodeURIComponent(name.replace(/^~(?=\/)/, "${HOME}")),
        known = jump ? "~/.ssh/known_hosts" : knownHosts!;
    return (
        `qemu+ssh://root@${jump ? libvirtAlias(role) : address}:${port}/system` +
        `?sshauth=${sshAuth}&keyfile=${file(sshKeyFile)}&knownhosts=${file(known)}`
    );
}
