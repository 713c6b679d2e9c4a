import * as fs from "fs";
import * as path from "path";
import { type Connection, Unreachable } from "../../../clients/connection";
import { uplinkHandler, uplinkUnit } from "../../../providers/machine/uplink";
import { localHost } from "./local-host";

/** A host whose interfaces are those that the test says: what would change them goes into the log. */
const host = localHost({
    chown: 'echo "$1" > "$ROOT/owner"',
    systemctl: 'echo "systemctl $*" >> "$LOG"',
    getent: '[ "$*" != "ahostsv4 gks-126" ] || printf "192.0.2.2 STREAM gks-126\\n192.0.2.3 STREAM\\n"',
    ip: '[ "$*" != "-d -j link show dev $6" ] || { cat "$ROOT/sys/class/net/$6/json"; exit; }\necho "ip $*" >> "$LOG"',
});
afterAll(() => host.remove());
beforeEach(() => {
    for (const left of ["sys", "etc", "usr", "run"])
        fs.rmSync(path.join(host.dir, left), { recursive: true, force: true });
    host.said();
});

interface Link {
    flags: string[];
    mtu: number;
    link?: string;
    linkinfo?: object;
}
const up = (more: Partial<Link> = {}): Link => ({ flags: ["UP"], mtu: 1450, ...more });
/** That the bridge is there, with these ports, and the interface. */
const there = (bridge: Link | undefined, device: Link | undefined, ports = ["up-private", "vnet12"]) => {
    fs.rmSync(path.join(host.dir, "sys"), { recursive: true, force: true });
    if (bridge) for (const port of ports) host.put(`sys/class/net/br-private/brif/${port}`, "");
    for (const [name, link] of [
        ["br-private", bridge],
        ["up-private", device],
    ] as const)
        if (link) host.put(`sys/class/net/${name}/json`, JSON.stringify([link]));
};
const handler = uplinkHandler(host.run),
    connection = { name: "host a" } as Connection;
const common = {
    connection,
    network: "private",
    bridge: "br-private",
    mtu: 1450,
    ports: ["up-private"],
    up: true,
    persistent: true,
};
const vlan = { ...common, kind: "vlan" as const, segment: 12, nic: "eno1" },
    vxlan = { ...common, kind: "vxlan" as const, segment: 77, peer: "gks-126", port: 8472 };
const overVlan = up({ link: "eno1", linkinfo: { info_kind: "vlan", info_data: { id: 12 } } });
const overVxlan = up({ linkinfo: { info_kind: "vxlan", info_data: { id: 77, port: 8472, remote: "192.0.2.2" } } });
const script = "usr/local/lib/classroom/uplink-private",
    unit = "etc/systemd/system/classroom-uplink-private.service",
    wanted = "etc/systemd/system/multi-user.target.wants/classroom-uplink-private.service";

const made = (link: string, nic = "") =>
    `ip link add br-private type bridge stp_state 0 forward_delay 0\nip link set br-private addrgenmode none\nip link set br-private mtu 1450 up\n${nic}` +
    `ip link add ${link}\nip link set up-private addrgenmode none\nip link set up-private mtu 1450 master br-private up\n`;
test.each([
    ["vlan", vlan, overVlan, made("link eno1 name up-private type vlan id 12", "ip link set eno1 up\n")],
    ["vxlan", vxlan, overVxlan, made("up-private type vxlan id 77 remote 192.0.2.2 dstport 8472 nolearning")],
])("a %s: made now and for the next start, found, mended, taken away", async (_kind, inputs, device, commands) => {
    host.put("run/systemd/system/x", "");
    expect(await handler.read("", inputs)).toBeUndefined();
    expect(await handler.create(inputs)).toEqual({ id: "host a:br-private", outputs: {} });
    expect(host.said()).toBe(`${commands}systemctl daemon-reload\n`);
    expect(host.there(script)).toMatch(
        /^#!\/bin\/sh -e\n# The cloud's network "private" between the two hosts; written, and kept as it is, by classroom\.\n\[ -e \/sys\/class\/net\/br-private \] \|\| ip link add/,
    );
    expect(host.there(script)).toContain("\n[ -e /sys/class/net/up-private ] || ip link add");
    expect(host.there(unit)).toBe(uplinkUnit("private"));
    expect(uplinkUnit("private")).toContain("\nExecStart=/usr/local/lib/classroom/uplink-private\n");
    expect(host.there("owner")).toBe("root:root\n");
    expect([script, unit].map(file => fs.statSync(path.join(host.dir, file)).mode & 0o777)).toEqual([0o755, 0o644]);
    expect(fs.readlinkSync(path.join(host.dir, wanted))).toBe(path.join(host.dir, unit));
    there(up(), device);
    expect(await handler.read("", inputs)).toEqual(inputs);
    expect(await handler.update("", inputs, inputs)).toEqual({});
    expect(host.said()).not.toMatch(/delete|nomaster/);
    await handler.delete("", inputs);
    expect(host.said()).toBe("systemctl daemon-reload\nip link delete up-private\nip link delete br-private\n");
    expect([script, unit, wanted].filter(file => host.there(file) !== undefined)).toEqual([]);
    there(undefined, undefined);
    await handler.delete("", inputs);
    expect(host.said()).toBe("systemctl daemon-reload\n");
});

