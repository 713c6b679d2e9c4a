import { randomBytes } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { pathToFileURL } from "url";
import { LocalWorkspace, PulumiCommand, PulumiFn, Stack } from "@pulumi/pulumi/automation";
import { UserError } from "../system/errors";
import { createFile, replaceFile } from "../system/files";
import { lockHolder } from "../system/lock";
import { projectDir, stateDir } from "../system/paths";
import { run, RunOptions, RunResult } from "../system/run";
import { removeHalfWritten } from "./half-written";
import { breakDeadLocks, holderOf } from "./locks";
import type { Engine } from "./obtain";
import { configFile, PROJECT, replaceConfig, saltIn, textOf, textsIn, withSalt } from "./stack-file";
import { stateFile } from "./state";

/** How many states are kept from before the last operations. */
const KEPT = 10;

/**
 * The passphrase that encrypts the stacks' secrets: made once, 0600. Lost, the secrets in every state are lost.
 * @throws UserError when there are states but no passphrase: a new one would not open them
 */
export function passphraseFile(): string {
    const file = path.join(stateDir(), "passphrase");
    if (!fs.existsSync(file) && hasStates()) {
        throw new UserError(
            `the passphrase of the stacks' secrets is missing (${file}), so their states in ${backendDir()} cannot be opened; nothing was changed. ` +
                "Put it back from your backup (README.md says what to do where there is none)",
        );
    }
    createFile(file, randomBytes(24).toString("base64url") + "\n", 0o600);
    if (fs.readFileSync(file, "utf8").trim() === "")
        throw new UserError(
            `the passphrase of the stacks' secrets is empty (${file}); nothing was changed. Put it back from your backup, or remove the file where there is no state yet`,
        );
    return file;
}

/** Whether a stack of this project has a state. */
function hasStates(): boolean {
    const dir = path.join(backendDir(), ".pulumi/stacks", PROJECT);
    return fs.existsSync(dir) && fs.readdirSync(dir).some(name => name.endsWith(".json"));
}

/** Folder of the file backend: every stack's state, history and locks. */
export const backendDir = (): string => path.join(stateDir(), "stacks");

/** Environment that a plain `pulumi` needs to work on the same stacks. */
export function backendEnv(): Record<string, string> {
    const dir = backendDir();
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    return { PULUMI_BACKEND_URL: pathToFileURL(dir).href, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() };
}

/**
 * The folder that the engine works in. The engine writes a stack's salt beside its configuration; so that this
 * never shows up in the checkout, it gets a folder of its own with a copy of the configuration, made anew each time.
 * @throws UserError where the engine would understand the file otherwise than the program's own reader
 */
function workDir(stack: string): string {
    const project = projectDir(),
        text = textOf(stack);
    textsIn(text, stack);
    const dir = path.join(stateDir(), "work", stack);
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const name of ["bin", "node_modules", "package.json"]) {
        fs.rmSync(path.join(dir, name), { force: true });
        fs.symlinkSync(path.join(project, name), path.join(dir, name));
    }
    fs.copyFileSync(path.join(project, "Pulumi.yaml"), path.join(dir, "Pulumi.yaml"));
    const copy = path.join(dir, path.basename(configFile(stack)));
    const salt = fs.existsSync(copy) ? saltIn(fs.readFileSync(copy, "utf8")) : undefined;
    fs.writeFileSync(copy, withSalt(text, salt), { mode: 0o600 });
    return dir;
}

/** Breaks what dead processes of this machine left locked of a stack; returns a line for each. */
export const breakLocks = (stack: string): string[] => breakDeadLocks(backendDir(), PROJECT, stack);

/**
 * That nobody works on a stack; the lock of a run that has died is broken, which `note` is told.
 * @throws UserError when another run works on the stack: what it has begun must not be taken for what a dead one left
 */
