import * as fs from "fs";
import { type Connection, Unreachable } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { machineIsGone } from "../../../providers/machine/gone";
import { localHost } from "./local-host";

const at = (address: string): Connection => ({
    name: "central",
    host: address,
    port: 24,
    hostKey: "ssh-ed25519 AAAA",
    keyFile: "/key",
});
/** What virsh says of a machine as each driver, and what it ends with. */
const saying = (qemu: string, lxc: string): RunScript => {
    host.put("qemu", qemu);
    host.put("lxc", lxc);
    return host.run;
};
const host = localHost({
    virsh: `echo "virsh $*" >> "$LOG"; . "$ROOT/\${3%:///system}"`,
});
afterAll(() => host.remove());
const unknown = "echo \"error: failed to get domain 'db-node'\" >&2; exit 1";

test("a machine is gone only where both drivers of its host know none of that name", async () => {
    expect(await machineIsGone("db-node", at("a"), saying(unknown, unknown))).toBe(true);
    expect(await machineIsGone("db-node", at("b"), saying(unknown, "echo shut off"))).toBe(false);
    expect(
        await machineIsGone(
            "db-node",
            at("c"),
            saying(unknown, "echo 'error: failed to connect to the hypervisor' >&2; exit 1"),
        ),
    ).toBe(false);
});

/** virsh's words where libvirt has not got a driver: of one daemon for all of them, and of one for each. */
const driverless = [
    "echo 'error: failed to connect to the hypervisor' >&2; echo 'error: no connection driver available for lxc:///system' >&2; exit 1",
    "echo \"error: Failed to connect socket to '/var/run/libvirt/virtlxcd-sock': No such file or directory\" >&2; exit 1",
];

test.each(driverless)(
    "a host without the driver of containers: what is no virtual machine there is gone (%s)",
    async lxc => {
        expect(await machineIsGone("db-node", at(`x${lxc.length}`), saying(unknown, lxc))).toBe(true);
    },
);

test.each(driverless)("a container that was defined before its driver went is not gone (%s)", async lxc => {
    host.put("etc/libvirt/lxc/auth-node.xml", "<domain/>");
    expect(await machineIsGone("auth-node", at(`y${lxc.length}`), saying(unknown, lxc))).toBe(false);
});

test("a driver of containers that is only stopped is not one that is not there", async () => {
    host.put("bin/virtlxcd", "#!/bin/sh\n");
    fs.chmodSync(`${host.dir}/bin/virtlxcd`, 0o755);
    expect(await machineIsGone("db-node", at("z"), saying(unknown, driverless[1]!))).toBe(false);
    fs.rmSync(`${host.dir}/bin/virtlxcd`);
});

test("without the driver of virtual machines nothing is known", async () => {
    const none = "echo 'error: no connection driver available for qemu:///system' >&2; exit 1";
    expect(await machineIsGone("db-node", at("q"), saying(none, unknown))).toBe(false);
});

test("of a host that does not answer nothing is known", async () => {
    expect(
        await machineIsGone("db-node", at("d"), async () => {
            throw new Unreachable("central: no route");
        }),
    ).toBe(false);
});

test("it is asked once for everything in the machine", async () => {
    let calls = 0;
    const asked = saying(unknown, unknown),
        run: RunScript = async (to, script, options) => {
            calls++;
            return await asked(to, script, options);
        };
    await Promise.all([machineIsGone("api-node", at("e"), run), machineIsGone("api-node", at("e"), run)]);
    expect(calls).toBe(1);
});

test("both drivers are asked by name; one that ends well knows it, whatever it says", async () => {
    host.said();
    const words = "echo \"error: failed to get domain 'it's'\"";
    expect(await machineIsGone("it's", at("f"), saying(words, unknown))).toBe(false);
    expect(host.said()).toBe("virsh -q -c qemu:///system domstate it's\nvirsh -q -c lxc:///system domstate it's\n");
});

test("two machines, hosts or ports are not the same", async () => {
    expect(await machineIsGone("a", at("g"), saying(unknown, unknown))).toBe(true);
    for (const [name, to] of [
        ["b", at("g")],
        ["a", at("h")],
        ["a", { ...at("g"), port: 25 }],
    ] as const)
        expect(await machineIsGone(name, to, saying("", ""))).toBe(false);
    const other = "echo Domain not found: c >&2; exit 1";
    expect(
        await machineIsGone("c", at("g"), saying(other, "echo \"error: Failed to get domain 'c'\" >&2; exit 1")),
    ).toBe(true);
});
