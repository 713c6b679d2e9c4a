import { type Answer, list, text, word } from "../../clients/answer";
import { quote } from "../../clients/ssh";
import { ownBridges } from "../../components/networks";
import { Cidr, prefixOf } from "../../config/cidr";
import { type HostRole, networkNames } from "../../config/nodes";
import type { Settings } from "../../config/settings";

/** A range that addresses of nodes or instances on a physical host are of. */
export interface OwnRange {
    /** Of the stack's file, below `networks`. */
    key: "nat" | "internal" | "public" | "fixed";
    range: string;
    /** The bridge that it is on; routes over this are the network's own. */
    bridge: string;
    /** Whether the host has an address of it, and so a route, which takes the range away from a wider one. */
    routed: boolean;
}

/** The ranges of a stack on one of its hosts (N1–N4, W2). */
export function rangesOn(
    { plan: { ranges }, uplinks }: Pick<Settings, "plan" | "uplinks">,
    role: HostRole,
): OwnRange[] {
    return [
        { key: "nat", range: ranges.nat, bridge: ownBridges.nat, routed: true },
        { key: "internal", range: ranges.internal, bridge: uplinks.internal.bridge, routed: false },
        ...(role === "central"
            ? [{ key: "public" as const, range: ranges.public, bridge: ownBridges.public, routed: true }]
            : []),
        { key: "fixed", range: ranges.fixed, bridge: uplinks.private.bridge, routed: false },
    ];
}

const octet = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)",
    address = `${octet}(?:\\.${octet}){3}`;

/** A host's answers about its own networks. */
export const networkFields = {
    /** Bridges of those names that the stack's networks are to have. */
    bridges: list(word(...Object.values(ownBridges))),
    /** Where a route leads to, and the interface. */
    route: list(text(new RegExp(`${address}(?:/(?:3[0-2]|[12]?\\d))? [!-~]{1,15}`))),
    /**
     * Of each of libvirt's networks with an address: whether it runs, whether it starts with the host, its bridge, its
     * address, its netmask or prefix, its name.
     */
    network: list(
        text(new RegExp(`(?:yes|no) (?:yes|no) [!-~]{1,15} ${address} (?:${address}|3[0-2]|[12]?\\d) \\S.*`)),
    ),
};

/** The most routes that are looked at: routers have a million. */
const ROUTES = 5000;

/** Shell that answers with {@link networkFields}. */
export const networkScript = `ip -4 -o route show table all 2> /dev/null | sed ${ROUTES}q | while read -r to rest; do
    case $to in
    unicast | local | blackhole | unreachable | prohibit | throw) to=\${rest%% *}; rest=\${rest#* } ;;
    broadcast | multicast | anycast) continue ;;
    esac
    # Everything, be it in halves as VPNs do it, and this machine itself.
    case $to in default | 0.0.0.0/[01] | 128.0.0.0/1 | 127.*) continue ;; esac
    i=-; case " $rest" in *" dev "*) i=" $rest"; i=\${i#* dev }; i=\${i%% *} ;; esac
    say route "$to $i"
done
for b in ${Object.values(ownBridges).join(" ")}; do [ ! -e "/sys/class/net/$b" ] || say bridges "$b"; done
if has virsh; then
    virsh -q -c qemu:///system net-list --all --name 2> /dev/null | while read -r n; do
        [ -n "$n" ] || continue
        now=$(virsh -q -c qemu:///system net-info "$n" 2> /dev/null | sed -n 's/^\\(Active\\|Autostart\\|Bridge\\): *//p' | tr '\\n' ' ')
        virsh -q -c qemu:///system net-dumpxml "$n" 2> /dev/null |
            sed -n "s/.*<ip [^>]*address='\\([0-9.]*\\)'[^>]*\\(netmask\\|prefix\\)='\\([0-9.]*\\)'.*/\\1 \\3/p" |
            while read -r range; do say network "$now$range $n"; done
    done
fi`;

/** A name that a host gave, as a word of a command that somebody is told to type. */
export const typed = (name: string): string => (/^[A-Za-z0-9_.-]+$/.test(name) ? name : quote(name));

