import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../clients/connection";
import { writeKnownHosts } from "../config/known-hosts";
import { HostRole, NodeName, nodeNames } from "../config/nodes";
import { dataNode, idsOf, Settings } from "../config/settings";
import { ofProject, readStackSettings } from "../config/stack-settings";
import { measure } from "../providers/glance/image";
import { checkOperatorKey, releaseOf } from "../releases";
import { aptFacts } from "../releases/apt-facts";
import { checkOwnOptions } from "../releases/own-options";
import type { OpenFacts, Release } from "../releases/release";
import { messageOf, UserError } from "../system/errors";
import { withFirstImage } from "./first-image";
import { Golden, GoldenImage, readyGolden } from "./golden-image";
import { HostPair } from "./host-pair";
import { Machine } from "./machine";
import { Networks } from "./networks";
import { ApiNode } from "./nodes/api-node";
import { AuthNode } from "./nodes/auth-node";
import { ComputeNode } from "./nodes/compute-node";
import { DatabaseNode } from "./nodes/database-node";
import { ImageNode } from "./nodes/image-node";
import { NetworkNode } from "./nodes/network-node";
import { VolumeNode } from "./nodes/volume-node";
import { marks, OnGenerated, Passwords } from "./passwords";

/** What a node is given where the stack does not say: enough for the tutorial's services in it. */
export const sizes: Readonly<Record<NodeName, { memoryMiB: number; cpus: number }>> = {
    "db-node": { memoryMiB: 1024, cpus: 1 },
    "auth-node": { memoryMiB: 768, cpus: 1 },
    "image-node": { memoryMiB: 768, cpus: 1 },
    "volume-node": { memoryMiB: 2048, cpus: 2 },
    "api-node": { memoryMiB: 2048, cpus: 1 },
    "network-node": { memoryMiB: 768, cpus: 1 },
    "compute-1": { memoryMiB: 2048, cpus: 2 },
    "compute-2": { memoryMiB: 2048, cpus: 2 },
};

/** Of volume-node's /dev/vdb (C1): about 2 GiB, of which LVM keeps a little for itself; so two volumes of 1 GiB fit, a user's and that of `check`. */
export const dataDiskMiB = 2064;

/** One team's OpenStack cloud on its pair of physical hosts: eight machines, what is in them, and what is in the cloud. */
export class TeamCloud extends pulumi.ComponentResource {
    /** How each node is reached. */
    readonly nodes: pulumi.Output<Record<string, Connection>>;

