import type { Command } from "commander";
import { engineWords } from "../../engine/words";
import { messageOf, UserError } from "../../system/errors";
import { onInterrupt } from "../../system/interrupt";
import type { RunLog } from "./run-log";
import { sideBySide, usualJobs, type Watcher } from "./side-by-side";
import { type Chosen, chosenStacks } from "./stacks";
import { EventLines, LiveLines, PrefixedLines } from "./team-lines";
import { isLive, Terminal } from "./terminal";

/** Options that several commands have, as commander takes them. */
export const jsonOption = ["--json", "one JSON object at the end; everything else goes to standard error"] as const;
export const timingsOption = [
    "--timings",
    "say at the end what decided how long it took, and keep a trace for chrome://tracing or Perfetto",
] as const;
export const verboseOption = ["--verbose", "what the engine says of itself, too"] as const;

/** Adds examples and exit codes to a command's --help. */
export function addHelp(
    command: Command,
    examples: readonly string[],
    exitCodes: Readonly<Record<number, string>> = { 0: "done", 1: "error" },
): void {
    command.addHelpText(
        "after",
        [
            "",
            "Examples:",
            ...examples.map(line => `  ./classroom ${line}`),
            "",
            "Exit codes:",
            ...Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padEnd(4)}${meaning}`),
        ].join("\n"),
    );
}

/**
 * Sets a command's work: the process ends with the exit code that it returns, 0 where it returns none. An error is told here, for all
 * commands alike: a line on standard error, with --json also the object. For several stacks the work is done by a process for each.
 * @param run is given the arguments, the options and the command, as by commander's `action`
 * @param errorCode of every error, where the usual 1 says something else
 */
export function setWork<Args extends unknown[]>(
    command: Command,
    run: (...args: Args) => Promise<number | void> | number | void,
    errorCode?: number,
): void {
    command.action(async (...args: unknown[]) => {
        try {
            const several = chosenStacks(command);
            process.exitCode = several ? await doSeveral(command, several) : ((await run(...(args as Args))) ?? 0);
        } catch (e) {
            const stack = command.registeredArguments[0]?.name() === "stack" ? (args[0] as string) : undefined,
                terminal = new Terminal(undefined, command.opts<{ json?: boolean }>().json),
                about = { operation: command.name(), ...(stack !== undefined && { stack }) };
            process.exitCode = tellError(e, { terminal, about, errorCode });
        }
    });
}

/** Does a command for several stacks. @returns the worst exit code */
async function doSeveral(command: Command, several: Chosen): Promise<number> {
    const { stacks, json } = several,
        options = command.opts<{ json?: boolean }>();
    if (several.here) return await several.here(stacks, options);
    const left = ["class", "jobs", ...(json ? [] : ["json"])],
        [, ...rest] = command.args;
    const work = {
        stacks,
        jobs: several.jobs ?? usualJobs(),
        wordsFor:
            several.each?.(stacks, rest) ?? ((stack: string) => [...nameAndOptions(command, left), stack, ...rest]),
    };
    return await sideBySide(work, watcherOf(several, options.json ?? false));
}

function watcherOf({ stacks, shows, json }: Chosen, events: boolean): Watcher {
    const { stdout, stderr } = process;
    if (events) return new EventLines(stdout, json);
    return isLive(stdout, process.env)
        ? new LiveLines(stacks, stdout, shows === "output")
        : new PrefixedLines(stacks, { stdout, stderr });
}

/** How an error is told. */
interface Telling {
    terminal: Terminal;
    /** The work's own log; the stack trace of what is no user's mistake goes there. */
    log?: RunLog;
    /** What the object of --json says beside the error: the operation, the stack. */
    about: object;
    errorCode?: number;
}

/** Tells what ended a command. @returns the exit code: the error's own where it is a user's mistake, else 1, unless another is given */
export function tellError(e: unknown, { terminal, log, about, errorCode }: Telling): number {
    const exitCode = errorCode ?? (e instanceof UserError ? e.exitCode : 1),
        error = e instanceof Error ? engineWords(e) : messageOf(e);
    terminal.error(`classroom: ${error}`);
    if (e instanceof Error) tellStack(e, terminal, log);
    if (log) terminal.error(`log: ${log.file}`);
    terminal.result({ ...about, error, exitCode, ...(log && { log: log.file }) });
    return exitCode;
}

/** For whoever looks for the fault: in the log where it is no user's mistake, at the terminal where that is asked for. */
function tellStack(e: Error, terminal: Terminal, log?: RunLog): void {
    if (!(e instanceof UserError)) log?.line(e.stack ?? "");
    if (process.env.CLASSROOM_DEBUG) terminal.error(e.stack ?? "");
}

/**
 * The words that give a command again what it was given: its names, options and arguments, for a process of its own.
 * A new option needs no line here.
 */
export const wordsOf = (command: Command): string[] => [...nameAndOptions(command, []), ...command.args];

/** @param without attributes of the options that are left out */
function nameAndOptions(command: Command, without: readonly string[]): string[] {
    const names: string[] = [];
    for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
    const options = command.options.flatMap(option => {
        const key = option.attributeName(),
            value: unknown = command.getOptionValue(key);
        if (command.getOptionValueSource(key) !== "cli" || without.includes(key)) return [];
        return option.isBoolean() ? [option.long!] : [option.long!, String(value)];
    });
    return [...names, ...options];
}

/**
 * Work that hears of an interruption between two of its steps, and also when the process that started this one has died. A second
 * interruption ends the process.
 * @param said what is told at the first
 */
export async function stoppable<T>(
    terminal: Terminal,
    said: string,
    work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
    const controller = new AbortController(),
        stop = () => controller.abort();
    const release = onInterrupt(() => {
        if (controller.signal.aborted) process.exit(130);
        stop();
        terminal.note(said);
    });
    process.once("disconnect", stop);
    try {
        return await work(controller.signal);
    } finally {
        process.removeListener("disconnect", stop);
        release();
    }
}
