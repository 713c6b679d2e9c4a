#!/bin/bash
# libvirt's hook of containers: GUEST OPERATION SUB-OPERATION, the domain's XML on standard input.
# A guest's root is an overlay of its own upper directory on the golden root, mounted while the guest runs.
# A guest without a file named `lower` is not one of ours.
guest=$1 operation=$2
dir=/var/lib/libvirt/roots/$guest
# The first of the host's ids that stand for those in the guest; without a range they are the host's own.
first=$(sed -n "s/^ *<uid start='0' target='\([0-9]*\)' count='65536'\/>$/\1/p")
[ -f "$dir/lower" ] || exit 0
case $operation in
prepare)
    mkdir -p "$dir/upper" "$dir/work" "$dir/root"
    # Files in it belong to ids that mean somebody on the host: nobody but the guest's root gets there, through `root`.
    chgrp "${first:-0}" "$dir" && chmod 710 "$dir" || exit 1
    mountpoint -q "$dir/root" || /usr/local/lib/classroom/mount-root "$dir" "${first:-0}" /usr/local/lib/classroom/guest || exit 1
    ;;
release)
    umount "$dir/root" 2> /dev/null || umount -l "$dir/root"
    /usr/local/lib/classroom/guest-cgroups remove "$guest"
    ;;
esac
exit 0
