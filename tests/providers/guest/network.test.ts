import * as fs from "fs";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { bridgeHandler } from "../../../providers/guest/bridge";
import { sysctlHandler } from "../../../providers/guest/sysctl";
import { localHost } from "../machine/local-host";

/** A kernel's bridges as /sys has them, and what of `brctl` and `ip` changes them. */
const host = localHost({
    chown: 'echo "$1" > "$ROOT/owner"',
    brctl: 'echo "brctl $*" >> "$LOG"; [ "$1" != addbr ] || mkdir -p "$ROOT/sys/class/net/$2/bridge" "$ROOT/sys/class/net/$2/brif"',
    ip: `net="$ROOT/sys/class/net"
[ "$2" = show ] || echo "ip $*" >> "$LOG"
case "$2 $4" in
"show ") cat "$net/$3/flags" ;;
"set master") touch "$net/$5/brif/$3" ;;
"set up") [ ! -d "$net/$3" ] || echo "<BROADCAST,UP>" > "$net/$3/flags" ;;
"set down") echo "<BROADCAST>" > "$net/$3/flags" ;;
"delete ") rm -r "$net/$3" ;;
esac`,
});
afterAll(() => host.remove());
const connection = { name: "compute-node" } as Connection;

test("a bridge: made with the tutorial's stanza, found, drifted in each, mended without being taken down, gone", async () => {
    const handler = bridgeHandler(host.run),
        inputs = { connection, bridge: "br100", ports: ["eth1", "eth2"], up: true, persistent: true };
    expect(await handler.read("", inputs)).toBeUndefined();
    expect(await handler.create(inputs)).toEqual({ id: "compute-node:br100", outputs: {} });
    expect(host.there("etc/network/interfaces.d/br100")).toBe(
        "auto br100\niface br100 inet manual\n    pre-up ip link set eth1 up\n    pre-up ip link set eth2 up\n" +
            "    bridge_ports eth1 eth2\n    bridge_stp off\n    bridge_fd 0\n",
    );
    expect(fs.statSync(path.join(host.dir, "etc/network/interfaces.d/br100")).mode & 0o777).toBe(0o644);
    expect(host.there("owner")).toBe("root:root\n");
    expect(host.said()).toBe(
        "brctl addbr br100\nbrctl stp br100 off\nbrctl setfd br100 0\nip link set eth1 up\nip link set eth1 master br100\nip link set eth2 up\nip link set eth2 master br100\nip link set br100 up\n",
    );
    expect(await handler.read("", inputs)).toEqual(inputs);
    fs.rmSync(path.join(host.dir, "sys/class/net/br100/brif/eth1"));
    host.put("sys/class/net/br100/flags", "<BROADCAST,LOWER_UP>\n");
    host.put("etc/network/interfaces.d/br100", "auto br100\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, ports: ["eth2"], up: false, persistent: false });
    expect(await handler.update("", inputs, inputs)).toEqual({});
    expect(host.said()).toBe(
        "brctl stp br100 off\nbrctl setfd br100 0\nip link set eth1 up\nip link set eth1 master br100\nip link set eth2 up\nip link set br100 up\n",
    );
    expect(await handler.read("", inputs)).toEqual(inputs);
    const now = { ...inputs, up: false, persistent: false };
    await handler.update("", inputs, now);
    expect(await handler.read("", inputs)).toEqual(now);
    expect(host.there("etc/network/interfaces.d/br100")).toBeUndefined();
    await handler.update("", now, inputs);
    await handler.delete("", inputs);
    await handler.delete("", inputs);
    expect(host.there("etc/network/interfaces.d/br100")).toBeUndefined();
    expect(await handler.read("", inputs)).toBeUndefined();
});

test("a kernel setting: in force and in the file, drifted in each, left in force when it is given up", async () => {
    const handler = sysctlHandler(host.run),
        inputs = { connection, key: "net.ipv4.ip_forward", value: "1", persistent: true },
        now = "proc/sys/net/ipv4/ip_forward";
    host.put(now, "0\n");
    expect(await handler.create(inputs)).toEqual({ id: "compute-node:net.ipv4.ip_forward", outputs: {} });
    expect([host.there(now), host.there("etc/sysctl.conf")]).toEqual(["1\n", "net.ipv4.ip_forward = 1\n"]);
    expect(await handler.read("", inputs)).toEqual(inputs);
    host.put(now, "4\t5\t6\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, value: "4 5 6" });
    host.put("etc/sysctl.conf", "a.b = 1\n");
    expect(await handler.update("", inputs, inputs)).toEqual({});
    expect([host.there(now), host.there("etc/sysctl.conf")]).toEqual(["1\n", "a.b = 1\nnet.ipv4.ip_forward = 1\n"]);
    const written = () => fs.statSync(path.join(host.dir, "etc/sysctl.conf")).ino,
        before = written();
    await handler.update("", inputs, inputs);
    expect(written()).toBe(before);
    await handler.update("", inputs, { ...inputs, persistent: false });
    expect(host.there("etc/sysctl.conf")).toBe("a.b = 1\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, persistent: false });
    fs.rmSync(path.join(host.dir, "etc/sysctl.conf"));
    expect(await handler.read("", inputs)).toEqual({ ...inputs, persistent: false });
    host.put("etc/sysctl.conf", "a.b = 1\n");
    await handler.create(inputs);
    await handler.delete("", inputs);
    expect([host.there(now), host.there("etc/sysctl.conf")]).toEqual(["1\n", "a.b = 1\n"]);
});
