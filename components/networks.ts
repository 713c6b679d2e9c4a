import * as pulumi from "@pulumi/pulumi";
import * as libvirt from "@pulumi/libvirt";
import type { AddressPlan } from "../config/address-plan";
import { HostRole, hostRoles } from "../config/nodes";

export interface NetworksArgs {
    providers: Readonly<Record<HostRole, libvirt.Provider>>;
    plan: AddressPlan;
}

/** The libvirt networks of both physical hosts (N1–N4). */
export class Networks extends pulumi.ComponentResource {
    constructor(name: string, args: NetworksArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:Networks", name, {}, opts);
        const { nat, public: publicRange } = args.plan.ranges;
        for (const role of hostRoles) {
            const network = (which: string, rest: libvirt.NetworkArgs) =>
                new libvirt.Network(`${name}-${role}-${which}`, { name: which, autostart: true, ...rest }, { parent: this, provider: args.providers[role], deleteBeforeReplace: true });
            // Each host has a NAT network of its own; the same range on both, as libvirt's default has it (N1).
            network("nat", { mode: "nat", bridge: "br-nat", addresses: [nat], dhcp: { enabled: true }, dns: { enabled: true } });
            // One L2 across both hosts: the bridges of their uplinks (N2, N4).
            network("internal", { mode: "bridge", bridge: "br-internal" });
            network("private", { mode: "bridge", bridge: "br-private" });
        }
        // Reachable from the hosts, so routed and not hidden behind NAT (N3).
        new libvirt.Network(`${name}-central-public`, {
            name: "public", autostart: true, mode: "route", bridge: "br-public", addresses: [publicRange], dhcp: { enabled: false },
        }, { parent: this, provider: args.providers.central, deleteBeforeReplace: true });
        this.registerOutputs();
    }
}
