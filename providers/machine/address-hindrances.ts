import { quote, quoteWords } from "../../clients/ssh";
import { Cidr } from "../../config/cidr";
import type { Hindrance } from "./hindrance";
import type { Parts } from "./network-parts";
import type { Said } from "./network-question";

/** The host's own address in the network, and its way to the nodes. */
export function addressHindrances(parts: Parts): Hindrance[] {
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
            const [, priority, rest] = /^(\d+):\s+(from \S.* (?:blackhole|unreachable|prohibit))\s*$/.exec(line) ?? [],
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
