import { Cidr } from "./cidr";
import { type HostRole, type NetworkName, type NodeName, nodeNames, nodes } from "./nodes";
import { usualMtu } from "./uplinks";

/** The networks of a stack; the tutorial's are the defaults (N1–N4, W2, W3). */
export interface NetworkRanges {
    nat: string;
    internal: string;
    public: string;
    /** Addresses of instances (W2). */
    fixed: string;
    /** Public addresses that instances get (W3); part of `public`. */
    floating: string;
}

export const tutorialRanges: NetworkRanges = {
    nat: "192.168.122.0/24",
    internal: "10.0.0.0/24",
    public: "172.16.0.0/16",
    fixed: "10.99.0.0/22",
    floating: "172.16.1.0/24",
};

/** Addresses of instances in the network that nova makes of the fixed range: its option network_size (W1). */
export const networkSize = 1022;

/** One network card of a node. */
interface Interface {
    /** `eth0`, `eth1`, … as the tutorial counts them. */
    device: string;
    network: NetworkName;
    mac: string;
    /** Absent on the OpenStack-private network (N4). */
    address?: string;
    netmask?: string;
    /** Largest frame that its network carries; absent where that is the usual 1500. */
    mtu?: number;
}

/** A node's addresses and names. */
export interface NodePlan {
    name: NodeName;
    host: HostRole;
    interfaces: readonly Interface[];
    /** On the NAT network: where its physical host reaches it by ssh (N1). */
    natAddress: string;
    /** Where the cloud's services reach it (N2). */
    internalAddress: string;
    /** Absent on the compute nodes (N3). */
    publicAddress?: string;
    /** `<node>.example.org`; absent on the compute nodes (N3). */
    publicName?: string;
}

/** Every address, MAC address and name of a stack: a function of its ranges and its number alone. */
export class AddressPlan {
    private readonly byName: ReadonlyMap<NodeName, NodePlan>;

    /**
     * @param stackNumber 1–10 for the teams, 0 for the lab: makes MAC addresses differ where two stacks share a wire
     * @param mtus of networks that carry other frames than the usual ones
     * @throws Error from {@link problems}' first line
     */
    constructor(
        readonly stackNumber: number,
        readonly ranges: NetworkRanges = tutorialRanges,
        private readonly mtus: Partial<Record<NetworkName, number>> = {},
        readonly domain = "example.org",
    ) {
        const [first] = problems(ranges);
        if (first) throw new Error(`${first.key}: ${first.reason}`);
        this.byName = new Map(nodeNames.map(name => [name, this.plan(name)]));
    }

    node(name: NodeName): NodePlan {
        return this.byName.get(name)!;
    }

    get all(): NodePlan[] {
        return [...this.byName.values()];
    }

    on(host: HostRole): NodePlan[] {
        return this.all.filter(node => node.host === host);
    }

    /** The n-th address of the instances' network (W1). */
    fixedAddress(n: number): string {
        return Cidr.parse(this.ranges.fixed).address(n);
    }

    /** Lines of an /etc/hosts that knows the private and the public name of every node (H3). */
    hostsEntries(): { address: string; names: string[] }[] {
        return this.all.flatMap(node => [
            { address: node.internalAddress, names: [node.name] },
            ...(node.publicAddress ? [{ address: node.publicAddress, names: [node.publicName!] }] : []),
        ]);
    }

    private plan(name: NodeName): NodePlan {
        const { host, octet, networks } = nodes[name];
        const interfaces = networks.map((network, index): Interface => {
            const card = { device: `eth${index}`, network, mac: this.mac(index, octet) };
            if (network === "private") return card;
            const range = Cidr.parse(this.ranges[network]);
            const mtu = this.mtus[network] ?? usualMtu;
            return { ...card, address: range.address(octet), netmask: range.netmask, ...(mtu !== usualMtu && { mtu }) };
        });
        const addressOn = (network: NetworkName) => interfaces.find(card => card.network === network)?.address;
        const publicAddress = addressOn("public");
        return {
            name,
            host,
            interfaces,
            natAddress: addressOn("nat")!,
            internalAddress: addressOn("internal")!,
            ...(publicAddress ? { publicAddress, publicName: `${name}.${this.domain}` } : {}),
        };
    }

