import { spawn } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { proxyVariables } from "../../system/environment";
import { UserError } from "../../system/errors";
import { TEST_PART } from "../../system/handed-over";
import { Interrupted } from "../../system/interrupt";
import { processStart, withLock } from "../../system/lock";
import type { Progress } from "../../system/progress";
import { run } from "../../system/run";
import { cgroupVersion, makeCgroups, processesIn, removeCgroups } from "./cgroups";
import { dataDir, hostAddress, LabFiles, type LabHostName, labHosts, SSH_PORT } from "./files";
import { takeRanges } from "./id-ranges";
import type { MachineReport } from "./machine";
import { putBack } from "./inotify";
import { memoryNow, memoryObstacle } from "./memory";
import { needRoot } from "./preflight";
import { isAlive, killAll, processesWith } from "./processes";

/** A lab that is up, as the operator's side needs to know it. */
export interface Lab {
    name: string;
    dir: string;
    /** Private key for root on the hosts and the nodes, mode 0600. */
    operatorKeyFile: string;
    /** The hosts' keys in OpenSSH's form. */
    knownHostsFile: string;
    hosts: Record<LabHostName, { address: string; port: number; hostKey: string }>;
    /** Public key that this lab's package archive is signed by, in ASCII armour. */
    archiveKey: string;
    /** The image of instances. */
    image?: { file: string; sha256: string };
    /** The machine's abilities and the nodes' kinds that follow; absent if it was not asked. */
    machine?: MachineReport;
    /**
     * Of containers: the first of the lab's ranges of ids, or the reason why there are none; nothing of a lab that was
     * made before there were any.
     */
    ranges?: { first: number } | { why: string };
    /** Start times of the processes that hold its namespaces. */
    started?: Partial<Record<Keeper, string>>;
}

/** The processes that hold a lab's namespaces, by the names of the files with their ids. */
const keepers = ["init", "operator"] as const;
type Keeper = (typeof keepers)[number];

/** The inputs of a lab's hosts: folders of the machine that they see read-only. */
export interface LabArgs {
    /** Root file system of the physical hosts. */
    hostRoot: string;
    /** Package archive, served to the nodes at http://192.168.122.1:8090/. */
    archive: string;
    /** Signs its index into a folder, by a key that is this lab's alone; returns the public key. */
    signArchive: (folder: string) => Promise<string>;
    /** Root folder that containers are clones of: /srv/golden on the hosts. */
    goldenRoot: string;
    /** Kernels and disk images: /srv/images on the hosts. */
    images: string;
    /** Names and addresses of the nodes, for the operator's /etc/hosts. */
    names?: readonly { address: string; names: readonly string[] }[];
    /** The image of instances: a file of this machine. */
    instanceImage?: { file: string; sha256: string };
    /** The machine's abilities. Guests may use /dev/kvm if it starts a guest. */
    machine?: MachineReport;
}

/** In a lab's folder: the mark of the part of the tests that made it. */
const TEST_PART_FILE = "test-part";

const READY_SECONDS = 60;
/**
 * How long killed processes may take. Each gives up its memory first, then its mounts: an unmounted file system gives its blocks
 * back, which takes a loaded machine half a minute.
 */
const EXIT_SECONDS = 120;
/** Labs of one name in different state folders are different labs. */
export const cgroupName = (files: LabFiles): string =>
    `classroom-${files.name}-${createHash("sha256").update(files.dir).digest("hex").slice(0, 8)}`;
const processesOf = (files: LabFiles): number[] => processesWith("CLASSROOM_LAB_DIR", files.dir);

/** The lab if it is up and whole; undefined when it was never made, died or is half there. */
export function labStatus(name: string): Lab | undefined {
    const files = new LabFiles(name);
    try {
        const lab = JSON.parse(fs.readFileSync(files.facts, "utf8")) as Lab,
            own = processesOf(files);
        // An id alone may have been given to another process since.
        return keepers.every(name => {
            const pid = pidIn(files, name);
            return own.includes(pid) && isAlive(pid, lab.started?.[name]);
        })
            ? lab
            : undefined;
    } catch {
        return undefined;
    }
}

