import { quote, quoteWords } from "../../../clients/ssh";
import { isNftShell, nftTables } from "../nft-tables";
import { type Kind, withSystemd } from "./kind";
import { isStrange } from "./nova-rules";

/** Firewall rules and chains that nova, libvirt and instances bring and take away by themselves. */
const THEIR_RULES = /\b(nova-|nova_|neutron-)|\bLIBVIRT_|\blibvirt-|\b(virbr|vnet|tap|macvtap)\d/;

/** `iptables-save` and its like: each rule, chain and policy that is none of the kernel's own, after the name of its table. */
function allRules(printed: readonly string[]): string[] {
    let table = "";
    const found: string[] = [];
    for (const line of printed) {
        const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
        if (line.startsWith("*")) table = line.slice(1).trim();
        else if (chain !== undefined && policy === "-") found.push(`${table} -N ${chain}`);
        else if (chain !== undefined && policy !== "ACCEPT") found.push(`${table} -P ${chain} ${policy}`);
        else if (line.startsWith("-A ")) found.push(`${table} ${line.trim()}`);
    }
    return found;
}
const rules = (printed: readonly string[]): string[] => allRules(printed).filter(line => !THEIR_RULES.test(line));

/** Of `filter -A INPUT -j DROP`. */
const ruleOf = (line: string) =>
    /^(\S+) (-\S) (\S+) ?(.*)$/.exec(line)?.slice(1) as [table: string, how: string, chain: string, rest: string];

const wordsOf = (what: string): Kind["words"] => {
    const inWords = (line: string) => `${what} ${line.slice(line.indexOf(" ") + 1)} (${line.split(" ")[0]})`;
    return { added: line => `${inWords(line)} was added`, gone: line => `${inWords(line)} is gone` };
};

function firewall(program: string, what: string): Kind {
    const restore = (table: string, ...lines: string[]) =>
        `printf '%s\\n' ${[`*${table}`, ...lines, "COMMIT"].map(quote).join(" ")} | ${program}-restore -n`;
    return {
        ask: `${program}-save`,
        lines: rules,
        words: wordsOf(what),
        mend: {
            added(line) {
                const [table, how, chain, rest] = ruleOf(line);
                if (how === "-P") return restore(table, `:${chain} ACCEPT [0:0]`);
                return how === "-N"
                    ? restore(table, `-F ${chain}`, `-X ${chain}`)
                    : restore(table, `-D ${chain} ${rest}`);
            },
            gone(line) {
                const [table, how, chain, rest] = ruleOf(line);
                return restore(
                    table,
                    how === "-A" ? `-A ${chain} ${rest}` : `:${chain} ${how === "-P" ? rest : "-"} [0:0]`,
                );
            },
        },
    };
}

/** The older iptables beside the newer one: the kernel asks both. It is asked only where it has tables, for asking makes them. */
function olderFirewall(): Kind {
    const kind = firewall("iptables-legacy", "the firewall rule of iptables-legacy");
    const guarded = (mend?: (line: string) => string | undefined) => (line: string) => withSystemd(mend?.(line) ?? ":");
    return {
        ...kind,
        ask: withSystemd(
            `${isNftShell}\n[ ! -s /proc/net/ip_tables_names ] || ! is_nft iptables || iptables-legacy-save`,
        ),
        mend: { added: guarded(kind.mend?.added), gone: guarded(kind.mend?.gone) },
    };
}

/** A firewall of frames, ebtables or arptables: asking the older ones makes their tables. */
function frames(program: string, module: string): Kind {
    const call = (table: string, words: string) => withSystemd(`${program} -t ${quote(table)} ${words}`);
    return {
        ask: withSystemd(
            `${isNftShell}\n{ is_nft ${program} || grep -q '^${module}' /proc/modules; } && ${program}-save || true`,
        ),
        lines: rules,
        words: wordsOf(`the rule of ${program}`),
        mend: {
            added(line) {
                const [table, how, chain, rest] = ruleOf(line);
                if (how === "-P") return call(table, `-P ${quote(chain)} ACCEPT`);
                return how === "-A" ? call(table, `-D ${quote(chain)} ${quoteWords(rest)}`) : undefined;
            },
            gone(line) {
                const [table, how, chain, rest] = ruleOf(line);
                return how === "-N" ? undefined : call(table, `${how} ${quote(chain)} ${quoteWords(rest)}`);
            },
        },
    };
}