    /** @param onGenerated told of passwords that only the stack knows */
    constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions, onGenerated?: OnGenerated) {
        super("classroom:index:TeamCloud", name, {}, opts);
        const { plan, queueUser, libvirtType, made } = settings;
        const release = releaseOf(settings.release);
        const ownOptions = Object.fromEntries(
            nodeNames.flatMap(node => (settings.nodes[node]?.options ? [[node, settings.nodes[node].options]] : [])),
        );
        const cloud: OpenFacts = { plan, queueUser, libvirtType, ownOptions };
        checkOwnOptions(release, { ...cloud, credentials: marks });
        const parent = { parent: this };
        const passwords = new Passwords(`${name}-password`, { ...settings, onGenerated }, parent);
        const pair = new HostPair(`${name}-hosts`, settings, parent);
        const networks = new Networks(
            `${name}-net`,
            { providers: pair.providers, connections: pair.connections, plan, uplinks: settings.uplinks },
            parent,
        );
        const goldens = this.goldens(name, settings, release, pair);

        const machines = Object.fromEntries(
            made.map(node => {
                const facts = plan.node(node);
                return [
                    node,
                    new Machine(
                        `${name}-${node}`,
                        {
                            node: facts,
                            power: settings.powerOf(node),
                            generation: settings.generationOf(node),
                            host: pair.connections[facts.host],
                            goldenRoot: settings.goldenRoot!,
                            idmap: idsOf(settings, node),
                            operatorKey: settings.operatorKey!,
                            kind: settings.kindOf(node),
                            provider: pair.providers[facts.host],
                            hypervisor: settings.hypervisor,
                            ...(node === dataNode && {
                                dataDiskMiB,
                                dataGeneration: settings.nodes[node]?.dataGeneration,
                            }),
                            ...sizes[node],
                            archive: { ...release.archive(settings), ...aptFacts(release, settings) },
                            ssh: release.ssh,
                            seed: release.seed,
                            golden: goldens[facts.host],
                            ...(facts.host === "compute" && {
                                devices: ["/dev/net/tun"],
                                nests: libvirtType === "kvm",
                            }),
                        },
                        { parent: this, dependsOn: [pair.clocks[facts.host], ...networks.running[facts.host]] },
                    ),
                ];
            }),
        ) as Partial<Record<NodeName, Machine>>;
        this.fill(name, machines, release, cloud, passwords, pair.connections.central, settings.image);
        passwords.allMade();

        this.nodes = pulumi
            .all(made.map(n => machines[n]!.connection))
            .apply(all => Object.fromEntries(made.map((n, i) => [n, all[i]!])));
        this.registerOutputs({ nodes: this.nodes });
    }

    /** What is in the machines that there are, and in the cloud, in the tutorial's order: each has what the ones before it give. */
    private fill(
        name: string,
        machines: Partial<Record<NodeName, Machine>>,
        release: Release,
        cloud: OpenFacts,
        passwords: Passwords,
        via: Connection,
        image: Settings["image"],
    ): void {
        const {
            "db-node": dbNode,
            "auth-node": authNode,
            "image-node": imageNode,
            "volume-node": volumeNode,
            "api-node": apiNode,
            "network-node": networkNode,
        } = machines;
        const parent = { parent: this },
            on = (machine: Machine) => ({ machine, release, cloud, passwords, store: dbNode!.resource });
        const { databases, queue } = new DatabaseNode(`${name}-db`, on(dbNode!), parent);
        if (!authNode) return;
        const {
            admin,
            ready: identity,
            ec2,
        } = new AuthNode(`${name}-auth`, { ...on(authNode), database: databases.keystone, via }, parent);
        const accounts = databases.keystone.incarnation,
            certificates = authNode.incarnation;
        if (imageNode)
            new ImageNode(
                `${name}-image`,
                {
                    ...on(imageNode),
                    database: databases.glance,
                    queue,
                    admin,
                    identity,
                    certificates,
                    ...(image && { image }),
                },
                parent,
            );
        if (volumeNode)
            new VolumeNode(
                `${name}-volume`,
                { ...on(volumeNode), database: databases.cinder, queue, identity, certificates },
                parent,
            );
        if (!apiNode) return;
        const database = databases.nova;
        const api = new ApiNode(
            `${name}-api`,
            { ...on(apiNode), database, queue, admin, identity, accounts, certificates, ...(ec2 && { ec2 }) },
            parent,
        );
        if (networkNode)
            new NetworkNode(
                `${name}-network`,
                { ...on(networkNode), after: api.ready, cells: api.schema, admin, api: api.usable, database, accounts },
                parent,
            );
        const computes = (["compute-1", "compute-2"] as const).flatMap(node =>
            machines[node] ? [{ node, machine: machines[node] }] : [],
        );
        const ready = computes.flatMap(
            ({ node, machine }) =>
                new ComputeNode(
                    `${name}-${node}-nova`,
                    { ...on(machine), node, after: api.usable, admin, database },
                    parent,
                ).ready,
        );
        if (computes.length > 0)
            api.discover(
                ready,
                pulumi.all(computes.map(c => c.machine.incarnation)).apply(all => all.join(" ")),
            );
    }

    /** What each host's virtual machines are made of: an image that it fetches itself, or what it has ready. */
    private goldens(name: string, settings: Settings, release: Release, pair: HostPair): Record<HostRole, Golden> {
        const image = settings.goldenImage ?? release.goldenImage;
        const goldenOf = (role: HostRole): Golden => {
            if (
                image === undefined ||
                settings.plan
                    .on(role)
                    .every(({ name: node }) => !settings.made.includes(node) || settings.kindOf(node) !== "vm")
            )
                return readyGolden;
            const args = { host: pair.connections[role], provider: pair.providers[role], ...image };
            return new GoldenImage(`${name}-golden-${role}`, args, { parent: this }).golden;
        };
        return { central: goldenOf("central"), compute: goldenOf("compute") };
    }
}

/** The cloud of a stack, under the name that every resource's begins with. */
export const cloudOf = (
    settings: Settings,
    opts?: pulumi.ComponentResourceOptions,
    onGenerated?: OnGenerated,
): TeamCloud => new TeamCloud("cloud", settings, opts, onGenerated);

/** @throws UserError when the first image's file is not the one that the configuration says, or no qcow2, which otherwise shows late */
async function checkImage({ image }: Settings): Promise<void> {
    if (!image) return;
    try {
        await measure(image.file, image.sha256, "qcow2");
    } catch (e) {
        throw new UserError(`image: ${messageOf(e)}; nothing was changed`);
    }
}

/** The whole program: the selected stack's configuration in, one cloud out. Run by index.ts and by the command line alike, which has to know what it must not show. */
export async function program(onGenerated?: OnGenerated): Promise<Record<string, unknown>> {
    // Where in the source each resource was made goes into the state with eleven paths of this machine, a quarter of its size.
    (pulumi.Resource as unknown as { callsites(): [] }).callsites = () => [];
    try {
        const configured = readStackSettings(
            pulumi.getStack(),
            ofProject(pulumi.getProject(), pulumi.runtime.allConfig()),
        );
        checkOperatorKey(configured);
        const settings = await withFirstImage(configured);
        writeKnownHosts(settings.knownHosts!, settings.hosts);
        await checkImage(settings);
        return { nodes: cloudOf(settings, {}, onGenerated).nodes };
    } catch (e) {
        // The engine shows the message of this class alone, without a stack.
        throw e instanceof UserError ? new pulumi.RunError(e.message) : e;
    }
}
