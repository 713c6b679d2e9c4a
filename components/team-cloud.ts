import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../clients/connection";
import { writeKnownHosts } from "../config/known-hosts";
import { type HostRole, hostRoles, type NodeName, nodeNames } from "../config/nodes";
import { dataNode, idsOf, type Settings } from "../config/settings";
import { ofProject, readStackSettings } from "../config/stack-settings";
import { measure } from "../providers/glance/image";
import { checkOperatorKey, releaseOf } from "../releases";
import { aptFacts } from "../releases/apt-facts";
import { checkOwnOptions } from "../releases/own-options";
import type { OpenFacts, Release } from "../releases/release";
import { messageOf, UserError } from "../system/errors";
import { withFirstImage } from "./first-image";
import { type Golden, GoldenImage, readyGolden } from "./golden-image";
import { HostPair } from "./host-pair";
import { Machine, type MachineArgs } from "./machine";
import { Members, refusedTo, withMembers } from "./members";
import { Networks } from "./networks";
import { ApiNode } from "./nodes/api-node";
import { AuthNode } from "./nodes/auth-node";
import { ComputeNode } from "./nodes/compute-node";
import { DatabaseNode, type NodeArgs } from "./nodes/database-node";
import { ImageNode } from "./nodes/image-node";
import { NetworkNode } from "./nodes/network-node";
import { VolumeNode } from "./nodes/volume-node";
import { OwnCommands } from "./own-commands";
import { marks, type OnGenerated, Passwords } from "./passwords";
import { registered } from "./registered";

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
        const release = releaseOf(settings.release);
        const cloud = factsOf(settings);
        checkOwnOptions(release, { ...cloud, credentials: marks });
        const parent = { parent: this };
        const passwords = new Passwords(`${name}-password`, { ...settings, onGenerated }, parent);
        const pair = new HostPair(`${name}-hosts`, settings, parent);
        const networks = new Networks(
            `${name}-net`,
            { providers: pair.providers, connections: pair.connections, plan: cloud.plan, uplinks: settings.uplinks },
            parent,
        );
        const machines = this.machines(name, settings, release, pair, networks);
        const inside = new Inside(name, { machines, release, cloud, passwords }, this);
        inside.fill(pair.connections.central, settings.image);
        passwords.allMade();
        this.letIn(name, settings, pair, machines);
        const own = this.ownCommands(name, settings, pair, machines, [networks, ...inside.parts]);
        inside.record(own);

        this.nodes = connectionsOf(machines, settings.made);
        this.registerOutputs({ nodes: this.nodes });
    }

    /** The machines that there are. */
    private machines(name: string, settings: Settings, release: Release, pair: HostPair, networks: Networks): Machines {
        const goldens = this.goldens(name, settings, release, pair);
        return Object.fromEntries(
            settings.made.map(node => {
                const { host } = settings.plan.node(node);
                const dependsOn = [pair.clocks[host], ...networks.running[host]];
                const args = machineArgs(node, settings, release, pair, goldens[host]);
                return [node, new Machine(`${name}-${node}`, args, { parent: this, dependsOn })];
            }),
        );
    }

    /** The members' keys, where root is not root of more than the team's own. */
    private letIn(name: string, settings: Settings, pair: HostPair, machines: Machines): void {
        const { members = [], made } = settings,
            closed = refusedTo(settings).map(({ machine }) => machine);
        if (members.length === 0) return;
        for (const role of hostRoles.filter(r => !closed.includes(r)))
            new Members(`${name}-${role}-members`, { connection: pair.connections[role], members }, { parent: this });
        for (const node of made.filter(n => !closed.includes(n))) {
            const { connection, resource, running, made: anew } = machines[node]!;
            new Members(
                `${name}-${node}-members`,
                { connection, members },
                { parent: this },
                { dependsOn: [running], deletedWith: resource, replaceWith: anew },
            );
        }
    }

    /** The stack's own commands, after everything of the program's. Returns those of nodes. */
    private ownCommands(
        name: string,
        { hosts, nodes, made, keyTexts = {} }: Settings,
        pair: HostPair,
        machines: Machines,
        dependsOn: pulumi.Resource[],
    ): Partial<Record<NodeName, OwnCommands>> {
        for (const role of hostRoles) {
            const { commands = [] } = hosts[role],
                args = { connection: pair.connections[role], commands, keyTexts };
            if (commands.length > 0) new OwnCommands(`${name}-${role}-own`, args, { parent: this, dependsOn });
        }
        const own: Partial<Record<NodeName, OwnCommands>> = {};
        for (const node of made) {
            const { commands = [] } = nodes[node] ?? {},
                { connection, resource, made: anew, ground } = machines[node]!;
            if (commands.length === 0) continue;
            ground?.expect(commands);
            own[node] = new OwnCommands(
                `${name}-${node}-own`,
                { connection, commands, keyTexts },
                { parent: this, dependsOn },
                { deletedWith: resource, replaceWith: anew },
            );
        }
        return own;
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

type Machines = Partial<Record<NodeName, Machine>>;

/** What releases are told of a stack; nothing of it is secret. */
function factsOf({ plan, queueUser, libvirtType, nodes, training }: Settings): OpenFacts {
    const ownOptions = Object.fromEntries(
        nodeNames.flatMap(node => (nodes[node]?.options ? [[node, nodes[node].options]] : [])),
    );
    return { plan, queueUser, libvirtType, ownOptions, training };
}

function machineArgs(
    node: NodeName,
    settings: Settings,
    release: Release,
    pair: HostPair,
    golden: Golden,
): MachineArgs {
    const facts = settings.plan.node(node);
    return {
        node: facts,
        power: settings.powerOf(node),
        generation: settings.generationOf(node),
        baseline: settings.baseline,
        host: pair.connections[facts.host],
        goldenRoot: settings.goldenRoot!,
        idmap: idsOf(settings, node),
        operatorKey: settings.operatorKey!,
        kind: settings.kindOf(node),
        provider: pair.providers[facts.host],
        hypervisor: settings.hypervisor,
        ...(node === dataNode && { dataDiskMiB, dataGeneration: settings.nodes[node]?.dataGeneration }),
        ...sizes[node],
        archive: { ...release.archive(settings), ...aptFacts(release, settings) },
        ssh: release.ssh,
        seed: release.seed,
        golden,
        ...(facts.host === "compute" && {
            devices: ["/dev/net/tun"],
            nests: settings.libvirtType === "kvm",
        }),
    };
}

function connectionsOf(machines: Machines, made: readonly NodeName[]): pulumi.Output<Record<string, Connection>> {
    return pulumi
        .all(made.map(n => machines[n]!.connection))
        .apply(all => Object.fromEntries(made.map((n, i) => [n, all[i]!])));
}

/** Identity as the other nodes need it, and the first node's databases and queue. */
interface Shared extends Pick<AuthNode, "admin" | "ec2"> {
    databases: DatabaseNode["databases"];
    queue: pulumi.Resource[];
    identity: pulumi.Resource[];
    /** Identity's database: what belongs to a user or a tenant is stored by its id in it. */
    accounts: pulumi.Output<string>;
    certificates: pulumi.Output<string>;
}

/** What is in the machines that there are, and in the cloud, in the tutorial's order: each has what the ones before it give. */
class Inside {
    private readonly parent: pulumi.ComponentResourceOptions;
    private readonly partOf = new Map<NodeName, pulumi.Resource>();
    /** What comes after the tables that other nodes make in db-node. */
    private readonly filled: pulumi.Resource[] = [];

    constructor(
        private readonly name: string,
        private readonly args: Omit<NodeArgs, "machine" | "store"> & { machines: Machines },
        parent: TeamCloud,
    ) {
        this.parent = { parent };
    }

    /** @param via the physical host that identity's API is reached from */
    fill(via: Connection, image: Settings["image"]): void {
        const shared = this.foundation(via);
        if (!shared) return;
        this.storage(shared, image);
        const api = this.api(shared);
        if (!api) return;
        this.filled.push(...api.schema);
        this.network(shared, api);
        this.computes(shared, api);
    }

    /** What is in each of them. */
    get parts(): pulumi.Resource[] {
        return [...this.partOf.values()];
    }

    /** Records what is right in each of them, when all is in it. */
    record(own: Partial<Record<NodeName, pulumi.Resource>>): void {
        for (const [node, part] of this.partOf)
            this.args.machines[node]!.ground?.end([
                part,
                ...(own[node] ? [own[node]] : []),
                ...(node === "db-node" ? this.filled : []),
            ]);
    }

    private made<Part extends pulumi.Resource>(node: NodeName, part: Part): Part {
        this.partOf.set(node, part);
        return part;
    }

    private on(machine: Machine): NodeArgs {
        const { machines, ...rest } = this.args;
        return { machine, ...rest, store: machines["db-node"]!.resource };
    }

    /** Databases, queue and identity; nothing else can be without them. */
    private foundation(via: Connection): Shared | undefined {
        const { "db-node": dbNode, "auth-node": authNode } = this.args.machines;
        const { databases, queue } = this.made(
            "db-node",
            new DatabaseNode(`${this.name}-db`, this.on(dbNode!), this.parent),
        );
        if (!authNode) return;
        const { admin, ready, ec2 } = this.made(
            "auth-node",
            new AuthNode(`${this.name}-auth`, { ...this.on(authNode), database: databases.keystone, via }, this.parent),
        );
        this.filled.push(...ready);
        return {
            databases,
            queue,
            admin,
            identity: ready,
            ...(ec2 && { ec2 }),
            accounts: databases.keystone.incarnation,
            certificates: authNode.incarnation,
        };
    }

    /** Images and volumes. */
    private storage(shared: Shared, image: Settings["image"]): void {
        const { "image-node": imageNode, "volume-node": volumeNode } = this.args.machines,
            { databases, queue, admin, identity, certificates } = shared;
        if (imageNode) {
            const { ready } = this.made(
                "image-node",
                new ImageNode(
                    `${this.name}-image`,
                    {
                        ...this.on(imageNode),
                        database: databases.glance,
                        queue,
                        admin,
                        identity,
                        certificates,
                        ...(image && { image }),
                    },
                    this.parent,
                ),
            );
            this.filled.push(...ready);
        }
        if (volumeNode) {
            const { ready } = this.made(
                "volume-node",
                new VolumeNode(
                    `${this.name}-volume`,
                    { ...this.on(volumeNode), database: databases.cinder, queue, identity, certificates },
                    this.parent,
                ),
            );
            this.filled.push(...ready);
        }
    }

    private api({ databases, queue, admin, identity, accounts, certificates, ec2 }: Shared): ApiNode | undefined {
        const machine = this.args.machines["api-node"];
        if (!machine) return;
        return this.made(
            "api-node",
            new ApiNode(
                `${this.name}-api`,
                {
                    ...this.on(machine),
                    database: databases.nova,
                    queue,
                    admin,
                    identity,
                    accounts,
                    certificates,
                    ...(ec2 && { ec2 }),
                },
                this.parent,
            ),
        );
    }

    private network({ databases, admin, accounts }: Shared, { ready, schema, usable }: ApiNode): void {
        const machine = this.args.machines["network-node"];
        if (!machine) return;
        this.made(
            "network-node",
            new NetworkNode(
                `${this.name}-network`,
                {
                    ...this.on(machine),
                    after: ready,
                    cells: schema,
                    admin,
                    api: usable,
                    database: databases.nova,
                    accounts,
                },
                this.parent,
            ),
        );
    }

    private computes({ databases, admin }: Shared, api: ApiNode): void {
        const computes = (["compute-1", "compute-2"] as const).flatMap(node => {
            const machine = this.args.machines[node];
            return machine ? [{ node, machine }] : [];
        });
        const nodes = computes.map(({ node, machine }) =>
            this.made(
                node,
                new ComputeNode(
                    `${this.name}-${node}-nova`,
                    { ...this.on(machine), node, after: api.usable, admin, database: databases.nova },
                    this.parent,
                ),
            ),
        );
        if (nodes.length > 1) for (const node of nodes) node.trust(nodes.filter(other => other !== node));
        if (computes.length > 0)
            api.discover(
                nodes.flatMap(node => node.ready),
                pulumi.all(computes.map(c => c.machine.incarnation)).apply(all => all.join(" ")),
            );
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
        const configured = withMembers(
            pulumi.getStack(),
            readStackSettings(pulumi.getStack(), ofProject(pulumi.getProject(), pulumi.runtime.allConfig())),
        );
        checkOperatorKey(configured);
        const settings = await withFirstImage(configured);
        writeKnownHosts(settings.knownHosts!, settings.hosts);
        await checkImage(settings);
        return await registered(async () => ({ nodes: cloudOf(settings, {}, onGenerated).nodes }));
    } catch (e) {
        // The engine shows the message of this class alone, without a stack.
        throw e instanceof UserError ? new pulumi.RunError(e.message) : e;
    }
}
