import type { Connection } from "../../clients/connection";
import { Unreachable } from "../../clients/connection";
import type { RunScript } from "../../clients/ssh";
import { machineIsGone } from "../../providers/machine/gone";

const host = (address: string): Connection => ({ name: "central", host: address, port: 24, hostKey: "ssh-ed25519 AAAA", keyFile: "/key" });
const saying = (stdout: string): RunScript => async () => ({ stdout, stderr: "", code: 0 });
const unknown = "error: failed to get domain 'db-node'\n";

test("a machine is gone only where both drivers of its host know none of that name", async () => {
    expect(await machineIsGone("db-node", host("a"), saying(unknown + unknown))).toBe(true);
    expect(await machineIsGone("db-node", host("b"), saying(`${unknown}shut off\n`))).toBe(false);
    expect(await machineIsGone("db-node", host("c"), saying(`${unknown}error: failed to connect to the hypervisor\n`))).toBe(false);
});

test("of a host that does not answer nothing is known", async () => {
    expect(await machineIsGone("db-node", host("d"), async () => { throw new Unreachable("central: no route"); })).toBe(false);
});

test("it is asked once for everything in the machine", async () => {
    let calls = 0;
    const run: RunScript = async (to, script, options) => { calls++; return await saying(unknown + unknown)(to, script, options); };
    await Promise.all([machineIsGone("api-node", host("e"), run), machineIsGone("api-node", host("e"), run)]);
    expect(calls).toBe(1);
});
