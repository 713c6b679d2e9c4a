import type { Connection } from "../../../clients/connection";
import { ask, text, yesOrNo } from "../../../clients/answer";
import { lostRules, rulesShell } from "../../../providers/machine/libvirt-rules";
import { localHost } from "./local-host";

const nat = { mode: "nat", bridge: "br-nat", range: "192.168.122.0/24" } as const;
/** As libvirt 10.4 and newer has them in nftables. */
const table = `table ip libvirt_network {
	chain guest_output {
		ip saddr 192.168.122.0/24 iif "br-nat" counter packets 0 bytes 0 accept
		iif "br-nat" counter packets 0 bytes 0 reject
	}
	chain guest_nat {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter packets 0 bytes 0 masquerade
	}
}
`;
const host = localHost({
    "iptables-save": "",
    nft: 'case "$*" in "list tables") [ ! -e "$ROOT/lacks" ] ;; *) cat "$ROOT/table" ;; esac',
});
afterAll(() => host.remove());

async function lost(has: string): Promise<string[]> {
    host.put("table", has);
    const said = await ask(host.run, { name: "host a" } as Connection, rulesShell, {
        rules: text(),
        newer: yesOrNo,
        native: text(),
    });
    return lostRules(nat, said).map(({ words }) => words);
}
const words = (which: string) =>
    `the bridge br-nat of this host lacks ${which} libvirt's firewall rules (nft, table libvirt_network)`;

test("a newer libvirt's rules are looked for in nftables", async () => {
    host.put("etc/libvirt/network.conf", '# firewall_backend = "none"\n');
    expect(await lost(table)).toEqual([]);
    expect(await lost("")).toEqual([words("all")]);
    expect(await lost(table.replaceAll("192.168.122.0/24", "10.9.0.0/16"))).toEqual([words("all")]);
    expect(await lost(table.replace("masquerade", "return"))).toEqual([words("one of")]);
});

test("where it is told to make none, or nobody can tell, none is missed", async () => {
    host.put("etc/libvirt/network.conf", 'firewall_backend = "none"\n');
    expect(await lost("")).toEqual([]);
    host.put("etc/libvirt/network.conf", "");
    host.put("lacks", "");
    expect(await lost("")).toEqual([]);
});

test("where it is told to use iptables, rules are looked for there alone", async () => {
    host.put("etc/libvirt/network.conf", 'firewall_backend = "iptables"\n');
    expect(await lost(table)).toEqual(["the bridge br-nat of this host lacks 10 of libvirt's 10 firewall rules"]);
});
