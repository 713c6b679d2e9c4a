import * as path from "path";
import { type Command, Option } from "commander";
import { closeAll, exec } from "../../clients/ssh";
import { messageOf, UserError } from "../../system/errors";
import { complain, say } from "../../system/output";
import { checkAllowed, choose, type Chosen, filtered, named, nameOf, seedOf, type Wanted, waysOf } from "./choose";
import { difficulties, type Exercise, exerciseKinds } from "./exercise";
import { drawnFrom } from "./drawn";
import { loadExercises } from "./exercises";
import { hasUndo, type MachineScript, scriptsOf, undosOf } from "./render";
import { explain, showHint, showList } from "./show";
import { scriptsIn } from "./trusted";
import { begun, over, underWay } from "../stack/under-way";
import { addHelp, setWork } from "../shell/command";
import { onOperatorSide } from "../shell/operator-side";
import { severalStacks } from "../shell/stacks";
import { connectionOf, labOf, settingsWithoutSecrets } from "../stack/reach";
import { start as operate } from "../operate/commands";
import { up } from "../operate/operations";
import { stackStore } from "../../engine/stack-store";

interface SabotageOptions extends Wanted {
    node?: string;
    random?: boolean;
    seed?: string;
    list?: boolean;
    /** True where the exercise is not behind it. */
    explain?: string | true;
    reveal?: boolean;
    hint?: string;
    scripts?: string;
    undo?: boolean;
    /** On the operator's side: the own undos of what is under way. */
    takeBack?: boolean;
    json?: boolean;
}

/** `sabotage`: the tutorial's troubleshooting session, on a stack that is there to practise on. */
export function addSabotageCommand(cli: Command): void {
    const command = cli
        .command("sabotage")
        .argument("[stack]")
        .argument("[exercise]", "S1 … S10, E1 … E40 or a teacher's, or one way to do it: S4-mysql")
        .description("break something in a practice cloud")
        .option("--node <node>", "only variants of this node")
        .option("--random", "any exercise that fits the stack")
        .option("--seed <number>", "repeat a choice by its number")
        .option("--list", "list the exercises by their symptoms")
        .option("--kind <kind>", `for --list and --random: ${exerciseKinds.join(", ")}`)
        .option("--difficulty <difficulty>", `for --list and --random: ${difficulties.join(", ")}`)
        .option("--all", "for --list and --random: also exercises that were not tried on a lab")
        .option(
            "--hint <number>",
            "show the first, second or third hint to the exercise under way, or to another exercise",
        )
        .option("--explain [exercise]", "show its faults and the way to mend them, once it is over: --explain E4")
        .option("--reveal", "with --explain: also while it is under way")
        .option("--scripts <folder>", "trust this folder: exercises may run its scripts")
        .option("--undo", "mend all faults: first those that no refresh sees, then up --refresh")
        .option("--json", "for --list, --explain and --hint: one JSON object")
        .addOption(new Option("--take-back").hideHelp());
    severalStacks(command, { shows: "output", json: false });
    command.usage("[options] [stack...] [exercise]");
    setWork(command, start);
    addSabotageHelp(command);
}

function addSabotageHelp(command: Command): void {
    command.addHelpText(
        "after",
        "\n--list and --explain need no stack. Only a stack with `training: true` in its file can be broken. ./classroom diagnose STACK finds the faults, --undo mends them. To write an exercise: docs/exercises.md.",
    );
    addHelp(
        command,
        [
            "sabotage --list --difficulty beginner",
            "sabotage lab S4",
            "sabotage lab S5-cinder",
            "sabotage lab --random --seed 7",
            "sabotage lab --hint 1",
            "sabotage lab --undo",
            "sabotage --explain S4",
        ],
        {
            0: "it is broken, or shown; with --undo: all is mended",
            1: "error; nothing, or not all of it, is broken, or mended",
            2: "with --undo: mended, but something could not be asked",
        },
    );
}

async function start(
    stack: string | undefined,
    exercise: string | undefined,
    options: SabotageOptions,
): Promise<number> {
    try {
        // What is broken can be mended, whatever has become of the files.
        if (options.undo) return await undo(stack, exercise, options);
        if (options.explain === true)
            throw new UserError(
                `--explain wants the exercise behind it: ./classroom sabotage --explain ${exercise ?? stack ?? "E4"}`,
            );
        if (options.takeBack && stack !== undefined) return await takeBack(stack);
        return await showOrBreak(stack, exercise, options);
    } finally {
        await closeAll();
    }
}

/** What needs the exercises: shows them, or does one. */
async function showOrBreak(
    stack: string | undefined,
    exercise: string | undefined,
    options: SabotageOptions,
): Promise<number> {
    const hinted = options.hint === undefined || stack === undefined ? [] : underWay(stack).map(({ name }) => name);
    const explained = typeof options.explain === "string" ? [options.explain] : [];
    const exercises = loadExercises([exercise, ...explained, ...hinted]);
    if (show(exercises, stack, exercise, options)) return 0;
    if (options.json) throw new UserError("--json goes with --list, --explain and --hint");
    if (stack === undefined) throw new UserError("sabotage wants a stack and an exercise; --list shows them");
    return await breakOne(stack, exercise, options, exercises);
}

