import { type ChildProcess, spawn, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { answerShell } from "../../../clients/answer";
import * as scripts from "../../../cli/restore/scripts";

// The scripts run on this machine, with a folder of the test's own in place of libvirt's. A virsh keeps machines' states in files.
// A shell called sshd stands above them: its end is the end of the connection.
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-points-"));
const at = (...below: string[]): string => path.join(dir, ...below),
    points = (...below: string[]): string => at("restore-points/lab", ...below);
const read = (...below: string[]): string => fs.readFileSync(at(...below), "utf8").trim();
const write = (file: string, text: string, mode = 0o644): void => {
    fs.mkdirSync(path.dirname(at(file)), { recursive: true });
    fs.writeFileSync(at(file), text, { mode });
};
const on: scripts.OnHost = {
    stack: "lab",
    name: "before",
    machines: [
        { name: "db-node", kind: "container", host: "central", uuid: "u1", disks: [], running: true },
        { name: "auth-node", kind: "container", host: "central", uuid: "u2", disks: [], running: false },
        {
            name: "volume-node",
            kind: "vm",
            host: "central",
            uuid: "u3",
            disks: ["/var/lib/libvirt/machines/volume-node.qcow2"],
            running: true,
        },
    ],
};
const virsh = `#!/bin/sh
shift 3
verb=$1 s=${dir}/state/$2
case $verb in
domuuid) cat "${dir}/uuid/$2" ;;
domstate) cat "$s" ;;
domid) cat "${dir}/top" ;;
dominfo) echo 'Used memory:    2048 KiB' ;;
suspend) echo paused > "$s" ;;
resume|start) echo running > "$s" ;;
save) echo "memory of $2" > "$3"; echo 'shut off' > "$s" ;;
restore) grep -q 'memory of volume-node' "$2"; echo running > ${dir}/state/volume-node ;;
destroy) ! grep -q 'shut off' "$s"; echo 'shut off' > "$s" ;;
*) echo "no such verb: $verb" >&2; exit 1 ;;
esac
`;
const local = (script: string): string => script.replaceAll("/var/lib/libvirt", dir).replaceAll("/run/systemd", dir);

/** Runs them one after another below the same sshd. */
function run(...all: (string | { script: string; input: string })[]): {
    status: number | null;
    stdout: string;
    stderr: string;
} {
    const lines = all.map((one, i) => {
        const { script, input } = typeof one === "string" ? { script: one, input: "" } : one;
        write(`scripts/${i}`, local(/^.*\bsay \w+ /m.test(script) ? answerShell + script : script));
        write(`scripts/${i}.input`, local(input));
        return `sh -e ${at(`scripts/${i}`)} < ${at(`scripts/${i}.input`)}`;
    });
    return spawnSync(at("bin/sshd"), ["-c", `${lines.join(" && ")}\nexit $?`], {
        encoding: "utf8",
        env: { PATH: `${at("bin")}:${process.env.PATH}` },
    });
}
const ran = { status: 0, stderr: "" };

let top: ChildProcess, below: number;
/** One that goes on sleeps, or runs for a moment. */
const isStopped = (pid: number): boolean => /\) T/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));

beforeEach(async () => {
    write("bin/virsh", virsh, 0o755);
    fs.symlinkSync("/bin/sh", at("bin/sshd"));
    // libvirt's process of the container that runs, and one in it.
    top = spawn("sh", ["-c", "sh -c 'sleep 1000 & wait' & echo $!; wait"], {
        stdio: ["ignore", "pipe", "ignore"],
        detached: true,
    });
    below = await new Promise<number>(resolve =>
        top.stdout!.once("data", (data: Buffer) => resolve(Number(String(data)))),
    );
    write("top", String(top.pid));
    on.machines.forEach(({ name, uuid, running }) => {
        write(`state/${name}`, running ? "running" : "shut off");
        write(`uuid/${name}`, uuid);
    });
    for (const name of ["db-node", "auth-node"]) {
        write(`roots/${name}/upper/etc/hosts`, `hosts of ${name}`);
        write(`roots/${name}/upper/secret`, "s", 0o640);
        fs.linkSync(at(`roots/${name}/upper/secret`), at(`roots/${name}/upper/linked`));
        fs.utimesSync(at(`roots/${name}/upper/secret`), 1000, 1000);
        write(`roots/${name}/work/work/left`, "");
    }
    write("machines/volume-node.qcow2", "disk");
});
afterEach(() => {
    process.kill(-top.pid!, "SIGKILL");
    fs.rmSync(dir, { recursive: true });
});

