#!/bin/bash
# libvirt's hook of virtual machines: GUEST OPERATION SUB-OPERATION, the domain's XML on standard input.
# An emulated machine computes ten times as long as a container for the same, and all wait for it. So it has the processor
# time of six beside the other machines of its host.
xml=$(cat)
[ "$2" = started ] && [[ $xml == *"<domain type='qemu'"* ]] || exit 0
shopt -s nullglob extglob
name=machine/qemu-+([0-9])-"$1".libvirt-qemu
for guest in /sys/fs/cgroup/$name /sys/fs/cgroup/*/$name; do
    [ ! -e "$guest/cpu.shares" ] || echo 6144 > "$guest/cpu.shares"
    [ ! -e "$guest/cpu.weight" ] || echo 600 > "$guest/cpu.weight"
done
exit 0
