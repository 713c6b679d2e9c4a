#!/bin/bash
# libvirt's hook of containers: GUEST OPERATION SUB-OPERATION, the domain's XML on standard input.
# A guest's root is an overlay of its own upper directory on the golden root, mounted while the guest runs.
# A guest without a file named `lower` is not one of ours.
guest=$1 operation=$2
dir=/var/lib/libvirt/roots/$guest
cat > /dev/null
[ -f "$dir/lower" ] || exit 0
case $operation in
prepare)
    mkdir -p "$dir/upper" "$dir/work" "$dir/root"
    mountpoint -q "$dir/root" || mount -t overlay overlay -o "lowerdir=$(tr -d '\n' < "$dir/lower"),upperdir=$dir/upper,workdir=$dir/work" "$dir/root" || exit 1
    install -m 755 /usr/local/lib/classroom/guest-init "$dir/root/sbin/lab-init" || exit 1
    ;;
release)
    umount "$dir/root" 2> /dev/null || umount -l "$dir/root"
    # What the guest's first process made for itself outside of libvirt's own cgroup (see guest-init).
    for hierarchy in /sys/fs/cgroup/*/guests/"$guest" /sys/fs/cgroup/guests/"$guest"; do
        [ ! -d "$hierarchy" ] || find "$hierarchy" -depth -type d -exec rmdir {} + 2> /dev/null
    done
    ;;
esac
exit 0
