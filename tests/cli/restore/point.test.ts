import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import {
    checkName,
    forget,
    machinesOf,
    madeAnew,
    record,
    resourcesOf,
    type RestorePoint,
    restorePoint,
    restorePoints,
    stateToKeep,
} from "../../../cli/restore/point";
import { type Connection, Unreachable } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { FakeClock } from "../../clients/fake-clock";
import { checkLive, type LiveMachine, PointHosts, PointRun } from "../../../cli/restore/hosts";
import { checkNew } from "../../../cli/restore/snapshot";
import { PROJECT } from "../../../engine/stack-file";
import { type RecordedResource } from "../../../engine/state";
import { stackStore, stateFile } from "../../../engine/stack-store";
import { said } from "../../clients/said";
import { readSettings } from "../../../config/settings";
import { stateDir } from "../../../system/paths";
import { hostKeys } from "../../clients/keys";
import { machineWithClock } from "../../providers/machine/machine-with-clock";
import { ownState } from "../../system/own-state";

const dir = ownState("classroom-points-");

const urn = (type: string, name: string) => `urn:pulumi:team01::gridka-cloud-classroom::${type}::${name}`;
const resource = (type: string, name: string, id: string, inputs: object = {}): RecordedResource => ({
    urn: urn(type, name),
    type,
    custom: true,
    id,
    inputs: { ...inputs },
});
const container = (name: string, id: string) =>
    resource("pulumi-nodejs:dynamic/machine:Container", `cloud-${name}`, id, { name });
const state: RecordedResource[] = [
    { urn: urn("pulumi:pulumi:Stack", "s"), type: "pulumi:pulumi:Stack", custom: false },
    container("db-node-golden", "db-node-golden#1"),
    container("db-node", "db-node#2"),
    resource("libvirt:index/domain:Domain", "volume-vm", "u-3", {
        name: "volume-node",
        disks: [{ volumeId: "/m/volume-node.qcow2" }, { volumeId: "/m/vdb.qcow2" }, { file: "/m/seed.iso" }],
    }),
    resource("libvirt:index/network:Network", "net", "n-1"),
    resource("pulumi-nodejs:dynamic/guest:Service", "mysql", "db-node:mysql"),
];
const file = (resources: RecordedResource[], more: object = {}) => ({
    version: 3,
    checkpoint: { latest: { resources, ...more } },
});
const point = (name: string, time: string): RestorePoint => ({
    name,
    stack: "team01",
    time,
    id: "i",
    machines: [],
    state: file(state),
});
const put = (value: object) => {
    fs.mkdirSync(path.dirname(stateFile("team01")), { recursive: true });
    fs.writeFileSync(stateFile("team01"), JSON.stringify(value));
};

test("the machines of a state: without golden clones, with their identities and what virtual ones write on", () => {
    expect(machinesOf(state)).toEqual([
        { name: "db-node", kind: "container", host: "central", uuid: "2", disks: [] },
        {
            name: "volume-node",
            kind: "vm",
            host: "central",
            uuid: "u-3",
            disks: ["/m/volume-node.qcow2", "/m/vdb.qcow2"],
        },
    ]);
});

test("machines, disks and networks made anew are told; what is in machines is put back", () => {
    const without = (name: string) => state.filter(r => !r.urn.endsWith(`::${name}`));
    expect(madeAnew(state, state)).toEqual([]);
    expect(madeAnew(state, [...without("cloud-db-node"), container("db-node", "db-node#9")])).toEqual([
        "cloud-db-node",
    ]);
    expect(madeAnew(state, [...without("net"), resource("libvirt:index/volume:Volume", "disk", "/d")])).toEqual([
        "disk",
        "net",
    ]);
    expect(madeAnew(state, without("mysql"))).toEqual([]);
});

test("a stack without machines, and one whose last run was cut off, are not kept", () => {
    expect(() => stateToKeep("team01")).toThrow(
        "the state of stack team01 knows no machines, so there is nothing to keep; make them with: ./classroom up team01",
    );
    put(file(state, { pending_operations: [{ type: "creating", resource: state[1] }] }));
    expect(() => stateToKeep("team01")).toThrow(
        "the last run on stack team01 was cut off, so its state does not fit the cloud; first run: ./classroom up team01",
    );
    put(file(state));
    expect(resourcesOf(stateToKeep("team01").state)).toEqual(state);
});

test("points are recorded privately, found by name, the oldest first, and forgotten", () => {
    expect(() => restorePoint("team01", "x")).toThrow(
        'stack team01 has no restore point "x"; it has none; make one with: ./classroom snapshot team01 x',
    );
    record(point("second", "2026-11-25T02:00:00Z"));
    record(point("first", "2026-11-25T01:00:00Z"));
    expect(restorePoints("team01").map(p => p.name)).toEqual(["first", "second"]);
    expect(restorePoint("team01", "first")).toEqual(point("first", "2026-11-25T01:00:00Z"));
    expect(() => restorePoint("team01", "x")).toThrow('stack team01 has no restore point "x"; there are first, second');
    expect(() => checkNew("team01", "first")).toThrow(
        'stack team01 has a restore point "first" already; nothing was changed. To make it anew, remove it first: ./classroom snapshot team01 first --remove',
    );
    const folder = path.join(dir, "restore-points/team01"),
        mode = (of: string) => fs.statSync(of).mode & 0o777;
    expect([mode(folder), mode(path.join(folder, "first.json")), fs.readdirSync(folder)]).toEqual([
        0o700,
        0o600,
        ["first.json", "second.json"],
    ]);
    forget("team01", "first");
    expect(restorePoints("team01").map(p => p.name)).toEqual(["second"]);
    forget("team01");
    expect(fs.existsSync(folder)).toBe(false);
});

