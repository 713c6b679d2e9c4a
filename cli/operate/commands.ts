import type { Command } from "commander";
import { obtainEngine } from "../../engine/obtain";
import { needRandomPlugin } from "../../engine/random-plugin";
import { bringUp, labStatus, machineInWords, needRoot } from "../../lab";
import { UserError } from "../../system/errors";
import { addHelp } from "../shell/help";
import { perform } from "./engine-run";
import { checkConfigured, configured, labOf } from "../stack/reach";
import type { Operation } from "./events";
import { Run, RunOptions } from "./run";
import { RunLog } from "../shell/run-log";
import { followSupervisor, isWorker, supervise } from "./supervise";
import { checkTeams } from "../hosts/teams";

interface Description {
    text: string;
    examples: string[];
    exitCodes: Record<number, string>;
}
/** Exit codes of what changes a stack. */
export const usual = { 0: "done", 1: "error; a host that does not answer is one", 130: "interrupted" };
/** Of what makes or mends a cloud. */
export const making = {
    ...usual,
    2: "done, but something could not be asked, before the mending and after it",
};

const descriptions: Record<Exclude<Operation, "rebuild">, Description> = {
    up: {
        text: "make the cloud as the program says; a lab's hosts too",
        examples: ["up lab", "up team01 --json", "up lab --refresh"],
        exitCodes: making,
    },
    preview: {
        text: "show what up would change; changes nothing",
        examples: ["preview team01", "preview team01 --json | jq .changes"],
        exitCodes: usual,
    },
    refresh: {
        text: "ask every resource whether it is still as it was made",
        examples: ["refresh lab", "refresh lab --json | jq .drifted"],
        exitCodes: {
            0: "asked, and all of it is as it was made",
            1: "error",
            2: "a host or a resource could not be asked",
            3: "drifted",
            130: "interrupted",
        },
    },
    diagnose: {
        text: "say what is broken at the root, and what only suffers from it; changes nothing, not even what is recorded",
        examples: ["diagnose lab", "diagnose lab --json | jq -r '.causes[].cause'"],
        exitCodes: {
            0: "all of it is as it was made",
            1: "error",
            2: "something does not answer, and nothing that drifted explains it",
            3: "drifted",
            130: "interrupted",
        },
    },
    destroy: {
        text: "take away everything that the program made",
        examples: ["destroy team01", "destroy lab && ./classroom lab down lab"],
        exitCodes: usual,
    },
};

/** `up`, `preview`, `refresh`, `diagnose` and `destroy` of a stack. */
export function addStackCommands(cli: Command): void {
    for (const operation of Object.keys(descriptions) as (keyof typeof descriptions)[]) {
        const { text, examples, exitCodes } = descriptions[operation];
        const command = cli
            .command(operation)
            .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
            .description(text)
            .option("--json", "one JSON object at the end; everything else goes to standard error")
            .option("--verbose", "what the engine says of itself, too")
            .action(async (stack: string, options: RunOptions) => {
                // Ends whatever an interrupted step still does and the engine's libraries hold open.
                process.exit(await start(operation, stack, options));
            });
        if (operation === "up") command.option("--refresh", "ask every resource first, and mend what has drifted");
        addHelp(command, examples, exitCodes);
    }
}

/** Does an operation, watched over: this process sees to the lab, one of its own does the work. Returns the exit code. */
export async function start(operation: Operation, stack: string, options: RunOptions): Promise<number> {
    if (isWorker()) {
        const run = new Run(operation, stack, options, RunLog.goOn(process.env.CLASSROOM_LOG!));
        followSupervisor(run);
        return await run.reported(() => perform(run));
    }
    const run = new Run(operation, stack, options, RunLog.begin(stack, operation));
    return await run.reported(async () => {
        checkConfigured(stack);
        checkTeams(stack);
        const lab = labOf(stack);
        if (lab !== undefined) {
            needRoot();
            // The worker is where there is no way to the internet.
            const engine = await run.leavable(() => obtainEngine(run.terminal));
            if (configured(stack).secrets === "generated")
                await run.leavable(() => needRandomPlugin(engine, run.terminal));
            await findLab(run, lab);
        }
        const { nodes = [], data, clean } = options.rebuilding ?? {};
        const flags = [
            ...nodes,
            ...(data ? ["--data"] : []),
            ...(clean ? ["--clean"] : []),
            ...(options.json ? ["--json"] : []),
            ...(options.verbose ? ["--verbose"] : []),
            ...(options.refresh ? ["--refresh"] : []),
        ];
        return await supervise(run, lab, [operation, stack, ...flags]);
    });
}

/** The lab's hosts: made by `up`, wanted by everything else. An interruption leaves none half made. */
async function findLab(run: Run, lab: string): Promise<void> {
    if (labStatus(lab)) return;
    if (run.operation !== "up") throw new UserError(`lab ${lab} is not up; make it with: ./classroom up ${run.stack}`);
    const { machine } = await bringUp(lab, run.terminal, run.signal);
    if (machine) run.terminal.note(machineInWords(machine));
}
