import { createHash } from "crypto";
import { inWords } from "../../../cli/check/check";
import { type CheckResult, Checks } from "../../../cli/check/checks";
import { type CheckedCloud, PREFIX } from "../../../cli/check/cloud";
import { compareHostKey } from "../../../cli/check/host-key";
import { CheckInterrupted } from "../../../cli/check/wait";
import { chosenOf } from "../../../cli/check/which";
import { HttpError } from "../../../clients/http";

const missing = () => new HttpError("GET", "/x", 404, "not found", "there");
const up = (binary: string, host: string, state = "up") => ({
    binary,
    host,
    zone: "nova",
    status: "enabled",
    state,
    updated_at: null,
});

/** A cloud in which everything works, with a clock that only waiting moves; `breaks` makes one thing of it fail. */
class FakeCloud implements CheckedCloud {
    clock = 0;
    slept = 0;
    onSleep: () => void = () => undefined;
    readonly servers_ = new Map<string, { name: string; deleted?: boolean }>();
    readonly images_ = new Map<string, { name: string; checksum: string }>([
        ["i0", { name: "cirros-0.3.0", checksum: "x" }],
    ]);
    readonly volumes_ = new Map<string, { name: string; asked: number }>();
    readonly groups_ = new Map<string, { name: string; rules: string[] }>([["1", { name: "default", rules: [] }]]);
    private readonly of = new Set<string>();
    constructor(
        readonly breaks?: string,
        readonly ec2 = false,
    ) {}