test.each(["", "../x", "a b", "a.making", "-x", "a".repeat(41)])('"%s" cannot be a name', name => {
    expect(() => checkName(name)).toThrow(
        /cannot be a restore point's name: letters, digits, dashes and underscores, at most 40, beginning with a letter or a digit$/,
    );
});

test("a state is put in the place of the present one, privately; the present one is backed up as it was", () => {
    put(file(state));
    stackStore.backUp("team01");
    stackStore.putBack("team01", file([state[0]!]));
    expect(stackStore.state("team01")!.resources).toEqual([state[0]]);
    expect(fs.statSync(stateFile("team01")).mode & 0o777).toBe(0o600);
});

const notes: string[] = [],
    note = (line: string) => {
        notes.push(line);
    };

/** Where another process would have said that it is at work. */
const restoreLock = path.join(dir, "restore-team01.lock");

test("while a snapshot or restore is at work by another process, nothing else is", async () => {
    fs.writeFileSync(restoreLock, `1 ${fs.readFileSync("/proc/1/stat", "utf8").split(") ").pop()!.split(" ")[19]}`);
    expect(() => stackStore.checkFree("team01", note)).toThrow(
        "stack team01 is being worked on by a snapshot or restore (process 1); nothing was changed. Wait until that has ended",
    );
    fs.writeFileSync(restoreLock, "1 0");
    expect(() => stackStore.checkFree("team01", note)).not.toThrow();
    await stackStore.whileHeld("team01", async () => expect(() => stackStore.checkFree("team01", note)).not.toThrow());
});

test("the lock of a run that has died does not keep a restore away; that of another machine does", () => {
    const locks = path.join(stateDir(), "stacks/.pulumi/locks/organization", PROJECT, "team01"),
        lock = (hostname: string) => JSON.stringify({ pid: 2 ** 22 + 1, hostname, username: "ann" });
    fs.mkdirSync(locks, { recursive: true });
    fs.writeFileSync(path.join(locks, "dead.json"), lock(os.hostname()));
    expect(() => stackStore.checkFree("team01", note)).not.toThrow();
    expect(notes).toEqual([expect.stringContaining("4194305")]);
    expect(fs.readdirSync(locks)).toEqual([]);
    fs.writeFileSync(path.join(locks, "other.json"), lock("elsewhere"));
    expect(() => stackStore.checkFree("team01", note)).toThrow(
        "stack team01 is being worked on by process 4194305 of ann on elsewhere; nothing was changed.",
    );
    fs.rmSync(locks, { recursive: true });
});

const machines = machinesOf(state).map(m => ({ ...m, running: true }));
const live = (uuid: string, kibibytes: number): LiveMachine[] =>
    machines.map((m): LiveMachine => ({
        name: m.name,
        uuid: m.name === "db-node" ? uuid : m.uuid,
        kibibytes,
        state: "running",
    }));

test("machines that are not the recorded ones, and too little room, are told before anything is changed", () => {
    const free = { central: 2_000_000, compute: 2_000_000 };
    expect(() => checkLive("team01", machines, { machines: live("2", 600_000), free }, "copy them")).not.toThrow();
    expect(() => checkLive("team01", machines, { machines: live("-", 600_000), free }, "copy them")).toThrow(
        "not on their host, or not those that the state knows: db-node; nothing was changed. Mend it first: ./classroom up team01 --refresh",
    );
    expect(() => checkLive("team01", machines, { machines: live("2", 900_000), free }, "copy them")).toThrow(
        "the central host has 1953 MiB free below /var/lib/libvirt/restore-points, and to copy them takes up to 2270 MiB; nothing was changed",
    );
});

const settings = readSettings("team01", {
    number: 1,
    hosts: {
        central: { address: "a", hostKey: hostKeys.central },
        compute: { address: "b", hostKey: hostKeys.compute },
    },
});
/** Hosts that answer every script so, or fail. */
const hosts = (answers: Record<string, Parameters<typeof said>[0] | Error>) => {
    const asked: string[] = [];
    const both = [
        ...machines,
        {
            name: "compute-1" as const,
            kind: "container" as const,
            host: "compute" as const,
            uuid: "5",
            disks: [],
            running: true,
        },
    ];
    return {
        asked,
        hosts: new PointHosts(settings, "team01", "x", both, async to => {
            asked.push(to.name);
            const answer = answers[to.host] ?? {};
            if (answer instanceof Error) throw answer;
            return said(answer);
        }),
    };
};