/** Shows what is asked for; false where nothing is. */
function show(
    exercises: readonly Exercise[],
    stack: string | undefined,
    exercise: string | undefined,
    { list, explain: explained, reveal, hint, json, ...options }: SabotageOptions,
): boolean {
    if (list) showList(filtered(exercises, options), json ?? false);
    else if (typeof explained === "string") explain(exercises, explained, stack, { reveal, json });
    else if (hint !== undefined) {
        if (stack === undefined) throw new UserError("--hint wants a stack: ./classroom sabotage lab --hint 1");
        showHint(exercises, stack, exercise, hint, json ?? false);
    } else return false;
    return true;
}

/** Chooses on this side, once, and breaks on the operator's. */
async function breakOne(
    stack: string,
    exercise: string | undefined,
    options: SabotageOptions,
    exercises: readonly Exercise[],
): Promise<number> {
    const seed = seedOf(options.seed),
        random = options.random ?? false;
    const chosen = choose(
        random ? drawnFrom(stack, filtered(exercises, options)) : exercises,
        exercise,
        options.node,
        random,
        seed,
    );
    const scripts = options.scripts === undefined ? undefined : path.resolve(options.scripts);
    const code = await onOperatorSide(
        labOf(stack),
        ["sabotage", stack, nameOf(chosen), ...(scripts === undefined ? [] : ["--scripts", scripts])],
        () => sabotage(stack, chosen, scripts),
    );
    // Which way it was is for the team to find out.
    if (code === 0 && exercise !== nameOf(chosen)) {
        const filters = (["kind", "difficulty"] as const).flatMap(f => (options[f] ? [`--${f} ${options[f]}`] : []));
        const words = [exercise ?? "--random", ...(options.node ? [`--node ${options.node}`] : []), ...filters];
        say(
            `to do the same again: ./classroom sabotage ${[stack, ...words, ...(options.all ? ["--all"] : [])].join(" ")} --seed ${seed}`,
        );
    }
    return code;
}

const onMachines = async (stack: string, scripts: readonly MachineScript[]): Promise<void> => {
    for (const { machine, script } of scripts)
        await exec(connectionOf(stack, machine), script, { timeoutSeconds: 600 });
};

async function sabotage(stack: string, chosen: Chosen, scripts: string | undefined): Promise<number> {
    const settings = settingsWithoutSecrets(stack),
        { exercise, variant } = chosen,
        name = nameOf(chosen);
    checkAllowed(stack, settings, chosen);
    const before = underWay(stack).find(o => o.name === name);
    if (before)
        throw new UserError(
            `${name} is under way on ${stack} since ${before.since}, so nothing was broken; mend it first: ./classroom sabotage ${stack} --undo`,
        );
    const given = { settings, scriptNamed: scriptsIn(scripts) },
        all = scriptsOf(variant, given);
    // What it needs to be taken back is there before anything is broken.
    undosOf(variant, given);
    stackStore.checkFree(stack, complain);
    for (const { machine } of all) connectionOf(stack, machine);
    begun(stack, {
        name,
        since: new Date().toISOString(),
        hasUndo: hasUndo(variant, settings.baseline),
        ...(scripts !== undefined && { scripts }),
    });
    try {
        await onMachines(stack, all);
    } catch (e) {
        // Of several steps some may have been done.
        if (variant.steps.length === 1) over(stack, name);
        throw new UserError(
            `exercise ${exercise.id} could not be done: ${messageOf(e)}${variant.steps.length === 1 ? "" : `; a part of it may be, and is mended by ./classroom sabotage ${stack} --undo`}`,
        );
    }
    if (exercise.tried.length === 0)
        say(`${exercise.id} was not yet tried on a lab: it may do less, or more, than it says`);
    say(`${exercise.id}: ${exercise.symptom}`);
    say(exercise.story.replace(/\n/g, " "));
    say(
        `find it; a hint: ./classroom sabotage ${stack} --hint 1; when you are at an end: ./classroom diagnose ${stack}, and to mend it: ./classroom sabotage ${stack} --undo`,
    );
    return 0;
}

/** Takes back what no refresh sees, then mends as `up --refresh` does. */
async function undo(
    stack: string | undefined,
    exercise: string | undefined,
    options: SabotageOptions,
): Promise<number> {
    if (stack === undefined || exercise !== undefined || options.random || options.node)
        throw new UserError("--undo mends whatever is broken: it goes with a stack alone");
    const own = underWay(stack).filter(o => o.hasUndo);
    const taken =
        own.length === 0
            ? 0
            : await onOperatorSide(labOf(stack), ["sabotage", stack, "--take-back"], () => takeBack(stack));
    const code = await operate(up(true), stack, {}, ["up", stack, "--refresh"]);
    return code === 0 ? taken : code;
}

/** Runs the own undos of what is under way; what fails is told, and stays under way. */
async function takeBack(stack: string): Promise<number> {
    const settings = settingsWithoutSecrets(stack);
    let code = 0;
    for (const { name, scripts } of underWay(stack)
        .filter(o => o.hasUndo)
        .reverse())
        try {
            const exercises = loadExercises([name], undefined, () => undefined);
            if (waysOf(exercises).some(c => nameOf(c) === name)) {
                const { variant } = named(exercises, name)[0]!;
                await onMachines(stack, undosOf(variant, { settings, scriptNamed: scriptsIn(scripts) }));
            }
            over(stack, name);
        } catch (e) {
            complain(`classroom: ${name} could not be taken back: ${messageOf(e)}`);
            code = 1;
        }
    return code;
}
