import type { Connection } from "../../../../clients/connection";
import { compare, type Difference } from "../../../../providers/guest/manifest/compare";
import { type KindName, kinds, linesOf } from "../../../../providers/guest/manifest/kinds";
import { mendingOf } from "../../../../providers/guest/manifest/mend";
import { localHost } from "../../machine/local-host";

const node = { name: "network-node" } as Connection,
    managed = { paths: [], lines: [] };
/** A node with a firewall of nftables' own, and one of frames. */
const host = localHost({
    ip: 'echo "ip $*" >> "$LOG"; case "$*" in *addr*) cat "$ROOT/addresses" ;; *route*show*) cat "$ROOT/routes" ;; *neigh*show*) cat "$ROOT/neighbours" ;; esac',
    iptables: "echo 'iptables v1.8.7 (nf_tables)'",
    "iptables-legacy-save": "printf '*filter\\n:INPUT DROP [0:0]\\n-A INPUT -s 10.0.0.3/32 -j DROP\\nCOMMIT\\n'",
    "iptables-legacy-restore": 'cat >> "$LOG"',
    ebtables: 'case $1 in --version) echo "ebtables 1.8.7 (nf_tables)" ;; *) echo "ebtables $*" >> "$LOG" ;; esac',
    "ebtables-save": "printf '*filter\\n:FORWARD ACCEPT\\n-A FORWARD -p IPv4 -j DROP\\n-A FORWARD -i vnet0 -j DROP\\n'",
    arptables: 'echo "arptables v0.0.5"',
    "arptables-save": "echo '-A INPUT -j DROP'",
    nft: 'case "$*" in "list ruleset") cat "$ROOT/ruleset" ;; "-a list"*) sed "s/\\(drop.*\\)/\\1 # handle 7/" "$ROOT/ruleset" ;; *) echo "nft $*" >> "$LOG" ;; esac',
});
beforeAll(() => host.put("run/systemd/system/x", ""));
afterAll(() => host.remove());

const asked = async (name: KindName): Promise<string[]> =>
    linesOf(name, (await host.run(node, kinds[name].ask)).stdout);
/** What is told where a node has become another, and what its mending calls. */
async function told(name: KindName, before: string[], now: string[]): Promise<[words: string[], calls: string]> {
    const reading = (lines: string[]) => ({ files: {}, lines: { [name]: lines } }),
        found = compare(reading(before), reading(now), managed);
    host.said();
    for (const difference of found) {
        const shell = mendingOf(difference as Extract<Difference, { kind: KindName }>);
        if (shell !== undefined) await host.run(node, shell);
    }
    return [found.map(({ words }) => words), host.said()];
}

const ADDRESSES = `1: lo    inet 127.0.0.1/8 scope host lo
2: eth1    inet 10.0.0.7/24 brd 10.0.0.255 scope global eth1
3: br100    inet 10.1.0.1/24 brd 10.1.0.255 scope global br100
3: br100    inet 172.16.1.5/32 scope global br100
`;

test("a card's own route that is gone is told, whatever was recorded, and made again", async () => {
    host.put("addresses", ADDRESSES);
    host.put(
        "routes",
        "default via 10.0.0.1 dev eth1 \n10.0.0.0/24 dev eth1  proto kernel  scope link  src 10.0.0.7 \n",
    );
    const now = await asked("connected");
    expect(now).toEqual(["10.1.0.0/24 br100 10.1.0.1"]);
    expect(await told("connected", now, now)).toEqual([
        ["the route to 10.1.0.0/24 over its card br100 is gone"],
        "ip route add 10.1.0.0/24 dev br100 proto kernel scope link src 10.1.0.1\n",
    ]);
    host.put("routes", "10.1.0.0/24 dev br100 linkdown \n10.0.0.0/24 dev eth1 scope link \n");
    expect(await asked("connected")).toEqual([]);
});