const pidIn = (files: LabFiles, name: Keeper): number =>
    Number(fs.readFileSync(files.run(`${name}.pid`), "utf8").trim());

/**
 * Makes the lab's hosts, or finds them up. The leftovers of a dead lab of this name are removed first.
 * @throws Interrupted when `signal` tells of an interruption, after the half-made lab is removed
 */
export async function labUp(name: string, args: LabArgs, progress: Progress, signal?: AbortSignal): Promise<Lab> {
    const files = new LabFiles(name);
    fs.mkdirSync(path.dirname(files.dir), { recursive: true, mode: 0o700 });
    return await withLock(
        `${files.dir}.lock`,
        async () =>
            labStatus(name) ??
            (await progress.step(`Lab ${name}: two hosts`, async detail => {
                if (fs.existsSync(files.dir)) {
                    detail("removing what a former run left");
                    await remove(files);
                }
                const { archiveKey, firstId } = await begin(files, args, detail, signal);
                const lab: Lab = {
                    ...describe(files),
                    archiveKey,
                    ...(args.instanceImage && { image: args.instanceImage }),
                    ...(args.machine && { machine: args.machine }),
                    ranges: rangesOf(files, firstId),
                };
                fs.writeFileSync(lab.knownHostsFile, knownHostsOf(files, lab), { mode: 0o600 });
                fs.writeFileSync(files.facts, JSON.stringify(lab, undefined, 2) + "\n", { mode: 0o600 });
                return lab;
            })),
        undefined,
        signal,
    );
}

/** Starts the hosts and waits for them. Removes the half-made lab after a failure or an interruption. */
async function begin(
    files: LabFiles,
    args: LabArgs,
    detail: (text: string) => void,
    signal?: AbortSignal,
): Promise<{ archiveKey: string; firstId: number }> {
    try {
        const archiveKey = await prepare(files, args);
        signal?.throwIfAborted();
        const firstId = takeRanges(cgroupName(files));
        await start(files, args, firstId);
        detail("waiting for sshd and libvirtd");
        await ready(files, signal);
        signal?.throwIfAborted();
        return { archiveKey, firstId };
    } catch (e) {
        const log = readLogs(files);
        await remove(files);
        if (signal?.aborted) throw new Interrupted("interrupted; the half-made hosts of the lab are removed");
        throw new UserError(`the lab's hosts did not come up: ${(e as Error).message}${log}`);
    }
}

const knownHostsOf = (files: LabFiles, { hosts }: Lab): string =>
    (Object.keys(labHosts) as LabHostName[])
        .map(name => {
            const { address, port, hostKey } = hosts[name];
            return `${[address, files.hostName(name), name].map(n => `[${n}]:${port}`).join(",")} ${hostKey}\n`;
        })
        .join("");

/** Folders of the labs that a part of the tests has made. @param state the folder that they lie in @param mark of the part */
export function labsOfTestPart(state: string, mark: string): string[] {
    const labs = path.join(state, "labs");
    if (!fs.existsSync(labs)) return [];
    return fs
        .readdirSync(labs)
        .map(name => path.join(labs, name))
        .filter(dir => {
            const file = path.join(dir, TEST_PART_FILE);
            return fs.existsSync(file) && fs.readFileSync(file, "utf8") === mark;
        });
}

/** Ends every process of the lab and removes its folder and cgroups; a lab that is not there is success. */
export async function labDown(name: string, progress: Progress): Promise<void> {
    const files = new LabFiles(name);
    if (fs.existsSync(path.dirname(files.dir)))
        await withLock(`${files.dir}.lock`, () => progress.step(`Lab ${name}: down`, () => remove(files)));
    const done = putBack();
    if (done !== undefined) progress.note(done);
}

