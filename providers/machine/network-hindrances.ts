import { type Answer, lines, list, text, yesOrNo } from "../../clients/answer";
import { quote, quoteWords } from "../../clients/ssh";
import { Cidr, prefixOf } from "../../config/cidr";
import { usualMtu } from "../../config/uplinks";
import type { Hindrance } from "./hindrance";
import { lostRules, reloadShell, rulesShell } from "./libvirt-rules";

/** A guest's card on the host. */
export interface Card {
    guest: string;
    device: string;
}

/** What libvirt says of a network. */
interface Definition {
    network: string;
    mode: string;
    bridge: string;
    mtu?: number;
    /** The host's own in it. */
    address?: { own: string; prefix: number; range: Cidr };
    /** Whether libvirt gives out addresses or names in it. */
    dnsmasq: boolean;
}

/** @param xml `virsh net-dumpxml` */
export function definitionOf(network: string, xml: string): Definition {
    const first = (pattern: RegExp): string | undefined => pattern.exec(xml)?.[1],
        [, own, mask] = /<ip [^>]*address='([\d.]+)'[^>]*(?:netmask|prefix)='([\d.]+)'/.exec(xml) ?? [],
        mtu = first(/<mtu size='(\d{1,5})'/);
    const prefix = prefixOf(mask ?? "");
    return {
        network,
        mode: first(/<forward [^>]*mode='([a-z-]+)'/) ?? "none",
        bridge: first(/<bridge [^>]*name='([A-Za-z0-9_.-]+)'/) ?? "",
        ...(mtu && { mtu: Number(mtu) }),
        ...(own && { address: { own, prefix, range: Cidr.holding(own, prefix) } }),
        dnsmasq: own !== undefined && (xml.includes("<dhcp>") || !/<dns [^>]*enable='no'/.test(xml)),
    };
}

/** Of a bridge, a card, or another port: name, flags, MTU, whether it has a carrier; of a port, what the bridge does with it. */
const linkLine = /(\S{1,15}) 0x([0-9a-f]{1,8}) (\d{1,10}) ([01]) ([0-9-]) ([01-]) ([01-])/;

export const hindranceFields = {
    link: list(text(linkLine)),
    /** Whether the bridge takes part in a spanning tree now. */
    tree: yesOrNo,
    addresses: text(),
    routes: text(),
    sinks: text(),
    policies: text(),
    neighbours: text(),
    queues: text(),
    filter: list(text()),
    unplugged: lines(/(\S{1,15})/),
    forwards: text(/[01] [01]/),
    dnsmasq: list(text(/\d{1,10} \S/)),
    rules: text(),
    newer: yesOrNo,
    native: text(),
};
type Said = Answer<typeof hindranceFields>;

/**
 * Answers with {@link hindranceFields} about the network $network and its bridge $bridge: $c has its guests' cards, a line each with
 * guest, card and driver; $p its bridge's ports.
 */
