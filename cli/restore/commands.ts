import type { Command } from "commander";
import { closeAll } from "../../clients/ssh";
import { UserError } from "../../system/errors";
import { addHelp, jsonOption, setWork, stoppable, tellError, wordsOf } from "../shell/command";
import { checkHosts } from "../hosts/hosts-check";
import { onOperatorSide } from "../shell/operator-side";
import { checkConfigured, labOf, settingsWithoutSecrets } from "../stack/reach";
import { restore } from "./restore";
import { PointHosts, PointRun } from "./hosts";
import { forget, type RestorePoint, restorePoint, restorePoints, stateToKeep } from "./point";
import { RunLog } from "../shell/run-log";
import { checkNew, snapshot } from "./snapshot";
import { severalStacks } from "../shell/stacks";
import { Terminal } from "../shell/terminal";
import { stackStore } from "../../engine/stack-store";

interface Options {
    json?: boolean;
    list?: boolean;
    remove?: boolean;
}

/** `snapshot` and `restore`: all machines of a stack together with its state, as they were at one moment. */
export function addRestoreCommands(cli: Command): void {
    addSnapshot(cli);
    addRestore(cli);
}

function addSnapshot(cli: Command): void {
    const take = cli
        .command("snapshot")
        .argument("<stack>")
        .argument("[name]", "of the restore point: letters, digits, dashes, underscores")
        .description("make a restore point: all machines of a stack and its state, as they are now")
        .option("--list", "list the restore points")
        .option("--remove", "remove the restore point of this name")
        .option(...jsonOption);
    severalStacks(take, { shows: "output", json: true });
    setWork(take, async (stack: string, name: string | undefined, options: Options) => {
        checkConfigured(stack);
        if (options.list) return list(stack, new Terminal(undefined, options.json));
        if (name === undefined)
            throw new UserError(
                "which name is the restore point to have? Give one, or --list for those that there are",
            );
        // Told before a host is asked.
        if (options.remove) restorePoint(stack, name);
        else {
            checkNew(stack, name);
            stateToKeep(stack);
        }
        const work = options.remove ? removing : keeping;
        return await onOperatorSide(labOf(stack), wordsOf(take), () => worked("snapshot", stack, name, options, work));
    });
    take.addHelpText(
        "after",
        "\nThe machines stop while they are copied, and go on afterwards. Restore points lie on the hosts. destroy and lab down remove them.",
    );
    addHelp(take, ["snapshot lab before-S4", "snapshot lab --list", "snapshot lab before-S4 --remove"], {
        0: "done",
        1: "error; no restore point was made",
        130: "interrupted; no restore point was made",
    });
}

function addRestore(cli: Command): void {
    const put = cli
        .command("restore")
        .argument("<stack>")
        .argument("<name>", "of the restore point")
        .option(...jsonOption)
        .description("put all machines of a stack and its state back to a restore point");
    severalStacks(put, { shows: "last line", json: true });
    setWork(put, async (stack: string, name: string, options: Options) => {
        checkConfigured(stack);
        restorePoint(stack, name);
        return await onOperatorSide(labOf(stack), wordsOf(put), () =>
            worked("restore", stack, name, options, puttingBack),
        );
    });
    put.addHelpText(
        "after",
        "\nLater changes in the cloud are lost. Instances on compute nodes that are containers are off afterwards.",
    );
    addHelp(put, ["restore lab before-S4", "restore lab before-S4 --json | jq .seconds"], {
        0: "done",
        1: "error",
        2: "put back, but something that ran at the snapshot does not answer",
        130: "interrupted",
    });
}

/** The work of one of the commands, without any other work on the stack. @returns its part of the object of --json */
type Work = (run: PointRun, name: string) => Promise<{ exitCode: number } & Record<string, unknown>>;

/** Does the work, with a log of its own. An interruption is heard between two of its steps. Returns the exit code. */
async function worked(
    operation: "snapshot" | "restore",
    stack: string,
    name: string,
    { json }: Options,
    work: Work,
): Promise<number> {
    const log = RunLog.begin(stack, operation),
        terminal = new Terminal(log, json),
        about = { operation, stack };
    const said = "interrupted: steps under way are finished (Ctrl-C again leaves them)";
    try {
        return await stoppable(terminal, said, async signal => {
            stackStore.checkFree(stack, line => terminal.note(line));
            const run = new PointRun(stack, terminal, signal);
            const result = await stackStore.whileHeld(stack, () => work(run, name));
            terminal.result({ ...about, ...result, log: log.file });
            return result.exitCode;
        });
    } catch (e) {
        return tellError(e, { terminal, log, about: { ...about, name } });
    } finally {
        await closeAll();
    }
}

/** Seconds since a moment in milliseconds. */
const secondsSince = (begin: number): number => Math.round((Date.now() - begin) / 100) / 10;

const keeping: Work = async (run, name) => {
    const begin = Date.now(),
        { point } = await snapshot(run, name),
        seconds = secondsSince(begin);
    run.terminal.line(
        `restore point ${name}: ${point.machines.length} machines, ${sizeOf(point)}, in ${seconds.toFixed(1)} s`,
    );
    run.terminal.line(`to come back to it: ./classroom restore ${run.stack} ${name}`);
    return { ...inJson(point), seconds, exitCode: 0 };
};

const puttingBack: Work = async (run, name) => {
    const begin = Date.now(),
        { point, ...more } = await restore(run, name),
        seconds = secondsSince(begin);
    more.mute.forEach(line => run.terminal.line(`does not answer: ${line}`));
    run.terminal.line(
        `${point.machines.length} machines and the state are as they were at ${name} (${point.time}), in ${seconds.toFixed(1)} s`,
    );
    return { ...inJson(point), ...more, seconds, exitCode: more.mute.length > 0 ? 2 : 0 };
};

const removing: Work = async ({ stack, terminal }, name) => {
    const point = restorePoint(stack, name),
        settings = settingsWithoutSecrets(stack);
    await checkHosts(settings);
    await terminal.step(`Removing restore point ${name}`, async () => {
        await new PointHosts(settings, stack, name, point.machines).remove();
        forget(stack, name);
    });
    return { name, removed: true, exitCode: 0 };
};

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
