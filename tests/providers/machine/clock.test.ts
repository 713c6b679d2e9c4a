import * as fs from "fs";
import { type Connection, Unreachable } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { clockHandler, setShell } from "../../../providers/machine/clock";
import { FakeClock } from "../../clients/fake-clock";
import { BOOT, machineWithClock, OWN } from "./machine-with-clock";
import { localHost } from "./local-host";

const connection = { name: "volume-node", host: "10.0.0.8" } as Connection,
    wanted = { connection, offset: "within 2 s", speed: "true" };
test("a clock that is right costs one second and is left alone", async () => {
    const { handler, told, clock } = machineWithClock();
    expect(await handler.create(wanted)).toEqual({ id: "volume-node:clock", outputs: {} });
    expect(await handler.read("", wanted)).toEqual(wanted);
    expect(told).toEqual([]);
    expect(clock.pauses).toHaveLength(2);
    expect(clock.passed).toBeLessThan(2.2);
});

test.each([
    [7203, 0.02, "7203 s ahead"],
    [-3600, 0.02, "3600 s behind"],
    [2.5, 0.02, "3 s ahead"],
    // What may be right as far as can be told is right.
    [2.1, 0.6, "within 2 s"],
    [-1.9, 0.02, "within 2 s"],
    [0, 8, "within 2 s"],
])("%p s off, with answers that take %p s: %s", async (ahead, takes, offset) => {
    const { handler } = machineWithClock({ ahead, takes });
    expect((await handler.read("", wanted))!.offset).toBe(offset);
});

test.each([
    [13.8, 0.02, "13.8 times too fast"],
    [13.8, 0.3, /^1[34]\.\d times too fast$/],
    [1.5, 0.02, "1.5 times too fast"],
    [1.5, 0.3, /^1\.[45] times too fast$/],
    [0.5, 0.02, "2.0 times too slow"],
    [0, 0.02, "1000.0 times too slow"],
    [1.2, 0.3, "1.2 times too fast"],
    [1.02, 0.02, "true"],
    [1, 2, "true"],
])("%p times as fast as the operator's, with answers that take %p s: %s", async (speed, takes, said) => {
    const { handler, clock } = machineWithClock({ speed, takes });
    expect((await handler.read("", wanted))!.speed).toEqual(
        said instanceof RegExp ? expect.stringMatching(said) : said,
    );
    expect(clock.passed).toBeLessThan(12);
});

test("how fast a clock runs does not hang on its date, which somebody may set meanwhile", async () => {
    const { handler, clock, run } = machineWithClock();
    let reads = 0;
    const jumping: RunScript = async (to, script) => {
        const answer = await run(to, script);
        return { ...answer, stdout: ++reads === 2 ? answer.stdout.replace(/date 1/, "date 2") : answer.stdout };
    };
    expect(await clockHandler(jumping, clock, () => OWN).read("", wanted)).toEqual(wanted);
    expect(await handler.read("", wanted)).toEqual(wanted);
});

test.each([7203, -86_400 * 365])("one that is %p s ahead is set", async ahead => {
    for (const takes of [0.02, 0.4]) {
        const { handler, told } = machineWithClock({ ahead, takes });
        const found = (await handler.read("", wanted))!;
        expect(await handler.update("", found, wanted)).toEqual({});
        expect(told).toEqual(["set"]);
        expect(await handler.read("", found)).toEqual(wanted);
    }
});

test.each([
    ["ahead", 7203, true, ["set", "cinder-api", "0016 2248"]],
    ["behind", -7203, true, ["set"]],
    ["ahead on a host", 7203, false, ["set"]],
])(
    "services whose timers would wait for the clock are restarted, and waited for: %s",
    async (_what, ahead, isNode, said) => {
        const { handler, told } = machineWithClock({ ahead }),
            on = { ...connection, ...(isNode && { jump: { host: "192.0.2.1", port: 24, hostKey: "" } }) };
        await handler.update("", { ...wanted, connection: on }, { ...wanted, connection: on });
        expect(told).toEqual(said);
    },
);

