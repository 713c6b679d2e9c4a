import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import { program } from "../components/team-cloud";
import type { Settings } from "../config/settings";
import { hostRoles, nodeNames } from "../config/nodes";
import { backUp, checkNotHeld, openStack } from "../engine/automation";
import { obtainEngine } from "../engine/obtain";
import { clearPending, forgetFormerLab } from "../engine/leftovers";
import { engineWords } from "../engine/words";
import { readState, realOnes, RecordedResource } from "../engine/state";
import { UserError } from "../system/errors";
import { checkHosts } from "./hosts-check";
import { findLibvirt } from "./libvirt-objects";
import { CloudUse, removeOpenrc, useLines, useOf, writeOpenrc } from "./openrc";
import { decryptedSettings, labOf } from "./reach";
import { nameOf, Renderer, summary } from "./render";
import type { Run } from "./run";
import { knownSecrets } from "./secrets";

/** Does one operation with the engine, in this process. Returns the exit code. */
export async function perform(run: Run): Promise<number> {
    const reports = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-report-"));
    const report = path.join(reports, "asked");
    try {
        const { stack, settings, unrecorded } = await run.leavable(() => prepare(run, report));
        if (run.operation === "destroy" && unrecorded.length > 0) await adopt(run, stack, unrecorded);
        return await operate(run, stack, settings, new Report(report));
    } finally { fs.rmSync(reports, { recursive: true, force: true }); }
}

/** The stack, with its settings read, its hosts asked, its state backed up and free of what a dead run left in it. */
async function prepare(run: Run, report: string): Promise<{ stack: Stack; settings: Settings; unrecorded: string[] }> {
    const engine = await obtainEngine(run.terminal);
    const stack = await openStack(run.stack, program, engine, line => run.terminal.note(line), { CLASSROOM_REPORT: report });
    const config = await stack.getAllConfig();
    const settings = decryptedSettings(run.stack, config);
    run.terminal.protect(knownSecrets(settings, config, []));
    stack.workspace.envVars.CLASSROOM_OFF = nodeNames.filter(node => settings.powerOf(node) === "off").join(",");
    const [state] = await Promise.all([stack.exportStack(), checkHosts(settings, run.operation === "refresh" ? 2 : 1)]);
    run.terminal.protect(knownSecrets(settings, config, (state.deployment as { resources?: RecordedResource[] } | undefined)?.resources ?? []));
    let unrecorded: string[] = [];
    if (run.operation !== "preview") {
        checkNotHeld(run.stack);
        backUp(run.stack);
        if (labOf(run.stack) !== undefined && await forgetFormerLab(stack, hostRoles.map(role => settings.hosts[role].hostKey!))) {
            run.terminal.note("what the state recorded was in a lab that is no more: it is forgotten, and everything is made anew");
        }
        if (run.operation !== "refresh") unrecorded = await seeToPending(run, stack, settings);
    }
    return { stack, settings, unrecorded };
}

async function seeToPending(run: Run, stack: Stack, settings: Settings): Promise<string[]> {
    const cleared = await clearPending(stack, findLibvirt(settings));
    if (cleared) run.terminal.note(cleared.note);
    return cleared?.unrecorded ?? [];
}

/** Adopts what a run that was cut off was just making: only what is recorded is taken away. */
async function adopt(run: Run, stack: Stack, urns: string[]): Promise<void> {
    const names = urns.map(nameOf).join(", ");
    try {
        await run.terminal.step(`Recording what was being made, so that it is taken away too: ${names}`, () => stack.up({ target: urns, signal: run.signal, onEvent: run.log.event.bind(run.log) }));
    } catch (e) {
        if (!run.interrupted) run.terminal.note(`not all of it could be recorded (${engineWords(e as Error).split("\n")[0]}); of these something may be left on the hosts: ${names}`);
    }
}