test("machines as they are, with what a copy takes, and the room that there is", () => {
    fs.rmSync(at("uuid/auth-node"));
    const { stdout, ...rest } = run(scripts.look(on));
    expect(rest).toMatchObject(ran);
    expect(stdout).toMatch(
        /^machine db-node u1 [1-9]\d* running\nmachine auth-node - 0 missing\nmachine volume-node u3 2[01]\d\d running\nfree \d+\n$/,
    );
});

test("a snapshot: all stand still while they are copied, and go on; the restore: what was changed since is gone", () => {
    const still = run(
        scripts.freeze(on),
        `echo $(cat ${at("state/volume-node")}) $(sed 's/.*) \\(.\\) .*/\\1/' /proc/${below}/stat) > ${at("still")}`,
        scripts.copy(on),
        scripts.thaw(on),
        scripts.keep(on, "the-id"),
    );
    expect(still).toMatchObject(ran);
    expect(read("still")).toBe("paused T");
    expect([isStopped(below), read("state/volume-node"), read("state/auth-node")]).toEqual([
        false,
        "running",
        "shut off",
    ]);
    expect(fs.statSync(points()).mode & 0o777).toBe(0o700);
    expect(fs.readdirSync(points())).toEqual(["before", "lock"]);
    const kept = still.stdout;
    expect(kept).toMatch(
        /^kept db-node \d+ [0-9a-f]{64}\nkept auth-node \d+ [0-9a-f]{64}\nkept volume-node \d+ [0-9a-f]{64}\n$/,
    );
    expect(run(scripts.lookAtPoint(on))).toMatchObject({ ...ran, stdout: `id the-id\n${kept}` });

    write("roots/db-node/upper/etc/hosts", "broken");
    write("roots/db-node/upper/new", "");
    write("machines/volume-node.qcow2", "other disk");
    expect(run(scripts.stage(on), scripts.end(on), scripts.swap(on))).toMatchObject(ran);
    expect(["db-node", "auth-node", "volume-node"].map(name => read("state", name))).toEqual([
        "shut off",
        "shut off",
        "shut off",
    ]);
    expect(run(scripts.start(on), scripts.tidy(on))).toMatchObject(ran);
    expect(["db-node", "auth-node", "volume-node"].map(name => read("state", name))).toEqual([
        "running",
        "shut off",
        "running",
    ]);
    expect([
        read("roots/db-node/upper/etc/hosts"),
        read("machines/volume-node.qcow2"),
        fs.existsSync(at("roots/db-node/upper/new")),
    ]).toEqual(["hosts of db-node", "disk", false]);
    const { mode, mtimeMs, nlink } = fs.statSync(at("roots/db-node/upper/secret"));
    expect([mode & 0o777, mtimeMs, nlink]).toEqual([0o640, 1_000_000, 2]);
    expect(fs.readdirSync(at("roots/db-node/work"))).toEqual([]);
    expect(fs.readdirSync(points())).toEqual(["before", "lock"]);
    // Once more: nothing of the point was used up.
    expect(run(scripts.lookAtPoint(on))).toMatchObject({ ...ran, stdout: `id the-id\n${kept}` });
});

const keepAll = () => run(scripts.freeze(on), scripts.copy(on), scripts.thaw(on), scripts.keep(on, "the-id"));
const putBack = () => run(scripts.stage(on), scripts.end(on), scripts.swap(on), scripts.start(on), scripts.tidy(on));
const records = (node: string): string[] =>
    fs.existsSync(at("grounds", node)) ? fs.readdirSync(at("grounds", node)).sort() : [];

