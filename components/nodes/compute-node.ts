import * as pulumi from "@pulumi/pulumi";
import { knownLines } from "../../config/known-hosts";
import { Bridge } from "../../providers/guest/bridge";
import { Folder } from "../../providers/guest/folder";
import { SshKey } from "../../providers/guest/ssh-key";
import { ServiceState } from "../../providers/nova/service-state";
import { Guest } from "../guest";
import type { AdminAccess } from "./auth-node";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface ComputeNodeArgs extends NodeArgs {
    node: "compute-1" | "compute-2";
    /** nova-conductor, the queue and identity, which nova-compute waits for. */
    after: pulumi.Resource[];
    admin: AdminAccess;
    /** Nova's. */
    database: ServiceDatabase;
}

/** Where nova's account has its keys. */
const KEYS = "/var/lib/nova/.ssh";

/** nova-compute on QEMU, its instances on br100 (N5, P1). */
export class ComputeNode extends pulumi.ComponentResource {
    /** Nova has heard of it. */
    readonly ready: pulumi.Resource[];
    private readonly guest: Guest;
    private readonly key: SshKey;

    constructor(name: string, args: ComputeNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:ComputeNode", name, {}, opts);
        const { machine, release, cloud, passwords, after, node, admin, database, store } = args;
        const guest = (this.guest = new Guest(node, name, machine, release, cloud, passwords, this));

        const packages = guest.base();
        const bridge = new Bridge(
            `${name}-br100`,
            { connection: guest.connection, bridge: "br100", ports: ["eth2"] },
            guest.options([packages]),
        );
        new Folder(
            `${name}-instances`,
            { connection: guest.connection, path: "/var/lib/nova/instances" },
            guest.options([packages]),
        );
        this.key = new SshKey(
            `${name}-nova-key`,
            { connection: guest.connection, path: `${KEYS}/id_rsa`, type: "rsa", owner: "nova" },
            guest.options([packages]),
        );
        const config = guest.config(release.novaCompute, [packages]);
        const services = guest.services(
            release.novaCompute.services,
            [...config, ...guest.steps(release.novaCompute.sync, machine.incarnation, [packages]), bridge, ...after],
            database.incarnation,
        );
        this.ready = [
            new ServiceState(
                `${name}-state`,
                { cloud: admin, guest: guest.connection, host: node, binary: "nova-compute" },
                {
                    parent: this,
                    dependsOn: [...services, ...after],
                    deletedWith: store,
                    replacementTrigger: pulumi.interpolate`${database.incarnation} ${machine.incarnation}`,
                },
            ),
        ];
        this.registerOutputs();
    }

    /**
     * Lets nova's account of the others in, and knows them: a resize brings an instance's disk to another compute node by
     * ssh (T10). It comes from their internal addresses, and knows them by those.
     */
    trust(others: readonly ComputeNode[]): void {
        const { guest } = this,
            addressOf = ({ guest: { cloud, node } }: ComputeNode) => cloud.plan.node(node).internalAddress;
        const keys = pulumi
            .all(others.map(o => o.key.publicKey))
            .apply(all => all.map((key, i) => `from="${addressOf(others[i]!)}" ${key}\n`).join(""));
        const hosts = pulumi
            .all(others.map(o => o.guest.connection))
            .apply(all => all.map(({ hostKey }, i) => knownLines(addressOf(others[i]!), hostKey)).join(""));
        const own = { owner: "nova", group: "nova", mode: "0600" };
        guest.file("nova-logins", { path: `${KEYS}/authorized_keys`, content: keys, ...own }, [this.key]);
        guest.file("nova-hosts", { path: `${KEYS}/known_hosts`, content: hosts, ...own }, [this.key]);
    }
}