    /** 52:54:00 is QEMU's prefix; then stack, card and node. */
    private mac(card: number, octet: number): string {
        return ["52", "54", "00", ...[this.stackNumber, card, octet].map(n => n.toString(16).padStart(2, "0"))].join(
            ":",
        );
    }
}

/** A mistake in a range: its key, and the value with the allowed ones. */
interface Problem {
    key: keyof NetworkRanges;
    reason: string;
}

/** Ranges without those that are no network. */
type Parsed = Readonly<Partial<Record<keyof NetworkRanges, Cidr>>>;

/** The mistakes of a set of ranges: key, value, allowed values. */
export function problems(ranges: NetworkRanges): Problem[] {
    const found: Problem[] = [];
    const parsed: Partial<Record<keyof NetworkRanges, Cidr>> = {};
    for (const key of Object.keys(tutorialRanges) as (keyof NetworkRanges)[]) {
        try {
            parsed[key] = Cidr.parse(ranges[key]);
        } catch (e) {
            found.push({ key, reason: (e as Error).message });
        }
    }
    return [
        ...found,
        ...tooSmallForNodes(parsed),
        ...overlapping(parsed),
        ...fixedOfOtherSize(parsed),
        ...floatingTooSmall(parsed),
        ...floatingElsewhere(parsed),
    ];
}

const highestOctet = Math.max(...nodeNames.map(name => nodes[name].octet));

const tooSmallForNodes = (parsed: Parsed): Problem[] =>
    (["nat", "internal", "public"] as const).flatMap(key => {
        const range = parsed[key];
        return range && range.size <= highestOctet + 1
            ? [{ key, reason: `${range} is too small: nodes have the addresses up to number ${highestOctet}` }]
            : [];
    });

/** Each range that overlaps one before it. */
const overlapping = (parsed: Parsed): Problem[] =>
    (["nat", "internal", "public", "fixed"] as const).flatMap((key, i, all) =>
        all.slice(0, i).flatMap(other => {
            const [range, otherRange] = [parsed[key], parsed[other]];
            return range && otherRange && range.overlaps(otherRange)
                ? [{ key, reason: `${range} overlaps the network "${other}" (${otherRange})` }]
                : [];
        }),
    );

const fixedOfOtherSize = ({ fixed }: Parsed): Problem[] =>
    fixed && fixed.size !== networkSize + 2
        ? [
              {
                  key: "fixed",
                  reason: `${fixed} has ${fixed.size} addresses; allowed is a /22: nova makes a network of ${networkSize} addresses of it (network_size)`,
              },
          ]
        : [];

const floatingTooSmall = ({ floating }: Parsed): Problem[] =>
    floating && floating.size < 4
        ? [{ key: "floating", reason: `${floating} is too small: nova takes ranges of at least 4 addresses, a /30` }]
        : [];

/** The floating range has to be in the public network, and beside the nodes' addresses there. */
function floatingElsewhere({ floating, public: publicRange }: Parsed): Problem[] {
    if (!floating || !publicRange) return [];
    if (!publicRange.includes(floating))
        return [{ key: "floating", reason: `${floating} is not inside the public network ${publicRange}` }];
    // One that is too small for the nodes is told as that.
    if (publicRange.size <= highestOctet) return [];
    const taken = nodeNames
        .filter(name => nodes[name].networks.includes("public"))
        .map(name => ({ name, address: publicRange.address(nodes[name].octet) }))
        .find(({ address }) => floating.contains(address));
    return taken
        ? [{ key: "floating", reason: `${floating} holds ${taken.address}, the address of ${taken.name}` }]
        : [];
}
