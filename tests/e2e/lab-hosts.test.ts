import { spawn } from "child_process";
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { endCommands, removeLeftovers } from "../../cli/test-leftovers";
import { closeAll } from "../../clients/ssh";
import { inRoot } from "../../lab/golden/in-root";
import { buildHostRoot } from "../../lab/hosts/host-root";
import { bringUp, enterOperator, type Lab, labDown, labStatus } from "../../lab";
import { bootTrial } from "../../lab/hosts/machine";
import { cgroupVersion } from "../../lab/hosts/cgroups";
import { processesWith, processIds } from "../../lab/hosts/processes";
import { buildImages } from "../../lab/images/images";
import { TEST_PART } from "../../system/handed-over";
import { silent } from "../../system/progress";
import { projectDir, stateDir } from "../../system/paths";
import { run } from "../../system/run";

const name = `t${process.pid}`;
const other = `${name}b`;

/** Whether a cgroup is another lab's: others go on meanwhile. */
const isOthers = (text: string): boolean =>
    /\/classroom-[a-z0-9-]+-[0-9a-f]{8}(\/|\n|$)/.test(text) && !text.includes(`/classroom-${name}`);

/** The namespaces that processes are in, but for those of others' labs, which their commands enter too. */
function namespaces(): string[] {
    const found = { others: new Set<string>(), rest: new Set<string>() };
    for (const pid of processIds()) {
        try {
            const lab = /\0CLASSROOM_LAB=([^\0]+)/.exec(`\0${fs.readFileSync(`/proc/${pid}/environ`, "utf8")}`)?.[1];
            const others =
                lab === undefined
                    ? isOthers(fs.readFileSync(`/proc/${pid}/cgroup`, "utf8"))
                    : ![name, other].includes(lab);
            for (const kind of ["net", "mnt", "uts"])
                found[others ? "others" : "rest"].add(fs.readlinkSync(`/proc/${pid}/ns/${kind}`));
        } catch {
            /* ended meanwhile */
        }
    }
    // Those of the machine itself are some of another lab's processes' too.
    const own = (ns: string) => ["net", "mnt", "uts"].some(kind => fs.readlinkSync(`/proc/self/ns/${kind}`) === ns);
    return [...found.rest].filter(ns => own(ns) || !found.others.has(ns)).sort();
}

/** What a lab could leave on the machine. */
async function snapshot(): Promise<Record<string, string>> {
    const sh = async (script: string) => (await run("sh", ["-c", script])).stdout;
    return {
        mounts: fs.readFileSync("/proc/self/mounts", "utf8"),
        links: await sh("ip -o link | sed 's/ qlen.*//'"),
        routes: await sh("ip route; ip -6 route"),
        netns: await sh("ip netns"),
        loop: await sh("losetup -a"),
        cgroups: (await sh("find /sys/fs/cgroup -type d | sort"))
            .split("\n")
            .filter(line => !isOthers(line))
            .join("\n"),
        sysctl: await sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all/forwarding"),
        firewall: await sh("(iptables-save; nft list ruleset) 2> /dev/null | grep -v '^#' || true"),
        etc: await sh("find /etc -printf '%p %m %s %T@\\n' | sort"),
        var: await sh("find /var -xdev -path /var/log -prune -o -printf '%p\\n' | sort"),
    };
}

/** One command on the lab's central host, from the operator's side, with the recorded host key. */
async function onCentral(lab: Lab, command: string): Promise<string> {
    const { address, port } = lab.hosts.central;
    const [enter, ...rest] = enterOperator(lab.name);
    const ssh = [
        "ssh",
        "-p",
        String(port),
        "-i",
        lab.operatorKeyFile,
        "-o",
        `UserKnownHostsFile=${lab.knownHostsFile}`,
        "-o",
        "StrictHostKeyChecking=yes",
        `root@${address}`,
        command,
    ];
    return (await run(enter!, [...rest, ...ssh], { timeoutSeconds: 30 })).stdout;
}

let before: Record<string, string>, namespacesBefore: string[];

/** Everything is as it was before the test; namespaces of others may have gone meanwhile. */
async function expectNothingLeft(): Promise<void> {
    expect(await snapshot()).toEqual(before);
    expect(
        namespaces()
            .filter(ns => !namespacesBefore.includes(ns))
            .map(ns => `${ns}: ${commandsIn(ns).join("; ")}`),
    ).toEqual([]);
}

/** Command lines of the processes in a namespace. */
function commandsIn(ns: string): string[] {
    return processIds().flatMap(pid => {
        try {
            return ["net", "mnt", "uts"].some(kind => fs.readlinkSync(`/proc/${pid}/ns/${kind}`) === ns)
                ? [fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0/g, " ")]
                : [];
        } catch {
            return [];
        }
    });
}

