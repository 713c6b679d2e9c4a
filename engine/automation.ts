import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, Stack } from "@pulumi/pulumi/automation";
import { UserError } from "../system/errors";
import { projectDir, stateDir } from "../system/paths";
import { run, type RunOptions, type RunResult } from "../system/run";
import type { Engine } from "./obtain";
import { configFile, PROJECT, replaceConfig, saltIn, textOf, textsIn, withSalt } from "./stack-file";
import { stackStore } from "./stack-store";

/**
 * The folder that the engine works in. The engine writes a stack's salt beside its configuration. To keep the salt out of the checkout, the
 * engine gets a folder of its own. Each run copies the configuration into it.
 * @throws UserError if the engine would read the file differently from the program's own reader
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
    const envVars = { ...engine.env, ...stackStore.environment(), ...env };
    stackStore.breakDeadLocks(stack).forEach(note);
    stackStore.removeHalfWritten(stack);
    const workspace = await LocalWorkspace.create({
        workDir: dir,
        program,
        envVars,
        pulumiCommand: commandOf(engine),
        pulumiHome: engine.env.PULUMI_HOME,
    });
    // Every command names its stack: the choice of one that is there takes a process, and decides nothing.
    if (stackStore.has(stack)) workspace.selectStack = async () => undefined;
    const opened = await Stack.createOrSelect(stack, workspace);
    // After each run the API asks for outputs and history, with three processes. Nobody here reads them: the state has
    // both.
    return Object.assign(opened, { outputs: async () => ({}), info: async () => undefined });
}

/**
 * The engine's command line as the Automation API takes it. Its own way to get one asks for the version, with a
 * process.
 */
const commandOf = ({ root, version }: Engine): PulumiCommand =>
    Object.assign(Object.create(PulumiCommand.prototype) as PulumiCommand, {
        command: root === undefined ? "pulumi" : path.join(root, "bin/pulumi"),
        version: { toString: () => version },
    });

/** @throws UserError for a user who can use neither the engine nor ssh */
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