export const hindranceShell = `set -f
link() {
    d=/sys/class/net/$1; k=0; b="- - -"
    { read -r f < "$d/flags" && read -r m < "$d/mtu"; } 2> /dev/null || return 0
    { read -r k < "$d/carrier"; } 2> /dev/null || k=0
    ! { read -r s < "$d/brport/state" && read -r i < "$d/brport/isolated" && read -r o < "$d/brport/broadcast_flood"; } 2> /dev/null || b="$s $i $o"
    say link "$1 $f $m $k $b"
}
some() { "$@" 2> /dev/null | awk 'length($0) < 1000 && n++ < 1000'; }
ours=$(printf '%s\\n' "$bridge" "$p"; printf '%s\\n' "$c" | awk '{ print $2 }')
ours=$(printf '%s\\n' "$ours" | awk 'NF && !n[$0]++')
for o in $ours; do link "$o"; done
t=0; { read -r t < "/sys/class/net/$bridge/bridge/stp_state"; } 2> /dev/null || t=0
if [ "$t" = 0 ]; then say tree no; else say tree yes; fi
a=$(some ip -o -4 addr show dev "$bridge") || a=; say addresses "$a"
a=$(some ip -4 route show dev "$bridge") || a=; say routes "$a"
a=$(for t in blackhole unreachable prohibit throw; do some ip -4 route show type $t; done) || a=; say sinks "$a"
a=$(some ip -4 rule show) || a=; say policies "$a"
a=$(some ip -4 neigh show dev "$bridge" nud permanent) || a=; say neighbours "$a"
q=$(some tc qdisc show) || q=; say queues "$q"
for o in $ours; do
    printf '%s\\n' "$q" | grep -q "^qdisc \\(ingress\\|clsact\\) .* dev $o " || continue
    a=$({ tc filter show dev "$o" ingress; tc filter show dev "$o" egress; } 2> /dev/null | tr '\\n' ' ' | cut -c 1-2000) || a=
    say filter "$o $a"
done
a=$(printf '%s\\n' "$c" | sed -n 's/^\\([^ ]*\\) \\([^ ]*\\) qemu$/echo card \\2; domif-getlink \\1 \\2;/p')
[ -z "$a" ] || a=$(virsh -c qemu:///system "$a" 2> /dev/null | awk '$1 == "card" { d = $2 } $2 == "down" { print d }') || a=
say unplugged "$a"
f=$(cat /proc/sys/net/ipv4/ip_forward)
k=$(cat "/proc/sys/net/ipv4/conf/$bridge/forwarding" 2> /dev/null) || k=$f
say forwards "$f $k"
set +f
for p in $(grep -lx dnsmasq /proc/[0-9]*/comm 2> /dev/null); do
    p=\${p%/comm}; p=\${p##*/}
    tr '\\0' '\\n' < /proc/$p/cmdline 2> /dev/null | grep -qxF -e "--conf-file=/var/lib/libvirt/dnsmasq/$network.conf" || continue
    s=$(sed 's/.*) \\(.\\).*/\\1/' /proc/$p/stat 2> /dev/null) || continue
    say dnsmasq "$p $s"
done
${rulesShell}`;

/** An interface of the network's on its host. */
interface Link {
    name: string;
    up: boolean;
    /** Whether it asks for others' hardware addresses. */
    arp: boolean;
    mtu: number;
    carrier: boolean;
    port?: { state: string; isolated: boolean; floods: boolean };
}

const [UP, NOARP] = [0x1, 0x80];

function linkOf(line: string): Link {
    const [, name, flags, mtu, carrier, state, isolated, floods] = linkLine.exec(line)!,
        bits = parseInt(flags!, 16);
    return {
        name: name!,
        up: (bits & UP) !== 0,
        arp: (bits & NOARP) === 0,
        mtu: Number(mtu),
        carrier: carrier === "1",
        ...(state !== "-" && { port: { state: state!, isolated: isolated === "1", floods: floods !== "0" } }),
    };
}

/** All that is known of a network that runs. */
interface Found {
    definition: Definition;
    cards: readonly Card[];
    /** The ports that lead out of its bridge when it was recorded, where the bridge is the host's own. */
    ways?: readonly string[];
    said: Said;
}

/** A network's parts, by what they are. */
class Parts {
    readonly links: readonly Link[];
    readonly bridge: Link | undefined;
    readonly cards: readonly (Link & { guest: string })[];
    /** Ports that are no guest's. */
    readonly ports: readonly Link[];
    /** Whose bridge it is: libvirt's, that of an uplink which the program made, or the host's. */
    readonly owner: "libvirt" | "uplink" | "host";

    constructor(readonly found: Found) {
        const { definition, cards, said } = found,
            guestOf = new Map(cards.map(({ guest, device }) => [device, guest]));
        this.links = said.link.map(linkOf);
        this.bridge = this.links.find(({ name }) => name === definition.bridge);
        this.cards = this.links.flatMap(link => {
            const guest = guestOf.get(link.name);
            return guest === undefined ? [] : [{ ...link, guest }];
        });
        this.ports = this.links.filter(
            ({ name, port }) => name !== definition.bridge && !guestOf.has(name) && port && !isGuests(name),
        );
        this.owner =
            definition.mode !== "bridge"
                ? "libvirt"
                : definition.bridge === `br-up-${definition.network}`
                  ? "uplink"
                  : "host";
    }