test("each thing that is not as it was made is found", async () => {
    there(up(), overVlan);
    await handler.create(vlan);
    const found = async (bridge: Link | undefined, device: Link | undefined, ports?: string[]) => {
        there(bridge, device, ports);
        return await handler.read("", vlan);
    };
    expect(await found(up({ mtu: 1500 }), overVlan)).toEqual({ ...vlan, mtu: 1500 });
    expect(await found(up(), { ...overVlan, mtu: 1400 })).toEqual({ ...vlan, mtu: 1400 });
    expect(await found(up({ flags: ["BROADCAST"] }), overVlan)).toEqual({ ...vlan, up: false });
    expect(await found(up(), { ...overVlan, flags: ["UP", "M-DOWN"] })).toEqual({ ...vlan, up: false });
    expect(await found(up(), overVlan, ["up-private", "eth7"])).toEqual({ ...vlan, ports: ["eth7", "up-private"] });
    expect(await found(up(), undefined, [])).toEqual({ ...vlan, ports: [] });
    expect(await found(undefined, overVlan)).toEqual({ ...vlan, ports: [] });
    expect(await found(up(), { ...overVlan, link: "eno2" })).toEqual({ ...vlan, nic: "eno2" });
    expect(await found(up(), overVxlan)).toMatchObject({ kind: "vxlan", segment: 77, peer: "192.0.2.2", port: 8472 });
    expect(await found(up(), up())).toMatchObject({ kind: "no", segment: 0 });
    there(up(), overVlan);
    for (const [file, text] of [
        [script, "#!/bin/sh\n"],
        [unit, "[Unit]\n"],
    ] as const) {
        host.put(file, text);
        expect(await handler.read("", vlan)).toEqual({ ...vlan, persistent: false });
        fs.rmSync(path.join(host.dir, file));
        expect(await handler.read("", vlan)).toEqual({ ...vlan, persistent: false });
        await handler.update("", vlan, vlan);
        expect(await handler.read("", vlan)).toEqual(vlan);
    }
    fs.chmodSync(path.join(host.dir, script), 0o700);
    expect(await handler.read("", vlan)).toEqual({ ...vlan, persistent: false });
    fs.chmodSync(path.join(host.dir, script), 0o755);
    fs.rmSync(path.join(host.dir, wanted));
    expect(await handler.read("", vlan)).toEqual({ ...vlan, persistent: false });
});

test("mended: what leads elsewhere is made anew, what somebody plugged in is taken out", async () => {
    there(up(), { ...overVlan, link: "eno2" }, ["up-private", "eth7", "vnet1"]);
    await handler.update("", vlan, vlan);
    expect(host.said()).toMatch(/^ip link delete up-private\nip link set eth7 nomaster\nip link add br-private/);
});

test("what is there and is not this network's is refused with both shown", async () => {
    there(up(), undefined, ["eth7", "eth8", "vnet1"]);
    await expect(handler.create(vlan)).rejects.toThrow(
        "host a: there is a bridge br-private already, with eth7, eth8 in it; wanted is one of this network's own. Where nobody needs it: ip link delete br-private",
    );
    there(up(), overVxlan);
    await expect(handler.create(vlan)).rejects.toThrow(
        "host a: there is an interface up-private already, VXLAN 77 to 192.0.2.2, port 8472; wanted is VLAN 12 on eno1. Where nobody needs it: ip link delete up-private",
    );
    expect(host.said()).toBe("");
});

test("an address is taken as it is, a name that nobody knows is an error", async () => {
    there(up(), overVxlan);
    expect(await handler.read("", { ...vxlan, peer: "192.0.2.2" })).toMatchObject({ peer: "192.0.2.2" });
    await expect(handler.read("", { ...vxlan, peer: "nobody" })).rejects.toThrow(
        new Unreachable("host a cannot look up nobody, the other end of its uplink"),
    );
});
