import type { Command } from "commander";
import { type NodeName, nodeNames } from "../../config/nodes";
import { dataNode } from "../../config/settings";
import { type Edit, edited, replaceConfig, textOf } from "../../engine/stack-file";
import { realOnes } from "../../engine/state";
import { stackStore } from "../../engine/stack-store";
import { UserError } from "../../system/errors";
import { checkHosts, checkLibvirt } from "../hosts/hosts-check";
import { making, start } from "../operate/commands";
import { endMaking, tellOrphans } from "../operate/endings";
import { changing, type Operation, type Ready } from "../operate/kind";
import type { Run, RunOptions } from "../operate/run";
import { addHelp, jsonOption, setWork, timingsOption, verboseOption, wordsOf } from "../shell/command";
import { severalStacks } from "../shell/stacks";
import { configured, settingsWithoutSecrets } from "../stack/reach";
import { adminFacts } from "../stack/secrets";
import { lookForMachines } from "./machines";

/**
 * The nodes to make anew. `data`: the disk for volumes too. `clean`: objects that the cloud no longer knows are
 * removed.
 */
interface Rebuilding {
    nodes: readonly NodeName[];
    data: boolean;
    clean: boolean;
}

type Options = RunOptions & { data?: boolean; clean?: boolean };

/** `rebuild`: nodes made anew from their golden clones, by a change of the stack's configuration. */
export function addRebuildCommand(cli: Command): void {
    const command = cli
        .command("rebuild")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .argument("[node...]", nodeNames.join(", "))
        .description(
            "make nodes anew from their golden clones, with everything in them and everything that lost its data",
        )
        .option("--data", `also make ${dataNode}'s disk for volumes anew (/dev/vdb); otherwise it stays`)
        .option(
            "--clean",
            "remove instances, volumes and addresses that the cloud no longer knows; otherwise only report them",
        )
        .option(...timingsOption)
        .option(...jsonOption)
        .option(...verboseOption);
    severalStacks(command, { shows: "last line", json: true });
    setWork(command, async (stack: string, names: string[], { data = false, clean = false, ...options }: Options) => {
        const nodes = nodesIn(stack, names, data, clean);
        return await start(rebuild({ nodes, data, clean }), stack, options, wordsOf(command));
    });
    command.addHelpText(
        "after",
        "\nIt raises nodes.<node>.generation in Pulumi.<stack>.yaml and runs `up`. To see the changes first, raise it by hand and run `preview`.\nThe losses with each node: docs/rebuild.md.",
    );
    addHelp(
        command,
        [
            "rebuild lab api-node",
            "rebuild lab db-node auth-node --clean",
            "rebuild lab --clean",
            "rebuild team01 volume-node --data",
        ],
        making,
    );
}

/** `rebuild`. */
const rebuild = (rebuilding: Rebuilding): Operation => ({
    name: "rebuild",
    engine: {
        name: "rebuild",
        reading: "changes",
        rebuilds: rebuilding.nodes,
        async call(on, options, extent) {
            await lookForMachines(rebuilding.nodes, on, options.signal);
            return await changing.call(on, options, extent);
        },
    },
    asks: "not",
    records: "changes",
    makes: true,
    plans: true,
    begin: run => askForNew(run, rebuilding),
    async askHosts(_run, settings) {
        await checkLibvirt(settings);
        return [];
    },
    first: (run, ready) => onlyClean(run, ready, rebuilding),
    conclude: (run, ended) => endMaking(run, ended, { clean: rebuilding.clean, shows: false }),
});

/** Where no node is to be made anew, what nobody knows is seen to, and that is all. */
async function onlyClean(
    run: Run,
    { settings, generated }: Ready,
    { nodes, clean }: Rebuilding,
): Promise<number | undefined> {
    if (nodes.length > 0) return undefined;
    const orphans = await tellOrphans(run, settings, adminFacts(run.stack, settings, generated), clean);
    run.terminal.result({ operation: run.operation, stack: run.stack, orphans, exitCode: 0 });
    return 0;
}

/** @throws UserError naming the value that is not allowed */
export function nodesIn(stack: string, names: readonly string[], data: boolean, clean: boolean): NodeName[] {
    if (names.length === 0 && !clean)
        throw new UserError(
            `which node? There are ${nodeNames.join(", ")}; without one, --clean alone removes objects that the cloud no longer knows`,
        );
    const unknown = names.filter(name => !nodeNames.includes(name as NodeName));
    if (unknown.length > 0)
        throw new UserError(
            `${unknown.map(name => `"${name}"`).join(", ")}: no such node; there are ${nodeNames.join(", ")}. Nothing was changed`,
        );
    if (data && !names.includes(dataNode))
        throw new UserError(
            `--data is for ${dataNode}, which alone has a disk of its own for data; nothing was changed`,
        );
    const { nodes, upTo } = configured(stack) as {
        nodes?: Partial<Record<string, { power?: string }>>;
        upTo?: NodeName;
    };
    const later =
        upTo === undefined ? [] : names.filter(name => nodeNames.indexOf(name as NodeName) > nodeNames.indexOf(upTo));
    if (later.length > 0)
        throw new UserError(
            `not made yet, for the stack goes up to ${upTo} (upTo): ${later.join(", ")}. Nothing was changed`,
        );
    const off = names.filter(name => nodes?.[name]?.power === "off");
    if (off.length > 0)
        throw new UserError(
            `off by configuration, so nothing can be made in it: ${off.map(name => `${name} (nodes.${name}.power)`).join(", ")}; switch it on first. Nothing was changed`,
        );
    return nodeNames.filter(name => names.includes(name));
}

/** Asks for other machines in the stack's file, when nothing stands in the way. Told in one line. */
async function askForNew(run: Run, { nodes, data }: Rebuilding): Promise<void> {
    if (realOnes(stackStore.resources(run.stack)).length === 0)
        throw new UserError(
            `nothing of stack ${run.stack} is recorded, so there is nothing to rebuild; make it with: ./classroom up ${run.stack}`,
        );
    if (nodes.length === 0) return;
    stackStore.checkFree(run.stack, line => run.terminal.note(line));
    await checkHosts(settingsWithoutSecrets(run.stack));
    const { text, set } = raised(textOf(run.stack), nodes, data);
    replaceConfig(run.stack, text);
    run.terminal.note(`set in Pulumi.${run.stack}.yaml: ${set.join(", ")}`);
}

/** A stack's file that asks for the next generation of some nodes, comments kept; and what was set. */
export function raised(file: string, nodes: readonly NodeName[], data: boolean): { text: string; set: string[] } {
    const set: string[] = [];
    const raise = (node: NodeName, what: "generation" | "dataGeneration"): Edit => ({
        at: ["nodes", node, what],
        next: before => {
            const next = Number(before ?? 1) + 1;
            set.push(`nodes.${node}.${what}: ${next}`);
            return next;
        },
    });
    const edits = nodes.flatMap(node => [
        raise(node, "generation"),
        ...(data && node === dataNode ? [raise(node, "dataGeneration")] : []),
    ]);
    return { text: edited(file, edits), set };
}