/** Everything of the lab is below its first process, and every mount and link is in namespaces that end with it. */
async function remove(files: LabFiles): Promise<void> {
    const cgroup = cgroupName(files);
    await killAll(() => [...processesOf(files), ...processesIn(cgroup)], EXIT_SECONDS);
    await removeCgroups(cgroup);
    // The namespaces are taken down a moment after their last process; an upper directory is busy until then.
    for (const deadline = performance.now() + 10_000; ;) {
        try {
            fs.rmSync(files.dir, { recursive: true, force: true });
            return;
        } catch (e) {
            if (performance.now() > deadline) throw e;
            await sleep(100);
        }
    }
}

/** Makes the lab's folder and its keys; returns the public one of its package archive. */
async function prepare(files: LabFiles, args: LabArgs): Promise<string> {
    const folder = (dir: string) => fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    folder(files.dir);
    if (process.env[TEST_PART] !== undefined)
        fs.writeFileSync(path.join(files.dir, TEST_PART_FILE), process.env[TEST_PART]);
    [files.log, files.run(), files.operator()].forEach(folder);
    await newKey(files.operatorKey, `operator of ${files.name}`);
    const hostLines = (Object.keys(labHosts) as LabHostName[]).map(h => `${hostAddress(h)} ${files.hostName(h)} ${h}`);
    const local = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"];
    const nodeLines = (args.names ?? []).map(n => `${n.address} ${n.names.join(" ")}`);
    fs.writeFileSync(files.operator("hosts"), [...local, ...hostLines, ...nodeLines, ""].join("\n"));
    fs.writeFileSync(files.operator("resolv.conf"), "");
    for (const host of Object.keys(labHosts) as LabHostName[]) {
        for (const below of ["upper", "work", "root", "libvirt", "run", "log"])
            fs.mkdirSync(files.host(host, below), { recursive: true, mode: 0o755 });
        await newKey(files.host(host, "host.key"), files.hostName(host));
        fs.writeFileSync(files.host(host, "hosts"), [...local, ...hostLines, ""].join("\n"));
    }
    const cgroups = await takeMemory(cgroupName(files));
    fs.writeFileSync(files.run("cgroups"), cgroups.join("\n") + "\n");
    return await args.signArchive(files.signatures);
}

/** One lab after another, of whatever state folder: the second counts what the first may take. */
const MEMORY_LOCK = "/run/classroom-labs.lock";

/** Makes the lab's cgroups, by which others know of it. @throws UserError where the memory that is left is not enough */
const takeMemory = async (cgroup: string): Promise<string[]> =>
    await withLock(MEMORY_LOCK, async () => {
        const obstacle = memoryObstacle(memoryNow(cgroup));
        if (obstacle !== undefined) throw new UserError(obstacle);
        return makeCgroups(cgroup, Object.keys(labHosts));
    });

async function newKey(file: string, comment: string): Promise<void> {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
}

/** Starts the lab's first process so that it outlives this command and hears nothing of its terminal. */
async function start(files: LabFiles, args: LabArgs, firstId: number): Promise<void> {
    const log = fs.openSync(path.join(files.log, "init.log"), "a", 0o600);
    const child = spawn(
        "unshare",
        [
            "--pid",
            "--fork",
            "--kill-child",
            "--mount",
            "--propagation",
            "private",
            "--net",
            "bash",
            path.join(dataDir(), "lab-init.sh"),
        ],
        {
            cwd: "/",
            detached: true,
            stdio: ["ignore", log, log],
            env: environmentOf(files, args, firstId),
        },
    );
    fs.closeSync(log);
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
}

/** The input of lab-init.sh. */
const environmentOf = (files: LabFiles, args: LabArgs, firstId: number): Record<string, string> => ({
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: "C.UTF-8",
    HOME: "/root",
    CLASSROOM_LAB: files.name,
    CLASSROOM_LAB_DIR: files.dir,
    ...(process.env[TEST_PART] !== undefined && { [TEST_PART]: process.env[TEST_PART] }),
    LAB_DIR: files.dir,
    LAB_DATA: dataDir(),
    LAB_HOSTS: Object.entries(labHosts)
        .map(([h, octet]) => `${h}:${octet}`)
        .join(" "),
    LAB_ROOT: args.hostRoot,
    LAB_ARCHIVE: args.archive,
    LAB_SIGNATURES: files.signatures,
    LAB_GOLDEN: args.goldenRoot,
    LAB_IMAGES: args.images,
    LAB_KVM: args.machine?.can.kvm.boots ? "1" : "0",
    LAB_CGROUP_VERSION: String(cgroupVersion()),
    LAB_IDS: String(firstId),
});

