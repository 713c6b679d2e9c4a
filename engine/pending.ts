import * as fs from "fs";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import { run } from "../system/run";
import { PendingOperation, readState } from "./state";

/**
 * Forgets the operations that were under way when the engine was ended by force. An update or a delete is planned
 * anew from what the state records; what was just being made is adopted when it is there, if it is a resource of this
 * program. libvirt's own resources cannot adopt, so each of those is named.
 * @returns a line for each thing worth telling
 */
export async function clearPending(stack: Stack): Promise<string[]> {
    const pending = readState(stack.name)?.pending ?? [];
    if (pending.length === 0) return [];
    const { workDir, envVars, pulumiCommand } = stack.workspace;
    // By file and still encrypted: the Automation API's own export is in plain text.
    const file = path.join(workDir, "pending.json");
    const pulumi = (...args: string[]) => run(pulumiCommand.command, [...args, "--stack", stack.name, "--non-interactive"], { cwd: workDir, env: { ...envVars, PULUMI_HOME: stack.workspace.pulumiHome } });
    try {
        fs.writeFileSync(file, "", { mode: 0o600 });
        await pulumi("stack", "export", "--file", file);
        const state = JSON.parse(fs.readFileSync(file, "utf8")) as { deployment: { pending_operations?: unknown } };
        delete state.deployment.pending_operations;
        fs.writeFileSync(file, JSON.stringify(state));
        await pulumi("stack", "import", "--file", file);
    } finally { fs.rmSync(file, { force: true }); }
    return notices(pending);
}

/** What a person has to know about operations that were cut off. */
export function notices(pending: readonly PendingOperation[]): string[] {
    const name = (p: PendingOperation) => p.resource.urn.split("::").pop()!;
    const unadopted = pending.filter(p => p.type === "creating" && !p.resource.type.startsWith("pulumi-nodejs:dynamic/") && !p.resource.type.startsWith("random:"));
    return [
        `the last run was cut off during ${pending.map(p => `${p.type} ${name(p)}`).join(", ")}; that is planned anew`,
        ...unadopted.map(p => `${name(p)} may have been made without being recorded; if it is now said to exist already, remove it on its host by hand`),
    ];
}
