import { randomBytes } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as yaml from "yaml";
import { type NodeName, nodeNames } from "../../config/nodes";
import { PROJECT } from "../../engine/stack-file";
import { PlainProgress } from "../../system/progress";
import type { RunResult } from "../../system/run";
import { until } from "./opened";
import { buildParts } from "./roots";
import { TestCloud } from "./test-cloud";

/** A stack, a lab and a state of its own. */
const cloud = new TestCloud(
        `test-${randomBytes(3).toString("hex")}`,
        fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-")),
        1500,
    ),
    { stack, configFile: stackFile } = cloud;
const classroom = cloud.classroom.bind(cloud),
    on = cloud.on.bind(cloud);

/** Of what a user made: ids, where the instance is, and its floating address. */
let instance: { id: string; node: NodeName; address: string },
    volume = "",
    image: string;

/** A row of a table that a client prints, by what it is called. */
const cell = (table: string, name: string): string =>
    new RegExp(`\\|\\s*${name}\\s*\\|\\s*(.*?)\\s*\\|`).exec(table)?.[1] ?? table;

/** One running instance, one volume and one image, made with the clients on the nodes. */
async function use(): Promise<void> {
    // There is room for one volume and that of `check`.
    if (volume) await classroom("ssh", stack, "volume-node", "--", `. /root/openrc; cinder delete ${volume}`);
    const boot = await on(
        "api-node",
        ". /root/openrc; nova boot --image cirros-0.3.0 --flavor x1.tiny --key-name gridka-api-node users",
    );
    volume = cell(await on("volume-node", ". /root/openrc; cinder create --display-name users 1"), "id");
    image = cell(
        await on(
            "image-node",
            ". /root/openrc; glance image-create --name users --disk-format raw --container-format bare < /etc/hostname",
        ),
        "id",
    );
    const id = cell(boot, "id");
    const shown = await until("the instance has a floating address", 240, async say => {
        const table = await on("api-node", `. /root/openrc; nova show ${id}`);
        say(table);
        return cell(table, "status") === "ACTIVE" && /172\.16\.1\.\d+/.test(table) ? table : undefined;
    });
    instance = {
        id,
        node: cell(shown, "OS-EXT-SRV-ATTR:host") as NodeName,
        address: /172\.16\.1\.\d+/.exec(shown)![0],
    };
    await until("the instance answers", 120, async () => ((await pings()) ? true : undefined));
    await until("the volume is available", 180, async () =>
        (await users()).volume === "available" ? true : undefined,
    );
}

const pings = async (): Promise<boolean> =>
    (await classroom("ssh", stack, "central", "--", `ping -c 1 -W 2 ${instance.address} > /dev/null`)).code === 0;
const holds = async (node: NodeName, script: string): Promise<boolean> =>
    (await on(node, `if ${script} > /dev/null 2>&1; then echo yes; fi`)).trim() === "yes";

/** What has become of it: in the cloud's words, and whether the thing itself is there. */
async function users(): Promise<{
    instance: string;
    answers: boolean;
    volume: string;
    onDisk: boolean;
    image: string;
    data: boolean;
}> {
    const status = async (node: NodeName, command: string) => {
        const { stdout, code } = await classroom("ssh", stack, node, "--", `. /root/openrc; ${command}`);
        return code === 0 ? cell(stdout, "status") : "gone";
    };
    return {
        instance: await status("api-node", `nova show ${instance.id}`),
        answers: await pings(),
        volume: await status("volume-node", `cinder show ${volume}`),
        onDisk: await holds("volume-node", `lvs cinder-volumes/volume-${volume}`),
        image: await status("image-node", `glance image-show ${image}`),
        data: await holds("image-node", `ls /var/lib/glance/images/${image}`),
    };
}
const whole = { instance: "ACTIVE", answers: true, volume: "available", onDisk: true, image: "active", data: true };

