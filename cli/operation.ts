import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import type { OnGenerated } from "../components/passwords";
import { libvirtWays } from "../components/host-pair";
import { program } from "../components/team-cloud";
import type { Credentials, Settings } from "../config/settings";
import { hostRoles, nodeNames } from "../config/nodes";
import { backUp, checkNotHeld, openStack } from "../engine/automation";
import { needBridge } from "../engine/bridge";
import { obtainEngine } from "../engine/obtain";
import { clearPending, forgetFormerLab, recordWays } from "../engine/leftovers";
import { engineWords } from "../engine/words";
import { needRandomPlugin } from "../engine/random-plugin";
import { exported, readState, realOnes } from "../engine/state";
import type { AdminFacts } from "../releases/tutorial";
import { UserError } from "../system/errors";
import { databasesAnew, noteDatabases, noteFormerDatabases } from "./databases";
import { conclude, Diagnosed } from "./diagnose";
import { examine, onHosts } from "./examine";
import { checkLibvirt, checkReady, HostDown, hostsDown } from "./hosts-check";
import { findLibvirt, withoutDisks } from "./libvirt-objects";
import { LibvirtSsh, libvirtSsh } from "./libvirt-ssh";
import { CloudUse, removeStackFolder, useLines, useOf, writeOpenrc } from "./openrc";
import { kept, Orphan, orphanLine, orphans } from "./orphans";
import { decryptedSettings, labOf } from "./reach";
import { askForNew } from "./rebuild";
import { lookForMachines } from "./rebuild-machines";
import { nameOf, Operation, Renderer, summary } from "./render";
import { offLines, Report, Unasked } from "./report";
import { removeFromHosts } from "./restore-hosts";
import { forget } from "./restore-point";
import type { Run } from "./run";
import { takeIn } from "./unrecorded";
import { adminFacts, generatedPasswords, knownSecrets, recordedSecrets } from "./secrets";

/** How long a service of the cloud may take to answer a question, where questions are all that is asked. */
const PATIENCE_SECONDS = 12;

/** Does one operation with the engine, in this process. Returns the exit code. */
export async function perform(run: Run): Promise<number> {
    const reports = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-report-"));
    const report = path.join(reports, "asked");
    let ssh: LibvirtSsh | undefined;
    try {
        const { rebuilding } = run.options;
        if (rebuilding) await run.leavable(() => askForNew(run, rebuilding));
        const { unrecorded, ...ready } = await run.leavable(() =>
            prepare(run, report, async settings => (ssh = await libvirtSsh(path.join(reports, "home"), settings)).env),
        );
        if (rebuilding?.nodes.length === 0) {
            const left = await tellOrphans(
                run,
                ready.settings,
                adminFacts(run.stack, ready.settings, ready.generated),
                rebuilding.clean,
            );
            run.terminal.result({ operation: run.operation, stack: run.stack, orphans: left, exitCode: 0 });
            return 0;
        }
        if (run.operation === "destroy" && unrecorded.length > 0) await adopt(run, ready.stack, unrecorded);
        return await operate(run, ready, new Report(report));
    } finally {
        await ssh?.close();
        fs.rmSync(reports, { recursive: true, force: true });
    }
}

/** What an operation works with; `generated` passwords are in it as they become known, `down` are the hosts that a diagnosis does without. */
interface Ready {
    stack: Stack;
    settings: Settings;
    generated: Partial<Credentials>;
    down: HostDown[];
}