/** awk that leaves of a rule of nftables what does not change by itself. */
const BARE = `sub(/^\\t+/, ""); gsub(/counter packets [0-9]+ bytes [0-9]+/, "counter")`;

/** Prints rules as FAMILY TABLE CHAIN RULE, and policies; without tables that the programs above keep, and libvirt's own. */
const NATIVE = `/^table / { t = $2 " " $3; on = !index(theirs, " " $2 ":" $3 " ") && $3 != "libvirt_network"; c = ""; next }
/^\\tchain / { c = $2; next }
/^\\t}/ { c = ""; next }
!on || c == "" || length($0) > 1000 || !/^\\t\\t[^\\t]/ { next }
{ ${BARE} }
/^type .* hook / { if (/ policy drop;/) print t, c, "policy drop"; next }
{ print t, c, $0 }`;

/** The handle of the first rule that is $RULE. */
const HANDLE = `/ # handle [0-9]+$/ { h = $NF; sub(/ # handle [0-9]+$/, ""); ${BARE}; if ($0 == ENVIRON["RULE"]) { print h; exit } }`;

/** The chain of such a line, quoted, and the rule in it; none where a name is not plain. */
function ofNative(line: string): [chain: string, rule: string] | undefined {
    const [, chain, rule] = /^([a-z0-9]+ [A-Za-z][\w.-]* [A-Za-z][\w.-]*) (.*)$/.exec(line) ?? [];
    return chain === undefined ? undefined : [quoteWords(chain), rule!];
}

const nativeRules: Kind = {
    ask: withSystemd(`${isNftShell}
theirs=
! is_nft iptables || theirs="${nftTables.iptables} ${nftTables.ip6tables}"
! is_nft ebtables || theirs="$theirs ${nftTables.ebtables}"
! is_nft arptables || theirs="$theirs ${nftTables.arptables}"
nft list ruleset 2> /dev/null | awk -v theirs=" $theirs " ${quote(NATIVE)}`),
    lines: printed => printed.filter(line => /^[a-z0-9]+ \S+ \S+ \S/.test(line)),
    words: {
        added: line => `${nativeWords(line)} was added`,
        gone: line => `${nativeWords(line)} is gone`,
    },
    mend: {
        added(line) {
            const [chain, rule] = ofNative(line) ?? [];
            if (chain === undefined) return undefined;
            return rule === "policy drop"
                ? withSystemd(`nft chain ${chain} '{ policy accept; }'`)
                : withSystemd(
                      `h=$(nft -a list chain ${chain} | RULE=${quote(rule!)} awk ${quote(HANDLE)}); [ -z "$h" ] || nft delete rule ${chain} handle "$h"`,
                  );
        },
        gone(line) {
            const [chain, rule] = ofNative(line) ?? [];
            if (chain === undefined) return undefined;
            return withSystemd(
                rule === "policy drop"
                    ? `nft chain ${chain} '{ policy drop; }'`
                    : `nft add rule ${chain} ${quote(rule!)}`,
            );
        },
    },
};
function nativeWords(line: string): string {
    const words = line.split(" ");
    return `the firewall rule ${words.slice(3).join(" ")} (nft, ${words.slice(0, 3).join(" ")})`;
}

const ofIptables = firewall("iptables", "the firewall rule");

/** The firewalls of a node, of all the programs that the kernel has one for. */
export const ruleKinds = {
    rules: ofIptables,
    rulesSix: firewall("ip6tables", "the firewall rule for IPv6"),
    strangeRules: {
        ...ofIptables,
        // With these options nova itself rejects more.
        ask: "grep -qsE '^[[:space:]]*(forward_bridge_interface|iptables_drop_action)' /etc/nova/nova.conf || iptables-save",
        lines: printed => allRules(printed).filter(isStrange),
        never: true,
        words: {
            added: line => `${ofIptables.words.added(line)} among those of nova and libvirt`,
            gone: line => line,
        },
    },
    olderRules: olderFirewall(),
    frameRules: frames("ebtables", "ebtable_"),
    addressRules: frames("arptables", "arptable_"),
    nativeRules,
} as const satisfies Record<string, Kind>;
