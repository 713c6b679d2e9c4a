import type { Hindrance } from "./hindrance";

/** A network of libvirt's with an address of its host's, as far as its firewall rules go. */
interface RuledNetwork {
    mode: "nat" | "route";
    bridge: string;
    /** `192.168.122.0/24` */
    range: string;
}

/** libvirt's chains: table, the kernel's chain that leads there, its own name. As libvirt makes them, the last to come goes first. */
const CHAINS = [
    ["filter", "INPUT", "INP"],
    ["filter", "OUTPUT", "OUT"],
    ["filter", "FORWARD", "FWO"],
    ["filter", "FORWARD", "FWI"],
    ["filter", "FORWARD", "FWX"],
    ["nat", "POSTROUTING", "PRT"],
    ["mangle", "POSTROUTING", "PRT"],
] as const;

/**
 * Answers as `rules` with libvirt's rules in iptables, and as `newer` with whether libvirt may have them elsewhere: since
 * 10.4 it has a file where that is chosen. `native` has them as nftables does; `none` where nobody can tell, or wants any.
 */
export const rulesShell = `r=$({ iptables-save -t filter; iptables-save -t nat; } 2> /dev/null | awk '/^-A/ && /LIBVIRT_/ && n++ < 2000') || r=
say rules "$r"
f=$(sed -n 's/^[[:space:]]*firewall_backend *= *"\\([a-z]*\\)".*/\\1/p' /etc/libvirt/network.conf 2> /dev/null) || f=
if [ -e /etc/libvirt/network.conf ] && [ "$f" != iptables ]; then say newer yes; else say newer no; fi
n=none
if [ "$f" != none ] && nft list tables > /dev/null 2>&1; then
    n=$(nft list table ip libvirt_network 2> /dev/null | awk '/^\\t\\t/ && n++ < 2000') || n=
fi
say native "$n"`;

/** The beginning and the end of each rule without which a network's traffic does not come through. */
function wanted({ mode, bridge, range }: RuledNetwork): [begin: string, end: string][] {
    const whole = (rule: string): [string, string] => [rule, ""];
    return [
        ...CHAINS.filter(([table]) => table === "filter").map(([, from, to]) => whole(`-A ${from} -j LIBVIRT_${to}`)),
        whole(`-A LIBVIRT_FWO -s ${range} -i ${bridge} -j ACCEPT`),
        // Of a network behind NAT only answers come in.
        [`-A LIBVIRT_FWI -d ${range} -o ${bridge} `, "-j ACCEPT"],
        whole(`-A LIBVIRT_FWX -i ${bridge} -o ${bridge} -j ACCEPT`),
        ...(mode === "nat"
            ? [whole("-A POSTROUTING -j LIBVIRT_PRT"), whole(`-A LIBVIRT_PRT -s ${range} ! -d ${range} -j MASQUERADE`)]
            : []),
    ];
}

/**
 * libvirt puts its rules back when its daemon is told to read its files again, which no guest notices. But it makes
 * its chains, and the ways into them, only once in its life: these come first.
 */
const chainsShell = `( flock 9
${CHAINS.map(
    ([table, from, to]) =>
        `iptables -w -t ${table} -N LIBVIRT_${to} 2> /dev/null || true; iptables -w -t ${table} -C ${from} -j LIBVIRT_${to} 2> /dev/null || iptables -w -t ${table} -I ${from} -j LIBVIRT_${to}`,
).join("\n")}
) 9< /run/libvirt`;

/** Tells libvirt's daemon for networks to read its files again: by then each network has its rules and its dnsmasq. */
export const reloadShell = `for d in virtnetworkd libvirtd; do
    p=$(cat /run/$d.pid) && n=$(cat /proc/$p/comm) && [ "$n" = $d ] && kill -HUP $p && break
done 2> /dev/null`;

/** Its table of nftables, too, libvirt makes only once in its life. */
const tableShell = `( flock 9
nft list table ip libvirt_network > /dev/null 2>&1 && exit
n="ip libvirt_network"; nft add table $n
nft add chain $n forward '{ type filter hook forward priority 0; policy accept; }'
for c in guest_output guest_input guest_cross; do nft add chain $n $c; nft insert rule $n forward counter jump $c; done
nft add chain $n guest_nat '{ type nat hook postrouting priority 100; policy accept; }'
) 9< /run/libvirt`;

/** The rules that it lacks where libvirt has them in nftables. */
function lostNative({ mode, bridge, range }: RuledNetwork, native: string): Hindrance[] {
    const own = native.split("\n").filter(line => line.includes(` ${range} `)),
        lets = own.some(line => / accept$/.test(line)),
        hides = own.some(line => /\b(masquerade|snat)\b/.test(line));
    if (native === "none" || (lets && (hides || mode !== "nat"))) return [];
    return [
        {
            words: `the bridge ${bridge} of this host lacks ${lets ? "one of" : "all"} libvirt's firewall rules (nft, table libvirt_network)`,
            mend: `${tableShell}\n${reloadShell}`,
            mended: `{ nft list table ip libvirt_network; iptables-save; } 2> /dev/null | grep -qF -e ' ${range} '`,
        },
    ];
}

/** The rules of libvirt's that a network lacks. */
export function lostRules(
    network: RuledNetwork,
    { rules, newer, native }: { rules: string; newer: boolean; native: string },
): Hindrance[] {
    const there = rules.split("\n").filter(Boolean);
    if (there.length === 0 && newer) return lostNative(network, native);
    const all = wanted(network),
        lost = all.filter(
            ([begin, end]) =>
                !there.some(rule => (end ? rule.startsWith(begin) && rule.endsWith(end) : rule === begin)),
        );
    if (lost.length === 0) return [];
    const which = lost.length === 1 ? `, ${lost[0]!.join("…").replace(/…$/, "")}` : "";
    return [
        {
            words: `the bridge ${network.bridge} of this host lacks ${lost.length} of libvirt's ${all.length} firewall rules${which}`,
            mend: `${chainsShell}\n${reloadShell}`,
            mended: `iptables-save | grep -qxF -e '-A LIBVIRT_FWO -s ${network.range} -i ${network.bridge} -j ACCEPT'`,
        },
    ];
}
