import { type Definition, linkLine, type Said } from "./network-question";

/** A guest's card on the host. */
export interface Card {
    guest: string;
    device: string;
}

/** An interface of the network's on its host. */
export interface Link {
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
export interface Found {
    definition: Definition;
    cards: readonly Card[];
    /** The ports that lead out of its bridge when it was recorded, where the bridge is the host's own. */
    ways?: readonly string[];
    said: Said;
}

/** A network's parts, by what they are. */
export class Parts {
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
export const cardWords = ({ guest, name }: { guest: string; name: string }): string =>
    `${guest}'s card ${name} on this host`;

/** The ways out of a bridge of the host's own, to be recorded. */
export function waysOf(found: Found): string[] {
    const { owner, ports } = new Parts(found);
    return owner === "host" ? ports.map(({ name }) => name) : [];
}
