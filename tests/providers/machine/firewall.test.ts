import { firewallHindrances } from "../../../providers/machine/firewall";

const ours = { bridges: ["br-nat"], ranges: ["192.168.122.0/24"] };
const found = (rule: string): number =>
    firewallHindrances(ours, { port: [], rule: [], native: [`inet theirs f 1 2 ${rule} # handle 7`] }).length;

test.each([
    'iifname "br-nat" drop',
    'iifname "br-nat" counter packets 1 bytes 60 drop comment "x"',
    'oifname "br-nat" reject with icmpx port-unreachable',
    "ip daddr 192.168.122.0/24 tcp dport 22 drop",
    'iifname vmap { "br-nat" : drop, "eth0" : accept }',
])("nft's rule %s takes the cloud's traffic away", rule => expect(found(rule)).toBe(1));

test.each([
    'iifname "br-nat" accept comment "do not drop"',
    'iifname "br-nat" log prefix "no drop: " accept',
    'iifname "br-nat" counter name "dropped" accept',
    'iifname "br-nat" jump drop_invalid',
    'iifname "docker0" drop',
])("nft's rule %s lets it through, or is not about it", rule => expect(found(rule)).toBe(0));
