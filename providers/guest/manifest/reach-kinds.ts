import { quote, quoteWords } from "../../../clients/ssh";
import { Cidr } from "../../../config/cidr";
import { apart, type Kind } from "./kind";

/** Cards of instances. */
const GUESTS = /\b(vnet|tap|macvtap)\w*\d/;

/** Of cards that are up the nets that no route leads to over them: `10.0.0.0/24 eth1 10.0.0.7`. */
function unreached(printed: readonly string[]): string[] {
    const routes = printed.flatMap(line => /^([\d./]+) (?:via \S+ +)?dev (\S+)/.exec(line)?.slice(1).join(" ") ?? []);
    return printed.flatMap(line => {
        const [, card, own, prefix] = /^\d+: (\S+) +inet ([\d.]{7,15})\/(\d{1,2}) /.exec(line) ?? [];
        if (card === undefined || card === "lo" || Number(prefix) > 30) return [];
        const net = Cidr.printed(`${own}/${prefix}`);
        return net === undefined || routes.includes(`${net} ${card}`) ? [] : [`${net} ${card} ${own}`];
    });
}

/** What a card does by the kernel's settings of it, where it is not as usual. */
const SETTINGS: Readonly<Record<string, { usual: string; words(value: string): string }>> = {
    forwarding: { usual: "1", words: () => "does not forward, though the node does" },
    arp_ignore: { usual: "0", words: value => `does not answer whoever asks for its address (arp_ignore ${value})` },
};
const keyOf = (name: string): string => name.slice(name.indexOf("/") + 1);
function settingWords(name: string, value: string): string {
    const card = name.split("/")[0]!;
    return `${card === "default" ? "a new card" : `its card ${card}`} ${SETTINGS[keyOf(name)]!.words(value)}`;
}
const setting = (name: string, value: string): string =>
    `echo ${quote(value)} > ${quote(`/proc/sys/net/ipv4/conf/${name}`)}`;

/** Whether a node finds its neighbours, and they find it. */
export const reachKinds = {
    connected: {
        // A route of the kernel's own comes with the address; nobody else makes it again.
        ask: "ip -o -4 addr show up && ip -4 route show",
        lines: unreached,
        never: true,
        words: {
            added: line => `the route to ${line.split(" ").slice(0, 2).join(" over its card ")} is gone`,
            gone: line => line,
        },
        mend: {
            added(line) {
                const [net, card, own] = line.split(" ") as [string, string, string];
                return `ip route add ${net} dev ${quote(card)} proto kernel scope link src ${own}`;
            },
        },
    },
    neighbours: {
        ask: "ip -4 neigh show nud permanent",
        lines: printed =>
            printed.flatMap(line => {
                const [, address, card, at] =
                    /^([\d.]{7,15}) dev (\S+) lladdr ([0-9a-f:]{17})\b/.exec(line.trim()) ?? [];
                return address === undefined || GUESTS.test(card!) ? [] : [`${address} ${card} ${at}`];
            }),
        words: {
            added: line => `the fixed neighbour ${line.split(" ")[0]} (${line.split(" ").pop()}) was added`,
            gone: line => `the fixed neighbour ${line.split(" ")[0]} is gone`,
        },
        mend: {
            added: line => `ip neigh del ${quoteWords(line.split(" ").slice(0, 2).join(" dev "))}`,
            gone(line) {
                const [address, card, at] = line.split(" ") as [string, string, string];
                return `ip neigh replace ${address} lladdr ${at} nud permanent dev ${quote(card)}`;
            },
        },
    },
    cardSettings: {
        // Where the node does not forward at all, that says it.
        ask: `keys=arp_ignore; read -r all < /proc/sys/net/ipv4/ip_forward; [ "$all" != 1 ] || keys="arp_ignore forwarding"
for d in /proc/sys/net/ipv4/conf/*; do for k in $keys; do [ ! -r "$d/$k" ] || { read -r v < "$d/$k" && echo "\${d##*/} $k $v"; }; done; done`,
        lines: printed =>
            printed.flatMap(line => {
                const [card = "", key = "", value = ""] = line.trim().split(" "),
                    usual = Object.hasOwn(SETTINGS, key) ? SETTINGS[key]!.usual : value;
                return /^[\w.@-]{1,15}$/.test(card) && card !== "all" && !GUESTS.test(card) && value !== usual
                    ? [`${card}/${key} ${value}`]
                    : [];
            }),
        named: true,
        words: {
            added: line => settingWords(...apart(line)),
            gone: line => line,
            changed: (name, now, before) => `${settingWords(name, now)}, instead of ${before}`,
        },
        mend: {
            added: line => setting(apart(line)[0], SETTINGS[keyOf(apart(line)[0])]!.usual),
            changed: (name, _now, before) => setting(name, before),
        },
    },
} as const satisfies Record<string, Kind>;