    get bridgeWords(): string {
        return `the bridge ${this.found.definition.bridge} of this host`;
    }

    /** An interface in words; undefined for one that is none of the network's. */
    words(name: string): string | undefined {
        const { bridge } = this.found.definition,
            card = this.cards.find(c => c.name === name);
        if (card) return cardWords(card);
        if (name === bridge) return this.bridgeWords;
        return this.ports.some(p => p.name === name) ? `the port ${name} of ${this.bridgeWords}` : undefined;
    }

    /** Whether it is there for the cloud alone. */
    isOwn(name: string): boolean {
        if (this.ports.some(p => p.name === name)) return this.owner === "uplink";
        return name !== this.found.definition.bridge || this.owner !== "host";
    }
}

/** As libvirt names cards of guests: of those that stop or start just now, too. */
const isGuests = (port: string): boolean => /^(vnet|veth|tap)\d/.test(port);
const cardWords = ({ guest, name }: { guest: string; name: string }): string => `${guest}'s card ${name} on this host`;

/** What keeps a network that runs from carrying what its guests send. */
export function networkHindrances(found: Found): Hindrance[] {
    const parts = new Parts(found);
    if (!parts.bridge) return goneBridge(parts);
    return [
        ...cardHindrances(parts),
        ...bridgeHindrances(parts, parts.bridge),
        ...wayHindrances(parts),
        ...queueHindrances(parts),
        ...addressHindrances(parts),
        ...serviceHindrances(parts),
    ];
}

/** One of libvirt's own comes back with its network; the cards are put in afterwards. */
const goneBridge = ({ bridgeWords, owner, found: { definition } }: Parts): Hindrance[] =>
    owner === "uplink"
        ? []
        : [
              {
                  words: `${bridgeWords} is gone`,
                  ...(owner === "libvirt" && {
                      mend: ["net-destroy", "net-start"]
                          .map(verb => `virsh -q -c qemu:///system ${verb} ${quote(definition.network)}`)
                          .join("; "),
                  }),
              },
          ];

/** The frames that guests may send: those of the plan, or fewer bytes where an uplink carries no more. */
function wantedMtu({ found: { definition }, owner, ports, bridge }: Parts): number {
    if (owner === "libvirt") return definition.mtu ?? usualMtu;
    return Math.min(usualMtu, ...(ports.length > 0 ? ports.map(({ mtu }) => mtu) : [bridge!.mtu]));
}

function cardHindrances(parts: Parts): Hindrance[] {
    const mtu = wantedMtu(parts),
        { unplugged, tree } = parts.found.said,
        pulled = new Set(unplugged.flat());
    return parts.cards.flatMap(card => {
        const what = cardWords(card),
            device = quote(card.name),
            when = (is: boolean, words: string, mend: string): Hindrance[] =>
                is ? [{ words: `${what} ${words}`, mend }] : [];
        return [
            ...when(!card.up, "is down", `ip link set ${device} up`),
            ...when(
                pulled.has(card.name),
                "is unplugged",
                `virsh -q -c qemu:///system domif-setlink ${quote(card.guest)} ${device} up`,
            ),
            ...when(card.mtu < mtu, `has MTU ${card.mtu} instead of ${mtu}`, `ip link set ${device} mtu ${mtu}`),
            ...portHindrances(what, card, tree),
        ];
    });
}

/** What a bridge does with one of its ports. */
function portHindrances(what: string, { name, up, carrier, port }: Link, tree: boolean): Hindrance[] {
    if (!port) return [];
    const set = (setting: string) => `bridge link set dev ${quote(name)} ${setting}`;
    return [
        ...(port.isolated ? [{ words: `${what} is isolated from the other ports`, mend: set("isolated off") }] : []),
        ...(port.floods ? [] : [{ words: `${what} gets no broadcasts`, mend: set("bcast_flood on") }]),
        // Without a carrier, or with a spanning tree, it is so by itself.
        ...(up && carrier && !tree && port.state !== "3"
            ? [{ words: `${what} is blocked by its bridge`, mend: set("state 3") }]
            : []),
    ];
}

