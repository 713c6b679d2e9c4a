import { type Answer, list, text } from "../../clients/answer";
import { quote } from "../../clients/ssh";
import { Cidr } from "../../config/cidr";
import { isNftShell, nftTables } from "../guest/nft-tables";
import type { Hindrance } from "./hindrance";

/** What is the cloud's on a host. */
export interface Ours {
    bridges: readonly string[];
    /** `192.168.122.0/24` */
    ranges: readonly string[];
}

export const firewallFields = {
    /** A port of one of the cloud's bridges. */
    port: list(text(/[!-~]{1,15}/)),
    /** The program, its table, the rule. */
    rule: list(text(/[a-z-]+ \*[a-z]+ -A .*/)),
    /** Of nftables itself: family, table, chain, whether the kernel begins with it, the rule's place in it, the rule. */
    native: list(text(/[a-z0-9]+ \S+ \S+ [01] \d+ .*/)),
};
type Said = Answer<typeof firewallFields>;

/** More rules than a host has that anybody keeps by hand. */
const RULES = 5000;

/**
 * Answers with {@link firewallFields}: rules of the kernel's own chains, the first of each other chain, and all that drop. The
 * older iptables is asked only where the kernel has tables of it: asking makes them. nftables is asked for what is not theirs.
 */
export const firewallShell = ({ bridges }: Ours): string => `for b in ${bridges.map(quote).join(" ")}; do
    for i in "/sys/class/net/$b/brif/"*; do [ ! -e "$i" ] || say port "\${i##*/}"; done
done
programs=iptables; theirs=
${isNftShell}
if is_nft iptables; then
    theirs="${nftTables.iptables}"
    [ ! -s /proc/net/ip_tables_names ] || programs="iptables iptables-legacy"
fi
! is_nft ebtables || { programs="$programs ebtables"; theirs="$theirs ${nftTables.ebtables}"; }
! is_nft arptables || { programs="$programs arptables"; theirs="$theirs ${nftTables.arptables}"; }
for p in $programs; do
    a=$($p-save 2> /dev/null | awk -v p=$p '/^\\*/ { t = $1 }
        /^-A / && length($0) < 1000 && (!n[t $2]++ || $2 ~ /^[A-Z]+$/ || / -j (DROP|REJECT)/) && m++ < ${RULES} { print p, t, $0 }') || a=
    while IFS= read -r r; do [ -z "$r" ] || say rule "$r"; done <<END
$a
END
done
a=$(nft -a list ruleset 2> /dev/null | awk -v theirs=" $theirs " '
    /^table / { t = $2 " " $3; on = !index(theirs, " " $2 ":" $3 " ") && $3 != "libvirt_network" }
    /^\\tchain / { c = $2; n = 0; b = 0; drops = 0 }
    /^\\t\\ttype .* hook / { b = 1; drops = / policy drop;/; next }
    on && /^\\t\\t.*# handle [0-9]+$/ { n++; if (/(drop|reject)/ && length($0) < 1000 && m++ < ${RULES}) print t, c, b, n, $0 }
    on && /^\\t}/ && b && drops && !n { print t, c, b, n, "policy drop" }') || a=
while IFS= read -r r; do [ -z "$r" ] || say native "$r"; done <<END
$a
END`;

/** A rule as iptables-save and its like print it. */
interface Rule {
    program: string;
    table: string;
    chain: string;
    /** Without `-A` and its chain. */
    text: string;
    words: readonly string[];
}

function ruleOf(line: string): Rule {
    const [, program, table, chain, rest] = /^(\S+) \*(\S+) -A (\S+)(.*)$/.exec(line) ?? [];
    const text = (rest ?? "").trim();
    return {
        program: program!,
        table: table!,
        chain: chain ?? "",
        text,
        words: text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [],
    };
}

const INTERFACES = /^(-[io]|--(?:in|out)-interface|--physdev-(?:in|out)|--logical-(?:in|out))$/;
const ADDRESSES = /^(-[sd]|--(?:arp-)?ip-(?:src|dst))$/;
/** Words that leave a rule one for everything, each with its value. */
const FOR_ALL =
    /^(-m (comment|statistic|tcp|udp|icmp)|-p (all|tcp|udp|icmp|IPv4|ARP)|--(comment|mode|probability|every|packet|reject-with|arpreply-mac) .*|-[jg] .*)$/;
