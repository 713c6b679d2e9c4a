import { createHash } from "crypto";
import { inWords } from "../../../cli/check/check";
import { type CheckResult, Checks } from "../../../cli/check/checks";
import { PREFIX } from "../../../cli/check/cloud";
import { compareHostKey } from "../../../cli/check/host-key";
import { CheckInterrupted } from "../../../cli/check/wait";
import { chosenOf } from "../../../cli/check/which";
import { FakeCloud } from "./fake-cloud";

async function results(
    cloud: FakeCloud,
): Promise<{ failed: Record<string, string>; all: CheckResult[]; notes: string[] }> {
    const told: CheckResult[] = [],
        notes: string[] = [];
    const all = await new Checks(cloud, n => notes.push(n)).run(r => told.push(r));
    expect(told).toEqual(all);
    return { all, notes, failed: Object.fromEntries(all.filter(r => r.result === "fail").map(r => [r.id, r.detail])) };
}

test("a cloud in which everything works; nothing is left in it", async () => {
    const cloud = new FakeCloud(),
        { all, failed } = await results(cloud);
    expect(failed).toEqual({});
    expect(all.map(r => `${r.id} ${r.result}`)).toEqual([
        "T1 pass",
        "T2 pass",
        "T3 pass",
        "T4 pass",
        "T5 pass",
        "T6 pass",
        "T7 pass",
        "T8 pass",
        "T9 pass",
        "T10 pass",
        "T11 skip",
        "T12 pass",
    ]);
    expect(all.map(inWords)).toEqual(
        expect.arrayContaining([
            "pass  T2   start an instance: ACTIVE on compute-1, 0.0 s",
            "pass  T3   start an instance from the dashboard: ACTIVE on compute-1, 0.0 s",
            "pass  T9   attach a volume: /dev/vdb of an instance on compute-1 written, of one on compute-1 read, by QEMU's own iSCSI, 2.0 s",
            "pass  T10  resize: m1.tiny to x1.tiny, from compute-1 to compute-2: reverted, confirmed, 0.0 s",
            "pass  T4   fixed and floating address: 10.10.0.2 from net1, 172.16.9.1 from public, 0.0 s",
            "pass  T12  every service is up: 2 of nova and cinder, 0.0 s",
        ]),
    );
    expect(cloud.left()).toEqual([]);
});

test("of some checks those alone are done, and nothing is asked that they do not need", async () => {
    const cloud = new FakeCloud(),
        told: string[] = [];
    const refuse = async (): Promise<never> => {
        told.push("asked");
        throw new Error("asked");
    };
    cloud.compute.servers = refuse;
    cloud.images.list = refuse;
    cloud.volumes.list = refuse;
    await new Checks(cloud, n => told.push(n)).run(r => told.push(`${r.id} ${r.result}`), ["T12"]);
    expect(told).toEqual(["T12 pass"]);
});

test("what a check stands on is done before it, and removed with it", async () => {
    const cloud = new FakeCloud(),
        told: string[] = [];
    await new Checks(cloud, () => undefined).run(r => told.push(`${r.id} ${r.result}`), chosenOf("T5"));
    expect(told).toEqual(["T2 pass", "T4 pass", "T5 pass"]);
    expect(cloud.left()).toEqual([]);
});

test("a result says what was waited for, and how long", async () => {
    const { all } = await results(new FakeCloud("late"));
    const waits = (id: string) => all.find(r => r.id === id)!.waits;
    expect(waits("T8")).toEqual([
        { what: "cinder's services are up", seconds: 60 },
        { what: "cinder lists the dashboard's volume", seconds: 0 },
        { what: "the volume is available", seconds: 2 },
        { what: "the dashboard's volume is available", seconds: 2 },
        { what: "the volume is deleted", seconds: 0 },
        { what: "the dashboard's volume is deleted", seconds: 0 },
    ]);
    expect(waits("T5")).toEqual([{ what: "ssh to root@172.16.9.1", seconds: 0 }]);
});