function bridgeHindrances(parts: Parts, { name, up, arp, mtu }: Link): Hindrance[] {
    // The resource that made it tells of it.
    if (parts.owner === "uplink") return [];
    const what = parts.bridgeWords,
        wanted = wantedMtu(parts),
        device = quote(name);
    // A bridge follows the smallest of its ports.
    const follows = [...parts.cards, ...parts.ports].some(port => port.mtu === mtu),
        other = parts.owner === "libvirt" ? mtu !== wanted : mtu < wanted;
    return [
        ...(up ? [] : [{ words: `${what} is down`, mend: `ip link set ${device} up` }]),
        ...(arp ? [] : [{ words: `${what} does not ask for addresses (NOARP)`, mend: `ip link set ${device} arp on` }]),
        ...(other && !follows
            ? [{ words: `${what} has MTU ${mtu} instead of ${wanted}`, mend: `ip link set ${device} mtu ${wanted}` }]
            : []),
    ];
}

/** Where the bridge is the host's own: one of its ways out is there and up. */
function wayHindrances(parts: Parts): Hindrance[] {
    const { ports, owner, found, bridgeWords } = parts;
    if (owner !== "host") return [];
    if (ports.length > 0)
        return ports.some(({ up }) => up)
            ? []
            : ports.map(({ name }) => ({
                  words: `${parts.words(name)} is down`,
                  mend: `ip link set ${quote(name)} up`,
              }));
    return (found.ways ?? []).map(way => ({
        words: `${bridgeWords} lacks its port ${way}`,
        mend: `ip link set ${quote(way)} master ${quote(found.definition.bridge)} up`,
    }));
}

/** The ways out of a bridge of the host's own, to be recorded. */
export function waysOf(found: Found): string[] {
    const { owner, ports } = new Parts(found);
    return owner === "host" ? ports.map(({ name }) => name) : [];
}

/** The queues that the kernel or an administrator gives any interface. */
const USUAL_QUEUE = /^(noqueue|pfifo_fast|pfifo|bfifo|mq|fq|fq_codel|codel|cake|sfq|noop|ingress|clsact)$/;
/** What libvirt since 10.10 gives a bridge of its own, for its rules. */
const LIBVIRTS_QUEUE = /^htb 1:/;

/** Traffic control: any on what is there for the cloud alone; elsewhere what nobody has but for a trial. */
function queueHindrances(parts: Parts): Hindrance[] {
    const { queues, filter } = parts.found.said,
        { bridge } = parts.found.definition;
    const roots = queues.split("\n").flatMap(line => {
        const [, kind, handle, device, rest] =
                /^qdisc (\S+) (\S+) dev (\S+) root (?:refcnt \d+ )?(.*)$/.exec(line) ?? [],
            what = device && parts.words(device);
        if (!what || USUAL_QUEUE.test(kind!) || (kind !== "netem" && !parts.isOwn(device))) return [];
        if (device === bridge && LIBVIRTS_QUEUE.test(`${kind} ${handle}`)) return [];
        return [
            {
                words: `${what} has traffic control: ${kind} ${rest}`.trim(),
                mend: `tc qdisc del dev ${quote(device)} root`,
            },
        ];
    });
    const drops = filter.flatMap(line => {
        const device = line.split(" ")[0]!,
            what = parts.words(device);
        if (!what || !/\b(drop|shot|police|netem|mirred)\b/.test(line)) return [];
        return [
            {
                words: `${what} has traffic control: a filter that drops or turns away`,
                mend: `tc qdisc del dev ${quote(device)} ingress 2> /dev/null || tc qdisc del dev ${quote(device)} clsact`,
            },
        ];
    });
    return [...roots, ...drops];
}