beforeAll(async () => {
    await buildHostRoot(silent);
    await labDown(name, silent);
    before = await snapshot();
    namespacesBefore = namespaces();
});
afterAll(async () => {
    await closeAll();
    await labDown(name, silent);
    await labDown(other, silent);
});

test("two labs side by side: libvirt answers on the hosts, both drivers, no network of its own", async () => {
    const [lab] = [await bringUp(name, silent), await bringUp(other, silent)];
    expect(labStatus(name)).toEqual(lab);
    expect(
        await onCentral(
            lab,
            "hostname; virsh -q -c lxc:///system version | tail -1; virsh -q -c qemu:///system net-list --all --name",
        ),
    ).toMatch(/^central\nRunning hypervisor: LXC [\d.]+\n\s*$/);
    expect(await onCentral(lab, "ping -c1 -W5 compute > /dev/null && echo reached")).toBe("reached\n");
    expect((await run("cat", ["/etc/hosts"])).stdout).not.toContain(`central.${name}.lab`);
    const [enter, ...rest] = enterOperator(name);
    expect((await run(enter!, [...rest, "getent", "hosts", `central.${name}.lab`])).stdout).toContain("192.0.2.1");
    await labDown(other, silent);
    expect(labStatus(other)).toBeUndefined();
    expect(await onCentral(lab, "echo still here")).toBe("still here\n");
});

/** What apt on a lab's host says of that lab's package archive, when it is to be signed by a key. */
const archiveSeenWith = (lab: Lab, key: string): Promise<string> =>
    onCentral(
        lab,
        `d=$(mktemp -d); mkdir -p "$d/lists/partial"; echo '${key.trim()}' > "$d/key.asc"
echo "deb [signed-by=$d/key.asc] http://127.0.0.1:8090/ ./" > "$d/list"
apt-get -q update -o Dir::Etc::SourceList="$d/list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$d/lists" -o APT::Sandbox::User=root 2>&1
echo "code $?"; rm -rf "$d"`,
    );

test("a lab's package archive is signed by its own key, and by no other lab's", async () => {
    const [lab, second] = [await bringUp(name, silent), await bringUp(other, silent)];
    expect(await archiveSeenWith(lab, lab.archiveKey)).toMatch(
        /^Get:\d+ http:\/\/127\.0\.0\.1:8090 \.\/ Packages .*\n(?:.*\n)*code 0\n$/m,
    );
    const refused = await archiveSeenWith(lab, second.archiveKey);
    expect(refused).toMatch(/NO_PUBKEY [0-9A-F]{16}\n/);
    expect(refused).toMatch(/code 100\n$/);
    // The private halves are nowhere.
    expect((await run("grep", ["-rl", "PRIVATE KEY BLOCK", lab.dir, second.dir], { allowFailure: true })).stdout).toBe(
        "",
    );
    expect((await run("find", [lab.dir, "-name", "private-keys-v1.d"])).stdout).toBe("");
    await labDown(other, silent);
});

test("what is said of the machine is what others see of it", async () => {
    const { machine } = await bringUp(name, silent);
    const { can, choice } = machine!;
    // libvirt on the hosts offers KVM exactly where a guest was seen to start.
    expect(
        (await onCentral(labStatus(name)!, "virsh -q -c qemu:///system capabilities")).includes("<domain type='kvm'"),
    ).toBe(can.kvm.boots);
    expect(choice.hypervisor).toBe(can.kvm.boots ? "kvm" : "qemu");
    expect((await run("stat", ["-f", "-c", "%T", "/sys/fs/cgroup"])).stdout.trim() === "cgroup2fs").toBe(
        can.cgroup === 2,
    );
    expect(fs.readFileSync("/proc/1/comm", "utf8") === "systemd\n").toBe(can.systemd);
    // The device node is made by dmsetup itself, in the root's own /dev.
    const dir = fs.mkdtempSync(path.join(stateDir(), "dm-"));
    const { code } = await inRoot(path.join(dir, "root"), ["dmsetup", "version"], {
        lower: [await buildHostRoot(silent)],
        allowFailure: true,
    });
    fs.rmSync(dir, { recursive: true });
    expect(code === 0).toBe(can.deviceMapper);
});

