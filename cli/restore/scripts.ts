import { list, number, optional, text } from "../../clients/answer";
import { folderShell, quote } from "../../clients/ssh";
import { NOT_YET } from "../../clients/waiting";
import { groundsDir } from "../../providers/guest/manifest/store";
import { rootsDir } from "../../providers/machine/container-xml";
import type { StackMachine } from "./point";

/** Where restore points lie on a physical host, a folder for each stack; root's alone. */
export const pointsDir = "/var/lib/libvirt/restore-points";

/** The finished or unfinished restore point that a script on a host works on, and its machines there. */
export interface OnHost {
    stack: string;
    name: string;
    machines: readonly (StackMachine & { running: boolean })[];
}

const BUSY = `flock -n 9 || { echo "another snapshot or restore is still at work there" >&2; exit ${NOT_YET}; }`;

/** RabbitMQ alone sets half a GiB of nothing aside. */
const COPY = "cp -a --reflink=auto --sparse=always";

/**
 * What every script begins with. One works on a host at a time, also where the operator's side of a former one has died: it
 * is for the operator to wait and to ask again.
 * @param lock how the others are kept away
 */
function begin({ stack, name, machines }: OnHost, lock = BUSY): string {
    const names = (which: (m: (typeof machines)[number]) => boolean) =>
        quote(
            machines
                .filter(which)
                .map(m => m.name)
                .join(" "),
        );
    return `umask 077
base=${quote(`${pointsDir}/${stack}`)} roots=${rootsDir} records=${groundsDir}
point=$base/${name} making=$base/${name}.making
containers=${names(m => m.kind === "container")} vms=${names(m => m.kind === "vm")}
running_containers=${names(m => m.kind === "container" && m.running)} running_vms=${names(m => m.kind === "vm" && m.running)}
disks() { case $1 in ${machines
        .filter(m => m.kind === "vm")
        .map(m => `${m.name}) echo ${m.disks.map(quote).join(" ")} ;;`)
        .join(" ")} esac; }
lxc() { virsh -q -c lxc:///system "$@"; }
qemu() { virsh -q -c qemu:///system "$@"; }
# What was begun beside each other.
pids=
await() { for p in $pids; do wait "$p" || exit 1; done; pids=; }
${folderShell}
folder "$base"
exec 9> "$base/lock"
${lock}`;
}

/** A machine's copy: its KiB, and a digest of its names and sizes. */
const measure = `measure() { (cd "$1"; echo "$(du -sk . | cut -f 1) $(find . ! -type d -printf '%y %s %p\\n' | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1)"); }`;

/**
 * What a host answers to {@link look}: `NAME UUID KIB STATE` of each machine as it is, KIB being what a copy of it
 * takes at most; and how many KiB are free.
 */
export const lookFields = { machine: list(text(/\S+ \S+ \d+ [a-z ]+/)), free: number };

export const look = (on: OnHost): string => `${begin(on)}
machine() { # name KiB driver
    if u=$($3 domuuid "$1" 2> /dev/null); then say machine "$1 $u $2 $($3 domstate "$1")"; else say machine "$1 - 0 missing"; fi
}
for c in $containers; do machine "$c" "$(du -sk "$roots/$c/upper" 2> /dev/null | cut -f 1 | grep . || echo 0)" lxc; done
for v in $vms; do
    memory=$(qemu dominfo "$v" 2> /dev/null | sed -n 's/^Used memory: *\\([0-9]*\\).*/\\1/p')
    machine "$v" $(( $(du -ck $(disks "$v") 2> /dev/null | sed -n '$s/[^0-9].*//p') + \${memory:-0} )) qemu
done
free=$(df -Pk "$base" | awk 'NR == 2 { print $4 }'); say free "$free"`;

/**
 * Lets everything go on; what it needs to know lies in the folder. The host does it by itself when the connection has ended, so
 * there is no operator who could wait: it waits for the lock, however long that takes.
 */
const goOn = (on: OnHost): string => `${begin(on, "flock 9")}
rm -f "$making/frozen"
# Those that were started last first: nobody is to find what it started stopped.
[ ! -e "$making/stopped" ] || sort -rnu "$making/stopped" | xargs -r kill -CONT 2> /dev/null || true
for v in $running_vms; do
    case $(qemu domstate "$v") in
    paused) qemu resume "$v" > /dev/null & pids="$pids $!" ;;
    "shut off") [ ! -e "$making/$v/memory" ] || { qemu restore "$making/$v/memory" --running > /dev/null & pids="$pids $!"; } ;;
    esac
done
await`;

