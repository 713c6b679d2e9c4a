/** What nova's rules lead to, beside its own chains. */
const NOVAS = /^(ACCEPT|RETURN|SNAT|DNAT|MASQUERADE|REDIRECT|CHECKSUM|nova-\S+|neutron-\S+)$/;

/** Packets that nova drops itself: of no connection, of instances without a rule that lets them in, of a bridge that compute nodes do not route. */
const dropsItself = (chain: string, rest: string): boolean =>
    /-(sg-fallback|provider)$/.test(chain) ||
    /--(ct)?state INVALID /.test(rest) ||
    (chain === "nova-compute-FORWARD" && /^-[io] br\S+ -j DROP$/.test(rest));

/**
 * Whether somebody else has put a rule where nova's and libvirt's are, `filter -A nova-network-FORWARD -j DROP`: what keeps packets
 * back that they let through. What their users let in comes and goes.
 */
export function isStrange(rule: string): boolean {
    const [, chain, rest] = /^\S+ -A (\S+) (.*)$/.exec(rule) ?? [];
    if (chain === undefined || rest === undefined) return false;
    const target = /(?:^| )-[jg] (\S+)/.exec(rest)?.[1] ?? "";
    if (/^nova-/.test(chain)) return !NOVAS.test(target) && !(target === "DROP" && dropsItself(chain, rest));
    if (!/^(DROP|REJECT)$/.test(target)) return false;
    // libvirt's name the bridge of a network; those of a card are in chains of the card's own.
    return /^LIBVIRT_/.test(chain)
        ? !/(^| )-[io] /.test(rest)
        : /^[A-Z]+$/.test(chain) && /\b(vnet|tap|macvtap)\d/.test(rest);
}
