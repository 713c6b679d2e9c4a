import * as fs from "fs";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import type { RunScript } from "../../clients/ssh";
import { nodeIds } from "../../config/id-ranges";
import { bringUp, type Lab, labDown, labStatus } from "../../lab";
import { processesWith } from "../../lab/hosts/processes";
import { containerHandler } from "../../providers/machine/container";
import { rootsDir } from "../../providers/machine/container-xml";
import { silent } from "../../system/progress";
import { run, type RunResult } from "../../system/run";
import { scriptOn } from "./on-host";
import { buildParts } from "./roots";

/** Two labs of this test's own, and containers on their central hosts: `own` have ids of their own, `bare` has the host's. */
const name = `c${process.pid}`,
    other = `${name}b`;
const own = `own-${process.pid}`,
    second = `second-${process.pid}`,
    elsewhere = `elsewhere-${process.pid}`,
    bare = `bare-${process.pid}`,
    linked = `linked-${process.pid}`;

const centralOf =
    (lab: Lab): RunScript =>
    async (_to, script, options) =>
        await scriptOn(lab, "central", script, options);
const onHost = async (lab: Lab, script: string): Promise<string> => (await scriptOn(lab, "central", script)).stdout;

const shape = (container: string, idmap?: number) => ({
    connection: { name: "central", host: "", port: 24, hostKey: "", keyFile: "" },
    name: container,
    memoryMiB: 256,
    cpus: 1,
    interfaces: [],
    devices: ["/dev/net/tun"],
    lower: ["/srv/golden"],
    files: [{ path: "/etc/hostname", mode: "0644", content: `${container}\n` }],
    power: "on" as const,
    ...(idmap !== undefined && { idmap }),
});
const firstOf = (lab: Lab): number => (lab.ranges as { first: number }).first;

/** The first process of a container, as this machine knows it. */
const initOf = (container: string): number => Math.min(...processesWith("LIBVIRT_LXC_NAME", container));

