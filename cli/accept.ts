import { createInterface } from "readline/promises";
import type { Command } from "commander";
import { closeAll, exec } from "../clients/ssh";
import { type NodeName, nodeNames } from "../config/nodes";
import { openStack } from "../engine/automation";
import { obtainEngine } from "../engine/obtain";
import { exported, type RecordedResource } from "../engine/state";
import { stackStore } from "../engine/stack-store";
import { shortType } from "../engine/urn";
import { inWords } from "../providers/guest/manifest/compare";
import { accept, look, type Recorded } from "../providers/guest/manifest/record";
import { UserError } from "../system/errors";
import { addHelp, jsonOption, setWork, wordsOf } from "./shell/command";
import { onOperatorSide } from "./shell/operator-side";
import { Terminal } from "./shell/terminal";
import { labOf } from "./stack/reach";
import { secretOf } from "./stack/secrets";

interface Options {
    yes?: boolean;
    json?: boolean;
}

/** Exit code where something differs, and nobody has said that it is right. */
const NOT_RECORDED = 3;

/** `accept`: takes what differs in nodes from what is recorded of them for right. */
export function addAcceptCommand(cli: Command): void {
    const command = cli
        .command("accept")
        .argument("<stack>")
        .argument("[node...]", "those alone; all that there are where none is given")
        .option("--yes", "without the question")
        .option(...jsonOption)
        .description("show the differences between nodes and their records, and record the nodes as they are");
    setWork(command, async (stack: string, nodes: string[], options: Options) => {
        const chosen = chosenOf(nodes),
            words = wordsOf(command);
        const before = async () => void (await obtainEngine(new Terminal(undefined, options.json)));
        const done = (yes: boolean, asWords: string[]) =>
            onOperatorSide(labOf(stack), asWords, () => work(stack, chosen, { ...options, yes }), before);
        const shown = await done(options.yes ?? false, words);
        return shown === NOT_RECORDED && !options.json && (await agreed())
            ? await done(true, [...words, "--yes"])
            : shown;
    });
    addHelp(command, ["accept lab", "accept lab compute-1 --yes"], {
        0: "recorded, or nothing differs",
        1: "error",
        3: "something differs, and was not recorded: the answer was no, or there was no terminal to ask at",
    });
}

/** @throws UserError for what is no node */
function chosenOf(nodes: readonly string[]): readonly NodeName[] {
    const unknown = nodes.find(node => !(nodeNames as readonly string[]).includes(node));
    if (unknown !== undefined)
        throw new UserError(`"${unknown}" is no node; allowed are ${nodeNames.join(", ")}; nothing was recorded`);
    return nodes.length > 0 ? (nodes as NodeName[]) : nodeNames;
}

/** What a state exported in plain text has of nodes' records. */
export function recordedIn(resources: readonly RecordedResource[], nodes: readonly string[]): Recorded[] {
    return resources
        .filter(({ type }) => shortType(type) === "guest:Ground")
        .map(({ inputs, outputs }) => ({ ...(inputs as unknown as Recorded), key: String(secretOf(outputs?.key)) }))
        .filter(({ connection }) => nodes.includes(connection.name));
}

async function work(stack: string, nodes: readonly NodeName[], { yes = false, json }: Options): Promise<number> {
    const terminal = new Terminal(undefined, json),
        note = (line: string) => terminal.note(line);
    try {
        return await stackStore.whileHeld(stack, async () => {
            const opened = await openStack(stack, async () => undefined, await obtainEngine(terminal), note);
            const found = recordedIn(exported(await opened.exportStack()), nodes);
            if (found.length === 0)
                throw new UserError(
                    `nothing of these nodes is recorded in stack ${stack}; set baseline to mend or report, then: ./classroom up ${stack}`,
                );
            return await acceptAll(stack, found, terminal, yes);
        });
    } finally {
        await closeAll();
    }
}

async function acceptAll(stack: string, all: readonly Recorded[], terminal: Terminal, yes: boolean): Promise<number> {
    const seen = await Promise.all(all.map(async recorded => ({ recorded, looked: await look(exec, recorded) })));
    const other = seen.filter(({ looked }) => looked === undefined || looked.found.length > 0);
    for (const { recorded, looked } of other)
        for (const words of looked ? inWords(looked.found) : ["nothing is recorded of it"])
            terminal.line(`${recorded.connection.name}: ${words}`);
    const isTaken = other.length === 0 || yes;
    if (isTaken) await Promise.all(other.map(({ recorded }) => accept(exec, recorded)));
    const names = other.map(({ recorded }) => recorded.connection.name),
        exitCode = isTaken ? 0 : NOT_RECORDED;
    terminal.line(
        other.length === 0
            ? "nothing differs from what is recorded"
            : isTaken
              ? `recorded as right: ${names.join(", ")}`
              : "nothing was recorded; --yes records it",
    );
    terminal.result({ operation: "accept", stack, accepted: isTaken ? names : [], exitCode });
    return exitCode;
}

/** Asks whether all of it is right; without a terminal the answer is no. */
async function agreed(): Promise<boolean> {
    if (!process.stdin.isTTY) return false;
    const asking = createInterface({ input: process.stdin, output: process.stderr });
    try {
        return (await asking.question("Is all of this right? Type yes to record it: ")).trim() === "yes";
    } finally {
        asking.close();
    }
}
