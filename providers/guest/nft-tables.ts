/** A shell function, `is_nft PROGRAM`: whether iptables or one of its like keeps its rules in nftables. */
export const isNftShell = `is_nft() { case $("$1" --version 2>&1) in *nf_tables*) ;; *) return 1 ;; esac; }`;

/** The tables that each of them has there, FAMILY:TABLE. */
export const nftTables = {
    iptables: "ip:filter ip:nat ip:mangle ip:raw ip:security",
    ip6tables: "ip6:filter ip6:nat ip6:mangle ip6:raw ip6:security",
    ebtables: "bridge:filter bridge:nat bridge:broute",
    arptables: "arp:filter",
} as const;