/** Ports by which nodes get their addresses and names from the host. */
const OUR_PORTS = /^--[sd]port (53|67|68)$/;

/** What of a rule's text may be the cloud's. */
class Names {
    private readonly ranges: readonly Cidr[];
    private readonly interfaces: readonly string[];

    constructor({ bridges, ranges }: Ours, ports: readonly string[]) {
        this.ranges = ranges.map(range => Cidr.parse(range));
        // Others are the host's own ways out of a bridge.
        this.interfaces = [...bridges, ...ports.filter(port => /^(vnet|veth|tap)\d|^up-/.test(port))];
    }

    interface(name: string): boolean {
        const begin = /^(.+)[+*]$/.exec(name)?.[1];
        return this.interfaces.some(own => own === name || (begin !== undefined && own.startsWith(begin)));
    }

    /** An address, or a range, of the cloud's alone. */
    address(text: string): boolean {
        const found = Cidr.printed(text);
        return found !== undefined && this.ranges.some(range => range.includes(found));
    }

    /** Whether a rule is about the cloud by its own words. */
    in({ words }: Rule): boolean {
        return words.some((word, n) => {
            if (words[n - 1] === "!") return false;
            const value = words[n + 1] ?? "";
            return INTERFACES.test(word) ? this.interface(value) : ADDRESSES.test(word) && this.address(value);
        });
    }
}

/** Whether a rule is about everything that comes to it. @param ports allowed: those by which the host serves nodes */
function isForAll({ words }: Rule, ports: boolean): boolean {
    for (let n = 0; n < words.length; n += 2) {
        const pair = `${words[n]} ${words[n + 1] ?? ""}`;
        if (!FOR_ALL.test(pair) && !(ports && OUR_PORTS.test(pair))) return false;
    }
    return true;
}

const targetOf = ({ words }: Rule): string | undefined =>
    words[words.findIndex(word => word === "-j" || word === "-g") + 1];
const isBuiltIn = (chain: string): boolean => /^[A-Z]+$/.test(chain);
/** Chains of libvirt's own filters. */
const isFilter = (chain: string): boolean => /^(libvirt-|[FHIO]{1,2}-)/.test(chain);
/** What libvirt itself ends the way of other networks into its own with. */
const LIBVIRTS_END = /^-[io] \S+ -j REJECT --reject-with icmp-port-unreachable$/;

/** Rules of one table of one program. */
class Table {
    constructor(
        private readonly rules: readonly Rule[],
        private readonly names: Names,
    ) {}

    /** Those that take the cloud's traffic away. */
    found(): Rule[] {
        const found = new Set<Rule>();
        for (const rule of this.rules) if (this.takes(rule, found)) found.add(rule);
        return [...found];
    }

    private takes(rule: Rule, before: ReadonlySet<Rule>): boolean {
        const { chain, text } = rule,
            isLibvirts = chain.startsWith("LIBVIRT_");
        if (isFilter(chain) || (isLibvirts && LIBVIRTS_END.test(text))) return false;
        if (!this.drops(rule) && !this.spoilsNat(rule)) return false;
        if (this.names.in(rule)) return true;
        return (
            isForAll(rule, /^(IN|OUT)PUT$/.test(chain)) &&
            (isLibvirts || (isBuiltIn(chain) && this.isInFront(rule, before)))
        );
    }

    /** By itself, or by a chain that does nothing else. */
    private drops(rule: Rule, depth = 0): boolean {
        const target = targetOf(rule);
        if (target === "DROP" || target === "REJECT") return true;
        const first = target === undefined || isBuiltIn(target) || depth > 3 ? undefined : this.of(target)[0];
        return first !== undefined && isForAll(first, false) && this.drops(first, depth + 1);
    }