/**
 * All machines stand still from now on: each process of a container stopped, virtual machines paused. (libvirt's driver of
 * containers can freeze them under cgroup v1 only.) When the ssh connection ends before it is told so, they go on by themselves.
 */
export const freeze = (on: OnHost): { script: string; input: string } => ({
    input: goOn(on),
    script: `${begin(on)}
# What a run that was cut off left: there is no record of it.
rm -rf "$base"/*.making "$point"
mkdir "$making"
cat > "$making/go-on"
session=$$
until case $(cat "/proc/$session/comm") in sshd*) ;; *) false ;; esac; do
    session=$(sed 's/.*) . \\([0-9]*\\) .*/\\1/' "/proc/$session/stat")
    [ "$session" -gt 1 ] || { echo "no sshd is above this process" >&2; exit 1; }
done
# Until the connection ends, which has no deadline: sleep only keeps it from asking all the time.
setsid sh -c 'while kill -0 "$1" 2> /dev/null; do sleep 0.5; done; sh -e "$2/go-on"; rm -rf "$2"' watch "$session" "$making" < /dev/null > /dev/null 2>&1 9>&- &
echo $! > "$making/watch"
for v in $running_vms; do qemu suspend "$v" > /dev/null & pids="$pids $!"; done
tops=$(for c in $running_containers; do lxc domid "$c"; done)
# Processes below libvirt's own one of each container that are not stopped, whatever namespace they are in.
moving() {
    ps -eo pid=,ppid=,stat= | awk -v tops="$(echo $tops)" '
        BEGIN { n = split(tops, t, " "); for (i = 1; i <= n; i++) top[t[i]] = 1 }
        { parent[$1] = $2; state[$1] = $3 }
        END { for (p in parent) { if (p in top || state[p] ~ /^[TtZX]/) continue; q = p; while (q in parent && !(q in top)) q = parent[q]; if (q in top) print p } }'
}
: > "$making/stopped"
# Each pass has to follow the one before at once, for what has just been begun is stopped by it; what counts is how many
# there were, not how long they took by this machine's clock.
for try in $(seq 200); do
    still=$(moving)
    [ -n "$still" ] || break
    echo "$still" >> "$making/stopped"
    kill -STOP $still 2> /dev/null || true
    sleep 0.05
done
[ -z "$still" ] || { echo "not every process stands still when it was tried 200 times: $(echo $still)" >&2; exit 1; }
await
: > "$making/frozen"`,
});

/** A host's answer to {@link copy} and {@link lookAtPoint}: `NAME KIB DIGEST` of each copied machine. */
export const keptFields = { id: optional(text()), kept: list(text(/\S+ \d+ [0-9a-f]{64}/)) };

/** Copies all machines while they stand still: roots, disks, the memory of virtual machines, and what is recorded of each. */
export const copy = (on: OnHost): string => `${begin(on)}
[ -e "$making/frozen" ] || { echo "the machines have gone on by themselves: the connection was lost" >&2; exit 1; }
${measure}
for v in $vms; do
    mkdir "$making/$v"
    (
        case " $running_vms " in *" $v "*) qemu save "$v" "$making/$v/memory" > /dev/null ;; esac
        for d in $(disks "$v"); do ${COPY} "$d" "$making/$v/"; done
    ) & pids="$pids $!"
done
for c in $containers; do
    mkdir "$making/$c"
    ${COPY} "$roots/$c/upper" "$making/$c/upper"
done
await
# An empty one says that nothing was recorded of it.
for m in $containers $vms; do
    if [ -d "$records/$m" ]; then ${COPY} "$records/$m" "$making/$m/record"; else mkdir "$making/$m/record"; fi
done
for m in $containers $vms; do kept=$(measure "$making/$m"); say kept "$m $kept"; done`;

/** Lets the machines go on after a copy, or after one that failed. */
export const thaw = (on: OnHost): string => `making=${quote(`${pointsDir}/${on.stack}/${on.name}.making`)}
[ -e "$making/watch" ] || exit 0
kill "$(cat "$making/watch")" 2> /dev/null || true
rm "$making/watch"
sh -e "$making/go-on"`;

/** Makes the copies a part of a restore point. */
export const keep = (on: OnHost, id: string): string => `${begin(on)}
echo ${quote(id)} > "$making/id"
rm -f "$making/go-on" "$making/stopped"
mv "$making" "$point"`;

/** Whether the host's part of a restore point is there as it was made: its id, and each machine. */
export const lookAtPoint = (on: OnHost): string => `${begin(on)}
${measure}
id=$(cat "$point/id" 2> /dev/null) || exit 0
say id "$id"
for m in $containers $vms; do if [ -d "$point/$m" ]; then kept=$(measure "$point/$m"); say kept "$m $kept"; fi; done`;

