#!/bin/sh
# First process of a container, before systemd. Its host has put it into cgroups of its own: with a cgroup namespace
# they are the tops of the hierarchies, which are mounted anew.
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
if [ -z "$GUEST_CGROUPS" ]; then
    GUEST_CGROUPS=1; export GUEST_CGROUPS
    exec unshare --cgroup "$0" "$@"
fi
unset GUEST_CGROUPS
umount -l /sys/fs/cgroup
if [ "$(wc -l < /proc/self/cgroup)" = 1 ]; then
    mount -t cgroup2 cgroup /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755,size=4m tmpfs /sys/fs/cgroup
    while IFS=: read -r id controllers path; do
        case $controllers in
            "") continue ;;
            name=*) dir=/sys/fs/cgroup/${controllers#name=}; options=none,$controllers ;;
            *) dir=/sys/fs/cgroup/$controllers; options=$controllers ;;
        esac
        mkdir -p "$dir"
        mount -t cgroup -o "$options" cgroup "$dir"
    done < /proc/self/cgroup
fi
# A container with ids of its own may not use the machine's audit. Calls for it shall be skipped, not fail.
read -r _ first _ < /proc/self/uid_map
[ "$first" = 0 ] || exec setpriv --bounding-set -audit_control,-audit_read /sbin/init "$@"
exec /sbin/init "$@"
