import type { Command } from "commander";
import { complain, sayJson, sayLines } from "../../system/output";
import { addHelp, setWork } from "../shell/command";
import { configured } from "../stack/reach";
import { type ProgramOptions, programOf } from "./program";
import { inWords } from "./program-text";

/** `render`: what the program asks for, for reading, comparing and teaching. */
export function addRenderCommand(cli: Command): void {
    const command = cli
        .command("render")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .description(
            "show every resource of a stack and the content of every file that it writes, as YAML;\nneeds no host, no engine, no login and no network",
        )
        .option("--show-secrets", "show passwords in place of ${name}")
        .option("--json", "as one JSON object, with the dependencies of each resource");
    setWork(command, async (stack: string, options: ProgramOptions & { json?: boolean }) => {
        const resources = await programOf(stack, configured(stack), options);
        if (options.showSecrets) complain(`classroom: the output holds the passwords of stack ${stack} as they are`);
        if (options.json) sayJson({ stack, resources });
        else sayLines(inWords(resources, options).trimEnd().split("\n"));
    });
    addHelp(command, [
        "render lab | less",
        "render team01 > a; ./classroom render team02 > b; diff a b",
        `render lab --json | jq '.resources[] | select(.type == "guest:Step") | .inputs.command'`,
    ]);
}
