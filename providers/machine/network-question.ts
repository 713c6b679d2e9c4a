import { type Answer, lines, list, text, yesOrNo } from "../../clients/answer";
import { Cidr, prefixOf } from "../../config/cidr";
import { rulesShell } from "./libvirt-rules";

/** What libvirt says of a network. */
export interface Definition {
    network: string;
    mode: string;
    bridge: string;
    mtu?: number;
    /** The host's own in it. */
    address?: { own: string; prefix: number; range: Cidr };
    /** Whether libvirt gives out addresses or names in it. */
    dnsmasq: boolean;
}

/** @param xml `virsh net-dumpxml` */
export function definitionOf(network: string, xml: string): Definition {
    const first = (pattern: RegExp): string | undefined => pattern.exec(xml)?.[1],
        [, own, mask] = /<ip [^>]*address='([\d.]+)'[^>]*(?:netmask|prefix)='([\d.]+)'/.exec(xml) ?? [],
        mtu = first(/<mtu size='(\d{1,5})'/);
    const prefix = prefixOf(mask ?? "");
    return {
        network,
        mode: first(/<forward [^>]*mode='([a-z-]+)'/) ?? "none",
        bridge: first(/<bridge [^>]*name='([A-Za-z0-9_.-]+)'/) ?? "",
        ...(mtu && { mtu: Number(mtu) }),
        ...(own && { address: { own, prefix, range: Cidr.holding(own, prefix) } }),
        dnsmasq: own !== undefined && (xml.includes("<dhcp>") || !/<dns [^>]*enable='no'/.test(xml)),
    };
}

/** Of a bridge, a card, or another port: name, flags, MTU, whether it has a carrier; of a port, what the bridge does with it. */
export const linkLine = /(\S{1,15}) 0x([0-9a-f]{1,8}) (\d{1,10}) ([01]) ([0-9-]) ([01-]) ([01-])/;

export const hindranceFields = {
    link: list(text(linkLine)),
    /** Whether the bridge takes part in a spanning tree now. */
    tree: yesOrNo,
    addresses: text(),
    routes: text(),
    sinks: text(),
    policies: text(),
    neighbours: text(),
    queues: text(),
    filter: list(text()),
    unplugged: lines(/(\S{1,15})/),
    forwards: text(/[01] [01]/),
    dnsmasq: list(text(/\d{1,10} \S/)),
    rules: text(),
    newer: yesOrNo,
    native: text(),
};
export type Said = Answer<typeof hindranceFields>;

/**
 * Answers with {@link hindranceFields} about the network $network and its bridge $bridge: $c has its guests' cards, a line each with
 * guest, card and driver; $p its bridge's ports.
 */
export const hindranceShell = `set -f
link() {
    d=/sys/class/net/$1; k=0; b="- - -"
    { read -r f < "$d/flags" && read -r m < "$d/mtu"; } 2> /dev/null || return 0
    { read -r k < "$d/carrier"; } 2> /dev/null || k=0
    ! { read -r s < "$d/brport/state" && read -r i < "$d/brport/isolated" && read -r o < "$d/brport/broadcast_flood"; } 2> /dev/null || b="$s $i $o"
    say link "$1 $f $m $k $b"
}
some() { "$@" 2> /dev/null | awk 'length($0) < 1000 && n++ < 1000'; }
ours=$(printf '%s\\n' "$bridge" "$p"; printf '%s\\n' "$c" | awk '{ print $2 }')
ours=$(printf '%s\\n' "$ours" | awk 'NF && !n[$0]++')
for o in $ours; do link "$o"; done
t=0; { read -r t < "/sys/class/net/$bridge/bridge/stp_state"; } 2> /dev/null || t=0
if [ "$t" = 0 ]; then say tree no; else say tree yes; fi
a=$(some ip -o -4 addr show dev "$bridge") || a=; say addresses "$a"
a=$(some ip -4 route show dev "$bridge") || a=; say routes "$a"
a=$(for t in blackhole unreachable prohibit throw; do some ip -4 route show type $t; done) || a=; say sinks "$a"
a=$(some ip -4 rule show) || a=; say policies "$a"
a=$(some ip -4 neigh show dev "$bridge" nud permanent) || a=; say neighbours "$a"
q=$(some tc qdisc show) || q=; say queues "$q"
for o in $ours; do
    printf '%s\\n' "$q" | grep -q "^qdisc \\(ingress\\|clsact\\) .* dev $o " || continue
    a=$({ tc filter show dev "$o" ingress; tc filter show dev "$o" egress; } 2> /dev/null | tr '\\n' ' ' | cut -c 1-2000) || a=
    say filter "$o $a"
done
a=$(printf '%s\\n' "$c" | sed -n 's/^\\([^ ]*\\) \\([^ ]*\\) qemu$/echo card \\2; domif-getlink \\1 \\2;/p')
[ -z "$a" ] || a=$(virsh -c qemu:///system "$a" 2> /dev/null | awk '$1 == "card" { d = $2 } $2 == "down" { print d }') || a=
say unplugged "$a"
f=$(cat /proc/sys/net/ipv4/ip_forward)
k=$(cat "/proc/sys/net/ipv4/conf/$bridge/forwarding" 2> /dev/null) || k=$f
say forwards "$f $k"
set +f
for p in $(grep -lx dnsmasq /proc/[0-9]*/comm 2> /dev/null); do
    p=\${p%/comm}; p=\${p##*/}
    tr '\\0' '\\n' < /proc/$p/cmdline 2> /dev/null | grep -qxF -e "--conf-file=/var/lib/libvirt/dnsmasq/$network.conf" || continue
    s=$(sed 's/.*) \\(.\\).*/\\1/' /proc/$p/stat 2> /dev/null) || continue
    say dnsmasq "$p $s"
done
${rulesShell}`;
