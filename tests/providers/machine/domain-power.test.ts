import type { RunScript } from "../../../clients/ssh";
import { Unreachable } from "../../../clients/connection";
import { domainPowerHandler } from "../../../providers/machine/domain-power";
import { FakeClock } from "../../clients/fake-clock";
import { said } from "../../clients/said";
import { localHost } from "./local-host";
import { machineWithClock } from "./machine-with-clock";

const connection = { name: "central", host: "192.0.2.1", port: 24, hostKey: "ssh-ed25519 AAAA", keyFile: "/key" };
const inputs = { connection, domain: "volume-node", incarnation: "1", power: "on" as const };

/** A host whose machine is in a state, as virsh has it; keeps what it was told to do. */
function host(state: string): { run: RunScript; told: string[] } {
    const told: string[] = [],
        becomes: Record<string, string> = {
            start: "running",
            resume: "running",
            destroy: "shut off",
            shutdown: "shut off",
            reset: "running",
        };
    const run: RunScript = async (_to, script) => {
        if (script.startsWith("[ ")) return { code: state === "shut off" ? 0 : 75, stdout: "", stderr: "" };
        if (/^state=\$\(virsh -q -c qemu:\/\/\/system domstate \S+\); say state/m.test(script)) {
            return state === ""
                ? { code: 1, stdout: "", stderr: "error: failed to get domain 'volume-node'" }
                : said({ state });
        }
        const verb = /^virsh -q -c qemu:\/\/\/system (\w+)/.exec(script)![1]!;
        told.push(verb);
        state = becomes[verb]!;
        return { code: 0, stdout: "", stderr: "" };
    };
    return { run, told };
}

test.each([
    ["running", "on"],
    ["shut off", "off"],
    ["paused", "paused"],
    ["", undefined],
])("a machine that libvirt calls %p is %p", async (state, power) => {
    const { run } = host(state);
    expect((await domainPowerHandler(run).read("id", inputs))?.power).toBe(power);
});

test.each([
    ["running", "on", []],
    ["shut off", "on", ["start"]],
    ["paused", "on", ["resume"]],
    ["running", "off", ["shutdown"]],
    ["shut off", "off", []],
    ["paused", "off", ["resume", "shutdown"]],
] as const)("one that is %s is made %s by %p", async (state, power, told) => {
    const machine = host(state);
    await domainPowerHandler(machine.run).update("id", inputs, { ...inputs, power });
    expect(machine.told).toEqual(told);
});

test("one that is not there cannot be started", async () => {
    await expect(domainPowerHandler(host("").run).create(inputs)).rejects.toThrow(
        "central: there is no virtual machine volume-node",
    );
});

describe("one whose start comes to nothing", () => {
    const guest = { ...connection, name: "volume-node", host: "192.168.122.8" };
    /** Answers at the given try. */
    const answering =
        (at: number, tries: number[], error: Error = new Unreachable("volume-node did not accept ssh")) =>
        async (_to: unknown, seconds: number) => {
            if (tries.push(seconds) < at) throw error;
        };

    test.each([
        [1, ["start"], [7]],
        [2, ["start", "reset"], [7, 7]],
    ])("and which answers at try %p is told %p", async (at, told, waited) => {
        const machine = host("shut off"),
            tries: number[] = [];
        await domainPowerHandler(machine.run, answering(at, tries)).create({ ...inputs, guest, seconds: 7 });
        expect([machine.told, tries]).toEqual([told, waited]);
    });

    test("twice is an error that says where to look", async () => {
        const machine = host("shut off"),
            tries: number[] = [];
        await expect(domainPowerHandler(machine.run, answering(3, tries)).create({ ...inputs, guest })).rejects.toThrow(
            "volume-node did not accept ssh; it was started twice. Its console: virsh console volume-node, on central",
        );
        expect(tries).toEqual([120, 120]);
    });

    test("for another reason than that it does not answer is not started again", async () => {
        const machine = host("shut off"),
            tries: number[] = [];
        await expect(
            domainPowerHandler(machine.run, answering(3, tries, new Error("another host key"))).create({
                ...inputs,
                guest,
            }),
        ).rejects.toThrow("another host key");
        expect([machine.told, tries]).toEqual([["start"], [120]]);
    });
});

