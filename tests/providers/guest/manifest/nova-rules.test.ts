import { isStrange } from "../../../../providers/guest/manifest/nova-rules";

test.each([
    "filter -A nova-network-FORWARD -j DROP",
    "filter -A nova-network-FORWARD -i br100 -j DROP",
    "filter -A nova-filter-top -d 10.1.0.10/32 -j DROP",
    "filter -A nova-compute-inst-1 -j DROP",
    "filter -A nova-compute-FORWARD -j DROP",
    "filter -A nova-compute-local -j REJECT --reject-with icmp-port-unreachable",
    "nat -A nova-network-snat -j mine",
    "filter -A LIBVIRT_FWI -j DROP",
    "filter -A FORWARD -i vnet0 -j DROP",
])("%s is a stranger's", rule => expect(isStrange(rule)).toBe(true));

test.each([
    "filter -N nova-network-FORWARD",
    "filter -P FORWARD DROP",
    "filter -A FORWARD -j DROP",
    "filter -A FORWARD -j nova-filter-top",
    "filter -A nova-filter-top -j nova-network-local",
    "filter -A nova-network-FORWARD -i br100 -j ACCEPT",
    "filter -A nova-compute-FORWARD -i br100 -j DROP",
    "filter -A nova-compute-local -d 10.1.0.10/32 -j nova-compute-inst-1",
    "filter -A nova-compute-inst-1 -m state --state INVALID -j DROP",
    "filter -A nova-compute-inst-1 -p tcp -m tcp --dport 22 -j ACCEPT",
    "filter -A nova-compute-sg-fallback -j DROP",
    "filter -A nova-compute-provider -s 10.9.0.0/16 -j DROP",
    "mangle -A nova-network-POSTROUTING -o br100 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill",
    "nat -A nova-network-PREROUTING -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.6:8775",
    "filter -A LIBVIRT_FWI -o virbr0 -j REJECT --reject-with icmp-port-unreachable",
    "filter -A FORWARD -m physdev --physdev-in vnet0 --physdev-is-bridged -g FI-vnet0",
])("%s is nova's, libvirt's or told elsewhere", rule => expect(isStrange(rule)).toBe(false));
