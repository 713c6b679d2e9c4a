import type { Command } from "commander";
import { closeAll } from "../../clients/ssh";
import { checkNotHeld, restoreLock } from "../../engine/automation";
import { messageOf, UserError } from "../../system/errors";
import { onInterrupt } from "../../system/interrupt";
import { withLock } from "../../system/lock";
import { addHelp } from "../shell/help";
import { checkHosts } from "../hosts/hosts-check";
import { onOperatorSide } from "../shell/operator-side";
import { checkConfigured, labOf, settingsWithoutSecrets } from "../stack/reach";
import { restore } from "./restore";
import { PointHosts, PointRun } from "./hosts";
import { forget, RestorePoint, restorePoint, restorePoints, stateToKeep } from "./point";
import { RunLog } from "../shell/run-log";
import { checkNew, snapshot } from "./snapshot";
import { Terminal } from "../shell/terminal";

interface Options {
    json?: boolean;
    list?: boolean;
    remove?: boolean;
}

/** `snapshot` and `restore`: all machines of a stack together with its state, as they were at one moment. */
export function addRestoreCommands(cli: Command): void {
    const json = ["--json", "one JSON object at the end; everything else goes to standard error"] as const;
    const take = cli
        .command("snapshot")
        .argument("<stack>")
        .argument("[name]", "of the restore point: letters, digits, dashes, underscores")
        .description("keep all machines of a stack, and its state, as they are now, for restore")
        .option("--list", "the restore points that there are")
        .option("--remove", "remove the one of that name")
        .option(...json)
        .action(async (stack: string, name: string | undefined, options: Options) => {
            process.exit(await start("snapshot", stack, name, options));
        });
    take.addHelpText(
        "after",
        "\nThe machines stand still while they are copied, and go on afterwards. Restore points lie on the hosts; destroy and lab down remove them.",
    );
    addHelp(take, ["snapshot lab before-S4", "snapshot lab --list", "snapshot lab before-S4 --remove"], {
        0: "done",
        1: "error; no restore point was made",
        130: "interrupted; no restore point was made",
    });
    const put = cli
        .command("restore")
        .argument("<stack>")
        .argument("<name>", "of the restore point")
        .option(...json)
        .description("put all machines of a stack, and its state, back to what they were at a snapshot")
        .action(async (stack: string, name: string, options: Options) => {
            process.exit(await start("restore", stack, name, options));
        });
    put.addHelpText(
        "after",
        "\nWhat was done in the cloud since then is lost. Instances on compute nodes that are containers are off afterwards.",
    );
    addHelp(put, ["restore lab before-S4", "restore lab before-S4 --json | jq .seconds"], {
        0: "done",
        1: "error",
        2: "put back, but something that ran at the snapshot does not answer",
        130: "interrupted",
    });
}

/** Does the command here, or on the operator's side of the stack's lab. Returns the exit code. */
async function start(
    operation: "snapshot" | "restore",
    stack: string,
    name: string | undefined,
    options: Options,
): Promise<number> {
    const terminal = new Terminal(undefined, options.json);
    try {
        checkConfigured(stack);
        if (options.list) return list(stack, terminal);
        if (name === undefined)
            throw new UserError(
                "which name is the restore point to have? Give one, or --list for those that there are",
            );
        // Told before a host is asked.
        if (operation === "restore" || options.remove) restorePoint(stack, name);
        else {
            checkNew(stack, name);
            stateToKeep(stack);
        }
        const flags = [...(options.json ? ["--json"] : []), ...(options.remove ? ["--remove"] : [])];
        return await onOperatorSide(labOf(stack), [operation, stack, name, ...flags], () =>
            work(operation, stack, name, options),
        );
    } catch (e) {
        return failed({ operation, stack, name, terminal }, e);
    }
}

interface Told {
    operation: string;
    stack: string;
    name?: string;
    terminal: Terminal;
    log?: RunLog;
}

function failed({ terminal, log, ...told }: Told, e: unknown): number {
    const exitCode = e instanceof UserError ? e.exitCode : 1,
        error = messageOf(e);
    terminal.error(`classroom: ${error}`);
    if (e instanceof Error && !(e instanceof UserError)) log?.line(e.stack ?? "");
    if (log) terminal.error(`log: ${log.file}`);
    terminal.result({ ...told, error, exitCode, ...(log && { log: log.file }) });
    return exitCode;
}

/** The work itself, while nothing else is done with the stack. An interruption is heard between two of its steps. */
async function work(
    operation: "snapshot" | "restore",
    stack: string,
    name: string,
    { json, remove }: Options,
): Promise<number> {
    const log = RunLog.begin(stack, operation),
        terminal = new Terminal(log, json),
        begin = Date.now(),
        controller = new AbortController();
    const release = onInterrupt(() => {
        if (controller.signal.aborted) process.exit(130);
        controller.abort();
        terminal.note("interrupted: what has begun is brought to an end (Ctrl-C again leaves it)");
    });
    // The process that started this one has died.
    process.once("disconnect", () => controller.abort());
    try {
        checkNotHeld(stack, line => terminal.note(line));
        const run = new PointRun(stack, terminal, controller.signal);
        return await withLock(restoreLock(stack), async () => {
            if (remove) return await removePoint(run, name);
            const { point, ...more } = operation === "snapshot" ? await snapshot(run, name) : await restore(run, name);
            const seconds = Math.round((Date.now() - begin) / 100) / 10,
                mute = "mute" in more ? more.mute : [],
                exitCode = mute.length > 0 ? 2 : 0;
            mute.forEach(line => terminal.line(`does not answer: ${line}`));
            const size = sizeOf(point);
            terminal.line(
                operation === "snapshot"
                    ? `restore point ${name}: ${point.machines.length} machines, ${size}, in ${seconds.toFixed(1)} s`
                    : `${point.machines.length} machines and the state are as they were at ${name} (${point.time}), in ${seconds.toFixed(1)} s`,
            );
            if (operation === "snapshot") terminal.line(`to come back to it: ./classroom restore ${stack} ${name}`);
            terminal.result({ operation, stack, ...inJson(point), ...more, seconds, exitCode, log: log.file });
            return exitCode;
        });
    } catch (e) {
        return failed({ operation, stack, name, terminal, log }, e);
    } finally {
        release();
        await closeAll();
    }
}

async function removePoint({ stack, terminal }: PointRun, name: string): Promise<number> {
    const point = restorePoint(stack, name),
        settings = settingsWithoutSecrets(stack);
    await checkHosts(settings);
    await terminal.step(`Removing restore point ${name}`, async () => {
        await new PointHosts(settings, stack, name, point.machines).remove();
        forget(stack, name);
    });
    terminal.result({ operation: "snapshot", stack, name, removed: true, exitCode: 0 });
    return 0;
}

function list(stack: string, terminal: Terminal): number {
    const points = restorePoints(stack);
    if (points.length === 0)
        terminal.line(`stack ${stack} has no restore points; make one with: ./classroom snapshot ${stack} NAME`);
    for (const point of points)
        terminal.line(`${point.name.padEnd(20)}  ${point.time}  ${point.machines.length} machines, ${sizeOf(point)}`);
    terminal.result({ stack, points: points.map(inJson), exitCode: 0 });
    return 0;
}

const sizeOf = ({ machines }: RestorePoint): string =>
    `${Math.round(machines.reduce((sum, m) => sum + m.kibibytes, 0) / 1024)} MiB`;

const inJson = ({ name, time, machines }: RestorePoint): object => ({
    name,
    time,
    machines: machines.map(({ name, kind, host, running, kibibytes }) => ({ name, kind, host, running, kibibytes })),
});
