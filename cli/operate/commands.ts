import type { Command } from "commander";
import { obtainEngine } from "../../engine/obtain";
import { needRandomPlugin } from "../../engine/package-plugins";
import { bringUp, labParts, labStatus, machineInWords, needRoot } from "../../lab";
import { UserError } from "../../system/errors";
import { Parts } from "../../system/parts";
import { checkTeams } from "../hosts/teams";
import { soundAgain } from "../stack/under-way";
import { addHelp, jsonOption, setWork, timingsOption, verboseOption, wordsOf } from "../shell/command";
import { RunLog } from "../shell/run-log";
import { severalStacks } from "../shell/stacks";
import { checkConfigured, configured, labOf } from "../stack/reach";
import { perform } from "./engine-run";
import type { Operation } from "./kind";
import { destroy, preview, refresh, up } from "./operations";
import { Run, type RunOptions } from "./run";
import { followSupervisor, logOfWorker, supervise } from "./supervise";

/** What --help says of a command that does an operation. */
export interface Description {
    text: string;
    examples: string[];
    exitCodes: Record<number, string>;
}

/** Exit codes of what changes a stack. */
const usual = { 0: "done", 1: "error; a host that does not answer is one", 130: "interrupted" };
/** Of what makes or mends a cloud. */
export const making = {
    ...usual,
    2: "done, but something could not be mended or asked; it is named with the remedy",
};

/** Operations of which the answer is all that they are for. */
const changesNothing: readonly Operation["name"][] = ["preview", "refresh", "diagnose"];

/** A command that does an operation on a stack; the operation is made of the options that it was given. */
export function addOperation<Options extends RunOptions>(
    cli: Command,
    name: Operation["name"],
    { text, examples, exitCodes }: Description,
    operation: (options: Options) => Operation,
): Command {
    const command = cli
        .command(name)
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .description(text)
        .option(...jsonOption)
        .option(...verboseOption);
    severalStacks(command, { shows: changesNothing.includes(name) ? "output" : "last line", json: true });
    setWork(command, async (stack: string, options: Options) =>
        start(operation(options), stack, options, wordsOf(command)),
    );
    addHelp(command, examples, exitCodes);
    return command;
}

/** `up`, `preview`, `refresh` and `destroy` of a stack. */
export function addStackCommands(cli: Command): void {
    addOperation<RunOptions & { refresh?: boolean }>(
        cli,
        "up",
        {
            text: "make the cloud, and a lab's hosts",
            examples: ["up lab", "up team01 --json", "up lab --refresh"],
            exitCodes: making,
        },
        options => up(options.refresh),
    )
        .option("--refresh", "ask every resource first, and mend what has drifted")
        .option(...timingsOption);
    const plan = {
        text: "show what up would change; changes nothing",
        examples: ["preview team01", "preview team01 --json | jq .changes"],
        exitCodes: usual,
    };
    addOperation(cli, "preview", plan, () => preview);
    const question = {
        text: "compare every resource with its record, and record the differences",
        examples: ["refresh lab", "refresh lab --json | jq .drifted"],
        exitCodes: {
            0: "asked, and all of it is as it was made",
            1: "error",
            2: "a host or a resource could not be asked",
            3: "drifted",
            130: "interrupted",
        },
    };
    addOperation(cli, "refresh", question, () => refresh).option(...timingsOption);
    const removal = {
        text: "remove everything that the program made",
        examples: ["destroy team01", "destroy lab && ./classroom lab down lab"],
        exitCodes: usual,
    };
    addOperation(cli, "destroy", removal, () => destroy);
}

/**
 * Does an operation, watched over: this process sees to the lab, one of its own does the work.
 * @param words of the command line that does it
 * @returns the exit code
 */
export async function start(
    operation: Operation,
    stack: string,
    options: RunOptions,
    words: readonly string[],
): Promise<number> {
    const log = logOfWorker();
    if (log !== undefined) {
        const run = new Run(operation.name, stack, options, RunLog.goOn(log));
        followSupervisor(run);
        return await run.reported(() => perform(operation, run));
    }
    const run = new Run(operation.name, stack, options, RunLog.begin(stack, operation.name));
    const code = await run.reported(async () => {
        checkConfigured(stack);
        checkTeams(stack);
        const lab = labOf(stack);
        if (lab !== undefined) {
            needRoot();
            await findAll(operation, run, lab);
        }
        return await supervise(run, lab, words);
    });
    if (code === 0 && operation.settles) soundAgain(stack);
    return code;
}

/** About how long the engine takes to be built from source, in seconds on two cores; a download is done sooner. */
const ENGINE_SECONDS = 430;

/**
 * The engine, which the worker could not get: it is where there is no way to the internet. And the lab's hosts, made beside it
 * by what makes a cloud from nothing, wanted by everything else. An interruption leaves none half made.
 */
async function findAll(operation: Operation, run: Run, lab: string): Promise<void> {
    const parts = new Parts(run.terminal, { "the engine": ENGINE_SECONDS, ...labParts });
    if (labStatus(lab)) {
        await findEngine(run);
        return;
    }
    if (!operation.makesHosts) throw new UserError(`lab ${lab} is not up; make it with: ./classroom up ${run.stack}`);
    const failed = new AbortController(),
        engine = parts.part("the engine", () => findEngine(run));
    engine.catch(() => failed.abort());
    const hosts = bringUp(lab, run.terminal, AbortSignal.any([run.signal, failed.signal]), parts);
    // Where the engine failed, its error is the one to tell.
    const { machine } = await hosts.catch(async (e: unknown) => {
        if (failed.signal.aborted) await engine;
        throw e;
    });
    await engine;
    if (machine) run.terminal.note(machineInWords(machine));
}

async function findEngine(run: Run): Promise<void> {
    const engine = await run.leavable(() => obtainEngine(run.terminal));
    if (configured(run.stack).secrets === "generated") await run.leavable(() => needRandomPlugin(engine, run.terminal));
}
