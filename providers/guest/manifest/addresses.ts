import { quote } from "../../../clients/ssh";
import type { Difference } from "./compare";
import { apart } from "./kind";

type Thing = Exclude<Difference, { file: string }>;

/**
 * Shell for each card whose addresses differ. With an address the kernel takes away the card's others of the same net, and routes.
 * None of these differed before, so no later step would mend them: what was there comes back.
 */
export function addressMending(things: readonly Thing[]): string[] {
    const cards = new Map<string, { added: string[]; gone: string[] }>();
    for (const thing of things) {
        if (thing.kind !== "addresses" || thing.how === "changed") continue;
        const [card, address] = apart(thing.line),
            of = cards.get(card) ?? { added: [], gone: [] };
        of[thing.how].push(address);
        cards.set(card, of);
    }
    return [...cards].map(([card, { added, gone }]) => ofCard(quote(card), added.map(quote), gone.map(quote)));
}

function ofCard(card: string, added: readonly string[], gone: readonly string[]): string {
    const add = (address: string) => `ip addr add ${address} brd + dev ${card} 2> /dev/null`;
    return `had=$(ip -o -4 addr show dev ${card} | sed -n 's/.* inet \\([0-9.]*\\/[0-9]*\\) .*/\\1/p')
routes=$(ip -4 route show | grep -v ' proto kernel' | sed 's/ linkdown//; s/ dead//')
${added.map(address => `ip addr del ${address} dev ${card}\n`).join("")}${gone.map(address => `${add(address)}\n`).join("")}for a in $had; do case $a in ${[...added, "-"].join(" | ")}) ;; *) ${add('"$a"')} ;; esac; done
set -f
# Twice: a route may need one that is told after it.
for pass in 1 2; do printf '%s\\n' "$routes" | while read -r route; do ip route add $route 2> /dev/null; done; done`;
}
