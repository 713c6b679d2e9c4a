#!/bin/bash
# A physical host after boot: its links, then its services, each started again when it ends.
set -u
for i in $(seq 300); do ip link show eth2 > /dev/null 2>&1 && break; sleep 0.1; done
set -e
ip link set lo up
ip addr add "192.0.2.$LAB_OCTET/24" dev eth0
ip link set eth0 up
uplink() { # card bridge
    ip link add "$2" type bridge stp_state 0 forward_delay 0
    ip link set "$1" master "$2" up
    ip link set "$2" up
}
uplink eth1 br-internal
uplink eth2 br-private
# The public network is the central host's own. Nodes answer what is not in their networks through the NAT network,
# where libvirt lets nothing with a public address out: so what comes from outside comes from the host.
if [ "$LAB_OCTET" = 1 ]; then iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -d 172.16.0.0/16 -j MASQUERADE
else ip route add 172.16.0.0/16 via 192.0.2.1; fi
echo 1 > /proc/sys/net/ipv4/ip_forward
# Frames on the uplinks' bridges are not the host's to filter.
for f in iptables ip6tables arptables; do [ ! -w /proc/sys/net/bridge/bridge-nf-call-$f ] || echo 0 > /proc/sys/net/bridge/bridge-nf-call-$f; done
set +e

keep() { # name command…: runs a service in the foreground, again a second after each end
    local name=$1; shift
    while :; do
        "$@" < /dev/null >> "/var/log/lab/$name.log" 2>&1
        echo "$(date -u +%FT%TZ) $name ended with code $?; starting it again" >> "/var/log/lab/$name.log"
        sleep 1
    done
}
# `lab up` waits for the ready file: sshd and libvirtd answer by then.
keep virtlogd virtlogd &
keep virtlockd virtlockd &
keep sshd /usr/sbin/sshd -D -e &
keep archive python3 -m http.server --protocol HTTP/1.1 --directory /srv/archive 8090 &
keep libvirtd libvirtd &
# Whether kernel and file systems let a container have ids of its own: empty, or the reason why not. Tried as it is done.
trial=/var/lib/libvirt/range-trial
mkdir -p $trial/upper $trial/work $trial/root
printf /srv/golden > $trial/lower
{ /usr/local/lib/classroom/mount-root $trial "$LAB_IDS" && umount $trial/root; } > /run/lab/ranges 2>&1
rm -rf $trial
# Whoever waits for the ready file says how long that may take.
until virsh -q -c qemu:///system version > /dev/null 2>&1 && virsh -q -c lxc:///system version > /dev/null 2>&1; do sleep 0.1; done
# What a host of the course had before any program came: images to make machines from, and a place for their disks.
mkdir -p -m 711 /var/lib/libvirt/machines
for pool in golden:/srv/images machines:/var/lib/libvirt/machines; do
    name=${pool%%:*}
    until [ "$(virsh -q -c qemu:///system pool-info "$name" 2> /dev/null | sed -n 's/^State: *//p')" = running ]; do
        virsh -q -c qemu:///system pool-define-as "$name" dir --target "${pool#*:}"
        virsh -q -c qemu:///system pool-start "$name" || sleep 0.1
    done
    virsh -q -c qemu:///system pool-autostart "$name"
done
touch /run/lab/ready
trap '' TERM HUP INT
while :; do sleep 3600 & wait $!; done