export function checkNotHeld(stack: string, note: (line: string) => void): void {
    breakLocks(stack).forEach(note);
    const holder = holderOf(backendDir(), PROJECT, stack);
    const other = lockHolder(restoreLock(stack));
    const busy =
        holder ??
        (other === undefined || other === process.pid ? undefined : `a snapshot or restore (process ${other})`);
    if (busy)
        throw new UserError(
            `stack ${stack} is being worked on by ${busy}; nothing was changed. Wait until that has ended`,
        );
}

/** Held by a snapshot or a restore of a stack while it works: machines and state belong together then. */
export const restoreLock = (stack: string): string => path.join(stateDir(), `restore-${stack}.lock`);

/** A stack of this checkout, made when it is used for the first time. `note` is told of a dead process's lock. */
export async function openStack(
    stack: string,
    program: PulumiFn,
    engine: Engine,
    note: (line: string) => void,
    env: Record<string, string> = {},
): Promise<Stack> {
    checkListedUser();
    const dir = workDir(stack);
    const envVars = { ...engine.env, ...backendEnv(), ...env };
    breakLocks(stack).forEach(note);
    if (holderOf(backendDir(), PROJECT, stack) === undefined) removeHalfWritten(backendDir(), PROJECT, stack);
    const pulumiCommand = await PulumiCommand.get({ root: engine.root });
    return await LocalWorkspace.createOrSelectStack(
        { stackName: stack, projectName: PROJECT, program },
        { workDir: dir, envVars, pulumiCommand, pulumiHome: engine.env.PULUMI_HOME! },
    );
}

/** @throws UserError for a user whom the engine, and ssh as well, refuse to work for */
function checkListedUser(): void {
    try {
        os.userInfo();
    } catch {
        throw new UserError(
            `the system's list of users (/etc/passwd) does not have this one (${process.getuid?.()}), and for such a user neither the engine nor ssh works; nothing was changed. Add it to the list, or run this as another user`,
        );
    }
}

/** Runs the engine's own command line on a stack, where the Automation API would have secrets in plain text. */
export async function pulumi(
    { name, workspace }: Stack,
    args: readonly string[],
    options: RunOptions = {},
): Promise<RunResult> {
    return await run(workspace.pulumiCommand.command, [...args, "--stack", name, "--non-interactive"], {
        cwd: workspace.workDir,
        env: workspace.envVars,
        ...options,
    });
}

/**
 * Encrypts values into the file that configures a stack, with the salt that it takes beside the passphrase to decrypt
 * them: the file is whole without this machine's state. They go to the engine on standard input; the Automation API
 * would have them in the process list.
 * @param values by path of the configuration: `credentials.adminPassword`
 */
export async function setSecret(
    stack: string,
    values: Readonly<Record<string, string>>,
    engine: Engine,
    note: (line: string) => void,
): Promise<void> {
    const opened = await openStack(stack, async () => undefined, engine, note);
    for (const [key, value] of Object.entries(values)) {
        await pulumi(opened, ["config", "set", "--secret", "--path", `${PROJECT}:${key}`], {
            input: value,
            timeoutSeconds: 60,
        });
    }
    const copy = path.join(opened.workspace.workDir, path.basename(configFile(stack)));
    replaceConfig(stack, fs.readFileSync(copy, "utf8"));
}

/** Puts a state's file, as {@link backUp} keeps it, in the place of the present one. */
export function putBack(stack: string, state: unknown): void {
    replaceFile(stateFile(stack), JSON.stringify(state, undefined, 4), 0o600);
}

/** Keeps the state as it is now; secrets in it are encrypted. The oldest of more than ten goes. */
export function backUp(stack: string): void {
    const dir = path.join(stateDir(), "backups", stack);
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    // The file itself: what the Automation API exports has the secrets in plain text.
    if (!fs.existsSync(stateFile(stack))) return;
    const copy = path.join(dir, `${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
    fs.copyFileSync(stateFile(stack), copy);
    fs.chmodSync(copy, 0o600);
    for (const old of fs.readdirSync(dir).sort().slice(0, -KEPT)) fs.rmSync(path.join(dir, old));
}
