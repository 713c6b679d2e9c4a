import { type Command, Option } from "commander";
import { sayLines } from "../../system/output";
import { addHelp, setWork } from "../shell/command";
import { noMachine, placeholderCredentials } from "../stack/placeholders";
import { configured, settingsFrom } from "../stack/reach";
import { mermaid } from "./mermaid";
import { type Picture, pictureOf } from "./picture";
import { svg } from "./svg";

const formats: Readonly<Record<string, (picture: Picture) => string>> = { svg, mermaid };

/** `graph`: hosts, nodes, networks and services of a stack, drawn from its configuration alone. */
export function addGraphCommand(cli: Command): void {
    const command = cli
        .command("graph")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .description("draw hosts, nodes, networks and services of a stack; needs no host and no network")
        .addOption(
            new Option("--format <format>", "the format of the drawing").choices(Object.keys(formats)).default("svg"),
        );
    setWork(command, (stack: string, { format }: { format: string }) => {
        const given = configured(stack);
        const settings = settingsFrom(stack, { ...given, credentials: placeholderCredentials(given) }, noMachine);
        sayLines(formats[format]!(pictureOf(stack, settings)).trimEnd().split("\n"));
    });
    addHelp(command, ["graph lab > lab.svg", "graph team01 --format mermaid"]);
}