/** The stack, with its settings read, its hosts asked, its state backed up and free of what a dead run left in it. */
async function prepare(
    run: Run,
    report: string,
    libvirt: (settings: Settings) => Promise<Record<string, string>>,
): Promise<Ready & { unrecorded: string[] }> {
    if (run.operation === "diagnose" && realOnes(readState(run.stack)?.resources ?? []).length === 0) {
        throw new UserError(
            `nothing of stack ${run.stack} is recorded, so there is nothing to diagnose; make it with: ./classroom up ${run.stack}`,
            2,
        );
    }
    const engine = await obtainEngine(run.terminal);
    const secrets: string[] = [],
        generated: Partial<Credentials> = {};
    const protect = (more: readonly string[]) => {
        secrets.push(...more);
        run.terminal.protect(secrets);
    };
    const told: OnGenerated = (name, password) => {
        generated[name] = password;
        protect([password]);
    };
    const stack = await openStack(
        run.stack,
        () => program(told),
        engine,
        line => run.terminal.note(line),
        { CLASSROOM_REPORT: report },
    );
    const config = await stack.getAllConfig();
    const settings = decryptedSettings(run.stack, config);
    protect(knownSecrets(settings, config));
    stack.workspace.envVars.CLASSROOM_OFF = nodeNames.filter(node => settings.powerOf(node) === "off").join(",");
    Object.assign(stack.workspace.envVars, await libvirt(settings));
    await needBridge(stack, run.terminal);
    const [state, down] = await Promise.all([stack.exportStack(), askHosts(run.operation, settings)]);
    const resources = exported(state);
    protect(recordedSecrets(resources));
    Object.assign(generated, generatedPasswords(resources));
    if (settings.secrets === "generated" || resources.some(r => r.type.startsWith("random:")))
        await needRandomPlugin(stack, engine, run.terminal);
    let unrecorded: string[] = [];
    if (run.operation !== "preview" && run.operation !== "diagnose") {
        checkNotHeld(run.stack, line => run.terminal.note(line));
        backUp(run.stack);
        await recordWays(stack, libvirtWays(settings));
        const makes = run.operation === "up" || run.operation === "rebuild";
        if (makes) noteFormerDatabases(run.stack, resources);
        if (
            labOf(run.stack) !== undefined &&
            (await forgetFormerLab(
                stack,
                hostRoles.map(role => settings.hosts[role].hostKey!),
            ))
        ) {
            removeStackFolder(run.stack);
            run.terminal.note(
                "what the state recorded was in a lab that is no more: it is forgotten, and everything is made anew",
            );
        }
        if (run.operation !== "refresh") unrecorded = await seeToPending(run, stack, settings);
        if (makes) await takeIn(run, stack, settings);
    }
    return { stack, settings, generated, unrecorded, down };
}

/** Hosts that a diagnosis does without; other operations refuse to. What makes something asks first whether there is what it takes. */
async function askHosts(operation: Operation, settings: Settings): Promise<HostDown[]> {
    if (operation === "diagnose") return await hostsDown(settings);
    if (operation === "up" || operation === "preview") await checkReady(settings);
    else await checkLibvirt(settings, operation === "refresh" ? 2 : 1);
    return [];
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
        await run.terminal.step(`Recording what was being made, so that it is taken away too: ${names}`, () =>
            stack.up({ target: urns, signal: run.signal, onEvent: run.log.event.bind(run.log) }),
        );
    } catch (e) {
        if (!run.interrupted)
            run.terminal.note(
                `not all of it could be recorded (${engineWords(e as Error).split("\n")[0]}); of these something may be left on the hosts: ${names}`,
            );
    }
}

/** How a run of the engine went. */
interface Outcome {
    operation: Operation;
    renderer: Renderer;
    known: number;
    seconds: number;
    failure?: Error;
}