/** A network of the host's own libvirt that is in use, or will be when the host starts. */
interface LibvirtNetwork {
    name: string;
    bridge: string;
    range: Cidr;
}

/** A route of the host's: what it leads to, and over which interface. */
interface Route {
    over: string;
    range: Cidr;
}

/** A sentence for each network of the host's that has addresses which are to be the cloud's. */
export function networkLacks(own: readonly OwnRange[], said: Answer<typeof networkFields>): string[] {
    const libvirts = libvirtNetworksIn(said),
        others = libvirts.filter(({ name }) => !isTheStacks(name)),
        taken = foreignBridges(said, libvirts),
        routes = routesIn(said);
    return own.flatMap(range => [
        ...bridgeLacks(range, taken),
        ...rangeLacks(
            range,
            others.filter(({ range: its }) => isInTheWay(range, its)),
            routes,
        ),
    ]);
}

const libvirtNetworksIn = (said: Answer<typeof networkFields>): LibvirtNetwork[] =>
    said.network
        .map(line => line.split(" "))
        .filter(([active, autostart]) => active === "yes" || autostart === "yes")
        .map(([, , bridge, at, mask, ...name]) => ({
            name: name.join(" "),
            bridge: bridge!,
            range: Cidr.holding(at!, prefixOf(mask!)),
        }));

/** Whether a network of libvirt's is one that the stack makes. */
const isTheStacks = (name: string): boolean => (networkNames as readonly string[]).includes(name);

/** Bridges of the names that the stack's networks are to have, which no network of the stack made. */
const foreignBridges = (said: Answer<typeof networkFields>, libvirts: readonly LibvirtNetwork[]): readonly string[] =>
    said.bridges.filter(name => !libvirts.some(l => l.bridge === name && isTheStacks(l.name)));

const routesIn = (said: Answer<typeof networkFields>): Route[] =>
    said.route
        .map(line => line.split(" "))
        .map(([to, over]) => {
            const [at, prefix = "32"] = to!.split("/");
            return { over: over!, range: Cidr.holding(at!, Number(prefix)) };
        })
        // The widest first: it says most.
        .sort((a, b) => a.range.prefix - b.range.prefix);

/** Whether a range of the host's takes addresses away from the stack's, or the stack's from it. */
function isInTheWay({ range, routed }: OwnRange, its: Cidr): boolean {
    const wanted = Cidr.parse(range);
    return wanted.includes(its) || (routed && its.includes(wanted));
}

const bridgeLacks = ({ key, bridge }: OwnRange, taken: readonly string[]): string[] =>
    taken.includes(bridge)
        ? [
              `the network ${key} is to have the bridge ${bridge}, but there is an interface of that name which is not of this network: take it away (ip link delete ${bridge})`,
          ]
        : [];

/** @param networks of libvirt's that are in the way; the routes over their bridges are not told as well */
function rangeLacks(own: OwnRange, networks: readonly LibvirtNetwork[], routes: readonly Route[]): string[] {
    const wantedWords = `the network ${own.key} is to have ${Cidr.parse(own.range)}, but`,
        another = `let networks.${own.key} be another range`;
    return [
        ...networks.map(
            ({ name, range }) =>
                `${wantedWords} libvirt's network ${name} has ${range}: ${another}, or take that one away (virsh net-destroy ${typed(name)}; virsh net-autostart --disable ${typed(name)})`,
        ),
        ...routesInTheWay(own, networks, routes).map(({ over, range }) =>
            range.prefix === 32
                ? `${wantedWords} ${over} has, or leads to, ${range.toString().replace("/32", "")}: ${another}`
                : `${wantedWords} the host has a route to ${range} over ${over}: ${another}, or take that route away`,
        ),
    ];
}

/** The first route in the way over each interface which the stack's network, or a network that is told, does not have. */
function routesInTheWay(own: OwnRange, networks: readonly LibvirtNetwork[], routes: readonly Route[]): Route[] {
    const seen = new Set([own.bridge, ...networks.map(l => l.bridge)]);
    return routes.filter(({ over, range }) => {
        if (seen.has(over) || !isInTheWay(own, range)) return false;
        seen.add(over);
        return true;
    });
}
