import { type Command, InvalidArgumentError } from "commander";
import { classStacks } from "../../engine/class-file";
import { configFile, configuredStacks } from "../../engine/stack-file";
import { UserError } from "../../system/errors";

/** How a command that takes a stack takes several. */
export interface Several {
    /** What is shown of each while it runs on a terminal: all that it prints at its end, or its last line alone. */
    shows: "output" | "last line";
    /** Whether the command for one stack has --json, too. */
    json: boolean;
    /** In place of a process for each: what this process does for all of them. @returns the exit code */
    here?: (stacks: readonly string[], options: { json?: boolean }) => number | Promise<number>;
    /**
     * In place of the same words for each: what is looked at before anything is begun.
     * @param rest words behind the stacks
     * @returns the words of the command line for one stack
     */
    each?: (stacks: readonly string[], rest: readonly string[]) => (stack: string) => readonly string[];
}

/** Stacks that a command was given beside each other, and how it does them. */
export interface Chosen extends Several {
    stacks: readonly string[];
    /** How many at once; undefined: as many as the machine carries. */
    jobs?: number;
}

interface Options {
    class?: boolean;
    jobs?: number;
}

const chosen = new WeakMap<Command, Chosen>();
const able = new WeakSet<Command>();

/** The stacks that a command was given, where they are several or it was --class. */
export const chosenStacks = (command: Command): Chosen | undefined => chosen.get(command);

/** Whether a command's first argument may be several stacks. */
export const takesSeveral = (command: Command): boolean => able.has(command);

/**
 * Lets a command whose first argument is a stack take several: further words that name stacks, or --class. To the command itself one
 * stack comes, as ever; setWork does the rest. The words are seen with commander's positional options alone.
 */
export function severalStacks(command: Command, several: Several): Command {
    const [, ...others] = command.registeredArguments.map(argument => {
        const name = argument.name() + (argument.variadic ? "..." : "");
        return argument.required ? `<${name}>` : `[${name}]`;
    });
    const parse = command.parseOptions.bind(command);
    command.parseOptions = argv => {
        const parsed = parse(argv),
            options = command.opts<Options>();
        const { stacks, rest } = taken(parsed.operands, options, others.length === 0);
        if (!options.class && stacks.length < 2) return parsed;
        chosen.set(command, { ...several, stacks, ...(options.jobs !== undefined && { jobs: options.jobs }) });
        return { ...parsed, operands: [stacks[0]!, ...rest] };
    };
    able.add(command);
    command.usage(["[options] <stack...>", ...others].join(" "));
    return command
        .option("--class", "every team's stack of class.yaml, or all numbered ones, in place of <stack>")
        .option("--jobs <number>", "of several stacks: how many at once (default: by cores and memory)", jobsOf);
}

/** @param alone nothing but stacks is wanted */
function taken(operands: readonly string[], options: Options, alone: boolean): { stacks: string[]; rest: string[] } {
    const there = configuredStacks(),
        first = options.class ? 0 : 1;
    const end = operands.findIndex((word, i) => i >= first && !there.includes(word)),
        named = operands.slice(0, end < 0 ? operands.length : end),
        rest = operands.slice(named.length);
    if (options.class && named.length > 0)
        throw new UserError(`--class stands for all its stacks: leave ${named.join(", ")} out, or --class`);
    // Of one stack alone everything is said later, as ever.
    if (alone && named.length + rest.length > 1) rest.forEach(configFile);
    if (named.length > 1) named.forEach(configFile);
    const twice = named.find((stack, i) => named.indexOf(stack) < i);
    if (twice !== undefined) throw new UserError(`the stack ${twice} is named twice; nothing was changed`);
    return { stacks: options.class ? classStacks() : named, rest };
}

function jobsOf(given: string): number {
    if (/^[1-9]\d{0,2}$/.test(given)) return Number(given);
    throw new InvalidArgumentError("Wanted: a whole number, at least 1.");
}