test("a node's record comes back as it was at the point: one of later is none of it, nor is a run that has begun since", () => {
    for (const node of ["db-node", "volume-node", "of-another-stack"]) {
        write(`grounds/${node}/manifest-1`, "as it was", 0o600);
        write(`grounds/${node}/pack-1`, "contents");
    }
    expect(keepAll()).toMatchObject(ran);
    for (const node of ["db-node", "volume-node", "of-another-stack", "auth-node"]) {
        write(`grounds/${node}/manifest-1`, "accepted");
        write(`grounds/${node}/manifest-2`, "of another configuration");
        write(`grounds/${node}/pending`, "a run that was cut off");
        fs.rmSync(at("grounds", node, "pack-1"), { force: true });
    }
    for (let twice = 0; twice < 2; twice++) {
        expect(putBack()).toMatchObject(ran);
        for (const node of ["db-node", "volume-node"]) {
            expect(records(node)).toEqual(["manifest-1", "pack-1"]);
            expect(read("grounds", node, "manifest-1")).toBe("as it was");
        }
        expect(fs.statSync(at("grounds/db-node/manifest-1")).mode & 0o777).toBe(0o600);
        expect(records("auth-node")).toEqual([]);
        expect(read("grounds/of-another-stack/manifest-1")).toBe("accepted");
    }
});

