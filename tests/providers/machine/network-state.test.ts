import type { Connection } from "../../../clients/connection";
import { hasSpanningTree, isActive, networkStateHandler } from "../../../providers/machine/network-state";
import { said } from "../../clients/said";
import { localHost } from "./local-host";

const connection = { name: "host a" } as Connection;
/** The answers about a network that nothing hinders. */
const sound = {
    link: ["br-nat 0x1003 1500 1 - - -"],
    tree: "no",
    addresses: "",
    routes: "",
    sinks: "",
    policies: "",
    neighbours: "",
    queues: "",
    unplugged: "",
    forwards: "1 1",
    rules: "",
    newer: "yes",
    native: "none",
};
const inputs = { connection, network: "nat", active: true };

/** A host with one network, which understands virsh. */
function host(state: { defined: boolean; active: boolean; spanningTree?: boolean }) {
    const commands: string[] = [];
    const handler = networkStateHandler(async (_c, script) => {
        const [verb] = /net-\w+/.exec(script)!;
        if (script.includes("net-define")) {
            commands.push("spanning tree off");
            state.spanningTree = false;
            return { code: 0, stdout: "", stderr: "" };
        }
        if (verb !== "net-info") commands.push(script.replace("virsh -q -c qemu:///system ", ""));
        if (!state.defined)
            return {
                code: 1,
                stdout: "",
                stderr: "error: failed to get network 'nat'\nerror: Network not found: no network with matching name 'nat'\n",
            };
        if (verb === "net-start") state.active = true;
        const say = (b: boolean) => (b ? "yes" : "no");
        return said({
            info: `Name:           nat\nActive:         ${say(state.active)}\nPersistent:     yes\n`,
            xml: `<network>\n  <bridge name='br-nat'${state.spanningTree === false ? " stp='off'" : ""} delay='0'/>\n`,
            cards: "",
            ports: "",
            ...sound,
        });
    });
    return { state, commands, handler };
}

test("a network that runs already is left alone", async () => {
    const { handler, commands } = host({ defined: true, active: true });
    expect((await handler.create(inputs)).id).toBe("host a/nat");
    expect(commands).toEqual([]);
});

test("a stopped one is found and started", async () => {
    const { handler, commands, state } = host({ defined: true, active: false });
    expect(await handler.read("", inputs)).toEqual({ ...inputs, active: false });
    await handler.update("", inputs, inputs);
    expect(commands).toEqual(["net-start nat"]);
    expect(state).toEqual({ defined: true, active: true });
});

test("a spanning tree that is on, as libvirt's default has it, is found and turned off", async () => {
    const wanted = { ...inputs, spanningTree: false };
    const { handler, commands } = host({ defined: true, active: true });
    expect(await handler.read("", wanted)).toEqual({ ...wanted, spanningTree: true });
    await handler.update("", wanted, wanted);
    expect(commands).toEqual(["spanning tree off"]);
    expect(await handler.read("", wanted)).toEqual(wanted);
});

test("one that is not defined is gone; making it run is an error with both names", async () => {
    const { handler } = host({ defined: false, active: false });
    expect(await handler.read("", inputs)).toBeUndefined();
    await expect(handler.create(inputs)).rejects.toThrow("host a: there is no network nat");
});

test("any other failure of virsh is not taken for a network that is gone", async () => {
    const handler = networkStateHandler(async () => ({
        code: 1,
        stdout: "",
        stderr: "error: failed to connect to the hypervisor\n",
    }));
    await expect(handler.read("", inputs)).rejects.toThrow("network nat cannot be asked: error: failed to connect");
});

test("whether it runs and takes part in a spanning tree is in virsh's words", () => {
    expect(
        [
            "Name: x\nActive:         yes  \nPersistent: yes\n",
            "Active:yes",
            "Active: no\nAutostart: yes",
            "Inactive: yes",
            "Active: yes, no",
        ].map(isActive),
    ).toEqual([true, false, false, false, false]);
    expect(
        [
            "<bridge name='b' stp='off' delay='0'/>",
            "<bridge stp='off'/>",
            "<bridge name='b' stp='on'/>",
            "<bridge/><x stp='off'/>",
        ].map(hasSpanningTree),
    ).toEqual([false, false, true, true]);
});

