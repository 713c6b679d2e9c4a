import type { Connection } from "../../clients/connection";
import { Unreachable } from "../../clients/connection";
import type { RunScript } from "../../clients/ssh";
import { machineIsGone } from "../../providers/machine/gone";

const host = (address: string): Connection => ({
    name: "central",
    host: address,
    port: 24,
    hostKey: "ssh-ed25519 AAAA",
    keyFile: "/key",
});
const saying =
    (stdout: string): RunScript =>
    async () => ({ stdout, stderr: "", code: 0 });
const unknown = "error: failed to get domain 'db-node'\n";

test("a machine is gone only where both drivers of its host know none of that name", async () => {
    expect(await machineIsGone("db-node", host("a"), saying(unknown + unknown))).toBe(true);
    expect(await machineIsGone("db-node", host("b"), saying(`${unknown}shut off\n`))).toBe(false);
    expect(
        await machineIsGone("db-node", host("c"), saying(`${unknown}error: failed to connect to the hypervisor\n`)),
    ).toBe(false);
});

test("of a host that does not answer nothing is known", async () => {
    expect(
        await machineIsGone("db-node", host("d"), async () => {
            throw new Unreachable("central: no route");
        }),
    ).toBe(false);
});

test("it is asked once for everything in the machine", async () => {
    let calls = 0;
    const run: RunScript = async (to, script, options) => {
        calls++;
        return await saying(unknown + unknown)(to, script, options);
    };
    await Promise.all([machineIsGone("api-node", host("e"), run), machineIsGone("api-node", host("e"), run)]);
    expect(calls).toBe(1);
});

test("both drivers are asked by name, and what they say of it counts whatever they end with", async () => {
    const script = await new Promise<string>(resolve => {
        void machineIsGone("it's", host("f"), async (_to, asked, options) => {
            resolve(asked);
            return { stdout: JSON.stringify(options), stderr: "", code: 0 };
        });
    });
    expect(script).toBe(
        "virsh -q -c qemu:///system domstate 'it'\\''s' 2>&1 || true\nvirsh -q -c lxc:///system domstate 'it'\\''s' 2>&1 || true",
    );
});

test("two machines, hosts or ports are not the same", async () => {
    expect(await machineIsGone("a", host("g"), saying(unknown + unknown))).toBe(true);
    for (const [name, to] of [
        ["b", host("g")],
        ["a", host("h")],
        ["a", { ...host("g"), port: 25 }],
    ] as const)
        expect(await machineIsGone(name, to, saying(""))).toBe(false);
    expect(await machineIsGone("c", host("g"), saying("Domain not found: c\nerror: Failed to get domain 'c'"))).toBe(
        true,
    );
});
