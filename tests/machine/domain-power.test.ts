import type { RunScript } from "../../clients/ssh";
import { Unreachable } from "../../clients/connection";
import { domainPowerHandler } from "../../providers/machine/domain-power";

const connection = { name: "central", host: "192.0.2.1", port: 24, hostKey: "ssh-ed25519 AAAA", keyFile: "/key" };
const inputs = { connection, domain: "volume-node", incarnation: "1", power: "on" as const };

/** A host whose machine is in a state, as virsh has it; keeps what it was told to do. */
function host(state: string): { run: RunScript; told: string[] } {
    const told: string[] = [], becomes: Record<string, string> = { start: "running", resume: "running", destroy: "shut off", shutdown: "shut off", reset: "running" };
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

describe("one whose start comes to nothing", () => {
    const guest = { ...connection, name: "volume-node", host: "192.168.122.8" };
    /** Answers at the given try. */
    const answering = (at: number, tries: number[], error: Error = new Unreachable("volume-node did not accept ssh")) => async (_to: unknown, seconds: number) => {
        if (tries.push(seconds) < at) throw error;
    };

    test.each([[1, ["start"], [7]], [2, ["start", "reset"], [7, 7]]])("and which answers at try %p is told %p", async (at, told, waited) => {
        const machine = host("shut off"), tries: number[] = [];
        await domainPowerHandler(machine.run, answering(at, tries)).create({ ...inputs, guest, seconds: 7 });
        expect([machine.told, tries]).toEqual([told, waited]);
    });

    test("twice is an error that says where to look", async () => {
        const machine = host("shut off"), tries: number[] = [];
        await expect(domainPowerHandler(machine.run, answering(3, tries)).create({ ...inputs, guest })).rejects.toThrow(
            "volume-node did not accept ssh; it was started twice. Its console: virsh console volume-node, on central");
        expect(tries).toEqual([120, 120]);
    });

    test("for another reason than that it does not answer is not started again", async () => {
        const machine = host("shut off"), tries: number[] = [];
        await expect(domainPowerHandler(machine.run, answering(3, tries, new Error("another host key"))).create({ ...inputs, guest })).rejects.toThrow("another host key");
        expect([machine.told, tries]).toEqual([["start"], [120]]);
    });
});
