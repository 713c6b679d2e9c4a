import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { AddressPlan } from "../config/address-plan";
import type { Connection } from "../clients/connection";
import { pools } from "./golden-image";
import { type HostRole, hostRoles, type NetworkName } from "../config/nodes";
import { uplinkedNetworks, type UplinkedNetwork, type Uplinks } from "../config/uplinks";
import { HostState } from "../providers/machine/host-state";
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
    private readonly hosts: Readonly<Record<HostRole, HostState>>;

    constructor(
        private readonly name: string,
        private readonly args: NetworksArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("classroom:index:Networks", name, {}, opts);
        this.hosts = { central: this.host("central"), compute: this.host("compute") };
        for (const role of hostRoles) {
            this.nat(role);
            for (const which of uplinkedNetworks) this.bridged(role, which);
        }
        this.routed();
        this.registerOutputs();
    }

    /** What the networks of a host have in common, before all of them. */
    private host(role: HostRole): HostState {
        const { connections, plan, uplinks } = this.args,
            { nat, internal, public: open, fixed } = plan.ranges;
        return new HostState(
            `${this.name}-${role}-host`,
            {
                connection: connections[role],
                bridges: [...Object.values(ownBridges), ...uplinkedNetworks.map(which => uplinks[which].bridge)],
                ranges: [nat, internal, open, fixed],
                pools: Object.values(pools).map(({ name }) => name),
            },
            { parent: this },
        );
    }

    /** Each host has a NAT network of its own; the same range on both, as libvirt's default has it (N1). */
    private nat(role: HostRole): void {
        const { plan } = this.args;
        this.network(role, "nat", {
            mode: "nat",
            bridge: ownBridges.nat,
            addresses: [plan.ranges.nat],
            dhcp: { enabled: true },
            dns: { enabled: true },
            dnsmasqOptions: { options: reservations(plan, role) },
        });
    }

    /** One L2 across both hosts: the bridges of their uplinks (N2, N4). */
    private bridged(role: HostRole, which: UplinkedNetwork): void {
        const { bridge } = this.args.uplinks[which];
        this.network(role, which, { mode: "bridge", bridge }, this.uplink(role, which));
    }

    /** Reachable from the hosts, so routed and not hidden behind NAT (N3). */
    private routed(): void {
        this.network("central", "public", {
            mode: "route",
            bridge: ownBridges.public,
            addresses: [this.args.plan.ranges.public],
            dhcp: { enabled: false },
        });
    }

    private network(role: HostRole, which: NetworkName, rest: libvirt.NetworkArgs, after: pulumi.Resource[] = []) {
        const { providers, connections } = this.args;
        const made = new libvirt.Network(
            `${this.name}-${role}-${which}`,
            { name: which, autostart: true, ...rest },
            {
                parent: this,
                provider: providers[role],
                deleteBeforeReplace: true,
                dependsOn: [this.hosts[role], ...after],
            },
        );
        const state = new NetworkState(
            `${this.name}-${role}-${which}-state`,
            {
                connection: connections[role],
                network: made.name,
                active: true,
                ...(rest.mode !== "bridge" && { spanningTree: false }),
            },
            { parent: this, dependsOn: made },
        );
        this.running[role].push(made, state);
    }

    /** A host's end of a network that both hosts share, where the host has none of its own. */
    private uplink(role: HostRole, network: UplinkedNetwork): Uplink[] {
        const { uplinks, connections } = this.args;
        const uplink = uplinks[network];
        if (uplink.kind === "bridge") return [];
        const { bridge, kind, id, mtu } = uplink;
        const way =
            uplink.kind === "vlan"
                ? { nic: uplink.nic }
                : { peer: uplink.ends[role === "central" ? "compute" : "central"], port: uplink.port };
        return [
            new Uplink(
                `${this.name}-${role}-${network}-uplink`,
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