    /** Sends packets out before libvirt gives them the host's address. */
    private spoilsNat(rule: Rule): boolean {
        return (
            rule.table === "nat" &&
            rule.chain === "POSTROUTING" &&
            targetOf(rule) === "ACCEPT" &&
            this.isInFront(rule, new Set())
        );
    }

    private of(chain: string): Rule[] {
        return this.rules.filter(rule => rule.chain === chain);
    }

    /** Before libvirt's chains, or before everything. */
    private isInFront(rule: Rule, taking: ReadonlySet<Rule>): boolean {
        const chain = this.of(rule.chain),
            at = chain.indexOf(rule);
        return (
            chain.slice(at + 1).some(r => targetOf(r)?.startsWith("LIBVIRT_")) ||
            chain.slice(0, at).every(r => taking.has(r))
        );
    }
}

/** By the program that keeps it, exactly as it was printed. */
function deletion({ program, table, chain, text, words }: Rule): string {
    if (!program.startsWith("iptables"))
        return `${program} -t ${quote(table)} -D ${quote(chain)} ${words.map(quote).join(" ")}`;
    return `printf '%s\\n' ${[`*${table}`, `-D ${chain} ${text}`, "COMMIT"].map(quote).join(" ")} | ${program}-restore -w -n`;
}

const sentence = (rule: string, where: string): string =>
    `the firewall rule ${rule} (${where}) on this host takes the cloud's traffic away`;

/** A rule of nftables itself. */
function nativeHindrance(line: string, names: Names): Hindrance[] {
    const [, family, table, chain, base, place, rest] = /^(\S+) (\S+) (\S+) ([01]) (\d+) (.*)$/.exec(line)!,
        [, rule, handle] = /^(.*\S|)\s*# handle (\d+)$/.exec(rest!.trim()) ?? [],
        where = `nft, ${family} ${table} ${chain}`,
        name = [family!, table!, chain!].map(quote).join(" ");
    if (handle === undefined)
        return [{ words: sentence("policy drop", where), mend: `nft chain ${name} '{ policy accept; }'` }];
    const bare = rule!
        .replace(
            /counter packets \d+ bytes \d+|comment "[^"]*"|numgen \S+ mod \S+ < \S+|meta l4proto (tcp|udp|icmp)/g,
            "",
        )
        .trim();
    const forAll = base === "1" && place === "1" && /^(drop|reject\b.*)$/.test(bare);
    // The words may be those of a log, of a counter or of a chain: a rule that lets packets through has them too.
    const isNamed =
        /(^| )(drop|reject( with .*)?)$|: (drop|reject)\b/.test(bare.replace(/"[^"]*"/g, "x")) &&
        !/!=/.test(bare) &&
        (quoted(bare).some(word => names.interface(word)) || addressesIn(bare).some(word => names.address(word)));
    if (!forAll && !isNamed) return [];
    return [
        {
            words: sentence(rule!.replace(/counter packets \d+ bytes \d+ ?/, ""), where),
            mend: `nft delete rule ${name} handle ${handle}`,
        },
    ];
}
const quoted = (rule: string): string[] => [...rule.matchAll(/"([^"]+)"/g)].map(found => found[1]!);
const addressesIn = (rule: string): string[] =>
    [...rule.matchAll(/\b[sd]addr (\{[^}]*\}|\S+)/g)].flatMap(found => found[1]!.match(/[\d.]+(?:\/\d+)?/g) ?? []);

/** Rules of a host that take the traffic of the cloud away there. */
export function firewallHindrances(ours: Ours, { port, rule, native }: Said): Hindrance[] {
    const names = new Names(ours, port),
        tables = new Map<string, Rule[]>();
    for (const r of rule.map(ruleOf)) {
        const key = `${r.program} ${r.table}`;
        tables.set(key, [...(tables.get(key) ?? []), r]);
    }
    const found = [...tables.values()].flatMap(rules => new Table(rules, names).found());
    return [
        ...found.map(r => ({
            words: sentence(`-A ${r.chain} ${r.text}`, `${r.program}, table ${r.table}`),
            mend: deletion(r),
        })),
        ...native.flatMap(line => nativeHindrance(line, names)),
    ];
}