async function operate(run: Run, stack: Stack, settings: Settings, report: Report): Promise<number> {
    const { operation, terminal, log } = run;
    const known = realOnes(readState(run.stack)?.resources ?? []).length;
    const renderer = new Renderer(line => terminal.line(line), operation, known, run.options.verbose, (type, id) => report.differing(type, id));
    const start = Date.now();
    const options = { signal: run.signal, onEvent: (event: Parameters<Renderer["handle"]>[0]) => { log.event(event); renderer.handle(event); } };
    const hide = terminal.show(() => run.interrupted ? `interrupted, waiting for what has begun · ${renderer.status()}` : renderer.status());
    run.signal.addEventListener("abort", () => terminal.note("interrupted: what has begun is waited for, up to 20 s (Ctrl-C again ends it at once)"));
    let failure: Error | undefined;
    try {
        if (run.interrupted) throw new Error("interrupted");
        if (operation === "up") await stack.up(options);
        else if (operation === "preview") await stack.preview(options);
        else if (operation === "refresh") await stack.refresh(options);
        else await stack.destroy(options);
    } catch (e) { failure = e as Error; } finally { hide(); }
    const seconds = Math.round((Date.now() - start) / 100) / 10;
    const mute = operation === "refresh" ? report.unreachable() : [], off = operation === "refresh" ? report.off() : [];
    const { drifted, ...counts } = renderer.tally;
    const finish = (exitCode: number, more: { error?: string } | CloudUse = {}): number => {
        if (exitCode === 1 || exitCode === 130) terminal.error(`log: ${log.file}`);
        terminal.result({ operation, stack: run.stack, counts, changes: renderer.changes, drifted, unreachable: mute, off, seconds, log: log.file, exitCode, ...more });
        return exitCode;
    };
    if (run.interrupted) {
        terminal.line(`${operation} interrupted: ${summary(renderer.tally)}; what was done is recorded, run it again to go on`);
        return finish(130, { error: "interrupted" });
    }
    if (failure) {
        if (renderer.tally.failed === 0 && renderer.errors.length === 0) throw new UserError(`${operation} failed: ${engineWords(failure)}`);
        terminal.line(`${operation} failed: ${summary(renderer.tally)}`);
        return finish(1, { error: renderer.errors.join("\n") || undefined });
    }
    if (operation !== "refresh") terminal.line(`${summary(renderer.tally)} in ${seconds.toFixed(1)} s`);
    if (operation === "up") {
        const use = useOf(run.stack, labOf(run.stack), writeOpenrc(run.stack, settings));
        useLines(use).forEach(line => terminal.line(line));
        return finish(0, use);
    }
    if (operation === "destroy") removeOpenrc(run.stack);
    if (operation !== "refresh") return finish(0);
    for (const { resource, reason } of mute) terminal.line(`could not be asked: ${resource}: ${reason}`);
    if (off.length > 0) terminal.line(`not asked, for their nodes are off by configuration (${[...new Set(off.flatMap(o => o.reason.split(", ")))].sort().join(", ")}): ${off.length} resources`);
    terminal.line(`${known - mute.length - off.length} of ${known} resources asked, ${drifted.length === 0 ? "none drifted" : `drifted: ${drifted.join(", ")}`} in ${seconds.toFixed(1)} s`);
    return finish(mute.length > 0 ? 2 : drifted.length > 0 ? 3 : 0);
}

interface Reported { event: string; kind: string; id: string; reason?: string; differs?: string[] }

interface Unasked { resource: string; reason: string }

/** What the handlers of one operation tell of themselves; each line is read once, when it has come. */
class Report {
    private readonly lines: Reported[] = [];
    private read = 0;

    constructor(private readonly file: string) {}

    private all(): Reported[] {
        if (!fs.existsSync(this.file)) return this.lines;
        const { size } = fs.statSync(this.file);
        if (size === this.read) return this.lines;
        const added = fs.readFileSync(this.file).subarray(this.read), end = added.lastIndexOf("\n") + 1;
        this.lines.push(...added.subarray(0, end).toString().split("\n").filter(Boolean).map(line => JSON.parse(line) as Reported));
        this.read += end;
        return this.lines;
    }

    /** Secret properties that a handler found to differ: `guest/database-grant` tells of the type DatabaseGrant. */
    differing(type: string, id: string): string[] {
        const typeOf = (kind: string) => kind.split("/").pop()!.split("-").map(word => word[0]!.toUpperCase() + word.slice(1)).join("");
        return this.all().filter(r => r.event === "asked" && r.id === id && typeOf(r.kind) === type).flatMap(r => r.differs ?? []);
    }

    /** Resources that were kept as recorded because what they live in did not answer. */
    unreachable(): Unasked[] { return this.unasked("unreachable"); }

    /** Resources that were not asked because a node is off by configuration; the reason is the node's name, or several. */
    off(): Unasked[] { return this.unasked("off"); }

    private unasked(event: string): Unasked[] {
        return this.all().filter(r => r.event === event).map(r => ({ resource: `${r.kind} ${r.id}`, reason: r.reason! }));
    }
}