test("a trial sees a guest that starts, which emulation always does, and leaves nothing whether or not it does", async () => {
    const dir = fs.mkdtempSync(path.join(stateDir(), "trial-")),
        args = { hostRoot: await buildHostRoot(silent), images: (await buildImages(silent)).folder };
    const own = () =>
        fs.readdirSync("/proc").filter(pid => {
            try {
                return fs.readFileSync(`/proc/${pid}/mountinfo`, "utf8").includes(dir);
            } catch {
                return false;
            }
        });
    for (let i = 0; i < 3; i++)
        expect(await bootTrial(args, "tcg", dir, 120)).toEqual({
            boots: true,
            seen: expect.stringMatching(/^Linux \d+\.\d+/),
        });
    // No kernel is through with its start after so short a time.
    expect(await bootTrial(args, "tcg", dir, 1)).toEqual({ boots: false, seen: "no word of it within 1 s" });
    expect([fs.readdirSync(dir), own()]).toEqual([[], []]);
    fs.rmSync(dir, { recursive: true });
});

test("containers that start at once on a new host all run, in a cgroup that none of them has to make", async () => {
    await bringUp(name, silent);
    const lab = labStatus(name)!,
        guests = ["a", "b", "c", "d"];
    const parents = (
        await onCentral(lab, "ls -d /sys/fs/cgroup/machine /sys/fs/cgroup/*/machine 2> /dev/null || true")
    ).split("\n");
    for (const controller of ["cpuset", "memory", "pids"])
        expect(parents).toContain(
            cgroupVersion() === 2 ? "/sys/fs/cgroup/machine" : `/sys/fs/cgroup/${controller}/machine`,
        );
    const xml = (guest: string) =>
        `<domain type='lxc'><name>${guest}</name><memory unit='MiB'>64</memory><os><type>exe</type><init>/bin/sleep</init><initarg>600</initarg></os><devices><console type='pty'/></devices></domain>`;
    const virsh = "virsh -q -c lxc:///system";
    await onCentral(
        lab,
        guests.map(guest => `echo "${xml(guest)}" > /tmp/${guest}.xml; ${virsh} define /tmp/${guest}.xml`).join("\n"),
    );
    await onCentral(
        lab,
        `pids=; for g in ${guests.join(" ")}; do ${virsh} start $g & pids="$pids $!"; done; for p in $pids; do wait $p || exit 1; done`,
    );
    expect(
        (await onCentral(lab, `for g in ${guests.join(" ")}; do ${virsh} domstate $g; done`))
            .split("\n")
            .filter(line => line),
    ).toEqual(guests.map(() => "running"));
    await onCentral(lab, `for g in ${guests.join(" ")}; do ${virsh} destroy $g; ${virsh} undefine $g; done`);
});

test("what makes a container's cgroups mounts nothing where the controller of another one would find it", async () => {
    const lab = labStatus(name)!;
    // A mount that tells in whose place it would be.
    const script = `d=$(mktemp -d); trap 'rm -rf $d' EXIT
printf '#!/bin/sh\nreadlink /proc/self/ns/mnt\n' > $d/mount; cp $d/mount $d/umount; chmod 755 $d/*
echo "seen by all: $(readlink /proc/self/ns/mnt)"
PATH=$d:$PATH /usr/local/lib/classroom/guest-cgroups remove nobody`;
    const [all, ...mounted] = (await onCentral(lab, script)).split("\n").filter(line => line);
    expect(all).toMatch(/^seen by all: mnt:\[\d+\]$/);
    if (cgroupVersion() === 1) expect(mounted.length).toBeGreaterThan(0);
    expect(mounted.filter(where => all!.endsWith(where))).toEqual([]);
});

test("up again finds the lab; down leaves nothing", async () => {
    const first = await bringUp(name, silent);
    expect(await bringUp(name, silent)).toEqual(first);
    await labDown(name, silent);
    await expectNothingLeft();
});

/** A lab by its command, as tests make it, until `moment`; the command carries a mark of its own. */
async function labOfPart(moment: () => boolean): Promise<string> {
    const mark = randomUUID();
    const up = spawn(path.join(projectDir(), "classroom"), ["lab", "up", name], {
        cwd: projectDir(),
        stdio: "ignore",
        // jest's own environment is a copy, which its children do not get by themselves.
        env: { ...process.env, CLASSROOM_STATE: stateDir(), [TEST_PART]: mark },
    });
    const ended = new Promise(resolve => up.once("exit", resolve));
    while (!moment() && up.exitCode === null) await sleep(5);
    if (moment === isUp) await ended;
    return mark;
}
const isUp = (): boolean => labStatus(name) !== undefined;