test("a fixed neighbour that was added is told and taken away", async () => {
    host.put(
        "neighbours",
        "10.0.0.3 dev eth1 lladdr 00:00:00:00:00:01 PERMANENT\n10.1.0.2 dev vnet0 lladdr 00:00:00:00:00:02 PERMANENT\n",
    );
    expect(await told("neighbours", [], await asked("neighbours"))).toEqual([
        ["the fixed neighbour 10.0.0.3 (00:00:00:00:00:01) was added"],
        "ip neigh del 10.0.0.3 dev eth1\n",
    ]);
});

test("a card that does not forward, or does not answer, is told and set right; none where the node does not forward", async () => {
    for (const [card, forwarding, ignore] of [
        ["all", 1, 0],
        ["eth1", 1, 8],
        ["br100", 0, 0],
        ["vnet0", 0, 0],
    ] as const) {
        host.put(`proc/sys/net/ipv4/conf/${card}/forwarding`, `${forwarding}\n`);
        host.put(`proc/sys/net/ipv4/conf/${card}/arp_ignore`, `${ignore}\n`);
    }
    host.put("proc/sys/net/ipv4/ip_forward", "1\n");
    const [words] = await told("cardSettings", [], await asked("cardSettings"));
    expect(words).toEqual([
        "its card br100 does not forward, though the node does",
        "its card eth1 does not answer whoever asks for its address (arp_ignore 8)",
    ]);
    expect(host.there("proc/sys/net/ipv4/conf/br100/forwarding")).toBe("1\n");
    expect(await asked("cardSettings")).toEqual([]);
    host.put("proc/sys/net/ipv4/ip_forward", "0\n");
    host.put("proc/sys/net/ipv4/conf/br100/forwarding", "0\n");
    expect(await asked("cardSettings")).toEqual([]);
});

test("rules of nftables' own are told and taken away, without those that iptables and its like keep", async () => {
    host.put(
        "ruleset",
        `table inet evil {
	chain in {
		type filter hook input priority filter; policy drop;
		tcp dport { 3306, 5672 } counter packets 7 bytes 60 drop comment "x"
	}
}
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy drop;
		ip saddr 1.2.3.4 counter packets 0 bytes 0 drop
	}
}
table ip libvirt_network {
	chain f {
		counter packets 0 bytes 0 drop
	}
}
`,
    );
    const now = await asked("nativeRules");
    expect(await told("nativeRules", [], now)).toEqual([
        [
            "the firewall rule policy drop (nft, inet evil in) was added",
            'the firewall rule tcp dport { 3306, 5672 } counter drop comment "x" (nft, inet evil in) was added',
        ],
        "nft chain inet evil in { policy accept; }\nnft delete rule inet evil in handle 7\n",
    ]);
    expect(await told("nativeRules", ["inet own in tcp dport 22 accept"], [])).toEqual([
        ["the firewall rule tcp dport 22 accept (nft, inet own in) is gone"],
        "nft add rule inet own in tcp dport 22 accept\n",
    ]);
    expect(await told("nativeRules", [], ["inet -f in drop", "inet a$(id) in drop"])).toMatchObject([
        { length: 2 },
        "",
    ]);
});

test("rules of frames are told and taken away, without instances'; older programs are asked only where the kernel has their tables", async () => {
    expect(await told("frameRules", [], await asked("frameRules"))).toEqual([
        ["the rule of ebtables -A FORWARD -p IPv4 -j DROP (filter) was added"],
        "ebtables -t filter -D FORWARD -p IPv4 -j DROP\n",
    ]);
    host.put("proc/modules", "ip_tables 1 2 - Live\n");
    expect(await asked("addressRules")).toEqual([]);
    expect(await asked("olderRules")).toEqual([]);
    host.put("proc/net/ip_tables_names", "filter\n");
    const [words, calls] = await told("olderRules", [], await asked("olderRules"));
    expect(words).toEqual([
        "the firewall rule of iptables-legacy -A INPUT -s 10.0.0.3/32 -j DROP (filter) was added",
        "the firewall rule of iptables-legacy -P INPUT DROP (filter) was added",
    ]);
    expect(calls).toContain("-D INPUT -s 10.0.0.3/32 -j DROP\n");
});
