#!/bin/bash
# First process of a lab's pid namespace, and the switch between its machines: its network namespace holds one
# bridge per network. Everything of the lab is below it, so its end is the end of every process, mount, link and
# namespace of the lab.
#
# - LAB_DIR: the lab's folder
# - LAB_DATA: the folder of this script
# - LAB_HOSTS: "central:1 compute:2"
# - LAB_CGROUP: the name of the lab's cgroup in every hierarchy
# /proc is still the machine's: `self` there is this process as the machine sees it.
set -u
read -r outer _ < /proc/self/stat
echo "$outer" > "$LAB_DIR/run/init.pid.new" && mv "$LAB_DIR/run/init.pid.new" "$LAB_DIR/run/init.pid"
fail() { echo "$1" > "$LAB_DIR/run/failed"; exit 1; }
trap 'fail "the switch: line $LINENO failed: $BASH_COMMAND"' ERR

ip link set lo up
for net in mgmt int priv; do
    ip link add "sw-$net" type bridge stp_state 0 forward_delay 0
    ip link set "sw-$net" up
done

# Waits up to 30 s until a machine's first process has its namespaces and says so.
await_namespaces() {
    local i
    for i in $(seq 300); do [ -s "$LAB_DIR/run/$1.pid" ] && return 0; sleep 0.1; done
    fail "$1: its namespaces were not there within 30 s; see $LAB_DIR/log"
}

# A network card: one end in the machine whose pid is given, the other in the switch.
card() { # machine pid device switch
    ip link add "$1-$3" type veth peer name "$3" netns "$2"
    ip link set "$1-$3" master "sw-$4" up
}

unshare --mount --propagation slave --net --uts bash "$LAB_DATA/operator-init.sh" \
    < /dev/null > "$LAB_DIR/log/operator.log" 2>&1 &
operator=$!
await_namespaces operator
card operator "$operator" eth0 mgmt

for item in $LAB_HOSTS; do
    host=${item%:*}
    (
        for dir in $(cat "$LAB_DIR/run/cgroups"); do echo 0 > "$dir/$host/cgroup.procs"; done
        export LAB_HOST=$host LAB_OCTET=${item#*:}
        exec unshare --mount --propagation private --net --uts --ipc --pid --cgroup --fork bash "$LAB_DATA/host-init.sh"
    ) < /dev/null > "$LAB_DIR/log/$host.log" 2>&1 &
    pid=$!
    await_namespaces "$host"
    card "$host" "$pid" eth0 mgmt
    card "$host" "$pid" eth1 int
    card "$host" "$pid" eth2 priv
done

trap - ERR
trap '' TERM HUP INT
# Reaps what is orphaned in the namespace; ends only by SIGKILL.
while :; do sleep 3600 & wait $!; done