/** Copies roots and disks beside the machines, which nothing has changed of yet. */
export const stage = (on: OnHost): string => `${begin(on)}
rm -rf "$base/staged" "$base/replaced"
mkdir "$base/staged" "$base/replaced"
for v in $vms; do
    mkdir "$base/staged/$v"
    for d in $(disks "$v"); do ${COPY} "$point/$v/\${d##*/}" "$base/staged/$v/"; done
done & pids=$!
for c in $containers; do
    mkdir "$base/staged/$c" "$base/replaced/$c"
    ${COPY} "$point/$c/upper" "$base/staged/$c/upper"
done
await
for m in $containers $vms; do [ ! -d "$point/$m/record" ] || ${COPY} "$point/$m/record" "$base/staged/$m/record"; done`;

const ended = `for m in $containers; do [ "$(lxc domstate "$m")" = "shut off" ] || { echo "the container $m cannot be ended" >&2; exit 1; }; done
for m in $vms; do [ "$(qemu domstate "$m")" = "shut off" ] || { echo "the virtual machine $m cannot be ended" >&2; exit 1; }; done`;

/**
 * Ends the machines, and asks whether the roots of containers are let go: their last processes may hold them for a
 * moment.
 */
export const end = (on: OnHost): string => `${begin(on)}
for c in $containers; do lxc destroy "$c" > /dev/null 2>&1 & pids="$pids $!"; done
for v in $vms; do qemu destroy "$v" > /dev/null 2>&1 & pids="$pids $!"; done
# One that is off cannot be ended.
for p in $pids; do wait "$p" || true; done
pids=
${ended}
held=
for c in $containers; do ! mountpoint -q "$roots/$c/root" || umount "$roots/$c/root" 2> /dev/null || held="$held $c"; done
[ -z "$held" ] || { echo "processes hold the root of$held" >&2; exit ${NOT_YET}; }`;

/** Puts the staged copies in the places of machines that have ended, and what was recorded of these in place of what is. */
export const swap = (on: OnHost): string => `${begin(on)}
${ended}
for c in $containers; do
    ! mountpoint -q "$roots/$c/root" || umount -l "$roots/$c/root"
    # Where a run was cut off right here, it is away already.
    [ ! -e "$roots/$c/upper" ] || mv "$roots/$c/upper" "$base/replaced/$c/"
    mv "$base/staged/$c/upper" "$roots/$c/upper"
    rm -rf "$roots/$c/work"
    mkdir "$roots/$c/work"
done
for v in $vms; do for d in $(disks "$v"); do mv -f "$base/staged/$v/\${d##*/}" "$d"; done; done
for m in $containers $vms; do
    if [ -d "$base/staged/$m/record" ]; then
        rm -rf "$records/$m"
        folder "$records/$m"
        mv -T "$base/staged/$m/record" "$records/$m"
    elif [ -d "$records/$m" ]; then
        # A point of a former version has no records: one that is older than it was right at it.
        find "$records/$m" -type f ! -name 'pack-*' -newer "$point/id" -delete
    fi
done`;

/** Starts those that ran, all at once: containers anew, virtual machines where they stood still. */
export const start = (on: OnHost): string => `${begin(on)}
for v in $running_vms; do qemu restore "$point/$v/memory" --running > /dev/null & pids="$pids $!"; done
for c in $running_containers; do lxc start "$c" > /dev/null & pids="$pids $!"; done
await`;

/** Removes the replaced files of a restore, and unused staged copies. */
export const tidy = (on: OnHost): string => `${begin(on)}
rm -rf "$base/staged" "$base/replaced"`;

/** Removes a host's part of a restore point; with the last one the stack's folder. */
export const remove = (on: OnHost): string => `${begin(on)}
rm -rf "$point" "$making"
[ -n "$(ls "$base" | grep -vx lock)" ] || { rm -rf "$base"; rmdir ${pointsDir} 2> /dev/null || true; }`;

/** Removes all of a stack. */
export const removeAll = (stack: string): string =>
    `rm -rf ${quote(`${pointsDir}/${stack}`)}; rmdir ${pointsDir} 2> /dev/null || true`;

/**
 * Of a virtual machine that was put back with its memory: its connections to machines that were started anew end, for
 * these do not know them. ss of Ubuntu 12.04 ends none: there the other side does, at the next packet.
 */
export const forget = (startedAnew: readonly string[]): string =>
    `[ ! -d /run/systemd/system ] || ss -K ${startedAnew.map(a => `dst ${a}`).join(" or ")} > /dev/null 2>&1 || true`;