test.each([
    ["ahead", "7203 s ahead", true, ["cinder-api", "0016 2248"]],
    ["behind", "7203 s behind", true, []],
    ["ahead on a host", "7203 s ahead", false, []],
])("a run that was cut off after it had set a clock is gone on with: %s", async (_what, offset, isNode, said) => {
    const { handler, told } = machineWithClock(),
        on = { ...connection, ...(isNode && { jump: { host: "192.0.2.1", port: 24, hostKey: "" } }) };
    await handler.update("", { ...wanted, connection: on, offset }, { ...wanted, connection: on });
    expect(told).toEqual(said);
});

describe("after that restart", () => {
    const node = localHost({
        service: '[ "$2" != status ] || [ ! -e "$ROOT/ended" ]',
        initctl: "echo cinder-api start/running, process 7",
        date: 'case "$1" in +*) [ -e "$ROOT/right" ] && echo 1764400000.000000000 || echo 1764407200.000000000 ;; *) : > "$ROOT/right" ;; esac',
    });
    afterAll(() => node.remove());
    const LISTENS =
            "   0: 00000000:2248 00000000:0000 0A 00000000:00000000 00:00000000 00000000   107        0 4712 1\n",
        on = { ...connection, jump: { host: "192.0.2.1", port: 24, hostKey: "" } };
    beforeEach(() => {
        for (const [file, text] of Object.entries({
            "proc/cpuinfo": "processor : 0\n",
            "proc/sys/kernel/random/boot_id": `${BOOT}\n`,
            "proc/net/tcp": LISTENS,
            "proc/net/tcp6": "",
        }))
            node.put(file, text);
        fs.rmSync(`${node.dir}/right`, { force: true });
        fs.rmSync(`${node.dir}/ended`, { force: true });
    });
    const update = (meanwhile: () => void) => {
        const clock = new FakeClock(1_764_400_000),
            run: RunScript = (to, script, options) => {
                const passed = clock.elapsed().toFixed(2);
                node.put("proc/uptime", `${passed} ${passed}\n`);
                if (script.includes("nothing listens")) {
                    // Each answer takes a slow machine so long.
                    clock.pass(10);
                    meanwhile();
                }
                return node.run(to, script, options);
            };
        const inputs = { ...wanted, connection: on };
        return clockHandler(run, clock, () => OWN).update("", inputs, inputs);
    };

    test("a port that was listened to is asked for until it is listened to again", async () => {
        let asked = 0;
        await update(() => node.put("proc/net/tcp", ++asked < 4 ? "" : LISTENS));
        expect(asked).toBe(4);
    });

    test("one that stays closed is an error with its number", async () => {
        await expect(update(() => node.put("proc/net/tcp", ""))).rejects.toThrow(
            /^volume-node: nothing listens on port 8776 after \d+ s/,
        );
    });

    test("a service that ended is an error at once", async () => {
        await expect(update(() => node.put("ended", ""))).rejects.toThrow("service cinder-api ended while it started:");
    });
});

test("one that is ahead again when it was set is an error", async () => {
    const { handler } = machineWithClock({ ahead: 60, kept: true });
    await expect(handler.update("", wanted, wanted)).rejects.toThrow(
        "volume-node: its clock was set 5 times, and is 60 s ahead of this machine's",
    );
});

test("a host's that a server of time keeps is not set: the operator's may be wrong; a virtual machine may have stood still", async () => {
    const { handler, told } = machineWithClock({ ahead: -60, synchronized: true });
    await expect(handler.create(wanted)).rejects.toThrow(
        "volume-node: its clock is 60 s behind this machine's, and a server of time keeps it (NTPSynchronized): look which of the two is wrong, and set that one; nothing was set",
    );
    expect(told).toEqual([]);
    await handler.create({ ...wanted, connection: { ...connection, jump: {} as Connection } });
    expect(told).toEqual(["set"]);
});

test.each([
    [{ tsc: 13.8, hpet: 1, acpi_pm: 1 }, ["hpet"]],
    [{ tsc: 13.8, hpet: 13.8, acpi_pm: 1 }, ["hpet", "acpi_pm"]],
    [{ tsc: 13.8, acpi_pm: 1 }, ["acpi_pm"]],
])("one that runs wrong is counted by another source: %j", async (sources, switched) => {
    const { handler, told, it } = machineWithClock({ speed: 13.8, ahead: 500, sources });
    await handler.update("", wanted, wanted);
    expect(told).toEqual([...switched, "set"]);
    expect(it.speed).toBe(1);
    expect(await handler.read("", wanted)).toEqual(wanted);
});

