import * as fc from "fast-check";
import { Cidr, formatAddress, parseAddress } from "../../config/cidr";

test("addresses survive being parsed and formatted", () => {
    fc.assert(
        fc.property(fc.integer({ min: 0, max: 0xffffffff }), value => parseAddress(formatAddress(value)) === value),
    );
});

test.each(["1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "", "a.b.c.d", "-1.2.3.4"])("%p is not an address", text => {
    expect(() => parseAddress(text)).toThrow(`"${text}" is not an IPv4 address`);
});

test("every address of a network is in it, the ones beside it are not", () => {
    fc.assert(
        fc.property(
            fc.integer({ min: 0, max: 0xffffffff }),
            fc.integer({ min: 8, max: 30 }),
            fc.nat(),
            (value, prefix, n) => {
                const base = Math.floor(value / 2 ** (32 - prefix)) * 2 ** (32 - prefix);
                const network = Cidr.parse(`${formatAddress(base)}/${prefix}`);
                expect(network.contains(network.address(n % network.size))).toBe(true);
                if (base > 0) expect(network.contains(formatAddress(base - 1))).toBe(false);
                if (base + network.size <= 0xffffffff)
                    expect(network.contains(formatAddress(base + network.size))).toBe(false);
            },
        ),
    );
});

test("host bits are refused with the network that was probably meant", () => {
    expect(() => Cidr.parse("10.0.0.5/24")).toThrow(
        '"10.0.0.5/24" is an address in a network, not a network: 10.0.0.0/24 would be',
    );
});

test("inclusion and overlap", () => {
    const wide = Cidr.parse("172.16.0.0/16");
    const narrow = Cidr.parse("172.16.1.0/24");
    expect([wide.includes(narrow), narrow.includes(wide), narrow.overlaps(wide)]).toEqual([true, false, true]);
    expect(narrow.overlaps(Cidr.parse("172.16.2.0/24"))).toBe(false);
    expect(narrow.netmask).toBe("255.255.255.0");
    expect(() => narrow.address(256)).toThrow(RangeError);
});