/** The uuid of every machine, golden clones included. */
async function machines(): Promise<Record<string, string>> {
    const list = (
        await Promise.all(
            ["central", "compute"].map(host =>
                on(host, "virsh -q -c lxc:///system list --all --uuid --name; virsh -q list --all --uuid --name"),
            ),
        )
    ).join("\n");
    return Object.fromEntries(
        list
            .split("\n")
            .map(line => line.trim().split(/\s+/))
            .filter(words => words.length === 2)
            .map(([uuid, name]) => [name!, uuid!]),
    );
}

/** Breaks something where it has to, rebuilds, and asserts what has to be so after each: those machines are others and no more, all is as the program says, the cloud works. */
async function rebuild(
    nodes: NodeName[],
    flags: string[] = [],
    breakIt = async (): Promise<unknown> => undefined,
): Promise<RunResult> {
    const before = await machines();
    await breakIt();
    const result = await classroom("rebuild", stack, ...nodes, ...flags);
    expect([`${result.stdout}${result.stderr}`, result.code]).toEqual([
        expect.stringMatching(/^(\d+ created, )?(\d+ updated, )?\d+ replaced, \d+ unchanged in /m),
        0,
    ]);
    const after = await machines();
    expect([
        Object.keys(after).sort(),
        Object.keys(after)
            .filter(name => after[name] !== before[name])
            .sort(),
    ]).toEqual([Object.keys(before).sort(), [...nodes].sort()]);
    expect((await classroom("preview", stack)).stdout).toMatch(/^\d+ unchanged in /m);
    expect(await classroom("refresh", stack)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("none drifted"),
    });
    const check = await classroom("check", stack);
    expect([check.stdout.split("\n").filter(line => line.startsWith("fail")), check.code]).toEqual([[], 0]);
    return result;
}

beforeAll(async () => {
    await buildParts(new PlainProgress());
    cloud.configure();
    const up = await classroom("up", stack);
    expect([up.code, up.code === 0 ? "" : up.stdout]).toEqual([0, ""]);
    await use();
}, 60 * 60_000);
afterAll(() => cloud.remove());
jest.setTimeout(30 * 60_000);

test.each<NodeName>(["api-node", "network-node", "auth-node"])("%s: nothing of the users' is lost", async node => {
    await rebuild([node]);
    expect(await users()).toEqual(whole);
});

/** Ways in which api-node does not answer. */
const central = (script: string) => () => on("central", script);
test.each<[string, () => Promise<unknown>]>([
    ["powered off", central("virsh -q -c lxc:///system destroy api-node")],
    ["undefined", central("virsh -q -c lxc:///system destroy api-node; virsh -q -c lxc:///system undefine api-node")],
    [
        "its sshd dead",
        () =>
            on("api-node", "systemctl -q disable ssh; (sleep 1; systemctl stop ssh; pkill -x sshd) > /dev/null 2>&1 &"),
    ],
])("api-node while %s", async (_title, breakIt) => {
    await rebuild(["api-node"], [], async () => {
        await breakIt();
        await until("api-node is mute", 30, async () =>
            (await classroom("ssh", stack, "api-node", "--", "true")).code !== 0 ? true : undefined,
        );
    });
    expect(await users()).toEqual(whole);
});

test.each<[string, string]>([
    ["running", "true"],
    [
        "undefined, its root disk deleted",
        "virsh -q destroy volume-node; virsh -q undefine volume-node; virsh -q vol-delete --pool machines volume-node.qcow2",
    ],
    ["its root disk deleted, which a refresh has recorded", "virsh -q vol-delete --pool machines volume-node.qcow2"],
])("volume-node, a virtual machine, while %s: the volumes are kept", async (title, script) => {
    await rebuild(["volume-node"], [], async () => {
        await on("central", script);
        if (title.includes("refresh")) expect(await classroom("refresh", stack)).toMatchObject({ code: 2 });
    });
    expect(await users()).toEqual(whole);
});