test("commands of a stopped part of the tests end, and its lab goes on until it is taken away", async () => {
    const mark = await labOfPart(isUp);
    const left = spawn("sleep", ["600"], { stdio: "ignore", env: { ...process.env, [TEST_PART]: mark } });
    const ended = new Promise(resolve => left.once("exit", (_code, signal) => resolve(signal)));
    await endCommands(mark);
    expect(await ended).toBe("SIGKILL");
    expect(labStatus(name)).toBeDefined();
    expect(await removeLeftovers(mark)).toEqual([{ name }]);
    await expectNothingLeft();
});

test("a lab that is being made when a part of the tests is stopped is taken away", async () => {
    const mark = await labOfPart(() => fs.existsSync(path.join(labDir(), "test-part")));
    expect(await removeLeftovers(mark)).toEqual([{ name }]);
    await expectNothingLeft();
});

test.each([100, 700, 1200])("lab up killed after %d ms: down leaves nothing", async delay => {
    const child = spawn(process.execPath, [`${projectDir()}/bin/cli/main.js`, "lab", "up", name], { stdio: "ignore" });
    const ended = new Promise(resolve => child.once("close", resolve));
    await sleep(delay);
    child.kill("SIGKILL");
    await ended;
    await labDown(name, silent);
    await expectNothingLeft();
});

const labDir = (): string => path.join(stateDir(), "labs", name);
/** Moments of a `lab up`, each told by what is there then. */
const moments: Record<string, () => boolean> = {
    "while the command starts": () => true,
    "while keys are made": () => fs.existsSync(path.join(labDir(), "operator.key")),
    "while the hosts start": () => fs.existsSync(path.join(labDir(), "run/init.pid")),
    "while libvirtd starts": () => fs.existsSync(path.join(labDir(), "run/compute.pid")),
};
test.each(Object.keys(moments))("lab up interrupted by Ctrl-C %s: exit code 130, and nothing is left", async moment => {
    const child = spawn(process.execPath, [`${projectDir()}/bin/cli/main.js`, "lab", "up", name], {
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
        stream.on("data", (text: Buffer) => {
            said += text.toString();
        });
    const ended = new Promise<number | string | null>(resolve =>
        child.once("close", (code, signal) => resolve(code ?? signal)),
    );
    await sleep(300);
    while (!moments[moment]!() && child.exitCode === null) await sleep(5);
    // As a terminal does it: the whole group.
    process.kill(-child.pid!, "SIGINT");
    const code = await ended;
    // Before the command line is there to take it, the signal itself ends the process: 130 to a shell.
    expect(moment === "while the command starts" ? [130, "SIGINT"] : [130]).toContain(code);
    if (code === 130) expect(said).toContain("classroom: interrupted; ");
    expect(fs.existsSync(labDir())).toBe(false);
    expect(processesWith("CLASSROOM_LAB_DIR", labDir())).toEqual([]);
    await expectNothingLeft();
});

test.each([
    ["lab", "up", name],
    ["lab", "down", name],
    ["lab", "status", name],
    ["lab", "exec", name, "--", "true"],
])("%s %s without root says so and changes nothing", async (...args) => {
    // A user of no name in a namespace, whose files stay root's.
    const { code, stdout, stderr } = await run(
        "unshare",
        ["--user", process.execPath, `${projectDir()}/bin/cli/main.js`, ...args],
        { allowFailure: true },
    );
    expect([code, stdout, stderr]).toEqual([
        1,
        "",
        expect.stringMatching(
            /^classroom: a lab is made of .* it must be root: run it with sudo; nothing was changed[^\n]*\n$/,
        ),
    ]);
    expect(fs.existsSync(labDir())).toBe(false);
});

test("a command that needs a lab that is not up says so before it fetches anything", async () => {
    const empty = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-cache-"));
    try {
        expect(
            await run(process.execPath, [`${projectDir()}/bin/cli/main.js`, "refresh", "lab"], {
                allowFailure: true,
                env: { PATH: "/nonexistent", CLASSROOM_CACHE: empty, CLASSROOM_STATE: empty },
            }),
        ).toMatchObject({
            code: 1,
            stderr: expect.stringMatching(/^classroom: lab lab is not up; make it with: \.\/classroom up lab$/m),
        });
    } finally {
        fs.rmSync(empty, { recursive: true, force: true });
    }
});

test("a lab whose processes died is made anew by the next up", async () => {
    await bringUp(name, silent);
    process.kill(Number(fs.readFileSync(`${(labStatus(name) as Lab).dir}/run/init.pid`, "utf8")), "SIGKILL");
    for (let i = 0; labStatus(name) && i < 100; i++) await sleep(50);
    expect(labStatus(name)).toBeUndefined();
    const lab = await bringUp(name, silent);
    expect(await onCentral(lab, "echo anew")).toBe("anew\n");
});