test("what does not wait for volumes goes on beside them, and an instance's own checks follow each other", async () => {
    const cloud = new FakeCloud("late"),
        at: Record<string, number> = {};
    for (const call of ["createImage", "createRule", "attachVolume"] as const) {
        const real = cloud.compute[call] as (...args: unknown[]) => Promise<unknown>;
        Object.assign(cloud.compute, {
            [call]: (...args: unknown[]) => {
                at[call] ??= cloud.clock;
                return real(...args);
            },
        });
    }
    await results(cloud);
    expect([at.createRule! <= at.createImage!, at.createImage! < 60_000, at.attachVolume! >= 60_000]).toEqual([
        true,
        true,
        true,
    ]);
});

test("a service that takes its time for an answer is asked less often", async () => {
    const cloud = new FakeCloud("ssh"),
        { onApiNode } = cloud;
    let asked = 0;
    cloud.onApiNode = async script => {
        asked++;
        cloud.clock += 3000;
        return await onApiNode(script);
    };
    await new Checks(cloud, () => undefined).run(() => undefined, chosenOf("T5"));
    // Within its 90 seconds; every two seconds it would be eighteen times.
    expect(asked).toBe(9);
});

test("a wait that comes to no end is in the result of what failed", async () => {
    const { all } = await results(new FakeCloud("image"));
    expect(all[0]).toMatchObject({
        id: "T1",
        result: "fail",
        seconds: 60,
        waits: [{ what: "the image is active", seconds: 60 }],
    });
});

test("others of the image's name and of the network's label, which come first, are no hindrance", async () => {
    const cloud = new FakeCloud(),
        { networks } = cloud.compute,
        { list } = cloud.images;
    cloud.compute.networks = async () => [
        { id: "n6", label: "net1", cidr: "" },
        { id: "n2", label: "net1", cidr: "10.20.0.0/24" },
        ...(await networks()),
    ];
    const torn = { id: "torn", name: "cirros-0.3.0", status: "queued", isPublic: true, checksum: "" };
    cloud.images.list = async () => [torn, ...(await list())];
    expect((await results(cloud)).failed).toEqual({});
    cloud.images.list = async () => [torn];
    expect((await results(cloud)).failed.T2).toBe("the image cirros-0.3.0 is queued, not active");
    cloud.images.list = async () => [];
    expect((await results(cloud)).failed.T2).toBe("the cloud has no image cirros-0.3.0");
});

test("an instance over EC2, where the release has it (T11); what goes wrong leaves none", async () => {
    const t11 = async (breaks?: string) => {
        const cloud = new FakeCloud(breaks, true),
            { all } = await results(cloud);
        expect([...cloud.servers_.keys()]).toEqual([]);
        return all.filter(r => r.id === "T11").map(r => `${r.result} ${r.detail}`)[0];
    };
    expect(await t11()).toBe("pass i-00000007 of ami-00000001: running, terminated");
    expect(await t11("keys")).toBe(
        "fail euca-describe-images ended with code 1: Unauthorized: Failure communicating with keystone",
    );
    expect(await t11("ec2")).toBe("fail the instance i-00000007 is error");
});

test("an instance over EC2 has the name of what a check makes, so that a later one finds it", async () => {
    const cloud = new FakeCloud(undefined, true),
        renamed: string[] = [],
        rename = cloud.renameServer;
    cloud.renameServer = async (id, name) => {
        renamed.push(`${id} ${name}`);
        await rename(id, name);
    };
    await results(cloud);
    expect(renamed).toEqual([expect.stringMatching(new RegExp(`^e1 ${PREFIX}[0-9a-f]{8}$`))]);
});

const noInstance = "no instance: see T2",
    noAddress = "no floating address: see T4",
    noSsh = "no ssh to the instance: see T5",
    noHost = "the instance is in ERROR: No valid host was found.",
    spoilt = "the volume is in state error: is cinder-volume up, and is there room in its volume group?",
    noDashboard = "GET /x at there: 404 not found";