/** The host's own address in the network, and its way to the nodes. */
function addressHindrances(parts: Parts): Hindrance[] {
    const { definition, said } = parts.found,
        { address, bridge } = definition,
        device = quote(bridge);
    if (!address) return [];
    const { own, prefix, range } = address,
        whole = `${own}/${prefix}`;
    if (!said.addresses.split("\n").some(line => line.includes(` inet ${whole} `)))
        return [
            {
                words: `${parts.bridgeWords} lacks its address ${whole}`,
                mend: `ip addr add ${whole} brd + dev ${device}`,
            },
        ];
    const routed = said.routes.split("\n").some(line => line.startsWith(`${range} `));
    return [
        ...(routed || !parts.bridge!.up
            ? []
            : [
                  {
                      words: `this host has no route to ${range} over the bridge ${bridge}`,
                      mend: `ip -4 route add ${range} dev ${device} proto kernel scope link src ${own}`,
                  },
              ]),
        ...sinkHindrances(said, range),
        ...said.neighbours.split("\n").flatMap(line => {
            const [, neighbour] = /^(\d+\.\d+\.\d+\.\d+) .*\blladdr\b/.exec(line) ?? [];
            return neighbour === undefined
                ? []
                : [
                      {
                          words: `${parts.bridgeWords} has a fixed neighbour: ${line.trim()}`,
                          mend: `ip -4 neigh del ${neighbour} dev ${device}`,
                      },
                  ];
        }),
    ];
}

const isWithin = (text: string, range: Cidr): boolean => {
    const found = Cidr.printed(text);
    return found !== undefined && range.includes(found);
};

/** Routes and routing rules that throw away what is for the network. */
function sinkHindrances({ sinks, policies }: Said, range: Cidr): Hindrance[] {
    const routes = sinks.split("\n").filter(line => isWithin(line.split(" ")[1] ?? "", range)),
        rules = policies.split("\n").flatMap(line => {
            const [, priority, rest] = /^(\d+):\s+(from \S+.* (?:blackhole|unreachable|prohibit))\s*$/.exec(line) ?? [],
                [, from, to] = /^from (\S+)(?: to (\S+))? \w+$/.exec(rest ?? "") ?? [];
            const all = from === "all" && to === undefined;
            return all || [from, to].some(end => end !== undefined && isWithin(end, range))
                ? [{ priority: priority!, rest: rest! }]
                : [];
        });
    return [
        ...routes.map(line => ({
            words: `this host has the route ${line.trim()}`,
            mend: `ip -4 route del ${quoteWords(line)}`,
        })),
        ...rules.map(({ priority, rest }) => ({
            words: `this host has the routing rule ${rest}`,
            mend: `ip -4 rule del pref ${priority} ${quoteWords(rest)}`,
        })),
    ];
}

/** What libvirt and the kernel do for the network: forwarding, addresses and names for its nodes, rules. */
function serviceHindrances({ found: { definition, said }, bridgeWords }: Parts): Hindrance[] {
    const { network, mode, bridge, address, dnsmasq } = definition,
        routed = address !== undefined && (mode === "nat" || mode === "route");
    return [
        // Where the whole host does not, none of its bridges does.
        ...(routed && said.forwards === "1 0"
            ? [
                  {
                      words: `${bridgeWords} does not forward`,
                      mend: `echo 1 > /proc/sys/net/ipv4/conf/${quote(bridge)}/forwarding`,
                  },
              ]
            : []),
        ...(dnsmasq ? dnsmasqHindrances(network, said.dnsmasq) : []),
        ...(routed ? lostRules({ mode: mode as "nat" | "route", bridge, range: `${address.range}` }, said) : []),
    ];
}

/** @param processes a line each: number and state */
function dnsmasqHindrances(network: string, processes: readonly string[]): Hindrance[] {
    const what = `libvirt's dnsmasq of the network ${network} on this host`,
        alive = processes.filter(line => !/[ZX]$/.test(line)),
        still = alive.filter(line => /[Tt]$/.test(line)).map(line => line.split(" ")[0]!);
    if (still.length > 0) return [{ words: `${what} is stopped by a signal`, mend: `kill -CONT ${still.join(" ")}` }];
    if (alive.length > 0) return [];
    return [
        {
            words: `${what} does not run`,
            mend: reloadShell,
            mended: `grep -lx dnsmasq /proc/[0-9]*/comm 2> /dev/null | sed 's/comm$/cmdline/' | xargs -r grep -lF -e ${quote(`/dnsmasq/${network}.conf`)} 2> /dev/null | grep -q .`,
        },
    ];
}
