import { spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Command } from "commander";
import type { Stack } from "@pulumi/pulumi/automation";
import * as yaml from "yaml";
import { closeAll } from "../clients/ssh";
import { program } from "../components/team-cloud";
import { backUp, openStack, PROJECT } from "../engine/automation";
import { obtainEngine } from "../engine/obtain";
import { bringUp, enterOperator, labStatus } from "../lab";
import { projectDir } from "../system/paths";
import { PlainProgress } from "../system/progress";
import { UserError } from "../system/errors";
import { Renderer, summary } from "./render";

type Operation = "up" | "preview" | "refresh" | "destroy";

const descriptions: Record<Operation, string> = {
    up: "make the cloud as the program says; a lab's hosts too",
    preview: "show what up would change; changes nothing",
    refresh: "ask every resource whether it is still as it was made; exit code 3 if one is not, 2 if one could not be asked",
    destroy: "take away everything that the program made",
};

/** `up`, `preview`, `refresh` and `destroy` of a stack. */
export function addStackCommands(cli: Command): void {
    for (const operation of Object.keys(descriptions) as Operation[]) {
        cli.command(operation).argument("<stack>", "lab, team01, …: a Pulumi.<stack>.yaml").description(descriptions[operation])
            .action(async (stack: string) => { process.exitCode = await operate(operation, stack); });
    }
}

/** The lab that a stack's configuration names; undefined for a stack on real hosts. */
function labOf(stack: string): string | undefined {
    const file = path.join(projectDir(), `Pulumi.${stack}.yaml`);
    if (!fs.existsSync(file)) return undefined; // said by openStack, with what there is
    return (yaml.parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, string> })?.config?.[`${PROJECT}:lab`];
}

async function operate(operation: Operation, stackName: string): Promise<number> {
    const lab = labOf(stackName);
    if (lab !== undefined && process.env.CLASSROOM_OPERATOR_OF !== lab) {
        if (operation === "up") await bringUp(lab, new PlainProgress());
        else if (!labStatus(lab)) throw new UserError(`lab ${lab} is not up; make it with: ./classroom up ${stackName}`);
        return await onOperatorsSide(lab, [operation, stackName]);
    }
    const engine = await obtainEngine(new PlainProgress());
    const reports = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-report-"));
    const report = path.join(reports, "asked");
    try {
        const stack = await openStack(stackName, program, engine, line => console.error(line), { CLASSROOM_REPORT: report });
        return await perform(operation, stack, report);
    } finally {
        fs.rmSync(reports, { recursive: true, force: true });
        await closeAll();
    }
}

/** Runs the same command again among the lab's hosts: what it starts reaches them, and nothing else. */
async function onOperatorsSide(lab: string, args: string[]): Promise<number> {
    const [command, ...rest] = [...enterOperator(lab), process.execPath, path.join(projectDir(), "bin/cli/main.js"), ...args];
    const child = spawn(command!, rest, { stdio: "inherit", env: { ...process.env, CLASSROOM_OPERATOR_OF: lab } });
    return await new Promise<number>((resolve, reject) => child.once("error", reject).once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1))));
}

async function perform(operation: Operation, stack: Stack, report: string): Promise<number> {
    const state = await stack.exportStack();
    const known = ((state.deployment as { resources?: { custom?: boolean; type: string }[] } | undefined)?.resources ?? [])
        .filter(r => r.custom && !r.type.startsWith("pulumi:providers:")).length;
    if (operation !== "preview") await backUp(stack);
    const renderer = new Renderer(line => console.log(line), operation, known);
    const start = Date.now();
    const options = { onEvent: renderer.handle.bind(renderer) };
    try {
        if (operation === "up") await stack.up(options);
        else if (operation === "preview") await stack.preview(options);
        else if (operation === "refresh") await stack.refresh(options);
        else await stack.destroy(options);
    } catch (e) {
        if (renderer.tally.failed > 0 || renderer.told > 0) { console.log(`${operation} failed: ${summary(renderer.tally)}`); return 1; }
        throw new UserError(`${operation} failed: ${lastWords(e as Error)}`);
    }
    const took = `in ${((Date.now() - start) / 1000).toFixed(1)} s`;
    if (operation !== "refresh") { console.log(`${summary(renderer.tally)} ${took}`); return 0; }
    const silentOnes = unreachable(report);
    for (const line of silentOnes) console.log(`could not be asked: ${line}`);
    const { drifted } = renderer.tally;
    console.log(`${known - silentOnes.length} of ${known} resources asked, ${drifted.length === 0 ? "none drifted" : `drifted: ${drifted.join(", ")}`} ${took}`);
    return silentOnes.length > 0 ? 2 : drifted.length > 0 ? 3 : 0;
}

/** Resources that were kept as recorded because what they live in did not answer. */
function unreachable(report: string): string[] {
    if (!fs.existsSync(report)) return [];
    return fs.readFileSync(report, "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line) as Record<string, string>)
        .filter(r => r.event === "unreachable").map(r => `${r.kind} ${r.id}: ${r.reason}`);
}

/** What the engine said about its failure, without the frame that the Automation API puts around it. */
const lastWords = (e: Error): string =>
    (/error: ([\s\S]*?)(?:\n\s*\n|\n stdout|$)/.exec(e.message)?.[1] ?? e.message).trim();