test("image-node: the first image is there again, the data of a user's is lost", async () => {
    await rebuild(["image-node"]);
    expect(await users()).toEqual({ ...whole, data: false });
});

test("the compute node without the instance: nothing is lost; the other one: the instance", async () => {
    const other = instance.node === "compute-1" ? "compute-2" : "compute-1";
    await rebuild([other]);
    expect(await users()).toMatchObject({ instance: "ACTIVE", answers: true });
    await rebuild([instance.node]);
    expect(await users()).toMatchObject({ answers: false, onDisk: true });
    expect(await holds(instance.node, `virsh domstate ${instance.id}`)).toBe(false);
});

test("db-node: the cloud is as new, what lies on the nodes is reported, and removed by --clean alone", async () => {
    await use();
    const { stdout } = await rebuild(["db-node"]);
    expect(stdout).toContain(
        `unknown to the cloud: instance ${instance.id} on ${instance.node} (stopped, its disk kept, as orphan-${instance.id}: `,
    );
    expect(await on(instance.node, `virsh domstate orphan-${instance.id}`)).toContain("shut off");
    expect(stdout).toContain(`unknown to the cloud: volume ${volume} on volume-node\n`);
    expect(stdout).toContain(`remove them with: ./classroom rebuild ${stack} --clean\n`);
    expect(await users()).toMatchObject({ instance: "gone", volume: "gone", onDisk: true, image: "gone" });
    const clean = await classroom("rebuild", stack, "--clean", "--json");
    const { orphans } = JSON.parse(clean.stdout) as { orphans: { kind: string; id: string; node: string }[] };
    expect([orphans, clean.code]).toEqual([
        expect.arrayContaining([
            { kind: "instance", id: instance.id, node: instance.node },
            { kind: "volume", id: volume, node: "volume-node" },
        ]),
        0,
    ]);
    expect([
        await holds(instance.node, `virsh domstate ${instance.id}`),
        await pings(),
        (await users()).onDisk,
    ]).toEqual([false, false, false]);
    expect(JSON.parse((await classroom("rebuild", stack, "--clean", "--json")).stdout)).toMatchObject({
        orphans: [],
        exitCode: 0,
    });
});

test("db-node, cut off when there are databases: the `up` that goes on reports what they do not know", async () => {
    await use();
    const ids = () =>
            cloud
                .recorded()
                .resources.filter(r => r.type.endsWith("/guest:Database"))
                .map(r => r.id!),
        before = new Set(ids());
    const running = classroom("rebuild", stack, "db-node");
    await until("a database is made anew", 240, async () => (ids().some(id => !before.has(id)) ? true : undefined));
    expect(cloud.kill("command")).toBe(true);
    expect((await running).code).toBe(1);
    const { stdout, code } = await classroom("up", stack);
    expect([stdout, code]).toEqual([
        expect.stringContaining(`unknown to the cloud: instance ${instance.id} on ${instance.node} (stopped, `),
        0,
    ]);
    expect(await classroom("refresh", stack)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("none drifted"),
    });
    await cloud.succeeds("rebuild", stack, "--clean");
});

test("db-node and auth-node together, and what is left removed", async () => {
    await use();
    const { stdout } = await rebuild(["db-node", "auth-node"], ["--clean"]);
    expect(stdout).toContain(`removed: instance ${instance.id} on ${instance.node}\n`);
    expect(stdout).toContain(`removed: volume ${volume} on volume-node\n`);
});

test("volume-node with --data: the disk for volumes is another one", async () => {
    await use();
    await rebuild(["volume-node"], ["--data"]);
    expect(await users()).toMatchObject({ ...whole, onDisk: false });
});

test("every node was rebuilt here", () => {
    const { config } = yaml.parse(fs.readFileSync(stackFile, "utf8")) as {
        config: Record<string, Record<string, { generation: number }>>;
    };
    expect(Object.keys(config[`${PROJECT}:nodes`]!).sort()).toEqual([...nodeNames].sort());
});