test("by shell that runs: the tree is turned, in the network and in its bridge, and the network stopped", async () => {
    const machine = localHost({
        virsh: `[ "$1 $2 $3" = "-q -c qemu:///system" ] || exit 9
case "$4" in
net-info) [ -e "$ROOT/xml" ] || { echo "error: $(cat "$ROOT/why") " >&2; exit 1; }; echo "Active: $(cat "$ROOT/active")" ;;
net-dumpxml) [ "$5" = --inactive ] && cat "$ROOT/xml" ;;
net-define) cp "$5" "$ROOT/xml"; echo defined ;;
list) ;;
*) echo "$4 $5" >> "$LOG"; echo no > "$ROOT/active" ;;
esac`,
        ip: "",
        tc: "",
        "iptables-save": "",
    });
    machine.put("proc/sys/net/ipv4/ip_forward", "1\n");
    machine.put("sys/class/net/br-nat/flags", "0x1003\n");
    machine.put("sys/class/net/br-nat/mtu", "1500\n");
    const handler = networkStateHandler(machine.run),
        wanted = { ...inputs, spanningTree: false },
        tree = "sys/class/net/br-nat/bridge/stp_state";
    machine.put("xml", "<network>\n  <bridge name='br-nat' stp='on' delay='0'/>\n</network>\n");
    machine.put("active", "yes\n");
    machine.put(tree, "1\n");
    expect(await handler.update("", inputs, wanted)).toEqual({ ways: [] });
    expect([machine.there("xml"), machine.there(tree)]).toEqual([
        "<network>\n  <bridge stp='off' name='br-nat' delay='0'/>\n</network>\n",
        "0\n",
    ]);
    expect(await handler.read("", wanted)).toEqual(wanted);
    const before = machine.there("xml");
    machine.put(tree, "untouched");
    await handler.update("", inputs, wanted);
    expect([machine.there("xml"), machine.there(tree)]).toEqual([before, "untouched"]);
    await handler.update("", inputs, { ...wanted, spanningTree: true });
    expect([machine.there("xml"), machine.there(tree)]).toEqual([
        "<network>\n  <bridge stp='on' name='br-nat' delay='0'/>\n</network>\n",
        "1\n",
    ]);
    await handler.update("", inputs, { ...inputs, active: false });
    expect(machine.said()).toBe("net-destroy nat\n");
    await handler.delete("", inputs);
    expect(machine.said()).toBe("");
    await machine.run(connection, 'rm "$ROOT/xml"');
    for (const why of ["Network not found: nat", "no network with matching name nat"]) {
        machine.put("why", why);
        expect(await handler.read("", inputs)).toBeUndefined();
    }
    machine.put("why", "no connection");
    await expect(handler.read("", inputs)).rejects.toThrow(
        new Error("host a: network nat cannot be asked: error: no connection"),
    );
    machine.remove();
});

/** As virsh: a quiet one ends no line after an echo. */
const virshAnswer = `quiet=1; [ "$1" = -q ] || { quiet=; set -- -q "$@"; }
answer() { if [ "$quiet" ]; then printf "$said" | tr -d '\\n'; else printf "$said"; fi; }`;

test("by shell that runs: cards of guests that run are found off the bridge, of either kind, and put back", async () => {
    const machine = localHost({
        virsh: `${virshAnswer}
case "$4" in
net-info) echo "Active: yes" ;;
net-dumpxml) echo "<network><bridge name='br-nat' stp='off'/></network>" ;;
list) case "$3" in qemu*) echo volume-node ;; *) printf 'db-node\\napi-node\\n' ;; esac ;;
"echo guest volume-node; domiflist volume-node;") said='guest volume-node\\n vnet0 network nat virtio 52:54\\n vnet1 network public virtio 52:54\\n\\n'; answer ;;
"echo guest db-node; domiflist db-node;"*) said='guest db-node\\n veth0 network nat - 52:54\\n - network nat - 52:54\\nguest api-node\\n veth1 bridge nat - 52:54\\n'; answer ;;
*) exit 9 ;;
esac`,
        ip: `case "$*" in "-o link show master br-nat") cat "$ROOT/ports" ;; "link set"*) echo "ip $*" >> "$LOG" ;; esac`,
        tc: '[ "$*" != "qdisc show" ] || cat "$ROOT/queues"',
        "iptables-save": "",
    });
    machine.put("proc/sys/net/ipv4/ip_forward", "1\n");
    machine.put("sys/class/net/br-nat/flags", "0x1003\n");
    machine.put("sys/class/net/br-nat/mtu", "1500\n");
    const handler = networkStateHandler(machine.run),
        wanted = { ...inputs, apart: [] };
    machine.put("queues", "");
    machine.put("ports", "7: veth0@if2: <BROADCAST,UP> mtu 1500 master br-nat\n");
    const found = await handler.read("", wanted);
    expect(found).toEqual({ ...inputs, apart: ["volume-node's vnet0", "api-node's veth1"] });
    expect(await handler.update("", found!, wanted)).toEqual({ ways: [] });
    expect(machine.said()).toBe("ip link set vnet0 master br-nat up\nip link set veth1 master br-nat up\n");
    machine.put("ports", "7: veth0@if2: <UP>\n8: vnet0: <UP>\n9: veth1@if3: <UP>\n");
    expect(await handler.read("", wanted)).toEqual(wanted);
    await handler.update("", wanted, wanted);
    expect(machine.said()).toBe("");
    machine.remove();
});