test.each<[Record<string, number>]>([[{ tsc: 13.8 }], [{ "kvm-clock": 13.8, hpet: 2 }]])(
    "one that runs wrong by each (%j) is an error",
    async sources => {
        const { handler, told } = machineWithClock({ speed: 13.8, sources });
        await expect(handler.create(wanted)).rejects.toThrow(
            "volume-node: its clock runs 13.8 times too fast, by every clock source that its kernel has; switch the machine off and on again, or rebuild it",
        );
        expect(told).not.toContain("set");
    },
);

describe("a host that is a namespace of the operator's machine", () => {
    test("has its clock: it is read once, and never set", async () => {
        const { handler, told, clock } = machineWithClock({ boot: OWN });
        await handler.create(wanted);
        expect(await handler.read("", wanted)).toEqual(wanted);
        expect([told, clock.pauses]).toEqual([[], []]);
    });

    test("and says so where it differs all the same", async () => {
        const { handler, told } = machineWithClock({ boot: OWN, ahead: 9 });
        await expect(handler.update("", wanted, wanted)).rejects.toThrow(
            "volume-node: its clock is 9 s ahead of this machine's, though it has the same kernel; nothing was set",
        );
        expect(told).toEqual([]);
    });
});

test.each([
    "",
    `date now\nuptime 1.00\nboot ${BOOT}\n`,
    `date 1e9\nuptime 1.00\nboot ${BOOT}\n`,
    `date 1764400000.000000000\nuptime 1.00\nboot ${BOOT}; rm -rf /\n`,
    `date ${"9".repeat(400)}.0\nuptime 1.00\nboot ${BOOT}\n`,
])("what a machine answers with is a time or nothing: %p", async stdout => {
    const run: RunScript = async () => ({ code: 0, stdout, stderr: "" });
    await expect(clockHandler(run, new FakeClock()).read("", wanted)).rejects.toThrow(
        /^volume-node: its answer is not understood: (date|boot|its last line) /,
    );
});

test("a machine that does not answer, or is started anew meanwhile, is not called wrong", async () => {
    const mute: RunScript = async () => {
        throw new Unreachable("volume-node: gone");
    };
    await expect(clockHandler(mute).read("", wanted)).rejects.toThrow(Unreachable);
    const { run, it, clock } = machineWithClock();
    const restarting: RunScript = async (to, script) => {
        const answer = await run(to, script);
        it.boot = "00000000-2222-3333-4444-555555555555";
        return answer;
    };
    await expect(clockHandler(restarting, clock, () => OWN).read("", wanted)).rejects.toThrow(
        "volume-node: it was started anew while its clock was watched",
    );
});

describe("the shell", () => {
    const host = localHost({
        date: 'case "$1" in +*) echo 1764400000.123456789 ;; *) echo "date $*" >> "$LOG" ;; esac',
        hwclock: 'echo "hwclock $*" >> "$LOG"; exit 1',
        systemctl: 'case "$1 $3" in "is-active ntp") ;; is-active*) exit 3 ;; *) echo "systemctl $*" >> "$LOG" ;; esac',
    });
    afterAll(() => host.remove());

    test("sets it at once, and the hardware's where there is one; what keeps it by servers of time begins anew", async () => {
        host.put("run/systemd/system/x", "");
        const set = setShell(1500.25);
        expect(set).toContain("[ ! -e /dev/rtc0 ] || hwclock --systohc");
        await host.run(connection, set.replaceAll("/dev/rtc0", "/dev/null"));
        expect(host.said()).toBe(
            "date -u -s @1500.250\nhwclock --systohc\nsystemctl reset-failed ntp\nsystemctl restart ntp\n",
        );
    });

    test("reads it", async () => {
        host.put("proc/uptime", "350735.47 234388.90\n");
        host.put("proc/sys/kernel/random/boot_id", `${BOOT}\n`);
        expect(await clockHandler(host.run, new FakeClock(1_764_400_000), () => BOOT).read("", wanted)).toEqual(wanted);
    });
});
