import type { Command } from "commander";
import { closeAll } from "../../clients/ssh";
import { labStatus } from "../../lab";
import { UserError } from "../../system/errors";
import { complain, say, sayJson } from "../../system/output";
import { addHelp, jsonOption, setWork, wordsOf } from "../shell/command";
import { onOperatorSide } from "../shell/operator-side";
import { severalStacks } from "../shell/stacks";
import { checkConfigured, labOf, settingsWithoutSecrets } from "../stack/reach";
import { type HostFindings, hostFindings } from "./hosts-check";
import { checkTeams } from "./teams";

/** `doctor`: asks both hosts the questions of `up`, and does nothing else. */
export function addDoctorCommand(cli: Command): void {
    const command = cli
        .command("doctor")
        .argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml")
        .description("ask both hosts for everything that the stack needs; changes nothing")
        .option(...jsonOption);
    severalStacks(command, { shows: "output", json: true });
    setWork(command, async (stack: string, { json }: { json?: boolean }) => {
        try {
            return await doctor(stack, wordsOf(command), json);
        } finally {
            await closeAll();
        }
    });
    command.addHelpText(
        "after",
        "\nup and preview ask the same. To check the stack's file alone: ./classroom validate STACK.",
    );
    addHelp(command, ["doctor team01", "doctor team01 --json | jq -r '.hosts[].findings[]'"], {
        0: "they have all of it",
        1: "one of them lacks something or does not answer, or error",
        130: "interrupted",
    });
}

async function doctor(stack: string, words: readonly string[], json?: boolean): Promise<number> {
    checkConfigured(stack);
    checkTeams(stack);
    const lab = labOf(stack);
    if (lab !== undefined && labStatus(lab) === undefined)
        throw new UserError(`lab ${lab} is not up; make it with: ./classroom up ${stack}`);
    return await onOperatorSide(lab, words, async () =>
        tell(stack, await hostFindings(settingsWithoutSecrets(stack)), json),
    );
}

/** Prints the findings of both hosts. Returns the exit code. */
export function tell(stack: string, hosts: readonly HostFindings[], json?: boolean): number {
    const lines = hosts.flatMap(({ address, findings, cure }) =>
        findings.map(finding => `host ${address}: ${finding}${cure ? `. ${cure}` : ""}`),
    );
    const ready = lines.length === 0;
    hosts.flatMap(({ notes }) => notes).forEach(complain);
    if (json) sayJson({ stack, ready, hosts });
    else {
        lines.forEach(say);
        say(
            ready
                ? `stack ${stack}: both hosts have what it wants of them`
                : `stack ${stack}: ${lines.length === 1 ? "a finding" : `${lines.length} findings`}; nothing was changed`,
        );
    }
    return ready ? 0 : 1;
}