test("of a point that was made without records those stay that are older than it; what came since goes", () => {
    write("grounds/db-node/manifest-1", "as it was");
    write("grounds/auth-node/manifest-1", "as it was");
    fs.utimesSync(at("grounds/db-node/manifest-1"), 1000, 1000);
    expect(keepAll()).toMatchObject(ran);
    for (const { name } of on.machines) fs.rmSync(points("before", name, "record"), { recursive: true });
    write("grounds/auth-node/manifest-1", "accepted");
    write("grounds/db-node/pending", "a run that was cut off");
    write("grounds/auth-node/pack-1", "");
    for (const file of ["auth-node/manifest-1", "db-node/pending"])
        fs.utimesSync(at("grounds", file), Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    expect(putBack()).toMatchObject(ran);
    expect([records("db-node"), records("auth-node")]).toEqual([["manifest-1"], ["pack-1"]]);
});

test("a root that processes hold is asked for again, and taken away all the same in the end", () => {
    expect(
        run(scripts.freeze(on), scripts.copy(on), scripts.thaw(on), scripts.keep(on, "the-id"), scripts.stage(on)),
    ).toMatchObject(ran);
    write("bin/mountpoint", `#!/bin/sh\n[ ! -e ${at("away")} ] && [ "$2" = ${at("roots/db-node/root")} ]\n`, 0o755);
    write("bin/umount", `#!/bin/sh\n[ "$1" = -l ] || exit 32\necho "$2" > ${at("away")}\n`, 0o755);
    expect(run(scripts.end(on))).toEqual(
        expect.objectContaining({ status: 75, stderr: "processes hold the root of db-node\n" }),
    );
    expect(run(scripts.swap(on))).toMatchObject(ran);
    expect(read("away")).toBe(at("roots/db-node/root"));
});

test("nothing is put in the place of a machine that has not ended", () => {
    expect(
        run(scripts.freeze(on), scripts.copy(on), scripts.thaw(on), scripts.keep(on, "the-id"), scripts.stage(on)),
    ).toMatchObject(ran);
    expect(run(scripts.swap(on))).toMatchObject({ status: 1, stderr: "the container db-node cannot be ended\n" });
    expect(fs.existsSync(points("staged/db-node/upper"))).toBe(true);
});

test("two do not work on a host at once: the second is told to ask again", async () => {
    expect(run(scripts.look(on)).status).toBe(0);
    const other = spawn("flock", [points("lock"), "sh", "-c", "echo; read x"], { stdio: ["pipe", "pipe", "ignore"] });
    await new Promise(resolve => other.stdout!.once("data", resolve));
    expect(run(scripts.look(on))).toMatchObject({
        status: 75,
        stdout: "",
        stderr: "another snapshot or restore is still at work there\n",
    });
    const ended = new Promise(resolve => other.once("close", resolve));
    other.stdin!.end("\n");
    await ended;
    expect(run(scripts.look(on)).status).toBe(0);
});

test("a restore that was cut off between taking a root away and putting the kept one there is done again", () => {
    expect(
        run(scripts.freeze(on), scripts.copy(on), scripts.thaw(on), scripts.keep(on, "the-id"), scripts.stage(on)),
    ).toMatchObject(ran);
    fs.renameSync(at("roots/db-node/upper"), points("replaced/db-node/upper"));
    fs.rmSync(points("staged/auth-node"), { recursive: true });
    expect(
        run(scripts.stage(on), scripts.end(on), scripts.swap(on), scripts.start(on), scripts.tidy(on)),
    ).toMatchObject(ran);
    expect(read("roots/db-node/upper/etc/hosts")).toBe("hosts of db-node");
});

test("a connection that ends lets the machines go on, also one that has been saved, and nothing is kept", async () => {
    expect(run(scripts.freeze(on))).toMatchObject(ran);
    const gone = async () => {
        for (let i = 0; i < 200 && fs.existsSync(points("before.making")); i++)
            await new Promise(resolve => setTimeout(resolve, 100));
    };
    await gone();
    expect([isStopped(below), read("state/volume-node"), fs.readdirSync(points())]).toEqual([
        false,
        "running",
        ["lock"],
    ]);
    expect(run(scripts.freeze(on), scripts.copy(on))).toMatchObject(ran);
    await gone();
    expect([isStopped(below), read("state/volume-node"), fs.readdirSync(points())]).toEqual([
        false,
        "running",
        ["lock"],
    ]);
    expect(run(scripts.copy(on))).toMatchObject({
        status: 1,
        stderr: "the machines have gone on by themselves: the connection was lost\n",
    });
});

test("what a machine had stopped itself stays stopped", () => {
    // It may be a moment until there is one; a 0 would be this test's own process group.
    let own = 0;
    for (let i = 0; own === 0 && i < 100; i++)
        own = Number(spawnSync("sh", ["-c", `pgrep -P ${below} || sleep 0.05`], { encoding: "utf8" }).stdout.trim());
    expect(own).toBeGreaterThan(1);
    process.kill(own, "SIGSTOP");
    expect(run(scripts.freeze(on), scripts.copy(on), scripts.thaw(on))).toMatchObject(ran);
    expect([isStopped(own), isStopped(below)]).toEqual([true, false]);
});

test("a point of which something is missing, or is of another one, is told", () => {
    expect(run(scripts.lookAtPoint(on))).toMatchObject({ ...ran, stdout: "" });
    const { stdout } = run(scripts.freeze(on), scripts.copy(on), scripts.thaw(on), scripts.keep(on, "the-id"));
    fs.appendFileSync(points("before/db-node/upper/etc/hosts"), "x");
    fs.rmSync(points("before/auth-node"), { recursive: true });
    const now = run(scripts.lookAtPoint(on)).stdout.split("\n");
    expect(now.filter(line => stdout.split("\n").includes(line)).map(line => line.split(" ")[1])).toEqual([
        "volume-node",
        undefined,
    ]);
});

test("points are removed one by one; with the last one the folder goes", () => {
    for (const name of ["before", "after"])
        expect(
            run(
                ...[scripts.freeze, scripts.copy, scripts.thaw, (o: scripts.OnHost) => scripts.keep(o, name)].map(
                    script => script({ ...on, name }),
                ),
            ),
        ).toMatchObject(ran);
    expect(run(scripts.remove(on))).toMatchObject(ran);
    expect(fs.readdirSync(points())).toEqual(["after", "lock"]);
    expect(run(scripts.remove({ ...on, name: "after" }))).toMatchObject(ran);
    expect(fs.existsSync(at("restore-points"))).toBe(false);
    write("restore-points/lab/before/id", "");
    expect(run(scripts.removeAll("lab"))).toMatchObject(ran);
    expect(fs.existsSync(at("restore-points"))).toBe(false);
});

test("of a virtual machine that was put back connections to the given addresses end, where its ss can do that", () => {
    write("bin/ss", `#!/bin/sh\necho ss "$@" >> ${at("said")}`, 0o755);
    expect(run(scripts.forget(["10.0.0.3", "10.0.0.4"]))).toMatchObject(ran);
    expect(fs.existsSync(at("said"))).toBe(false);
    fs.mkdirSync(at("system"), { recursive: true });
    expect(run(scripts.forget(["10.0.0.3", "10.0.0.4"]))).toMatchObject(ran);
    expect(read("said")).toBe("ss -K dst 10.0.0.3 or dst 10.0.0.4");
});
