import type { Connection } from "../../../clients/connection";
import { Unreachable } from "../../../clients/connection";
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
