import * as pulumi from "@pulumi/pulumi";
import { Bridge } from "../../providers/guest/bridge";
import { Sysctl } from "../../providers/guest/sysctl";
import { FloatingRange } from "../../providers/nova/floating-range";
import { Network } from "../../providers/nova/network";
import { SecurityRule } from "../../providers/nova/security-rule";
import { ServiceState } from "../../providers/nova/service-state";
import { Guest } from "../guest";
import type { AdminAccess } from "./auth-node";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface NetworkNodeArgs extends NodeArgs {
    /** nova-network's needs: database, queue, and nova's schema. */
    after: pulumi.Resource[];
    /** The step that tells nova's cells their database and queue. */
    cells: readonly pulumi.Resource[];
    admin: AdminAccess;
    /** Identity, the catalogue and nova's API. */
    api: pulumi.Resource[];
    /** Nova's. */
    database: ServiceDatabase;
    /** Identity's database: a tenant's objects are stored by the tenant's id in it. */
    accounts: pulumi.Input<string>;
}

/** nova-network and the metadata service, the instances' network and their public addresses (N5, N6, W1–W4). */
export class NetworkNode extends pulumi.ComponentResource {
    readonly ready: pulumi.Resource[];
    /** Instances find network, address and open ports. */
    readonly networks: pulumi.Resource[];

    constructor(name: string, args: NetworkNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:NetworkNode", name, {}, opts);
        const { machine, release, cloud, passwords, after, cells, database } = args;
        const guest = new Guest("network-node", name, machine, release, cloud, passwords, this);

        const packages = guest.base();
        const ways = packetWays(name, guest, packages);
        // A service that came up before nova's cells are told of a new password would keep the old one.
        const config = guest.config(release.novaNetwork, [packages, ...cells]);
        const services = guest.services(
            release.novaNetwork.services,
            [...config, ...ways, ...after],
            database.incarnation,
        );
        this.ready = [this.enabled(name, args, guest, services)];
        this.networks = [...this.addresses(name, args), ...this.openPorts(name, args)];
        this.registerOutputs();
    }

    /** nova-network, known to nova and switched on. */
    private enabled(name: string, args: NetworkNodeArgs, guest: Guest, services: pulumi.Resource[]): ServiceState {
        const { machine, admin, api, database, store } = args;
        return new ServiceState(
            `${name}-state`,
            { cloud: admin, guest: guest.connection, host: "network-node", binary: "nova-network" },
            {
                parent: this,
                dependsOn: [...services, ...api],
                deletedWith: store,
                replacementTrigger: pulumi.interpolate`${database.incarnation} ${machine.incarnation}`,
            },
        );
    }

    /** The instances' network and their public addresses. */
    private addresses(name: string, args: NetworkNodeArgs): pulumi.Resource[] {
        const { ranges } = args.cloud.plan,
            { admin, api, store, database } = args;
        const entity = { parent: this, dependsOn: api, deletedWith: store, replacementTrigger: database.incarnation };
        return [
            // Made by nova-network at the API's bidding.
            new Network(
                `${name}-net1`,
                { cloud: admin, label: "net1", cidr: ranges.fixed, bridge: "br100" },
                { ...entity, dependsOn: this.ready },
            ),
            new FloatingRange(`${name}-floating`, { cloud: admin, range: ranges.floating, pool: "public" }, entity),
        ];
    }

    /** Instances answer ping and ssh. */
    private openPorts(name: string, args: NetworkNodeArgs): pulumi.Resource[] {
        const { admin, api, store, database, accounts } = args;
        const rule = {
            parent: this,
            dependsOn: api,
            deletedWith: store,
            replacementTrigger: pulumi.interpolate`${database.incarnation} ${accounts}`,
        };
        return [
            new SecurityRule(
                `${name}-rule-icmp`,
                { cloud: admin, group: "default", protocol: "icmp", fromPort: -1, toPort: -1, cidr: "0.0.0.0/0" },
                rule,
            ),
            new SecurityRule(
                `${name}-rule-ssh`,
                { cloud: admin, group: "default", protocol: "tcp", fromPort: 22, toPort: 22, cidr: "0.0.0.0/0" },
                rule,
            ),
        ];
    }
}

/** The bridge of the instances' network, and forwarding between the node's networks. */
function packetWays(name: string, guest: Guest, packages: pulumi.Resource): pulumi.Resource[] {
    const { connection } = guest,
        forwarding = "net.ipv4.ip_forward";
    guest.machine.ground?.manageSysctl(forwarding);
    return [
        new Bridge(`${name}-br100`, { connection, bridge: "br100", ports: ["eth3"] }, guest.options([packages])),
        new Sysctl(`${name}-ip-forward`, { connection, key: forwarding, value: "1" }, guest.options()),
    ];
}
