import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../clients/connection";
import { HostRole, NodeName, nodeNames } from "../config/nodes";
import type { Settings } from "../config/settings";
import { ofProject, readStackSettings } from "../config/stack-settings";
import { measure } from "../providers/glance/image";
import { checkOperatorKey, releaseOf } from "../releases";
import { checkOwnOptions } from "../releases/own-options";
import type { OpenFacts, Release } from "../releases/release";
import { messageOf, UserError } from "../system/errors";
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
const sizes: Readonly<Record<NodeName, { memoryMiB: number; cpus: number }>> = {
    "db-node": { memoryMiB: 1024, cpus: 1 }, "auth-node": { memoryMiB: 768, cpus: 1 }, "image-node": { memoryMiB: 768, cpus: 1 },
    "volume-node": { memoryMiB: 2048, cpus: 2 }, "api-node": { memoryMiB: 2048, cpus: 1 }, "network-node": { memoryMiB: 768, cpus: 1 },
    "compute-1": { memoryMiB: 2048, cpus: 2 }, "compute-2": { memoryMiB: 2048, cpus: 2 },
};

/** One team's OpenStack cloud on its pair of physical hosts: eight machines, what is in them, and what is in the cloud. */
export class TeamCloud extends pulumi.ComponentResource {
    /** How each node is reached. */
    readonly nodes: pulumi.Output<Record<string, Connection>>;

    /** @param onGenerated told of passwords that only the stack knows */
    constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions, onGenerated?: OnGenerated) {
        super("classroom:index:TeamCloud", name, {}, opts);
        const { plan, queueUser, libvirtType } = settings;
        const release = releaseOf(settings.release);
        const ownOptions = Object.fromEntries(nodeNames.flatMap(node => settings.nodes[node]?.options ? [[node, settings.nodes[node].options]] : []));
        const cloud: OpenFacts = { plan, queueUser, libvirtType, ownOptions };
        checkOwnOptions(release, { ...cloud, credentials: marks });
        const parent = { parent: this };
        const passwords = new Passwords(`${name}-password`, { ...settings, onGenerated }, parent);
        const pair = new HostPair(`${name}-hosts`, settings, parent);
        const networks = new Networks(`${name}-net`, { providers: pair.providers, connections: pair.connections, plan }, parent);
        const via = pair.connections.central;
        const goldens = this.goldens(name, settings, release, pair);

        const machines = Object.fromEntries(nodeNames.map(node => {
            const facts = plan.node(node);
            return [node, new Machine(`${name}-${node}`, {
                node: facts, power: settings.powerOf(node), host: pair.connections[facts.host], goldenRoot: settings.goldenRoot!, operatorKey: settings.operatorKey!,
                kind: settings.kindOf(node), provider: pair.providers[facts.host], hypervisor: settings.hypervisor, ...(node === "volume-node" && { dataDiskGiB: 2 }),
                ...sizes[node], archive: release.archive(settings),
                ssh: release.ssh, seed: release.seed, golden: goldens[facts.host], ...(facts.host === "compute" && { devices: ["/dev/net/tun"] }),
            }, { parent: this, dependsOn: networks.running[facts.host] })];
        })) as unknown as Record<NodeName, Machine>;
        const on = (node: NodeName) => ({ machine: machines[node], release, cloud, passwords, store: machines["db-node"].resource });

        const db = new DatabaseNode(`${name}-db`, on("db-node"), parent);
        const auth = new AuthNode(`${name}-auth`, { ...on("auth-node"), database: db.databases.keystone, via }, parent);
        const identity = [...auth.ready, ...auth.catalogue];
        const { admin } = auth;
        new ImageNode(`${name}-image`, { ...on("image-node"), database: db.databases.glance, queue: db.queue, admin, identity, ...(settings.image && { image: settings.image }) }, parent);
        new VolumeNode(`${name}-volume`, { ...on("volume-node"), database: db.databases.cinder, queue: db.queue }, parent);
        const api = new ApiNode(`${name}-api`, { ...on("api-node"), database: db.databases.nova, queue: db.queue, admin, identity, ...(auth.ec2 && { ec2: auth.ec2 }) }, parent);
        new NetworkNode(`${name}-network`, { ...on("network-node"), after: api.ready, admin, api: [...api.ready, ...identity] }, parent);
        const computes = (["compute-1", "compute-2"] as const).map(node =>
            new ComputeNode(`${name}-${node}-nova`, { ...on(node), node, after: [...api.ready, ...identity], admin }, parent));
        api.discover(computes.flatMap(c => c.ready), pulumi.all((["compute-1", "compute-2"] as const).map(n => machines[n].incarnation)).apply(all => all.join(" ")));
        passwords.allMade();

        this.nodes = pulumi.all(nodeNames.map(n => machines[n].connection)).apply(all => Object.fromEntries(nodeNames.map((n, i) => [n, all[i]!])));
        this.registerOutputs({ nodes: this.nodes });
    }

    /** What each host's virtual machines are made of: an image that it fetches itself, or what it has ready. */
    private goldens(name: string, settings: Settings, release: Release, pair: HostPair): Record<HostRole, Golden> {
        const url = settings.goldenImage?.url ?? release.goldenImage?.url;
        const goldenOf = (role: HostRole): Golden => {
            if (url === undefined || settings.plan.on(role).every(node => settings.kindOf(node.name) !== "vm")) return readyGolden;
            const image = { host: pair.connections[role], provider: pair.providers[role], url, sha256: settings.goldenImage?.sha256 ?? "" };
            return new GoldenImage(`${name}-golden-${role}`, image, { parent: this }).golden;
        };
        return { central: goldenOf("central"), compute: goldenOf("compute") };
    }
}

/** The cloud of a stack, under the name that every resource's begins with. */
export const cloudOf = (settings: Settings, opts?: pulumi.ComponentResourceOptions, onGenerated?: OnGenerated): TeamCloud => new TeamCloud("cloud", settings, opts, onGenerated);

/** @throws UserError when the first image's file is not the one that the configuration says, which otherwise shows late */
async function checkImage({ image }: Settings): Promise<void> {
    if (!image) return;
    try { await measure(image.file, image.sha256); } catch (e) { throw new UserError(`image: ${messageOf(e)}; nothing was changed`); }
}

/** The whole program: the selected stack's configuration in, one cloud out. Run by index.ts and by the command line alike, which has to know what it must not show. */
export async function program(onGenerated?: OnGenerated): Promise<Record<string, unknown>> {
    // Where in the source each resource was made goes into the state with eleven paths of this machine, a quarter of its size.
    (pulumi.Resource as unknown as { callsites(): [] }).callsites = () => [];
    try {
        const settings = readStackSettings(pulumi.getStack(), ofProject(pulumi.getProject(), pulumi.runtime.allConfig()));
        checkOperatorKey(settings);
        await checkImage(settings);
        return { nodes: cloudOf(settings, {}, onGenerated).nodes };
    } catch (e) {
        // The engine shows the message of this class alone, without a stack.
        throw e instanceof UserError ? new pulumi.RunError(e.message) : e;
    }
}
