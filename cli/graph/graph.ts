import { type Command, Option } from "commander";
import { sayLines } from "../../system/output";
import { addHelp, setWork } from "../shell/command";
import { type Condition, conditionOf } from "../stack/condition";
import { mermaid } from "./mermaid";
import { type Picture, pictureOfStack } from "./picture";
import { svg } from "./svg";

const formats: Readonly<Record<string, (picture: Picture, condition?: Condition) => string>> = { svg, mermaid };

/** `graph`: hosts, nodes, networks and services of a stack, drawn from its configuration, and coloured by the last diagnose. */
export function addGraphCommand(cli: Command): void {
    const command = cli
        .command("graph")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .description("draw hosts, nodes, networks and services of a stack; needs no host and no network")
        .addOption(
            new Option("--format <format>", "the format of the drawing").choices(Object.keys(formats)).default("svg"),
        );
    command.option("--plain", "without what the last diagnose found");
    setWork(command, (stack: string, { format, plain }: { format: string; plain?: boolean }) => {
        const drawn = formats[format]!(pictureOfStack(stack), plain ? undefined : conditionOf(stack));
        sayLines(drawn.trimEnd().split("\n"));
    });
    addHelp(command, ["graph lab > lab.svg", "graph team01 --format mermaid"]);
}
