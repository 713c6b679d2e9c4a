import type { Command } from "commander";
import { closeAll, exec, quote } from "../../clients/ssh";
import { NodeName, nodeNames } from "../../config/nodes";
import { Settings } from "../../config/settings";
import { tutorialCredentials } from "../../config/credentials";
import { initShell } from "../../providers/guest/init";
import { releaseOf } from "../../releases";
import { softwareOf } from "../../releases/own-options";
import { messageOf, UserError } from "../../system/errors";
import { complain, say } from "../../system/output";
import { Exercise, exercises, Variant } from "./exercises";
import { addHelp, setWork } from "../shell/command";
import { onOperatorSide } from "../shell/operator-side";
import { connectionOf, labOf, settingsWithoutSecrets } from "../stack/reach";
import { start as operate } from "../operate/commands";
import { up } from "../operate/operations";
import { stackStore } from "../../engine/stack-store";

interface SabotageOptions {
    node?: string;
    random?: boolean;
    seed?: string;
    list?: boolean;
    undo?: boolean;
}

/** `sabotage`: the tutorial's troubleshooting session, on a stack that is there to practise on. */
export function addSabotageCommand(cli: Command): void {
    const command = cli
        .command("sabotage")
        .argument("[stack]")
        .argument("[exercise]", "S1 … S10, or one way to do it: S4-mysql")
        .description("break something in a cloud that is there to practise on (S1–S10)")
        .option("--node <node>", "only what is done on this node")
        .option("--random", "any exercise")
        .option("--seed <number>", "the same choice again")
        .option("--list", "the exercises, by what is noticed of them")
        .option("--undo", "mend all that is broken, whatever it is: the same as up --refresh");
    setWork(command, start);
    command.addHelpText(
        "after",
        "\nOnly a stack whose configuration says `training: true` is broken. What finds it: ./classroom diagnose STACK; what undoes it: --undo, or ./classroom up STACK --refresh.",
    );
    addHelp(
        command,
        [
            "sabotage --list",
            "sabotage lab S4",
            "sabotage lab S5-cinder",
            "sabotage lab --random --seed 7",
            "sabotage lab --undo",
        ],
        {
            0: "it is broken; with --undo: all is mended",
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
        if (options.list) {
            for (const { id, symptom, variants } of exercises)
                say(`${id.padEnd(4)} ${symptom}${variants.length > 1 ? ` (${variants.length} ways)` : ""}`);
            return 0;
        }
        if (stack === undefined) throw new UserError("sabotage wants a stack and an exercise; --list shows them");
        if (options.undo) {
            if (exercise !== undefined || options.random || options.node)
                throw new UserError("--undo mends whatever is broken: it goes with a stack alone");
            return await operate(up(true), stack, {}, ["up", stack, "--refresh"]);
        }
        const { random, ...rest } = options,
            seed = seedOf(options.seed);
        // The choice is made once, on this side.
        const chosen = choose(exercise, rest.node, random ?? false, seed);
        const code = await onOperatorSide(labOf(stack), ["sabotage", stack, nameOf(chosen)], () =>
            sabotage(stack, chosen),
        );
        // Which way it was is for the team to find out.
        if (code === 0 && exercise !== nameOf(chosen))
            say(
                `to do the same again: ./classroom sabotage ${stack} ${exercise ?? "--random"}${rest.node ? ` --node ${rest.node}` : ""} --seed ${seed}`,
            );
        return code;
    } finally {
        await closeAll();
    }
}

interface Chosen {
    exercise: Exercise;
    variant: Variant;
}
export const nameOf = ({ exercise, variant }: Chosen): string => `${exercise.id}-${variant.name}`;

function seedOf(text: string | undefined): number {
    if (text === undefined) return Math.floor(Math.random() * 100_000);
    if (!/^\d{1,9}$/.test(text)) throw new UserError(`--seed "${text}" is not a whole number of at most nine digits`);
    return Number(text);
}

/** A number from 0 to below 1, the same for the same seed (mulberry32's first). */
export function drawn(seed: number): number {
    let t = (seed + 0x6d2b79f5) | 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/**
 * One way to do an exercise; of several one by the seed.
 * @param wanted `S4`, or `S4-mysql`
 * @throws UserError with what there is
 */
export function choose(wanted: string | undefined, node: string | undefined, random: boolean, seed: number): Chosen {
    if (node !== undefined && !nodeNames.includes(node as NodeName))
        throw new UserError(`--node "${node}" is not a node; there are ${nodeNames.join(", ")}`);
    if ((wanted === undefined) !== random)
        throw new UserError(
            random ? "give either an exercise or --random" : "which exercise? Give one, or --random; --list shows them",
        );
    const all = exercises.flatMap(exercise => exercise.variants.map(variant => ({ exercise, variant })));
    const fitting = all.filter(
        c =>
            wanted === undefined ||
            wanted.toUpperCase() === c.exercise.id ||
            wanted.toLowerCase() === nameOf(c).toLowerCase(),
    );
    if (fitting.length === 0) {
        const found = exercises.find(e => wanted!.toUpperCase().startsWith(`${e.id}-`));
        throw new UserError(
            `there is no exercise "${wanted}"; there are ${(found ? found.variants.map(variant => nameOf({ exercise: found, variant })) : exercises.map(e => e.id)).join(", ")}`,
        );
    }
    const there = fitting.filter(c => node === undefined || c.variant.node === node);
    if (there.length === 0)
        throw new UserError(
            `${wanted ?? "no exercise"} is not done on ${node}, but on ${[...new Set(fitting.map(c => c.variant.node))].join(", ")}`,
        );
    return there[Math.floor(drawn(seed) * there.length)]!;
}

/** The script as it runs: with what it may ask for, and the restart of who reads a file that it changes. */
export function scriptOf({ node, script, file }: Variant, settings: Settings): string {
    const readers =
        file === undefined
            ? []
            : softwareOf(releaseOf(settings.release), node)
                  .flatMap(software => software.config({ ...settings, credentials: tutorialCredentials }, node))
                  .filter(f => f.path === file)
                  .flatMap(f => f.readBy);
    return `${initShell}\nkind=${settings.kindOf(node)} floating=${quote(settings.plan.ranges.floating)}\n${script}
${readers.length === 0 ? "" : `for s in ${readers.map(quote).join(" ")}; do if is_running "$s"; then restart "$s" > /dev/null || true; fi; done`}`;
}

/** @throws UserError for a stack that is not there to practise on, and for a node that is off */
export function checkAllowed(
    stack: string,
    { training, powerOf }: Pick<Settings, "training" | "powerOf">,
    node: NodeName,
): void {
    if (!training)
        throw new UserError(
            `stack ${stack} is not there to practise on, so nothing was broken; if it is, put training: true into Pulumi.${stack}.yaml`,
        );
    if (powerOf(node) === "off")
        throw new UserError(`${node} is off by configuration (nodes.${node}.power), so nothing in it can be broken`);
}

async function sabotage(stack: string, { exercise, variant }: Chosen): Promise<number> {
    const settings = settingsWithoutSecrets(stack);
    checkAllowed(stack, settings, variant.node);
    stackStore.checkFree(stack, complain);
    const to = connectionOf(stack, variant.node);
    try {
        await exec(to, scriptOf(variant, settings), { timeoutSeconds: 600 });
    } catch (e) {
        throw new UserError(`exercise ${exercise.id} could not be done: ${messageOf(e)}`);
    }
    say(`${exercise.id}: ${exercise.symptom}`);
    say(
        `find it; when you are at an end: ./classroom diagnose ${stack}, and to mend it: ./classroom up ${stack} --refresh`,
    );
    return 0;
}
