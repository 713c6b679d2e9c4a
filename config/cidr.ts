/** An IPv4 network in the form `10.0.0.0/24`. */
export class Cidr {
    private constructor(
        readonly base: number,
        readonly prefix: number,
    ) {}

    /** @throws Error with the fault of the text: its form, an octet, the prefix, or set host bits. */
    static parse(text: string): Cidr {
        const match = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\/(\d{1,2})$/.exec(text);
        if (!match) throw new Error(`"${text}" is not a network such as 10.0.0.0/24`);
        const [base, prefix] = [parseAddress(match[1]!), Number(match[2])];
        if (prefix > 32) throw new Error(`"${text}": the prefix is at most 32`);
        const network = new Cidr(base, prefix);
        if ((base & network.mask) >>> 0 !== base) {
            throw new Error(
                `"${text}" is an address in a network, not a network: ${formatAddress((base & network.mask) >>> 0)}/${prefix} would be`,
            );
        }
        return network;
    }

    /**
     * The network that an address is in.
     * @param prefix how many bits of it are the network's, 0 to 32
     * @throws Error where the address is none
     */
    static holding(address: string, prefix: number): Cidr {
        const all = new Cidr(parseAddress(address), prefix);
        return new Cidr((all.base & all.mask) >>> 0, prefix);
    }

    private get mask(): number {
        return this.prefix === 0 ? 0 : (0xffffffff << (32 - this.prefix)) >>> 0;
    }

    /** Number of addresses, network and broadcast address included. */
    get size(): number {
        return 2 ** (32 - this.prefix);
    }

    /** `255.255.255.0` */
    get netmask(): string {
        return formatAddress(this.mask);
    }

    contains(address: string): boolean {
        return (parseAddress(address) & this.mask) >>> 0 === this.base;
    }

    /** An address, or a range, as a host prints it: an address is the range of it alone. Undefined of anything else. */
    static printed(text: string): Cidr | undefined {
        const [, at, prefix = "32"] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(text) ?? [];
        if (
            at === undefined ||
            Number(prefix) > 32 ||
            at.split(".").some(part => Number(part) > 255 || /^0\d/.test(part))
        )
            return undefined;
        return Cidr.holding(at, Number(prefix));
    }

    /** Whether every address of the other network is one of this. */
    includes(other: Cidr): boolean {
        return other.prefix >= this.prefix && (other.base & this.mask) >>> 0 === this.base;
    }

    overlaps(other: Cidr): boolean {
        return this.includes(other) || other.includes(this);
    }

    /** The n-th address; 0 is the network's own. @throws RangeError outside the network */
    address(n: number): string {
        if (!Number.isInteger(n) || n < 0 || n >= this.size) throw new RangeError(`${this} has no address number ${n}`);
        return formatAddress(this.base + n);
    }

    toString(): string {
        return `${formatAddress(this.base)}/${this.prefix}`;
    }
}

/** @throws Error unless the text is four decimal octets without leading zeros */
export function parseAddress(text: string): number {
    const octets = text.split(".");
    if (octets.length !== 4 || !octets.every(o => /^(0|[1-9]\d{0,2})$/.test(o) && Number(o) <= 255)) {
        throw new Error(`"${text}" is not an IPv4 address`);
    }
    return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function formatAddress(value: number): string {
    return [24, 16, 8, 0].map(shift => (value >>> shift) & 255).join(".");
}

/** How many bits of an address are the network's: of `255.255.255.0`, or of the number itself. */
export const prefixOf = (mask: string): number =>
    mask.includes(".")
        ? mask.split(".").reduce((sum, part) => sum + Number(part).toString(2).replace(/0/g, "").length, 0)
        : Number(mask);