/** What root of a container gets when it runs a script there. */
const within = async (container: string, script: string): Promise<RunResult> =>
    await run(
        "nsenter",
        [
            ...(container === bare ? [] : ["--user"]),
            ...["--mount", "--net", "--uts", "--ipc", "--pid", "--cgroup", `--target=${initOf(container)}`],
            ...["--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "sh", "-c", script],
        ],
        { allowFailure: true, timeoutSeconds: 60 },
    );

/** The same root if it had got out of its mounts: with this machine's files before it. */
const outside = async (container: string, ...command: string[]): Promise<RunResult> =>
    await run("nsenter", ["--user", `--target=${initOf(container)}`, "--", ...command], { allowFailure: true });

async function settled(container: string): Promise<string> {
    for (const deadline = Date.now() + 120_000; ;) {
        const { stdout } = await within(container, "systemctl is-system-running");
        if (/^(running|degraded)\n$/.test(stdout) || Date.now() > deadline) return stdout.trim();
        await sleep(500);
    }
}

let lab: Lab, otherLab: Lab;
beforeAll(async () => {
    await buildParts(silent);
    lab = await bringUp(name, silent);
    otherLab = await bringUp(other, silent);
    const { create } = containerHandler(centralOf(lab));
    await Promise.all([
        create(shape(own, nodeIds(firstOf(lab), "db-node"))),
        create(shape(second, nodeIds(firstOf(lab), "auth-node"))),
        create(shape(bare)),
        containerHandler(centralOf(otherLab)).create(shape(elsewhere, nodeIds(firstOf(otherLab), "db-node"))),
    ]);
});
afterAll(async () => {
    await labDown(name, silent);
    await labDown(other, silent);
});

test("containers have ids of their own, each lab's others, and systemd is content in them", async () => {
    expect(await Promise.all([own, second, elsewhere].map(settled))).toEqual(["running", "running", "running"]);
    const maps = [own, second, elsewhere].map(container =>
        ["uid", "gid"].map(kind =>
            fs
                .readFileSync(`/proc/${initOf(container)}/${kind}_map`, "utf8")
                .trim()
                .split(/\s+/)
                .map(Number),
        ),
    );
    const [first, theirs] = [firstOf(lab), firstOf(otherLab)];
    expect(Math.abs(first - theirs)).toBeGreaterThanOrEqual(8 * 65536);
    expect(maps).toEqual(
        [first, first + 65536, theirs].map(from => [
            [0, from, 65536],
            [0, from, 65536],
        ]),
    );
    expect(labStatus(name)!.ranges).toEqual({ first });
});

test("files in a container are its own root's, whoever's they are on the disk; setuid programs and capabilities work", async () => {
    const { stdout } = await within(
        own,
        `stat -c %u /etc/hostname /bin/su /sbin/init; echo x > /etc/written; chown 1000:1000 /etc/written; stat -c %u:%g /etc/written
getcap /bin/ping; setpriv --reuid 1000 --regid 1000 --clear-groups ping -c 1 127.0.0.1 > /dev/null && echo pinged`,
    );
    expect(stdout).toBe("0\n0\n0\n1000:1000\n/bin/ping cap_net_raw=ep\npinged\n");
});

test("each is in cgroups of its own, and sees no other's", async () => {
    const systemd = (container: string) =>
        fs
            .readFileSync(`/proc/${initOf(container)}/cgroup`, "utf8")
            .split("\n")
            .find(line => /^\d+:name=systemd:|^0::/.test(line))!;
    expect(systemd(own)).not.toBe(systemd(second));
    expect((await within(own, "cat /proc/1/cgroup")).stdout).toMatch(
        /^\d+:name=systemd:\/init.scope$|^0::\/init.scope$/m,
    );
});

/** What would make root of a container root of the machine, harmless where it works; of each how it ends where it does not. */
const core = "/proc/sys/kernel/core_pattern";
const attacks: [what: string, script: string, refusal: RegExp][] = [
    ["core_pattern", `mount -o remount,bind,rw /proc/sys; v=$(cat ${core}); echo "$v" > ${core}`, /Permission denied/],
    [
        "core_pattern by another /proc",
        `mkdir -p /tmp/p; unshare --mount --pid --fork sh -c 'mount -t proc proc /tmp/p; v=$(cat ${core}); echo "$v" > /tmp/p/sys/kernel/core_pattern'`,
        /Permission denied/,
    ],
    ["a device of the machine's disk", "mknod /root/disk b 8 0", /Operation not permitted/],
    ["a device of its memory", "mknod /root/mem c 1 1", /Operation not permitted/],
    [
        "release_agent of a cgroup",
        'mkdir -p /tmp/c; mount -t cgroup -o none,name=systemd cgroup /tmp/c || exit; v=$(cat /tmp/c/release_agent); echo "$v" > /tmp/c/release_agent',
        /Permission denied|permission denied|No such file/,
    ],
    [
        "a hierarchy of cgroups of its own",
        "mkdir -p /tmp/h; mount -t cgroup -o none,name=classroom-test cgroup /tmp/h",
        /permission denied/,
    ],
    [
        "a setting of the whole kernel",
        "v=$(cat /proc/sys/vm/swappiness); mount -o remount,bind,rw /proc/sys; echo $v > /proc/sys/vm/swappiness",
        /Permission denied/,
    ],
    [
        "the machine's file systems",
        "for t in debugfs tracefs securityfs ext4; do ! mount -t $t /dev/vda /mnt || exit 0; done; exit 1",
        /permission denied/,
    ],
];
/** Those that are tried where they work, too: of the others some would leave traces on the machine. */
const harmless = [
    "core_pattern",
    "a device of the machine's disk",
    "a device of its memory",
    "a setting of the whole kernel",
];

test.each(attacks)("root of a container cannot: %s", async (_what, script, refusal) => {
    const { code, stderr } = await within(own, script);
    expect([code === 0, stderr]).toEqual([false, expect.stringMatching(refusal)]);
});
test.each(attacks.filter(([what]) => harmless.includes(what)))(
    "where ids are the host's it can: %s",
    async (_what, script) => {
        expect(await within(bare, script)).toMatchObject({ code: 0 });
    },
);

test("the clock is not its to set", async () => {
    const { code, stderr } = await within(own, "date -s @0");
    expect([code, stderr]).toEqual([1, "date: cannot set date: Operation not permitted\n"]);
    expect(Date.now()).toBeGreaterThan(Date.parse("2020-01-01"));
});

test("the magic key, modules and the kernel's log are not there for it", async () => {
    const { stdout } = await within(
        own,
        "echo h 2> /dev/null > /proc/sysrq-trigger && echo sysrq; insmod /bin/true 2> /dev/null && echo module; cat /dev/kmsg /dev/mem 2> /dev/null && echo read; true",
    );
    expect(stdout).toBe("");
});

test("a device that was in its root before means nothing there", async () => {
    await onHost(lab, `mknod -m 666 ${rootsDir}/${second}/upper/null c 1 3`);
    // An overlay is not looked through anew while it is mounted.
    await onHost(lab, `virsh -q -c lxc:///system destroy ${second}; virsh -q -c lxc:///system start ${second}`);
    await settled(second);
    const { code, stderr } = await within(second, "echo > /null");
    expect([code, stderr]).toEqual([2, expect.stringContaining("Permission denied")]);
});

test("if it got out of its mounts it could read neither the machine's files nor another lab's, nor its own lab's", async () => {
    const files = [
        "/etc/shadow",
        lab.operatorKeyFile,
        otherLab.operatorKeyFile,
        path.join(lab.dir, `central/libvirt/roots/${second}/upper/etc/hostname`),
        path.join(otherLab.dir, `central/libvirt/roots/${elsewhere}/upper/etc/hostname`),
    ];
    for (const file of files) {
        expect(fs.existsSync(file)).toBe(true);
        const { code, stderr } = await outside(own, "cat", file);
        expect([file, code, stderr]).toEqual([file, 1, expect.stringContaining("Permission denied")]);
    }
    const { stderr } = await outside(own, "sh", "-c", `kill ${initOf(second)} ${initOf(bare)} ${initOf(elsewhere)}`);
    expect(stderr.match(/Operation not permitted|No such process/g)).toHaveLength(3);
});

test("nor is there anything of them among its mounts or its first process's files", async () => {
    const { stdout } = await within(
        own,
        "ls -l /proc/1/root/ /proc/1/cwd/ | grep -c classroom; awk '{ print $5 }' /proc/self/mountinfo | grep -v '^/\\(proc\\|sys\\|dev\\|run\\|tmp\\)\\(/\\|$\\)'",
    );
    expect(stdout).toBe("0\n/\n");
});

test.each(["ids of its own", "its host's ids"])(
    "the host writes nothing through the links of a container with %s",
    async ids => {
        const victim = "/root/victim";
        await onHost(lab, `mkdir -p ${victim}`);
        const handler = containerHandler(async (to, script, options) => {
            // What is in its root when it starts is what its root has left there.
            const trap = script.includes(" start ") ? `ln -s ${victim} ${rootsDir}/${linked}/upper/sbin\n` : "";
            return await centralOf(lab)(to, `${trap}${script}`, { ...options, allowFailure: true });
        });
        const args = shape(linked, ids === "its host's ids" ? undefined : nodeIds(firstOf(lab), "image-node"));
        await handler.create(args);
        expect(await onHost(lab, `ls -A ${victim}; readlink ${rootsDir}/${linked}/upper/sbin`)).toBe(`${victim}\n`);
        await handler.delete("", args);
    },
);

test("what a container leaves is none of its host's: no mount, no cgroup", async () => {
    const { delete: remove } = containerHandler(centralOf(lab));
    await remove("", shape(second));
    expect(
        await onHost(
            lab,
            `ls ${rootsDir} | grep -e '^second-' -e '^linked-' || true; grep -e second- -e linked- /proc/self/mounts || true; find /sys/fs/cgroup -type d -name '*second-*' -o -type d -name '*linked-*'`,
        ),
    ).toBe("");
});