async function ready(files: LabFiles, signal?: AbortSignal): Promise<void> {
    const signs = [
        files.run("operator.ready"),
        ...(Object.keys(labHosts) as LabHostName[]).map(h => files.host(h, "run", "ready")),
    ];
    for (const deadline = performance.now() + READY_SECONDS * 1000; ;) {
        signal?.throwIfAborted();
        const missing = signs.filter(s => !fs.existsSync(s));
        if (missing.length === 0) return;
        if (fs.existsSync(files.run("failed"))) throw new Error(fs.readFileSync(files.run("failed"), "utf8").trim());
        if (processesOf(files).length === 0) throw new Error("the lab's first process has ended");
        if (performance.now() > deadline)
            throw new Error(
                `after ${READY_SECONDS} s there is still no ${missing.map(m => path.relative(files.dir, m)).join(", ")}`,
            );
        await sleep(50);
    }
}

/** The last lines that the lab's processes wrote: its folder is removed after a failure. */
function readLogs(files: LabFiles): string {
    try {
        return fs
            .readdirSync(files.log)
            .map(name => {
                const lines = fs
                    .readFileSync(path.join(files.log, name), "utf8")
                    .trim()
                    .split("\n")
                    .slice(-5)
                    .filter(Boolean);
                return lines.map(line => `\n  ${name}: ${line}`).join("");
            })
            .join("");
    } catch {
        return "";
    }
}

/** A host's id ranges: their first id, or the reason why there are none. */
function rangesOf(files: LabFiles, first: number): Required<Lab>["ranges"] {
    const why = fs.readFileSync(files.host("central", "run", "ranges"), "utf8").trim();
    return why === "" ? { first } : { why: why.replace(/^mount-root: /, "") };
}

function describe(files: LabFiles): Omit<Lab, "archiveKey"> {
    const host = (name: LabHostName) => ({
        address: hostAddress(name),
        port: SSH_PORT,
        hostKey: fs.readFileSync(files.host(name, "host.key.pub"), "utf8").trim().split(" ").slice(0, 2).join(" "),
    });
    return {
        name: files.name,
        dir: files.dir,
        operatorKeyFile: files.operatorKey,
        knownHostsFile: files.knownHosts,
        hosts: { central: host("central"), compute: host("compute") },
        started: Object.fromEntries(keepers.map(name => [name, processStart(pidIn(files, name))])),
    };
}

/**
 * The words to put before a command so that it runs on the operator's side of the lab: in its network, with the
 * lab's names, on the machine's own file system and in the folder it was called from.
 * @throws UserError when the lab is not up
 */
export function enterOperator(name: string, cwd = process.cwd()): string[] {
    needRoot();
    if (!labStatus(name)) throw new UserError(`lab ${name} is not up; make it with: ./classroom lab up ${name}`);
    const pid = pidIn(new LabFiles(name), "operator");
    // No proxy can be reached from there.
    const direct = proxyVariables.map(name => `--unset=${name}`);
    return ["nsenter", `--target=${pid}`, "--net", "--mount", "--", "env", `--chdir=${cwd}`, ...direct];
}

/** Runs a command on the operator's side of the lab, with this process's terminal; returns its exit code. */
export async function labExec(name: string, argv: readonly string[]): Promise<number> {
    const [command, ...rest] = [...enterOperator(name), ...argv];
    const child = spawn(command!, rest, { stdio: "inherit" });
    return await new Promise<number>((resolve, reject) =>
        child.once("error", reject).once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1))),
    );
}
