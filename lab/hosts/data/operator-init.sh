#!/bin/bash
# Holds the operator's namespaces: the machine's own file system with the lab's names over it, and one card in
# the lab's management network. Its pid namespace is the lab's only so that it ends with the lab.
set -eu
read -r outer _ < /proc/self/stat
mount --bind "$LAB_DIR/operator/hosts" /etc/hosts
[ ! -e /etc/resolv.conf ] || mount --bind "$LAB_DIR/operator/resolv.conf" /etc/resolv.conf
ip link set lo up
echo "$outer" > "$LAB_DIR/run/operator.pid.new" && mv "$LAB_DIR/run/operator.pid.new" "$LAB_DIR/run/operator.pid"
for i in $(seq 300); do ip link show eth0 > /dev/null 2>&1 && break; sleep 0.1; done
ip addr add 192.0.2.9/24 dev eth0
ip link set eth0 up
ip route add 172.16.0.0/16 via 192.0.2.1
touch "$LAB_DIR/run/operator.ready"
exec sleep infinity
