import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { AddressPlan } from "../config/address-plan";
import type { Connection } from "../clients/connection";
import { HostRole, hostRoles, NetworkName } from "../config/nodes";
import { uplinkedNetworks, UplinkedNetwork, Uplinks } from "../config/uplinks";
import { NetworkState } from "../providers/machine/network-state";
import { Uplink } from "../providers/machine/uplink";

export interface NetworksArgs {
    providers: Readonly<Record<HostRole, libvirt.Provider>>;
    /** How the hosts themselves are reached. */
    connections: Readonly<Record<HostRole, Connection>>;
    plan: AddressPlan;
    uplinks: Uplinks;
}

/** Bridges of the networks in which a host has an address itself; the others' are those of their uplinks. */
export const ownBridges = { nat: "br-nat", public: "br-public" } as const;

/** The libvirt networks of both physical hosts (N1–N4). */
export class Networks extends pulumi.ComponentResource {
    /** The networks of each host, running. */
    readonly running: Readonly<Record<HostRole, pulumi.Resource[]>> = { central: [], compute: [] };

    constructor(name: string, args: NetworksArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:Networks", name, {}, opts);
        const { nat, public: publicRange } = args.plan.ranges;
        const network = (
            role: HostRole,
            which: NetworkName,
            rest: libvirt.NetworkArgs,
            after: pulumi.Resource[] = [],
        ) => {
            const made = new libvirt.Network(
                `${name}-${role}-${which}`,
                { name: which, autostart: true, ...rest },
                {
                    parent: this,
                    provider: args.providers[role],
                    deleteBeforeReplace: true,
                    ...(after.length > 0 && { dependsOn: after }),
                },
            );
            this.running[role].push(
                made,
                new NetworkState(
                    `${name}-${role}-${which}-state`,
                    {
                        connection: args.connections[role],
                        network: made.name,
                        active: true,
                        ...(rest.mode !== "bridge" && { spanningTree: false }),
                    },
                    { parent: this, dependsOn: made },
                ),
            );
        };
        for (const role of hostRoles) {
            // Each host has a NAT network of its own; the same range on both, as libvirt's default has it (N1).
            network(role, "nat", {
                mode: "nat",
                bridge: ownBridges.nat,
                addresses: [nat],
                dhcp: { enabled: true },
                dns: { enabled: true },
                dnsmasqOptions: { options: reservations(args.plan, role) },
            });
            // One L2 across both hosts: the bridges of their uplinks (N2, N4).
            for (const which of uplinkedNetworks)
                network(
                    role,
                    which,
                    { mode: "bridge", bridge: args.uplinks[which].bridge },
                    this.uplink(`${name}-${role}-${which}-uplink`, role, which, args),
                );
        }
        // Reachable from the hosts, so routed and not hidden behind NAT (N3).
        network("central", "public", {
            mode: "route",
            bridge: ownBridges.public,
            addresses: [publicRange],
            dhcp: { enabled: false },
        });
        this.registerOutputs();
    }

    /** A host's end of a network that both hosts share, where the host has none of its own. */
    private uplink(
        name: string,
        role: HostRole,
        network: UplinkedNetwork,
        { uplinks, connections }: NetworksArgs,
    ): Uplink[] {
        const uplink = uplinks[network];
        if (uplink.kind === "bridge") return [];
        const { bridge, kind, id, mtu } = uplink;
        const way =
            uplink.kind === "vlan"
                ? { nic: uplink.nic }
                : { peer: uplink.ends[role === "central" ? "compute" : "central"], port: uplink.port };
        return [
            new Uplink(
                name,
                { connection: connections[role], network, bridge, kind, segment: id, mtu, ...way },
                { parent: this },
            ),
        ];
    }
}

/** libvirt's DHCP gives each node the address of the plan. */
function reservations(plan: AddressPlan, role: HostRole): { optionName: string; optionValue: string }[] {
    return plan.on(role).map(node => ({
        optionName: "dhcp-host",
        optionValue: `${node.interfaces[0]!.mac},${node.natAddress},${node.name}`,
    }));
}