test.each<[string, Record<string, unknown>]>([
    ["image", { T1: "the image is active: not within 60 s (queued)" }],
    [
        "instance",
        {
            T2: noHost,
            T3: noHost,
            T4: noInstance,
            T5: noInstance,
            T6: noInstance,
            T7: noInstance,
            T9: noInstance,
            T10: noHost.replace("instance", "other instance"),
        },
    ],
    [
        "address",
        {
            T4: "the instance has a fixed and a floating address: not within 60 s (10.10.0.2, no floating address)",
            T5: noAddress,
            T6: noAddress,
            T7: noAddress,
            T9: noAddress,
        },
    ],
    [
        "ssh",
        {
            T5: "ssh to root@172.16.9.1: not within 90 s (root@172.16.9.1: Permission denied (publickey).)",
            T7: noSsh,
            T9: noSsh,
        },
    ],
    ["open", { T6: "port 80 is open before there is a rule for it (open)" }],
    ["shut", { T6: "the rule opens port 80: not within 30 s (closed)" }],
    ["rule", { T6: "port 80 is closed again without the rule: not within 30 s (open)" }],
    ["snapshot", { T7: "the snapshot is active: not within 120 s (glance does not list it)" }],
    [
        "file",
        {
            T7: expect.stringMatching(
                /^\/home\/cirros\/classroom-check-\w+ of the snapshot's instance has "" in it, \w{32} was written$/,
            ),
        },
    ],
    ["web-snapshot", { T7: "the dashboard's snapshot is active: not within 120 s (glance does not list it)" }],
    ["volume", { T8: spoilt, T9: spoilt }],
    ["attach", { T9: "the volume is available again: InternalError: no such target" }],
    ["kept", { T9: "the volume is detached: not within 120 s (in-use)" }],
    [
        "read",
        {
            T9: expect.stringMatching(
                /^\/dev\/vdb of the second instance has "something else" in it, \w{32} was written$/,
            ),
        },
    ],
    ["resize", { T10: "the instance is ACTIVE, not resized: ResizeError: not able to execute ssh command" }],
    ["revert", { T10: "the resize is reverted, and the instance has flavor 6, not 1" }],
    ["dashboard", { T1: noDashboard, T3: noDashboard, T7: noDashboard, T8: noDashboard }],
    [
        "web-quota",
        { T3: expect.stringMatching(/^the tenant's quota is too small: POST .* Quota exceeded for instances/) },
    ],
    ["service", { T12: "every service is up: not within 90 s (nova-compute on compute-1 is down)" }],
    [
        "cinder",
        {
            T8: "it does not answer",
            T9: "it does not answer",
            T12: "every service is up: not within 90 s (cinder could not be asked: it does not answer)",
        },
    ],
])("where %s is broken, that fails and what depends on it; nothing is left", async (breaks, expected) => {
    const cloud = new FakeCloud(breaks),
        { failed } = await results(cloud);
    expect(failed).toEqual(expected);
    expect(cloud.left()).toEqual([]);
});

test.each([
    ["keypair", "the cloud has no keypair gridka-api-node", ["T2", "T3", "T10"]],
    ["x1.tiny", "the cloud has no flavor x1.tiny", ["T2", "T3", "T10"]],
    ["m1.tiny", "the cloud has no flavor m1.tiny", ["T9", "T10"]],
])("a cloud without %s is told so", async (lacking, words, ids) => {
    const { failed } = await results(new FakeCloud(lacking));
    expect(Object.keys(failed).filter(id => failed[id] === words)).toEqual(ids);
});

test("a quota that is too small is told as that", async () => {
    const { failed } = await results(new FakeCloud("quota"));
    expect(failed.T2).toBe(
        "the tenant's quota is too small: POST /x at there: 413 Quota exceeded for cores: Requested 1, but already used 20 of 20 cores",
    );
});

test("a volume that nobody has any more, of which cinder has not heard, is removed", async () => {
    const cloud = new FakeCloud();
    cloud.volumes_.set("v0", { name: `${PREFIX}old`, asked: 9, at: "gone" });
    expect((await results(cloud)).failed).toEqual({});
    expect(cloud.left()).toEqual([]);
});

test("what an interrupted check left is removed first, what has another name stays", async () => {
    const cloud = new FakeCloud();
    cloud.add("s0", `${PREFIX}old`);
    cloud.volumes_.set("v0", { name: `${PREFIX}old`, asked: 0 });
    cloud.volumes_.set("v9", { name: "mine", asked: 9 });
    const { notes, failed } = await results(cloud);
    expect(notes.slice(0, 2)).toEqual([
        `removing what an earlier check left: server ${PREFIX}old`,
        expect.stringContaining("volume classroom-check-old"),
    ]);
    expect(failed).toEqual({});
    expect(cloud.left()).toEqual([]);
    expect([...cloud.volumes_.keys()]).toEqual(["v9"]);
});

test("a service of cinder that has not reported itself yet is waited for", async () => {
    const { failed, notes } = await results(new FakeCloud("late"));
    expect(failed).toEqual({});
    expect(notes).toContainEqual(
        expect.stringContaining("cinder's services are up: cinder-volume on volume-node is down"),
    );
});

test("so is one of which the scheduler knows nothing yet; an older release is not asked", async () => {
    const { failed, notes } = await results(new FakeCloud("poolless"));
    expect(failed).toEqual({});
    expect(notes).toContainEqual(
        expect.stringContaining("cinder's services are up: cinder-scheduler knows of no pool"),
    );
    expect((await results(new FakeCloud("old"))).failed).toEqual({});
});

test("an interruption ends the wait; what was made is removed", async () => {
    const cloud = new FakeCloud("ssh"),
        controller = new AbortController();
    cloud.onSleep = () => controller.abort();
    const checks = new Checks(cloud, () => undefined, controller.signal);
    await expect(checks.run(() => undefined, chosenOf("T5"))).rejects.toThrow(CheckInterrupted);
    expect(cloud.slept).toBe(1);
    expect(cloud.left()).toEqual([]);
});

test("with less patience nothing is waited for longer", async () => {
    const told: CheckResult[] = [];
    await new Checks(new FakeCloud("ssh"), () => undefined, undefined, 10).run(r => told.push(r));
    expect(told.filter(r => r.result === "fail").map(r => [r.id, r.detail])).toEqual([
        ["T5", expect.stringContaining("not within 10 s")],
        ["T7", noSsh],
        ["T9", noSsh],
    ]);
});

test("the host key is compared with the console's where there is one", () => {
    const data = "AAAAC3NzaC1lZDI1NTE5AAAAIJ1JzCqZ5b0uX0o9Jw2o4W0zGm4b9lY8cZ9cQm0xkq7F",
        digest = createHash("sha256").update(Buffer.from(data, "base64")).digest("base64");
    const value = `SHA256:${digest.replace(/=+$/, "")}`,
        verbose = `debug1: x\ndebug1: Server host key: ssh-ed25519 ${value}\n`;
    const same = "its host key is that of the console log",
        none = "the console log shows no host key to compare with";
    expect(compareHostKey(verbose, "login:")).toBe(none);
    expect(compareHostKey(verbose, `ci-info: ssh-ed25519 ${data} root@x`)).toBe(same);
    expect(compareHostKey(verbose, `ec2: 256 ${value} root@x (ED25519)`)).toBe(same);
    expect(compareHostKey(verbose, `ec2: 2048 SHA256:${"a".repeat(43)} root@x (RSA)`)).toBe(none);
    expect(() => compareHostKey(verbose, `ec2: 256 SHA256:${"a".repeat(43)} root@x (ED25519)`)).toThrow(
        `the host key ${value} is not the one in the instance's console log`,
    );
    expect(compareHostKey("", "login:")).toBe("ssh did not say which host key it saw, so it was not compared");
});
