/** What nova's rules lead to, beside its own chains. */
const NOVAS = /^(ACCEPT|RETURN|SNAT|DNAT|MASQUERADE|REDIRECT|CHECKSUM|nova-\S+|neutron-\S+)$/;

/** Packets that nova drops itself: of no connection, of instances without a rule that lets them in, of a bridge that compute nodes do not route. */
const dropsItself = (chain: string, rest: string): boolean =>
    /-(sg-fallback|provider)$/.test(chain) ||
    /--(ct)?state INVALID /.test(rest) ||
    (chain === "nova-compute-FORWARD" && /^-[io] br\S+ -j DROP$/.test(rest));

/** Whether libvirt would not reject so: its rules name the bridge of a network, and those of a card are in chains of the card's own. */
const isNotLibvirts = (chain: string, rest: string): boolean =>
    /^LIBVIRT_/.test(chain) ? !/(^| )-[io] /.test(rest) : /^[A-Z]+$/.test(chain) && /\b(vnet|tap|macvtap)\d/.test(rest);

/**
 * Whether somebody else has put a rule where nova's and libvirt's are, `filter -A nova-network-FORWARD -j DROP`: what keeps packets
 * back that they let through. What their users let in comes and goes.
 */
export function isStrange(rule: string): boolean {
    const found = /^\S+ -A (?<chain>\S+) (?<rest>(?:.* )?-[jg] (?<target>\S+).*)$/.exec(rule)?.groups;
    if (!found) return false;
    const { chain, rest, target } = found as Record<"chain" | "rest" | "target", string>;
    if (chain.startsWith("nova-")) return !NOVAS.test(target) && !(target === "DROP" && dropsItself(chain, rest));
    return /^(DROP|REJECT)$/.test(target) && isNotLibvirts(chain, rest);
}