/** Runs the engine once, without the resources left out; what happens is shown and logged as it comes. A diagnosis without the program compares with the state. */
async function execute(
    run: Run,
    { stack, settings }: Pick<Ready, "stack" | "settings">,
    operation: Operation,
    report: Report,
    exclude: string[],
    withoutProgram = false,
): Promise<Outcome> {
    const { terminal, log } = run,
        known = realOnes(readState(run.stack)?.resources ?? []).length;
    // Of a diagnosis the end counts.
    const write = (line: string) => {
        if (operation !== "diagnose" || run.options.verbose) terminal.line(line);
    };
    const renderer = new Renderer(write, operation, known, run.options.verbose, (type, id) =>
        report.differing(type, id),
    );
    stack.workspace.envVars.CLASSROOM_PATIENCE =
        operation === "refresh" || operation === "diagnose" ? String(PATIENCE_SECONDS) : "";
    // Nothing in a node that is made anew is asked for its deletion.
    stack.workspace.envVars.CLASSROOM_REBUILDING =
        operation === "rebuild" ? run.options.rebuilding!.nodes.join(",") : "";
    const start = Date.now();
    const options = {
        signal: run.signal,
        onEvent: (event: Parameters<Renderer["handle"]>[0]) => {
            log.event(event);
            renderer.handle(event);
        },
    };
    const hide = terminal.show(() =>
        run.interrupted ? `interrupted, waiting for what has begun · ${renderer.status()}` : renderer.status(),
    );
    let failure: Error | undefined;
    try {
        if (run.interrupted) throw new Error("interrupted");
        if (operation === "rebuild") await lookForMachines(run, stack, settings);
        if (operation === "up" || operation === "rebuild") await stack.up(options);
        else if (operation === "preview") await stack.preview(options);
        else if (operation === "refresh") await stack.refresh({ ...options, exclude });
        // What an earlier refresh found is recorded as it was found: what it should be, only the program knows. With a host
        // that is down the program cannot run, and where it runs the engine asks what is left out, too: what is recorded has to do.
        else if (operation === "diagnose" && !withoutProgram)
            await stack.preview({ ...options, refresh: true, exclude });
        else if (operation === "diagnose") await stack.previewRefresh({ ...options, exclude });
        else await stack.destroy(options);
    } catch (e) {
        failure = e as Error;
    } finally {
        hide();
    }
    return {
        operation,
        renderer,
        known,
        seconds: Math.round((Date.now() - start) / 100) / 10,
        ...(failure && { failure }),
    };
}