/** Hosts that are busy for as many seconds of the operator's clock. */
const busyHosts = (seconds: number) => {
    const clock = new FakeClock(),
        asked: string[] = [];
    const run: RunScript = async (_to, script) => {
        asked.push(script);
        return clock.passed < seconds
            ? { stdout: "", stderr: "another is still at work there\n", code: 75 }
            : { stdout: "free 1\n", stderr: "", code: 0 };
    };
    return { clock, asked, hosts: new PointHosts(settings, "team01", "x", machines, run, clock) };
};

test("another snapshot on a host is waited for, a minute of the operator's", async () => {
    const short = busyHosts(20);
    expect((await short.hosts.look()).free.central).toBe(1);
    expect(short.clock.passed).toBeCloseTo(20);
    const long = busyHosts(1000);
    await expect(long.hosts.look()).rejects.toThrow("host a: another is still at work there after 60 s");
});

test("roots that are held are waited for, five seconds, and then machines are put in their place", async () => {
    const { hosts: held, asked, clock } = busyHosts(4.95);
    await held.swap();
    expect(clock.passed).toBeCloseTo(5);
    expect(asked.filter(script => script.includes("umount -l"))).toHaveLength(1);
});

/** The only virtual machine of the stack, as it is reached. */
const guests = { "volume-node": { name: "volume-node" } as Connection };

test("the clock of a machine that stood still is set until it is right, again where the connection from before has died", async () => {
    const guest = machineWithClock({ ahead: -300, takes: 7 });
    let asked = 0;
    const run: RunScript = async (to, script) => {
        if (asked++ === 0) throw new Unreachable("volume-node: the connection was lost");
        return await guest.run(to, script);
    };
    await new PointHosts(settings, "team01", "x", machines, run, guest.clock).wake(guests, [], 60);
    expect(guest.told).toEqual(["set"]);
});

test("connections of a machine that was put back end where the other side was started anew", async () => {
    const guest = machineWithClock();
    const told: string[] = [];
    const run: RunScript = async (to, script) => {
        if (!script.includes("ss -K ")) return await guest.run(to, script);
        told.push(`${to.name} ${/dst \S+/.exec(script)![0]}`);
        return { stdout: "", stderr: "", code: 0 };
    };
    await new PointHosts(settings, "team01", "x", machines, run, guest.clock).wake(guests, ["10.0.0.3"], 60);
    expect(told).toEqual(["volume-node dst 10.0.0.3"]);
});

test("what both hosts say is put together; what is not as it was measured is damaged", async () => {
    const looked = hosts({
        a: { machine: ["db-node 2 70 running", "volume-node u-3 90 shut off"], free: "1000" },
        b: { machine: ["compute-1 5 10 running"], free: "2000" },
    });
    expect(await looked.hosts.look()).toEqual({
        machines: [
            { name: "db-node", uuid: "2", kibibytes: 70, state: "running" },
            { name: "volume-node", uuid: "u-3", kibibytes: 90, state: "shut off" },
            { name: "compute-1", uuid: "5", kibibytes: 10, state: "running" },
        ],
        free: { central: 1000, compute: 2000 },
    });
    const digest = (of: string) => of.repeat(64),
        point = (id: string, ...kept: string[]) => ({ id, kept });
    const kept = new Map([
        ["db-node", { kibibytes: 1, digest: digest("1") }],
        ["volume-node", { kibibytes: 1, digest: digest("2") }],
        ["compute-1", { kibibytes: 1, digest: digest("3") }],
    ]);
    const [one, two, three] = [
        `db-node 1 ${digest("1")}`,
        `volume-node 1 ${digest("2")}`,
        `compute-1 1 ${digest("3")}`,
    ];
    const damaged = (a: Parameters<typeof said>[0], b: Parameters<typeof said>[0]) =>
        hosts({ a, b }).hosts.damaged("the-id", kept);
    expect(await damaged(point("the-id", one, two), point("the-id", three))).toEqual([]);
    expect(await damaged(point("the-id", one, `volume-node 1 ${digest("f")}`), {})).toEqual([
        "volume-node",
        "compute-1",
    ]);
    expect(await damaged(point("another", one, two), point("the-id", three))).toEqual(["db-node", "volume-node"]);
});

test("a step that fails on one host is waited for on the other, and told", async () => {
    const failing = hosts({ a: new Error("host a: no room"), b: new Error("host b: gone") });
    await expect(failing.hosts.freeze()).rejects.toThrow("host a: no room\nhost b: gone");
    expect(failing.asked).toEqual(["host a", "host b"]);
});

test("an interruption is heard between steps, with what has come of it", () => {
    const controller = new AbortController(),
        run = new PointRun("team01", {} as never, controller.signal);
    expect(() => run.checkInterrupted("nothing was changed")).not.toThrow();
    controller.abort();
    expect(() => run.checkInterrupted("nothing was changed")).toThrow(
        expect.objectContaining({ message: "interrupted; nothing was changed", exitCode: 130 }),
    );
});