describe("what virsh is told, by shell that runs", () => {
    const machine = localHost({
        virsh: `[ "$1 $2 $3" = "-q -c qemu:///system" ] || exit 9
[ "$4" = domstate ] || echo "$4 $5" >> "$LOG"
case "$4" in
domstate) cat "$ROOT/state" || { echo "$(cat "$ROOT/why")" >&2; exit 1; } ;;
start | reset) [ "$4" != reset ] || [ ! -e "$ROOT/unresettable" ] || exit 1; echo running > "$ROOT/state" ;;
shutdown) [ -e "$ROOT/stubborn" ] || echo "shut off" > "$ROOT/state" ;;
destroy) echo "shut off" > "$ROOT/state" ;;
esac`,
    });
    afterAll(() => machine.remove());
    beforeEach(() => {
        machine.put("state", "running\n");
        machine.said();
    });
    const guest = { ...connection, name: "volume-node", host: "192.168.122.8" },
        clock = new FakeClock(),
        power = (reachable: () => Promise<void>, run: RunScript = machine.run) =>
            domainPowerHandler(run, reachable, clock);
    const silent = async () => {
        throw new Unreachable("no");
    };

    test.each([
        ["itself", false, "", 0],
        ["nobody", true, "destroy volume-node\n", 90],
    ])("one that is ended by %s", async (_by, stubborn, ended, seconds) => {
        const before = clock.passed;
        if (stubborn) machine.put("stubborn", "");
        expect(await power(silent).update("", inputs, { ...inputs, power: "off" })).toEqual({});
        expect(machine.said()).toBe(`shutdown volume-node\n${ended}`);
        expect(clock.passed - before).toBeCloseTo(seconds);
        expect(await power(silent).read("", inputs)).toEqual({ ...inputs, power: "off" });
    });

    test("one that is on is told in its own system first, whether it hears it or not", async () => {
        const told: unknown[] = [];
        const run: RunScript = async (to, script, options) => {
            if (to.name === "central") return await machine.run(to, script, options);
            told.push([to.name, script, options]);
            throw new Error("closed");
        };
        await power(silent, run).update("", inputs, { ...inputs, power: "off", guest });
        expect(told).toEqual([["volume-node", "poweroff", { timeoutSeconds: 90 }]]);
        expect(machine.said()).toContain("shutdown volume-node\n");
    });

    test.each([
        ["paused", ["set"]],
        ["shut off", []],
    ])("one that was %s has its clock: %p", async (state, told) => {
        const guestOf = machineWithClock({ ahead: -300 });
        const run: RunScript = (to, script, options) =>
            (to.name === "central" ? machine : guestOf).run(to, script, options);
        machine.put("state", `${state}\n`);
        await domainPowerHandler(run, async () => undefined, guestOf.clock).update("", inputs, { ...inputs, guest });
        expect(guestOf.told).toEqual(told);
    });

    test.each([
        ["reset", false, "reset volume-node\n"],
        ["started where it cannot be", true, "reset volume-node\nstart volume-node\n"],
    ])("one that does not answer is %s", async (_what, unresettable, told) => {
        if (unresettable) machine.put("unresettable", "");
        let tries = 0;
        expect(
            await power(async () => {
                if (tries++ === 0) throw new Unreachable("no");
            }).create({ ...inputs, guest }),
        ).toEqual({ id: "central/volume-node", outputs: {} });
        expect(machine.said()).toBe(told);
    });

    test("one that then fails for another reason fails for that", async () => {
        let tries = 0;
        await expect(
            power(async () => {
                throw tries++ === 0 ? new Unreachable("no") : new Error("another host key");
            }).create({ ...inputs, guest }),
        ).rejects.toThrow(/^another host key$/);
    });

    test("one that is not there is gone; a host that has no answer is none", async () => {
        for (const why of ["error: failed to get domain 'volume-node'", "error: Domain not found"]) {
            await machine.run(connection, 'rm -f "$ROOT/state"');
            machine.put("why", why);
            expect(await power(silent).read("", inputs)).toBeUndefined();
        }
        machine.put("why", "error: no connection");
        await expect(power(silent).read("", inputs)).rejects.toThrow(
            new Unreachable(
                "central: the virtual machine volume-node cannot be asked: cat: " +
                    machine.dir +
                    "/state: No such file or directory\nerror: no connection",
            ),
        );
        await power(silent).delete("", inputs);
        expect(machine.said()).toBe("");
    });
});