async function operate(run: Run, ready: Ready, report: Report): Promise<number> {
    const { settings, generated, down } = ready;
    const { operation, terminal, log } = run;
    run.signal.addEventListener("abort", () =>
        terminal.note("interrupted: what has begun is waited for, up to 20 s (Ctrl-C again ends it at once)"),
    );
    const addresses = { central: settings.hosts.central.address, compute: settings.hosts.compute.address };
    const asksFirst = operation === "refresh" || (operation === "up" && run.options.refresh);
    // Of the others nothing but the engine needs them.
    const resources = asksFirst || operation === "diagnose" ? (readState(run.stack)?.resources ?? []) : [];
    const lost = await withoutDisks(settings, resources, down),
        leftOut = lost.map(l => l.urn);
    const unasked = (): Unasked[] => [
        ...lost.map(({ id, reason }) => ({ resource: `domain:Domain ${id}`, type: "domain:Domain", id, reason })),
        ...report.unreachable(),
    ];
    const asking = asksFirst ? await execute(run, ready, "refresh", report, leftOut) : undefined;
    const mute = asking ? unasked() : [],
        off = asking ? report.off() : [];
    if (asking && !asking.failure && !run.interrupted) tellAsked(run, asking, mute, off);
    const last =
        asking && (operation === "refresh" || asking.failure || run.interrupted)
            ? asking
            : await execute(
                  run,
                  ready,
                  operation,
                  report,
                  operation === "diagnose" ? [...onHosts(resources, down, addresses), ...leftOut] : [],
                  down.length + lost.length > 0,
              );
    const { renderer, seconds, failure } = last;
    const { drifted: _own, ...counts } = renderer.tally,
        { drifted } = (asking ?? last).renderer.tally;
    const result = (exitCode: number) => ({
        operation,
        stack: run.stack,
        counts,
        changes: renderer.changes,
        drifted,
        unreachable: mute,
        off,
        seconds,
        log: log.file,
        exitCode,
    });
    const finish = (
        exitCode: number,
        more: { error?: string } | { orphans?: Orphan[] } | CloudUse | Diagnosed = {},
    ): number => {
        if (exitCode === 1 || exitCode === 130) terminal.error(`log: ${log.file}`);
        terminal.result({ ...result(exitCode), ...more });
        return exitCode;
    };
    if (run.interrupted) {
        terminal.line(
            `${last.operation} interrupted: ${summary(renderer.tally)}; what was done is recorded, run it again to go on`,
        );
        return finish(130, { error: "interrupted" });
    }
    if (failure) {
        if (renderer.tally.failed === 0 && renderer.errors.length === 0)
            throw new UserError(`${last.operation} failed: ${engineWords(failure)}`);
        terminal.line(`${last.operation} failed: ${summary(renderer.tally)}`);
        return finish(1, { error: renderer.errors.join("\n") || undefined });
    }
    if (operation === "diagnose") {
        const missing = renderer.missing.map(r => ({ ...r, custom: true }));
        const all = examine(
            [...resources, ...missing],
            { changes: renderer.changes, unreachable: unasked(), off: report.off(), down },
            addresses,
        );
        const { exitCode, ...diagnosed } = conclude(run, all, seconds);
        return finish(exitCode, diagnosed);
    }
    if (operation !== "refresh") terminal.line(`${summary(renderer.tally)} in ${seconds.toFixed(1)} s`);
    if (operation === "up" || operation === "rebuild") {
        const admin = adminFacts(run.stack, settings, generated),
            clean = run.options.rebuilding?.clean ?? false;
        const made = readState(run.stack)?.resources ?? [],
            search = clean || databasesAnew(run.stack, made);
        const left = search
            ? { orphans: await tellOrphans(run, settings, admin, clean) }
            : operation === "rebuild"
              ? { orphans: [] }
              : {};
        noteDatabases(run.stack, made);
        if (operation === "rebuild") return finish(0, left);
        const use = useOf(run.stack, labOf(run.stack), writeOpenrc(run.stack, admin));
        useLines(use).forEach(line => terminal.line(line));
        return finish(0, { ...left, ...use });
    }
    if (operation === "destroy") {
        removeStackFolder(run.stack);
        await removeFromHosts(settings, run.stack);
        forget(run.stack);
    }
    if (operation !== "refresh") return finish(0);
    return finish(mute.length > 0 ? 2 : drifted.length > 0 ? 3 : 0);
}

/** Tells what the nodes hold that the cloud knows nothing of; it is removed, or an instance stopped. */
async function tellOrphans(
    { terminal, stack }: Run,
    settings: Settings,
    admin: AdminFacts,
    clean: boolean,
): Promise<Orphan[]> {
    const found = await terminal.step("Looking for what the cloud knows nothing of", () =>
        orphans(stack, settings, admin, clean),
    );
    for (const orphan of found)
        terminal.line(
            clean ? `removed: ${orphanLine(orphan)}` : `unknown to the cloud: ${orphanLine(orphan)}${kept(orphan)}`,
        );
    if (found.length > 0 && !clean)
        terminal.line(`remove ${found.length === 1 ? "it" : "them"} with: ./classroom rebuild ${stack} --clean`);
    return found;
}

/** How many resources a refresh asked, and which it could not. */
function tellAsked(
    { terminal, operation, stack }: Run,
    {
        known,
        renderer: {
            tally: { drifted },
        },
        seconds,
    }: Outcome,
    mute: Unasked[],
    off: Unasked[],
): void {
    if (operation === "up" && mute.length > 0)
        terminal.line(
            `could not be asked before this is mended: ${mute.length} resources; ask them afterwards with: ./classroom diagnose ${stack}`,
        );
    else for (const { resource, reason } of mute) terminal.line(`could not be asked: ${resource}: ${reason}`);
    offLines(off.map(o => o.reason)).forEach(line => terminal.line(line));
    terminal.line(
        `${known - mute.length - off.length} of ${known} resources asked, ${drifted.length === 0 ? "none drifted" : `drifted: ${drifted.join(", ")}`} in ${seconds.toFixed(1)} s`,
    );
}
