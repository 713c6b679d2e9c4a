import type { RunScript } from "../../clients/ssh";
import { domainPowerHandler } from "../../providers/machine/domain-power";

const connection = { name: "central", host: "192.0.2.1", port: 24, hostKey: "ssh-ed25519 AAAA", keyFile: "/key" };
const inputs = { connection, domain: "volume-node", incarnation: "1", power: "on" as const };

/** A host whose machine is in a state, as virsh has it; keeps what it was told to do. */
function host(state: string): { run: RunScript; told: string[] } {
    const told: string[] = [], becomes: Record<string, string> = { start: "running", resume: "running", destroy: "shut off", shutdown: "shut off" };
    const run: RunScript = async (_to, script) => {
        if (/ domstate \S+$/.test(script) && !script.includes("\n")) {
            return state === "" ? { code: 1, stdout: "", stderr: "error: failed to get domain 'volume-node'" } : { code: 0, stdout: `${state}\n`, stderr: "" };
        }
        const verb = /^virsh -q -c qemu:\/\/\/system (\w+)/.exec(script)![1]!;
        told.push(verb);
        state = becomes[verb]!;
        return { code: 0, stdout: "", stderr: "" };
    };
    return { run, told };
}

test.each([["running", "on"], ["shut off", "off"], ["paused", "paused"], ["", undefined]])("a machine that libvirt calls %p is %p", async (state, power) => {
    const { run } = host(state);
    expect((await domainPowerHandler(run).read("id", inputs))?.power).toBe(power);
});

test.each([
    ["running", "on", []], ["shut off", "on", ["start"]], ["paused", "on", ["resume"]],
    ["running", "off", ["shutdown"]], ["shut off", "off", []], ["paused", "off", ["resume", "shutdown"]],
] as const)("one that is %s is made %s by %p", async (state, power, told) => {
    const machine = host(state);
    await domainPowerHandler(machine.run).update("id", inputs, { ...inputs, power });
    expect(machine.told).toEqual(told);
});

test("one that is not there cannot be started", async () => {
    await expect(domainPowerHandler(host("").run).create(inputs)).rejects.toThrow("central: there is no virtual machine volume-node");
});
