import { isIPv4 } from "net";
import { STARVED } from "../../clients/waiting";
import { hex, listeningShell } from "./init";

/** The facts by which a service shows that it does its work. */
interface Known {
    port?: number;
    queue?: string;
    database?: string;
    dnsmasqs?: string;
}

/** Whether it is an IPv4 address and a port. */
export const isAddress = (text: string): boolean => {
    const [, address = "", port = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
    return isIPv4(address) && Number(port) > 0 && Number(port) < 65536;
};

/** An address and a port as the kernel's table of connections has them: 10.0.0.3:5672 → 0300000A:1628. */
const inTable = (at: string): string => {
    const [address = "", port = ""] = at.split(":");
    const bytes = address.split(".").map(n => Number(n).toString(16).toUpperCase().padStart(2, "0"));
    return `${bytes.reverse().join("")}:${hex(Number(port))}`;
};

/** A service that has just started may still get its missing signs. */
const YOUNG_SECONDS = 60;
/** Without a processor to spare it takes longer: cinder-api starts in 35 s in an emulated machine, and in 137 s at a load of ten. */
const STARVED_SECONDS = STARVED * YOUNG_SECONDS;
/** Its connections come later: after a start of all machines, a service asks for its queue again every half minute. */
const CONNECTED_SECONDS = 300;

/**
 * Shell functions. `no_dnsmasq`: of nova-network's bridges those without a dnsmasq. `no_rules`: of its rules those that are missing, and
 * floating addresses that are on no card. Nova has set up a network where there is a file nova-BRIDGE.conf. A floating address has a
 * rule in each of three chains, which come and go at once.
 */
const networkShell = `no_dnsmasq() {
    for f in "$1"/nova-*.conf; do
        b=\${f##*/nova-}; b=\${b%.conf}
        case $b in *[!A-Za-z0-9-]*) continue ;; esac
        [ ! -d "/sys/class/net/$b" ] || pgrep -f "dnsmasq.*/nova-$b[.]conf" > /dev/null || echo "dnsmasq of $b"
    done
}
no_rules() {
    set -- "$1"/nova-*.conf
    [ -e "$1" ] || return 0
    nat=$(iptables-save -t nat 2> /dev/null) || return 0
    [ -n "$nat" ] || return 0
    has() { printf '%s\n' "$nat" | grep -qE -e "$1"; }
    { has '^-A PREROUTING (.* )?-j nova-network-PREROUTING' && has '^-A nova-network-PREROUTING .*-d 169[.]254[.]169[.]254(/32)? .*-j (DNAT|REDIRECT) '; } ||
        echo "firewall rules of the metadata service"
    # One that knows no network has none of these rules.
    grep -qsE '^[[:space:]]*routing_source_ip' /etc/nova/nova.conf || ! has '^-A nova-network-POSTROUTING -s .*-j ACCEPT' ||
        { has '^-A POSTROUTING (.* )?-j nova-postrouting-bottom' && has '^-A nova-postrouting-bottom (.* )?-j nova-network-snat' && has '^-A nova-network-snat .*-j SNAT '; } ||
        echo "firewall rules of the way out"
    cards=$(ip -o -4 addr show) || return 0
    printf '%s\n' "$nat" | awk '
/--dport / { next }
/^-A nova-network-(PREROUTING|OUTPUT) .*-j DNAT / { for (i = 3; i < NF; i++) if ($i == "-d") { f = $(i + 1); sub("/32$", "", f); all[f]; has[f " " $2] } }
/^-A nova-network-float-snat .*-j SNAT / { for (i = 3; i < NF; i++) if ($i == "--to-source") { f = $(i + 1); all[f]; has[f " " $2] } }
END { for (f in all) print f, ((f " nova-network-PREROUTING") in has) + ((f " nova-network-OUTPUT") in has) + ((f " nova-network-float-snat") in has) }' |
        while read -r f n; do
            [ "$n" = 3 ] || echo "firewall rules of the floating address $f"
            case $cards in *" $f/"*) ;; *) echo "floating address $f" ;; esac
        done
}`;

/**
 * Shell functions for a service that does not run; they look at all processes. `holder`: who listens on a port, as the kernel has it:
 * `nc (812)`. `free`: ends the script where that is another program than the service.
 */
export const holderShell = `holder() {
    socket=$(awk -v p=":$1" 'substr($2, length($2) - 4) == p && $4 == "0A" { print "socket:[" $10 "]"; exit }' /proc/net/tcp /proc/net/tcp6)
    [ -n "$socket" ] || return 0
    pid=$(ls -l /proc/[0-9]*/fd 2> /dev/null | awk -v s="$socket" '$0 ~ "^/proc/" { split($1, path, "/"); pid = path[3] } $NF == s { print pid; exit }') || true
    [ -z "$pid" ] || { read -r name < "/proc/$pid/comm"; echo "$(echo "$name" | tr -cd 'A-Za-z0-9_.:/-') ($pid)"; } 2> /dev/null || true
}
free() {
    by=$(holder "$3")
    # Its own may still be there for a moment.
    case $1 in "\${by%% *}"*) return 0 ;; esac
    echo "service $1 cannot be started: port $2 is held by $by; end that process, or have it listen elsewhere" >&2
    exit 1
}`;

/** Shell functions. `is_younger`: whether a process has started within so many seconds. `is_busy`: whether no processor is to spare. */
const youngerShell = `is_busy() {
    { read -r load _ < /proc/loadavg; } 2> /dev/null && [ "\${load%.*}" -ge "$(grep -c ^processor /proc/cpuinfo)" ]
}
is_younger() {
    { read -r up _ < /proc/uptime && read -r stat < "/proc/$2/stat"; } 2> /dev/null || return 1
    limit=$1
    set -- \${stat##*) }
    [ $((\${up%.*} - \${20} / 100)) -lt "$limit" ]
}`;

/** Shell function: whether one of some processes is stopped by a signal. */
const stoppedShell = `# One with a terminal is a person's, who pressed Ctrl-Z: \`mysql\` is the client's name too.
is_stopped() {
    for p; do
        { read -r stat < "/proc/$p/stat"; } 2> /dev/null || continue
        set -- \${stat##*) }
        case $1$5 in [Tt]0) return 0 ;; esac
    done
    return 1
}`;

/**
 * Shell functions of a service that runs, each with its name. `signs`: what it lacks of the signs that it works, a line each: `stopped`, by a signal;
 * `port`, on which it does not listen; `queue` and `database`, to which it has no connection; `dnsmasq of BRIDGE`, which does not run. `may_come`,
 * which takes that too: whether it has just started. `last_error`: the last error in its log. `go_on`: takes back the signal.
 * Nothing is sent anywhere: the kernel tells all of it.
 * @param after how long a service runs before its connections count, in seconds
 */
export const signsShell = (
    { port, queue, database, dnsmasqs }: Known,
    after = CONNECTED_SECONDS,
): string => `${listeningShell}
${youngerShell}
pids() { case $1 in rabbitmq-server) pgrep -u rabbitmq ;; *) pgrep -f "(^|/)$1(d|-all)?( |\$)" ;; esac; }
${stoppedShell}
connected() {
    at=$1; shift
    ! is_younger ${after} "$1" || return 0
    sockets=$(awk -v at="$at" '$3 == at && $4 == "01" { print "socket:[" $10 "]" }' /proc/net/tcp)
    [ -n "$sockets" ] && for p; do ls -l "/proc/$p/fd" 2> /dev/null; done | grep -qF "$sockets"
}
${dnsmasqs === undefined ? "" : networkShell}
signs() {
    own=$(pids "$1") || own=
    ! is_stopped $own || { echo stopped; return 0; }
    ${port === undefined ? ":" : `listening ${hex(port)} || echo port`}
    ${queue === undefined ? ":" : `[ -z "$own" ] || connected ${inTable(queue)} $own || echo queue`}
    ${database === undefined ? ":" : `[ -z "$own" ] || connected ${inTable(database)} $own || echo database`}
    ${
        dnsmasqs === undefined
            ? ":"
            : `no_dnsmasq ${dnsmasqs}
    # While an address is given to an instance or taken, half of it is there.
    [ -z "$(no_rules ${dnsmasqs})" ] || { sleep 2; no_rules ${dnsmasqs}; }`
    }
}
may_come() {
    case $2 in stopped) return 1 ;; esac
    young=${YOUNG_SECONDS}; ! is_busy || young=${STARVED_SECONDS}
    is_younger "$young" "$(pids "$1" | head -n 1)"
}
last_error() {
    found=$(tail -q -n 300 /var/log/*/"$1.log" 2> /dev/null | grep -aE 'ERROR|CRITICAL|[Ee]rror' | tail -n 1) || true
    [ -n "$found" ] || found=$(last_words "$1" | tail -n 1) || true
    printf '%s' "$found" | cut -c 1-300
}
go_on() { for p in $(pids "$1"); do kill -CONT "$p" 2> /dev/null || true; done; }`;
