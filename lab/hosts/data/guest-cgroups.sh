#!/bin/bash
# guest-cgroups enter GUEST PID | remove GUEST
#
# Without systemd-machined, libvirt leaves every guest at the top of some cgroup hierarchies of the host. Two guests' systemds would
# share /system.slice. So each guest gets a cgroup of its own in those hierarchies, and its root may write there.
#
# A controller looks for cgroups among all mounts of its host, and binds what it finds: nothing is mounted where another one sees it.
[ -n "$APART" ] || APART=1 exec unshare --mount "$0" "$@"
operation=$1 guest=$2
lower=/var/lib/libvirt/roots/$guest
mapfile -t hierarchies < /proc/self/cgroup
# libvirt itself handles version 2 alone.
[ "${#hierarchies[@]}" -gt 1 ] || exit 0
at=/run/guest-cgroups
mkdir -p "$at"
for line in "${hierarchies[@]}"; do
    IFS=: read -r _ controllers _ <<< "$line"
    case $controllers in
    # libvirt handles these.
    cpu | cpuacct | cpu,cpuacct | cpuacct,cpu | cpuset | memory | devices | freezer | blkio | net_cls* | net_prio* | perf_event) continue ;;
    "") mount -t cgroup2 cgroup "$at" ;;
    name=*) mount -t cgroup -o "none,$controllers" cgroup "$at" ;;
    *) mount -t cgroup -o "$controllers" cgroup "$at" ;;
    esac || continue
    own=$at/guests/$guest
    if [ "$operation" = enter ]; then
        mkdir -p "$own"
        # The guest's first id, as the hook left it.
        for file in "$own" "$own/cgroup.procs" "$own/tasks" "$own/cgroup.threads" "$own/cgroup.subtree_control"; do
            [ ! -e "$file" ] || chown "$(stat -c %g:%g "$lower")" "$file"
        done
        echo "$3" > "$own/cgroup.procs"
    else
        [ ! -d "$own" ] || find "$own" -depth -type d -exec rmdir {} + 2> /dev/null
    fi
    umount "$at"
done
