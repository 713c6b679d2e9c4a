import { spawn } from "child_process";
import { randomBytes } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { hostRoles, nodeNames } from "../../config/nodes";
import { processesWith } from "../../lab/hosts/processes";
import { PlainProgress } from "../../system/progress";
import { projectDir } from "../../system/paths";
import { drawing, interrupted, type Moment, SEED } from "./interrupted";
import { buildParts } from "./roots";
import { TestCloud } from "./test-cloud";

const cloud = new TestCloud(
    `test-${randomBytes(4).toString("hex")}`,
    fs.mkdtempSync(path.join(os.tmpdir(), "classroom-state-")),
);
const { stack } = cloud,
    points = `/var/lib/libvirt/restore-points/${stack}`;

interface Told {
    exitCode: number;
    seconds: number;
    machines: { name: string; kind: string; running: boolean }[];
    mute?: string[];
    stillSeconds?: number;
}
const told = async (...args: string[]): Promise<Told> => {
    const result = JSON.parse((await cloud.classroom(...args, "--json")).stdout) as Told;
    console.info(
        `${args[0]}: ${result.seconds} s${result.stillSeconds === undefined ? "" : `, the machines stood still for ${result.stillSeconds} s`}`,
    );
    return result;
};
/** Shows which line of `check` fails. */
const passes = async () => {
    const { stdout, code } = await cloud.classroom("check", stack);
    expect([code === 0 ? "" : stdout, code]).toEqual(["", 0]);
};
const admin = ". /root/openrc; export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0;";
/** What users make: everything of it is in a database and, but for the tenant, in files or on a disk. */
const made = async () =>
    (
        await Promise.all([
            cloud.on("auth-node", `${admin} keystone tenant-list`),
            cloud.on("image-node", ". /root/openrc; glance image-list"),
            cloud.on("volume-node", ". /root/openrc; cinder list"),
        ])
    ).map(list => /restore-test/.test(list));

beforeAll(async () => {
    await buildParts(new PlainProgress());
    cloud.configure();
    await cloud.succeeds("up", stack);
}, 60 * 60_000);
afterAll(() => cloud.remove(), 5 * 60_000);

/** What an overlay has that a copy could lose, and the queue's users. */
const marks = async () => [
    // A file of the golden root taken away, a folder of it made anew, a file linked twice, one that is private.
    await cloud.on(
        "db-node",
        "ls -d /etc/issue.net /etc/skel /etc/skel/.bashrc /root/a 2> /dev/null; stat -c '%h %a %U' /root/b || true",
    ),
    await cloud.on(
        "db-node",
        "rabbitmqctl -q list_users; rabbitmqctl -q list_vhosts; mysql -N -e 'SHOW DATABASES' | sort; mysqlcheck -A | grep -iE 'error|corrupt|crash' || echo sound",
    ),
];
let before: string[] = [];

test(
    "a snapshot: all eight machines together, which go on as they were",
    async () => {
        await cloud.on(
            "db-node",
            "rm -f /etc/issue.net; rm -rf /etc/skel; mkdir /etc/skel; echo a > /root/a; chmod 600 /root/a; ln -f /root/a /root/b",
        );
        before = await marks();
        expect(before[0]).toBe("/etc/skel\n/root/a\n2 600 root\n");
        const started = await cloud.on("api-node", "systemctl show -p MainPID --value nova-api");
        const snapshot = await told("snapshot", stack, "before");
        expect(snapshot).toMatchObject({ exitCode: 0 });
        expect(snapshot.machines.map(m => [m.name, m.running])).toEqual(nodeNames.map(name => [name, true]));
        expect(await cloud.on("api-node", "systemctl show -p MainPID --value nova-api")).toBe(started);
        for (const host of hostRoles)
            expect(await cloud.on(host, `stat -c %a ${points}; ls ${points}`)).toBe("700\nbefore\nlock\n");
        expect(JSON.parse((await cloud.classroom("snapshot", stack, "--list", "--json")).stdout)).toMatchObject({
            points: [{ name: "before" }],
        });
        expect(await cloud.classroom("snapshot", stack, "before")).toMatchObject({
            code: 1,
            stderr: expect.stringContaining(`stack ${stack} has a restore point "before" already`),
        });
        expect(await cloud.classroom("restore", stack, "other")).toMatchObject({
            code: 1,
            stderr: expect.stringContaining('has no restore point "other"; there are before'),
        });
        await passes();
        await cloud.succeeds("refresh", stack);
    },
    20 * 60_000,
);

test(
    "broken and used since: restore brings back machines, queue, clocks and state",
    async () => {
        await cloud.on("auth-node", `${admin} keystone tenant-create --name restore-test > /dev/null`);
        await cloud.on(
            "image-node",
            ". /root/openrc; head -c 100000 /dev/urandom | glance image-create --name restore-test --disk-format raw --container-format bare > /dev/null",
        );
        await cloud.on("volume-node", ". /root/openrc; cinder create --display-name restore-test 1 > /dev/null");
        expect(await made()).toEqual([true, true, true]);
        // What is recorded is another state then, too.
        cloud.configure({ nodes: { "image-node": { options: { "glance-api-conf": { DEFAULT: { debug: true } } } } } });
        await cloud.succeeds("up", stack);
        cloud.configure();
        await cloud.on(
            "db-node",
            "echo old > /etc/issue.net; touch /etc/skel/.bashrc; rm /root/a; rabbitmqctl -q delete_user guest; mysql -e 'DROP DATABASE glance'",
        );
        for (const exercise of ["S4-mysql", "S7-wrong"]) await cloud.succeeds("sabotage", stack, exercise);

        expect(await told("restore", stack, "before")).toMatchObject({ exitCode: 0, mute: [] });
        expect(await marks()).toEqual(before);
        await passes();
        expect(await made()).toEqual([false, false, false]);
        const time = async (machine: string) => Number(await cloud.on(machine, "date +%s"));
        for (const node of nodeNames)
            expect([node, Math.abs((await time("central")) - (await time(node))) < 30]).toEqual([node, true]);
        const refresh = await cloud.classroom("refresh", stack);
        expect(refresh.code === 0 ? "" : refresh.stdout + refresh.stderr).toBe("");
        expect(await cloud.classroom("up", stack)).toMatchObject({
            code: 0,
            stdout: expect.stringMatching(/^\d+ unchanged in /m),
        });
    },
    30 * 60_000,
);

