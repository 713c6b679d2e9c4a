import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { emulated, type LabChoice } from "../../config/lab-settings";
import { nodeNames } from "../../config/nodes";
import { cached } from "../../system/cache";
import type { Progress } from "../../system/progress";
import { CommandError, type RunResult } from "../../system/run";
import { scriptInRoot } from "../golden/in-root";
import { cgroupVersion } from "./cgroups";
import { dataDir } from "./files";

/** A machine's abilities for a lab. Some can only be found by a trial. */
export interface MachineFacts {
    /** Whether a guest really starts under KVM; a device file alone says nothing. */
    kvm: { boots: boolean; seen: string };
    deviceMapper: boolean;
    cgroup: 1 | 2;
    /** Whether systemd is the machine's first process. */
    systemd: boolean;
}

/** A machine's facts, and the kinds of a lab's nodes that follow. */
export interface MachineReport {
    can: MachineFacts;
    choice: LabChoice;
}

/** Where the hosts' root and the lab's kernel lie. */
export interface TrialArgs {
    hostRoot: string;
    images: string;
}

/** Raised when the trial changes. */
const RECIPE = 1;
/** A guest is there within one second where KVM works. */
const TRIAL_SECONDS = 8;

/** The questions to a machine; a test gives its own. */
export interface Asked {
    exists(file: string): boolean;
    /** Empty where there is none. */
    read(file: string): string;
    cgroup: 1 | 2;
    kernel: string;
    trial(): Promise<MachineFacts["kvm"]>;
}

const thisMachine = (args: TrialArgs, progress: Progress): Asked => ({
    exists: fs.existsSync,
    read(file) {
        try {
            return fs.readFileSync(file, "utf8");
        } catch {
            return "";
        }
    },
    cgroup: cgroupVersion(),
    kernel: os.release(),
    trial: () => rememberedTrial(args, progress),
});

/** Asks the machine; where it has /dev/kvm that takes eight seconds at most, once after each start of the machine. */
export async function machineCan(
    args: TrialArgs,
    progress: Progress,
    asked: Asked = thisMachine(args, progress),
): Promise<MachineFacts> {
    const { kernel } = asked;
    return {
        kvm: asked.exists("/dev/kvm") ? await asked.trial() : { boots: false, seen: "there is no /dev/kvm" },
        // Looked up, not tried: trying would load the module.
        deviceMapper:
            /\bdevice-mapper$/m.test(asked.read("/proc/misc")) ||
            /\/dm-mod\.ko\b/.test(
                asked.read(`/lib/modules/${kernel}/modules.dep`) + asked.read(`/lib/modules/${kernel}/modules.builtin`),
            ),
        cgroup: asked.cgroup,
        systemd: asked.exists("/run/systemd/system"),
    };
}

/**
 * The kinds of a lab's nodes on such a machine (docs/lab.md has the reasons). The stack's configuration goes before it.
 */
export function choose(can: MachineFacts): LabChoice {
    return can.kvm.boots ? { ...emulated, hypervisor: "kvm" } : emulated;
}

/** The facts and the choice, in a line. */
export function inWords({ can, choice: { hypervisor, machine, nodes } }: MachineReport): string {
    const found = [
        can.kvm.boots ? `KVM boots a guest (${can.kvm.seen})` : `KVM does not boot a guest (${can.kvm.seen})`,
        `cgroup v${can.cgroup}`,
        `${can.deviceMapper ? "" : "no "}device-mapper`,
        `${can.systemd ? "" : "no "}systemd`,
    ];
    const numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"];
    const virtual = nodeNames.filter(node => (nodes[node]?.kind ?? machine) === "vm"),
        containers = nodeNames.length - virtual.length;
    return `this machine: ${found.join(", ")}: ${numbers[containers]} container${containers === 1 ? "" : "s"}, ${virtual.join(", ")} ${hypervisor === "kvm" ? "on KVM" : "emulated"}`;
}

/** The trial's outcome, kept until the machine is started again or the kernels in it are others. */
async function rememberedTrial(args: TrialArgs, progress: Progress): Promise<MachineFacts["kvm"]> {
    const entryOf = (folder: string) => path.basename(folder);
    const inputs = {
        recipe: RECIPE,
        kernel: os.release(),
        boot: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
        hostRoot: entryOf(path.dirname(args.hostRoot)),
        images: entryOf(args.images),
        script: trialScript(),
    };
    const entry = await cached({ kind: "kvm-trial", name: "boot", inputs }, dir =>
        progress.step("Whether KVM boots a guest", async () => {
            fs.writeFileSync(path.join(dir, "kvm.json"), JSON.stringify(await bootTrial(args, "kvm", dir)));
        }),
    );
    return JSON.parse(fs.readFileSync(path.join(entry, "kvm.json"), "utf8")) as MachineFacts["kvm"];
}

const trialScript = (): string => fs.readFileSync(path.join(dataDir(), "kvm-trial.sh"), "utf8");

/**
 * Starts the lab's kernel and has a process of its user space say what it runs on. Every process of the trial ends with
 * this call, or with this process. `dir` is for what is written meanwhile.
 */
export async function bootTrial(
    { hostRoot, images }: TrialArgs,
    accel: "kvm" | "tcg",
    dir: string,
    seconds = TRIAL_SECONDS,
): Promise<MachineFacts["kvm"]> {
    const root = path.join(dir, "root");
    try {
        return judge(
            await scriptInRoot(root, trialScript(), {
                lower: [hostRoot],
                binds: { "/images": images },
                env: { ACCEL: accel },
                timeoutSeconds: seconds,
                allowFailure: true,
            }),
        );
    } catch (e) {
        if (!(e instanceof CommandError)) throw e;
        return judge(e.result, `no word of it within ${seconds} s`);
    } finally {
        for (const used of [root, `${root}.upper`, `${root}.work`]) fs.rmSync(used, { recursive: true, force: true });
    }
}

/** A line of the guest's own: the kernel's begin with a time, and `quiet` keeps most of them away. */
export function judge(
    { stdout, stderr }: Pick<RunResult, "stdout" | "stderr">,
    otherwise = "it ended without a word",
): MachineFacts["kvm"] {
    const said = /^Linux \S+\r?$/m.exec(stdout);
    if (said) return { boots: true, seen: said[0].trim() };
    const complaint = stderr
        .trim()
        .split("\n")
        .filter(line => line.startsWith("qemu") && !/: warning: /.test(line))
        .pop();
    return { boots: false, seen: complaint ?? otherwise };
}
