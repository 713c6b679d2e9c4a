import { quote } from "../../clients/ssh";
import { NOT_YET } from "../../clients/waiting";

/**
 * Shell functions that treat a service alike under systemd (newer releases) and upstart (Ubuntu 12.04):
 * is_running, is_enabled, start, stop, restart, enable, disable; each takes the service's name. And `is_booting`, of the
 * machine: services that start at boot may not run yet.
 */
export const initShell = `
if [ -d /run/systemd/system ]; then
    is_running() { systemctl is-active -q "$1"; }
    is_enabled() { systemctl is-enabled -q "$1" 2> /dev/null; }
    start() { systemctl start "$1"; }
    stop() { systemctl stop "$1"; }
    restart() { systemctl reset-failed "$1" 2> /dev/null || true; systemctl restart "$1"; }
    enable() { systemctl enable -q "$1" 2> /dev/null; }
    disable() { systemctl disable -q "$1" 2> /dev/null; }
    is_booting() { case "$(systemctl is-system-running)" in initializing | starting) ;; *) false ;; esac; }
    last_words() { journalctl -q -n 8 -o cat -u "$1" 2> /dev/null; }
else
    # A job's status is in its words, whatever it ends with; an init script's is what it ends with, whatever it says.
    job() { [ -e "/etc/init/$1.conf" ]; }
    is_running() { if job "$1"; then service "$1" status 2> /dev/null | grep -q ' start/running'; else service "$1" status > /dev/null 2>&1; fi; }
    # The last word of a job and its override counts.
    is_enabled() {
        if job "$1"; then cat "/etc/init/$1.conf" "/etc/init/$1.override" 2> /dev/null | sed -nr 's/^[[:space:]]*(manual|start on)([[:space:]].*)?$/\\1/p' | tail -n 1 | grep -q '^start on'
        else ls /etc/rc[2S].d/S??"$1" > /dev/null 2>&1; fi
    }
    start() { service "$1" start; }
    stop() { service "$1" stop; }
    restart() { service "$1" restart; }
    enable() {
        if ! job "$1"; then update-rc.d "$1" enable > /dev/null
        elif [ -e "/etc/init/$1.override" ]; then
            sed -i '/^[[:space:]]*manual[[:space:]]*$/d' "/etc/init/$1.override"
            [ -s "/etc/init/$1.override" ] || rm "/etc/init/$1.override"
        fi
    }
    disable() { if job "$1"; then echo manual >> "/etc/init/$1.override"; else update-rc.d "$1" disable > /dev/null; fi; }
    is_booting() { service rc status 2> /dev/null | grep -q ' start/running'; }
    last_words() { tail -q -n 8 /var/log/*/"$1.log" 2> /dev/null; }
fi`;

/**
 * How long a service may take to listen while it runs, in seconds in which its machine has a processor to spare; one that ends is
 * not waited for. The slowest are cinder's three in an emulated machine, which compute while they start: 35 s where nothing
 * else runs, 137 s at a load of ten on two cores, 204 s at seventeen.
 */
export const READY_SECONDS = 180;

/**
 * `began SERVICE…`: for each that runs its name and when it started or was reloaded, in seconds since 1970; no line where the
 * init does not tell.
 */
export const beganShell = `
if [ -d /run/systemd/system ]; then
    began() {
        TZ=UTC systemctl show -p ActiveState -p StateChangeTimestamp "$@" | awk -v names="$*" '
BEGIN { split(names, name, " "); i = 1 }
$0 == "" { i++ }
$0 == "ActiveState=active" { active[i] = 1 }
sub(/^StateChangeTimestamp=/, "") && $0 != "" { at[i] = $0 }
END { for (i in at) if (i in active) print name[i], at[i] }' | while read -r s at; do
            at=$(date -u -d "$at" +%s) || continue
            echo "$s $at"
        done
    }
else
    # A process's start is counted in ticks since the boot, of which there are always a hundred.
    began() {
        boot=$(sed -n 's/^btime //p' /proc/stat)
        for s; do
            p=$(service "$s" status 2> /dev/null | sed -n 's,.* start/running\\, process \\([0-9]*\\)$,\\1,p') || continue
            [ -n "$p" ] && { read -r stat < "/proc/$p/stat"; } 2> /dev/null || continue
            set -- \${stat##*) }
            echo "$s $((boot + \${20} / 100))"
        done
    }
fi`;

/** `running`: the names of running services, a line each. Under upstart, services of init scripts are left out. */
export const runningShell = `running() {
    if [ -d /run/systemd/system ]; then systemctl list-units --type=service --state=running --no-legend --plain | sed -n 's/[.]service .*//p'
    else initctl list | sed -n 's/ start\\/running.*//p'; fi
}`;

/** `listening PORT`: whether something listens on it, which is asked of the kernel; the port as {@link hex} has it. */
export const listeningShell = `listening() { grep -qi ": [0-9A-F]*:$1 [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6; }`;

/** A command that prints the ports on which something listens, as {@link hex} has them, a line each. */
export const listenedShell = `awk '$4 == "0A" { print substr($2, length($2) - 3) }' /proc/net/tcp /proc/net/tcp6 | sort -u`;

/** A port as the kernel's tables have it. */
export const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");

/** `goes_on SERVICE`: ends the script with the service's last words where it has ended. Goes after {@link initShell}. */
export const goesOnShell = `goes_on() { is_running "$1" || { echo "service $1 ended while it started:" >&2; last_words "$1" >&2; exit 1; }; }`;

/**
 * Asks whether services listen on their ports: one that is up but not ready would fail whoever comes next. Goes after
 * {@link initShell}; ends as {@link NOT_YET} says, and with 1 where one has ended.
 */
export const readyShell = (ports: ReadonlyMap<string, number>): string => `
${listeningShell}
${goesOnShell}
late=
ready() {
    ! listening "$2" || return 0
    goes_on "$1"
    late=1; echo "service $1 does not listen on port $3" >&2
}
${[...ports].map(([service, port]) => `ready ${quote(service)} ${hex(port)} ${port}`).join("\n")}
[ -z "$late" ] || exit ${NOT_YET}`;

/** A word that names a service or a package, as it is put into scripts. */
export const isName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9@+._-]*$/.test(text);
