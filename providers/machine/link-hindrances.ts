import { quote } from "../../clients/ssh";
import { usualMtu } from "../../config/uplinks";
import type { Hindrance } from "./hindrance";
import { cardWords, type Link, type Parts } from "./network-parts";

/** What keeps the network's interfaces from passing on frames: its guests' cards, its bridge, the bridge's ways out. */
export function linkHindrances(parts: Parts, bridge: Link): Hindrance[] {
    return [...cardHindrances(parts), ...bridgeHindrances(parts, bridge), ...wayHindrances(parts)];
}

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
