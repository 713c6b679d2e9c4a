#!/bin/sh
# First process of an emulated machine that plays a switch and four hosts on it, named as the files in /scripts, which make
# their uplinks; says what comes where.
export PATH=/bin
mount -t devtmpfs devtmpfs /dev; mount -t proc proc /proc; mount -t sysfs sysfs /sys; mkdir -p /run; mount -t tmpfs tmpfs /run
for module in /modules/*; do insmod "$module"; done
hosts="a-central a-compute b-central b-compute"
as() { host=$1; shift; ip netns exec "$host" "$@"; }
received() { as "$1" cat /sys/class/net/up-internal/statistics/rx_packets; }
# HOST ADDRESS: where all of five packets for an address come; of what hosts say of themselves there are fewer
spread() {
    echo "from $1"
    for h in $hosts; do received "$h" > "/run/before-$h"; done
    if as "$1" ping -c 5 -W 2 "$2" > /dev/null; then echo "  answered"; fi
    for h in $hosts; do [ "$h" = "$1" ] || [ $(($(received "$h") - $(cat "/run/before-$h"))) -lt 5 ] || echo "  to $h"; done
}
ip link add sw0 type bridge stp_state 0 forward_delay 0; ip link set sw0 up
for h in $hosts; do
    ip netns add "$h"
    ip link add "${h#*-}${h%-*}" type veth peer name eth3 netns "$h"; ip link set "${h#*-}${h%-*}" master sw0 up
    as "$h" sh -e "/scripts/$h"
done
for team in a b; do
    as $team-central ip addr add 10.0.0.1/24 dev br-up-internal
    as $team-compute ip addr add 10.0.0.2/24 dev br-up-internal
    # Known for good: else they would ask each other again after a while, and be counted.
    mac=$(as $team-central cat /sys/class/net/br-up-internal/address); as $team-compute ip neigh add 10.0.0.1 lladdr "$mac" dev br-up-internal
    mac=$(as $team-compute cat /sys/class/net/br-up-internal/address); as $team-central ip neigh add 10.0.0.2 lladdr "$mac" dev br-up-internal
    # Who has this is not known: its packets go to everybody.
    as $team-central ip neigh add 10.0.0.77 lladdr ff:ff:ff:ff:ff:ff dev br-up-internal
done
echo BEGIN
echo "interface $(as a-central ip -d -j link show dev up-internal)"
spread a-central 10.0.0.2
spread b-compute 10.0.0.1
spread a-central 10.0.0.77
echo "whole frames: $(as a-central ping -c 2 -W 2 -s 1472 10.0.0.2 | grep -c 'seq=')"
as b-central ip link delete up-internal
as b-central sh -e /scripts/crossed
echo "one id for two teams:"
spread b-central 10.0.0.77
echo END
sleep 1
