import type { Command } from "commander";
import { isSecret, type PastOperation, realOnes, type RecordedState, stackOutputs } from "../engine/state";
import { labStatus } from "../lab";
import { messageOf } from "../system/errors";
import { sayJson, sayLines } from "../system/output";
import { addHelp, setWork } from "./shell/command";
import { severalStacks } from "./shell/stacks";
import { recordedRoots } from "./operate/ranges";
import { labOf } from "./stack/reach";
import { nameOf } from "../engine/urn";
import { stackStore } from "../engine/stack-store";

/** The facts about a stack in the files of this machine. */
export interface Status {
    stack: string;
    /** How many real resources the state records. */
    resources: number;
    /** Of them, how many are in each part of the cloud, by the part's name. */
    components: Record<string, number>;
    /** Operations that a run which was ended by force left unfinished. */
    unfinished: number;
    outputs: Record<string, unknown>;
    last?: PastOperation;
    /** Of which nodes root is root of the host; nothing where of none. */
    rootOfHost?: string;
    lab?: { name: string; up: boolean };
}

/** `status`: what the state knows; neither the engine nor a host is asked. */
export function addStatusCommand(cli: Command): void {
    const command = cli
        .command("status")
        .argument("<stack>")
        .description("show the state of a stack; asks neither the engine nor the hosts")
        .option("--json", "as JSON");
    severalStacks(command, { shows: "output", json: true, here: overview });
    setWork(command, (stack: string, { json }: { json?: boolean }) => {
        const status = statusOf(stack);
        if (json) sayJson(status);
        else sayLines(inWords(status));
    });
    addHelp(command, ["status lab", "status team01 --json | jq .components", "status --class"]);
}

/**
 * A line for each of several stacks, of this machine's files alone. One that cannot be read is told. @returns the exit
 * code
 */
function overview(stacks: readonly string[], { json }: { json?: boolean }): number {
    const found = stacks.map((stack): Status | { stack: string; error: string } => {
        try {
            return statusOf(stack);
        } catch (e) {
            return { stack, error: messageOf(e) };
        }
    });
    const exitCode = found.some(one => "error" in one) ? 1 : 0;
    if (json) {
        for (const one of found)
            sayJson({ event: "end", stack: one.stack, exitCode: "error" in one ? 1 : 0, result: one });
        sayJson({ event: "all", exitCode });
    } else sayLines(columns([["team", "resources", "last operation", "lab"], ...found.map(row)]));
    return exitCode;
}

function row(one: Status | { stack: string; error: string }): string[] {
    if ("error" in one) return [one.stack, "", one.error.split("\n")[0]!, ""];
    const { stack, resources, unfinished, last, lab } = one;
    return [
        stack,
        `${resources}${unfinished > 0 ? ` (${unfinished} unfinished)` : ""}`,
        last ? `${last.operation} ${last.result}, ${last.started.slice(0, 16)}, ${last.seconds} s` : "none yet",
        lab ? `${lab.name} ${lab.up ? "up" : "not up"}` : "",
    ];
}

/** Cells below each other; none of an error's line makes a column wide. */
function columns(rows: readonly string[][]): string[] {
    const widths = [0, 1, 2].map(i => Math.min(60, Math.max(...rows.map(cells => cells[i]!.length))));
    return rows.map(cells =>
        cells
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join("  ")
            .trimEnd(),
    );
}

export function statusOf(stack: string): Status {
    const lab = labOf(stack),
        last = stackStore.lastOperation(stack),
        state = stackStore.state(stack);
    const [rootOfHost] = recordedRoots(state?.resources ?? []);
    return {
        stack,
        ...(state ? recorded(state) : { resources: 0, components: {}, unfinished: 0, outputs: {} }),
        ...(last && { last }),
        ...(rootOfHost !== undefined && { rootOfHost }),
        ...(lab !== undefined && { lab: { name: lab, up: labStatus(lab) !== undefined } }),
    };
}

function recorded(state: RecordedState): Pick<Status, "resources" | "components" | "unfinished" | "outputs"> {
    const outputs = Object.entries(stackOutputs(state));
    return {
        resources: realOnes(state.resources).length,
        components: byComponent(state),
        unfinished: state.pending.length,
        outputs: Object.fromEntries(outputs.map(([name, value]) => [name, isSecret(value) ? "[secret]" : value])),
    };
}

/** A resource counts for the component right below the whole cloud's: the stack, then the cloud, then its parts. */
function byComponent(state: RecordedState): Record<string, number> {
    const parents = new Map(state.resources.map(r => [r.urn, r.parent]));
    const counts: Record<string, number> = {};
    for (const { urn } of realOnes(state.resources)) {
        const above: string[] = [];
        for (let at = parents.get(urn); at !== undefined; at = parents.get(at)) above.unshift(at);
        const part = nameOf(above[2] ?? above[above.length - 1] ?? urn);
        counts[part] = (counts[part] ?? 0) + 1;
    }
    return counts;
}

function inWords({ stack, resources, components, unfinished, outputs, last, rootOfHost, lab }: Status): string[] {
    const short = (value: unknown): string => {
        if (typeof value === "object" && value !== null) return Object.keys(value).join(", ");
        return String(value);
    };
    return [
        `stack ${stack}: ${resources} resources recorded`,
        ...Object.entries(components)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, n]) => `  ${String(n).padStart(4)}  ${name}`),
        ...(unfinished > 0
            ? [`unfinished: ${unfinished} operations of a run that was cut off; the next up sees to them`]
            : []),
        ...Object.entries(outputs).map(([name, value]) => `output ${name}: ${short(value)}`),
        last
            ? `last operation: ${last.operation} ${last.result}, ${last.started}, ${last.seconds} s`
            : "last operation: none yet",
        ...(rootOfHost === undefined ? [] : [rootOfHost]),
        ...(lab ? [`lab ${lab.name}: ${lab.up ? "up" : "not up"}`] : []),
    ];
}