/** Runs a command and ends its working process by force when it says `moment`. */
async function killedAt(moment: string, ...args: string[]): Promise<void> {
    const child = spawn(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), ...args], {
        cwd: projectDir(),
        env: { ...process.env, CLASSROOM_STATE: cloud.state },
        stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    const moments = new Promise<void>(resolve =>
        child.stderr.on("data", (text: Buffer) => {
            said += String(text);
            if (said.includes(moment)) resolve();
        }),
    );
    const ended = new Promise<number | null>(resolve => child.once("close", resolve));
    await Promise.race([moments, ended]);
    expect(said).toContain(moment);
    for (const pid of processesWith("CLASSROOM_OPERATOR_SIDE", stack)) process.kill(pid, "SIGKILL");
    expect(await ended).not.toBe(0);
}

test(
    "a snapshot ended by force: the machines go on, and there is no point of it",
    async () => {
        await killedAt("all of them stand still", "snapshot", stack, "half");
        for (const host of hostRoles)
            await cloud.on(
                host,
                `for i in $(seq 300); do [ -e ${points}/half.making ] || exit 0; sleep 1; done; exit 1`,
            );
        for (const node of nodeNames) expect(await cloud.on(node, "echo here")).toBe("here\n");
        expect(await cloud.classroom("restore", stack, "half")).toMatchObject({
            code: 1,
            stderr: expect.stringContaining('has no restore point "half"; there are before'),
        });
        await passes();
    },
    15 * 60_000,
);

test(
    "a restore ended by force is done again",
    async () => {
        await killedAt("Ending the machines", "restore", stack, "before");
        expect(await told("restore", stack, "before")).toMatchObject({ exitCode: 0, mute: [] });
        await passes();
        await cloud.succeeds("refresh", stack);
    },
    15 * 60_000,
);

test(
    "machines that were made anew since are not put back, in words",
    async () => {
        await cloud.on(
            "compute",
            "virsh -q -c lxc:///system destroy compute-2; virsh -q -c lxc:///system undefine compute-2",
        );
        expect(await cloud.classroom("restore", stack, "before")).toMatchObject({
            code: 1,
            stderr: expect.stringContaining(
                "not on their host, or not those that the state knows: compute-2; nothing was changed",
            ),
        });
        await cloud.succeeds("up", stack, "--refresh");
        expect(await cloud.classroom("restore", stack, "before")).toMatchObject({
            code: 1,
            stderr: expect.stringMatching(/made anew, added or taken away since then: .*compute-2-container/),
        });
        await cloud.succeeds("refresh", stack);
    },
    15 * 60_000,
);

/** Five destroys with four kills each, on their way through what is in the machines: those are taken away after about 150 resources. */
function rounds(): Moment[][] {
    const random = drawing(SEED),
        upTo = (n: number) => Math.floor(random() * n);
    return Array.from({ length: 5 }, () =>
        Array.from({ length: 4 }, (): Moment => ({
            victim: upTo(3) > 0 ? "engine" : "command",
            resources: 1 + upTo(30),
            afterMilliseconds: upTo(100),
        })),
    );
}

test(
    "a `destroy` that is cut off, gone on with and cut off again is undone by a restore as long as its machines are there; the last one goes through",
    async () => {
        await told("snapshot", stack, "whole");
        console.info(`seed ${SEED}`);
        const cutOff: string[][] = [];
        for (const moments of rounds()) {
            for (const moment of moments) {
                const under = await interrupted(cloud, "destroy", moment);
                console.info(
                    `destroy, ${moment.victim} killed after ${moment.resources} resources: under way: ${under?.join(", ")}`,
                );
                expect(under).toBeDefined();
                cutOff.push(under!);
            }
            expect(await told("restore", stack, "whole")).toMatchObject({ exitCode: 0, mute: [] });
            await cloud.succeeds("refresh", stack);
        }
        expect([cutOff.length, cutOff.flat().length > cutOff.length]).toEqual([20, true]);
        await passes();
        expect(await cloud.classroom("up", stack)).toMatchObject({
            code: 0,
            stdout: expect.stringMatching(/^\d+ unchanged in /m),
        });
        // Machines, disks and networks come last.
        const under = await interrupted(cloud, "destroy", { victim: "command", libvirt: 1, afterMilliseconds: 0 });
        console.info(`destroy, killed among machines: under way: ${under?.join(", ")}`);
        expect(under).toEqual(
            expect.arrayContaining([expect.stringMatching(/^deleting (Domain|Network|Volume|Pool|CloudInitDisk) /)]),
        );
    },
    30 * 60_000,
);

test(
    "destroy leaves nothing of restore points",
    async () => {
        await cloud.succeeds("destroy", stack);
        for (const host of hostRoles)
            expect(await cloud.on(host, "ls /var/lib/libvirt/restore-points 2> /dev/null || echo none")).toBe("none\n");
        expect(await cloud.classroom("snapshot", stack, "--list")).toMatchObject({
            code: 0,
            stdout: expect.stringContaining("has no restore points"),
        });
    },
    10 * 60_000,
);