test("by shell that runs: a guest's card that is down, small, isolated, blocked or slow is found and mended", async () => {
    const machine = localHost({
        virsh: `${virshAnswer}
case "$4" in
net-info) echo "Active: yes" ;;
net-dumpxml) echo "<network><forward mode='bridge'/><bridge name='br-internal'/></network>" ;;
list) case "$3" in qemu*) echo volume-node ;; esac ;;
"echo guest "*) said='guest volume-node\\n vnet1 bridge internal virtio 52:54\\n'; answer ;;
"echo card vnet1; domif-getlink volume-node vnet1;") said='card vnet1\\nvnet1 down\\n'; answer ;;
*) echo "virsh $*" >> "$LOG" ;;
esac`,
        ip: `case "$*" in "-o link show master br-internal") printf '7: vnet1: <>\\n8: eth1: <>\\n' ;; "link set"*) echo "ip $*" >> "$LOG" ;; esac`,
        tc: `case "$*" in "qdisc show") printf 'qdisc netem 8001: dev vnet1 root refcnt 2 limit 1000 loss 50%%\\nqdisc tbf 1: dev eth1 root refcnt 2 rate 1Gbit\\nqdisc netem 2: dev eth1 root loss 1%%\\nqdisc netem 3: dev eth7 root loss 1%%\\n' ;; *) echo "tc $*" >> "$LOG" ;; esac`,
        bridge: 'echo "bridge $*" >> "$LOG"',
        "iptables-save": "",
    });
    machine.put("proc/sys/net/ipv4/ip_forward", "1\n");
    for (const [name, flags, mtu] of [
        ["br-internal", "0x1003", "1500"],
        ["eth1", "0x1003", "1500"],
        ["vnet1", "0x1002", "1280"],
    ] as const) {
        machine.put(`sys/class/net/${name}/flags`, `${flags}\n`);
        machine.put(`sys/class/net/${name}/mtu`, `${mtu}\n`);
        machine.put(`sys/class/net/${name}/carrier`, "1\n");
    }
    for (const [name, state, isolated, floods] of [
        ["eth1", "3", "0", "1"],
        ["vnet1", "0", "1", "0"],
    ] as const)
        for (const [file, value] of Object.entries({ state, isolated, broadcast_flood: floods }))
            machine.put(`sys/class/net/${name}/brport/${file}`, `${value}\n`);
    const handler = networkStateHandler(machine.run),
        wanted = { connection, network: "internal", active: true, apart: [], hindered: [], ways: ["eth1"] },
        card = "volume-node's card vnet1 on this host";
    const found = await handler.read("", wanted);
    expect(found!.hindered).toEqual([
        `${card} is down`,
        `${card} is unplugged`,
        `${card} has MTU 1280 instead of 1500`,
        `${card} is isolated from the other ports`,
        `${card} gets no broadcasts`,
        `${card} has traffic control: netem limit 1000 loss 50%`,
        "the port eth1 of the bridge br-internal of this host has traffic control: netem loss 1%",
    ]);
    machine.put("sys/class/net/vnet1/flags", "0x1003\n");
    expect((await handler.read("", wanted))!.hindered).toContain(`${card} is blocked by its bridge`);
    machine.put("sys/class/net/vnet1/flags", "0x1002\n");
    expect(await handler.update("", found!, wanted)).toEqual({ ways: ["eth1"] });
    expect(machine.said().trim().split("\n")).toEqual([
        "ip link set vnet1 up",
        "virsh -q -c qemu:///system domif-setlink volume-node vnet1 up",
        "ip link set vnet1 mtu 1500",
        "bridge link set dev vnet1 isolated off",
        "bridge link set dev vnet1 bcast_flood on",
        "tc qdisc del dev vnet1 root",
        "tc qdisc del dev eth1 root",
    ]);
    // What was recorded before there was such an input is not compared.
    const { hindered: _, ways: __, ...before } = wanted;
    expect(await handler.read("", before)).toEqual(before);
    machine.remove();
});