    now = () => this.clock;
    sleep = async (seconds: number) => {
        this.clock += seconds * 1000;
        this.slept++;
        this.onSleep();
    };
    addSecurityGroup = async (_: string, group: string) => {
        this.of.add(group);
    };
    onApiNode = async (script: string) => {
        const answer = (code: number, stdout = "", stderr = "") => ({ code, stdout, stderr });
        if (script.startsWith(". /root/ec2rc && ")) return answer(...this.euca(script.slice(17).replace(/'/g, "")));
        if (script.startsWith("ssh ")) {
            expect(script).toContain("'root@172.16.9.1' hostname");
            return this.breaks === "ssh"
                ? answer(255, "", "debug1: x\nroot@172.16.9.1: Permission denied (publickey).\n")
                : answer(0, `${[...this.servers_.values()][0]!.name}\n`);
        }
        expect(script).toBe(`bash -c '< "/dev/tcp/$0/80"' '172.16.9.1'`);
        const open = [...this.groups_.values()].some(g => this.of.has(g.name) && g.rules.length > 0);
        return this.breaks === "open" || (open && this.breaks !== "shut") ? answer(0) : answer(124);
    };

    /** As the tutorial shows it. */
    private euca(command: string): [number, string, string?] {
        const line = (state: string) =>
            `INSTANCE\ti-00000007\tami-00000001\t\t\t${state}\tgridka-api-node (acdb, None)\t0\tx1.tiny\t2013-08-29T07:55:15.000Z\tnova\n`;
        switch (command) {
            case "euca-describe-images":
                if (this.breaks === "keys") return [1, "", "Unauthorized: Failure communicating with keystone\n"];
                return [
                    0,
                    "IMAGE\tami-00000003\tNone (other)\tx\tavailable\tprivate\nIMAGE\tami-00000001\tNone (cirros-0.3.0)\t0aac\tavailable\tprivate\t\tmachine\t\t\tinstance-store\n",
                ];
            case "euca-run-instances -k gridka-api-node -t x1.tiny ami-00000001":
                this.servers_.set("e1", { name: "Server e1" });
                return [0, `RESERVATION\tr-e9cq9p1o\tacdb\tdefault\n${line("pending")}`];
            case "euca-describe-instances i-00000007":
                return [
                    0,
                    `RESERVATION\tr-e9cq9p1o\tacdb\tdefault\n${line(this.breaks === "ec2" ? "error" : "running")}`,
                ];
            case "euca-terminate-instances i-00000007":
                this.servers_.delete("e1");
                return [0, "INSTANCE\ti-00000007\n"];
            default:
                throw new Error(`no such command: ${command}`);
        }
    }
    renameServer = async (id: string, name: string) => {
        this.servers_.get(id)!.name = name;
    };

    compute = {
        forget: () => undefined,
        keypair: async (name: string) => ({ name, publicKey: "ssh-rsa A" }),
        flavors: async () => [{ flavorId: "6", name: "x1.tiny", ram: 256, disk: 2, vcpus: 1, isPublic: true }],
        networks: async () => [{ id: "n", label: "net1", cidr: "10.10.0.0/24" }],
        services: async () => [up("nova-compute", "compute-1", this.breaks === "service" ? "down" : "up")],
        servers: async () =>
            [...this.servers_].map(([id, { name }]) => ({ id, name, status: "ACTIVE", addresses: {} })),
        server: async (id: string) => {
            const found = this.servers_.get(id);
            if (!found) throw missing();
            const failed = this.breaks === "instance",
                none = this.breaks === "address";
            return {
                id,
                name: found.name,
                status: failed ? "ERROR" : "ACTIVE",
                host: "compute-1",
                addresses: { net1: [{ addr: "10.10.0.2" }, ...(none ? [] : [{ addr: "172.16.9.1" }])] },
                ...(failed && { fault: { message: "No valid host was found." } }),
            };
        },
        createServer: async ({ name, ...rest }: { name: string }) => {
            expect(rest).toEqual({ imageId: "i0", flavorId: "6", keyName: "gridka-api-node" });
            this.servers_.set("s1", { name });
            return "s1";
        },
        deleteServer: async (id: string) => {
            this.servers_.delete(id);
        },
        consoleLog: async () => "login:",
        floatingAddresses: async () => [
            {
                address: "172.16.9.1",
                pool: "public",
                project_id: null,
                instance_uuid: this.breaks === "address" ? null : "s1",
            },
        ],
        securityGroups: async () => [...this.groups_].map(([id, { name }]) => ({ id, name, rules: [] })),
        createSecurityGroup: async (name: string) => {
            this.groups_.set("2", { name, rules: [] });
            return { id: "2", name, rules: [] };
        },
        deleteSecurityGroup: async (id: string) => {
            expect(this.servers_.size).toBe(0);
            this.groups_.delete(id);
        },
        createRule: async (
            group: string,
            spec: { protocol: string; fromPort: number; toPort: number; cidr: string },
        ) => {
            this.groups_.get(group)!.rules.push("r1");
            return { id: "r1", ...spec };
        },
        deleteRule: async () => {
            if (this.breaks !== "rule") for (const g of this.groups_.values()) g.rules = [];
        },
    };
    images = {
        forget: () => undefined,
        list: async () => [...this.images_].map(([id, i]) => ({ id, ...i, status: "active", isPublic: true })),
        get: async (id: string) => {
            const image = this.images_.get(id);
            if (!image) throw missing();
            return { id, ...image, status: this.breaks === "image" ? "queued" : "active", isPublic: false };
        },
        upload: async ({ name, checksum }: { name: string; checksum: string }) => {
            this.images_.set("i1", { name, checksum });
            return { id: "i1", name, status: "queued", isPublic: false };
        },
        delete: async (id: string) => {
            this.images_.delete(id);
        },
    };
    volumes = {
        list: async () => [...this.volumes_].map(([id, { name }]) => ({ id, name, status: "available", sizeGb: 1 })),
        get: async (id: string) => {
            const volume = this.volumes_.get(id);
            if (!volume) throw missing();
            return {
                id,
                name: volume.name,
                status: this.breaks === "volume" ? "error" : volume.asked++ > 0 ? "available" : "creating",
                sizeGb: 1,
            };
        },
        create: async (name: string) => {
            this.volumes_.set("v1", { name, asked: 0 });
            return { id: "v1", name, status: "creating", sizeGb: 1 };
        },
        delete: async (id: string) => {
            this.volumes_.delete(id);
        },
        services: async () => {
            if (this.breaks === "cinder") throw new Error("it does not answer");
            return [up("cinder-volume", "volume-node", this.breaks === "late" && this.clock < 60_000 ? "down" : "up")];
        },
        pools: async () =>
            this.breaks === "poolless" && this.clock < 60_000
                ? []
                : this.breaks === "old"
                  ? undefined
                  : ["volume-node@lvm#lvm"],
    };

    /** Names of what is left with the prefix. */
    left = () =>
        [this.servers_, this.images_, this.volumes_, this.groups_]
            .flatMap(m => [...m.values()])
            .map(o => o.name)
            .filter(n => n.startsWith(PREFIX));
}

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
        "T3 skip",
        "T4 pass",
        "T5 pass",
        "T6 pass",
        "T7 skip",
        "T8 pass",
        "T9 skip",
        "T10 skip",
        "T11 skip",
        "T12 pass",
    ]);
    expect(all.map(inWords)).toEqual(
        expect.arrayContaining([
            "pass  T2   start an instance: ACTIVE on compute-1, 0.0 s",
            "skip  T3   start an instance from the dashboard: needs a browser",
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
        { what: "the volume is available", seconds: 2 },
        { what: "the volume is deleted", seconds: 0 },
    ]);
    expect(waits("T3")).toEqual([]);
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
    noAddress = "no floating address: see T4";
test.each<[string, Record<string, unknown>]>([
    ["image", { T1: "the image is active: not within 60 s (queued)" }],
    [
        "instance",
        { T2: "the instance is in ERROR: No valid host was found.", T4: noInstance, T5: noInstance, T6: noInstance },
    ],
    [
        "address",
        {
            T4: "the instance has a fixed and a floating address: not within 60 s (10.10.0.2, no floating address)",
            T5: noAddress,
            T6: noAddress,
        },
    ],
    ["ssh", { T5: "ssh to root@172.16.9.1: not within 90 s (root@172.16.9.1: Permission denied (publickey).)" }],
    ["open", { T6: "port 80 is open before there is a rule for it (open)" }],
    ["shut", { T6: "the rule opens port 80: not within 30 s (closed)" }],
    ["rule", { T6: "port 80 is closed again without the rule: not within 30 s (open)" }],
    ["volume", { T8: "the volume is in state error: is cinder-volume up, and is there room in its volume group?" }],
    ["service", { T12: "every service is up: not within 90 s (nova-compute on compute-1 is down)" }],
    [
        "cinder",
        {
            T8: "it does not answer",
            T12: "every service is up: not within 90 s (cinder could not be asked: it does not answer)",
        },
    ],
])("where %s is broken, that fails and what depends on it; nothing is left", async (breaks, expected) => {
    const cloud = new FakeCloud(breaks),
        { failed } = await results(cloud);
    expect(failed).toEqual(expected);
    expect(cloud.left()).toEqual([]);
});

test("what an interrupted check left is removed first, what has another name stays", async () => {
    const cloud = new FakeCloud();
    cloud.servers_.set("s0", { name: `${PREFIX}old` });
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
    await expect(new Checks(cloud, () => undefined, controller.signal).run(() => undefined)).rejects.toThrow(
        CheckInterrupted,
    );
    expect(cloud.slept).toBe(1);
    expect(cloud.left()).toEqual([]);
});

test("with less patience nothing is waited for longer", async () => {
    const told: CheckResult[] = [];
    await new Checks(new FakeCloud("ssh"), () => undefined, undefined, 10).run(r => told.push(r));
    expect(told.filter(r => r.result === "fail").map(r => [r.id, r.detail])).toEqual([
        ["T5", expect.stringContaining("not within 10 s")],
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
