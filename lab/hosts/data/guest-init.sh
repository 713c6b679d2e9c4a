#!/bin/sh
# First process of a container, before systemd. Where systemd-machined is missing, libvirt leaves some of the host's
# cgroup hierarchies at their top in every guest, and two guests' systemds would share /system.slice.
# So: a cgroup of its own in each of them, a cgroup namespace, the hierarchies mounted anew, then the real init.
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
if [ -z "$GUEST_CGROUPS" ]; then
    name=$(cat /etc/hostname)
    mkdir -p /run/cg
    while IFS=: read -r id controllers path; do
        case $path in /machine/*|*/machine/*) continue ;; esac
        case $controllers in
            "") mount -t cgroup2 cg /run/cg ;;
            name=*) mount -t cgroup -o "none,$controllers" cg /run/cg ;;
            *) mount -t cgroup -o "$controllers" cg /run/cg ;;
        esac || continue
        mkdir -p "/run/cg/guests/$name" && echo 1 > "/run/cg/guests/$name/cgroup.procs"
        umount /run/cg
    done < /proc/self/cgroup
    rmdir /run/cg
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
exec /sbin/init "$@"
