import * as fs from "fs";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import { libvirtWays } from "../../components/host-pair";
import { refusals } from "../../components/members";
import type { OnGenerated } from "../../components/passwords";
import { program } from "../../components/team-cloud";
import { hasCommands } from "../../config/commands";
import type { Credentials } from "../../config/credentials";
import { hostRoles, nodeNames } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { openStack } from "../../engine/automation";
import { clearPending, forgetFormerLab, recordWays } from "../../engine/leftovers";
import { obtainEngine } from "../../engine/obtain";
import { needCommandPlugin, needRandomPlugin } from "../../engine/package-plugins";
import { exported, realOnes, type RecordedResource } from "../../engine/state";
import { stackStore } from "../../engine/stack-store";
import { forHandlers } from "../../system/handed-over";
import { temporaryFolder } from "../../system/paths";
import { findLibvirt, withoutDisks } from "../hosts/libvirt-objects";
import { type LibvirtSsh, libvirtSsh } from "../hosts/libvirt-ssh";
import { noteFormerDatabases } from "../orphans/databases";
import { decryptedSettings, labOf } from "../stack/reach";
import { generatedPasswords, knownSecrets, recordedSecrets } from "../stack/secrets";
import { askAgain, type Round, type Ways, withoutDisk } from "./ask-again";
import { askedLine, endOf, isOver, tellAsked, tellFailed, tellInterrupted, tookLine } from "./endings";
import { Renderer } from "./events";
import { formerKernelArguments } from "./kernel-arguments";
import {
    asking,
    type Begin,
    type Course,
    type EngineRun,
    type Extent,
    mending,
    type Operation,
    type Outcome,
    type Ready,
} from "./kind";
import { newRanges } from "./ranges";
import { Report } from "./report";
import type { Run } from "./run";
import { StepTimes } from "./timings";
import { takeIn } from "./unrecorded";

/** Does one operation with the engine, in this process. Returns the exit code. */
export async function perform(operation: Operation, run: Run): Promise<number> {
    const reports = temporaryFolder("classroom-report-");
    const report = path.join(reports, "asked");
    let ssh: LibvirtSsh | undefined;
    try {
        await run.leavable(async () => await operation.begin?.(run));
        const ready = await run.leavable(() =>
            prepare(
                operation,
                run,
                report,
                async settings => (ssh = await libvirtSsh(path.join(reports, "home"), settings)).env,
            ),
        );
        return (await operation.first?.(run, ready)) ?? (await operate(operation, run, ready, new Report(report)));
    } finally {
        await ssh?.close();
        fs.rmSync(reports, { recursive: true, force: true });
    }
}

/** The stack, with its settings read, its hosts asked, its state backed up and free of what a dead run left in it. */
async function prepare(
    operation: Operation,
    run: Run,
    report: string,
    libvirt: (settings: Settings) => Promise<Record<string, string>>,
): Promise<Ready> {
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
    const note = (line: string) => run.terminal.note(line);
    const stack = await openStack(run.stack, () => program(told), engine, note, forHandlers({ report }));
    // Each is a process of the engine's, which takes most of a second: the state is decrypted while the hosts are asked.
    const exporting = stack.exportStack();
    exporting.catch(() => undefined); // told below, where it is waited for
    const config = await stack.getAllConfig();
    const settings = decryptedSettings(run.stack, config);
    protect(knownSecrets(settings, config));
    const off = nodeNames.filter(node => settings.powerOf(node) === "off");
    Object.assign(stack.workspace.envVars, forHandlers({ off }), await libvirt(settings));
    const [state, down] = await Promise.all([exporting, operation.askHosts(run, settings)]);
    const resources = exported(state);
    protect(recordedSecrets(resources));
    if (operation.tells)
        [...formerKernelArguments(run.stack, resources), ...refusals(run.stack, settings)].forEach(note);
    Object.assign(generated, generatedPasswords(resources));
    if (settings.secrets === "generated" || resources.some(r => r.type.startsWith("random:")))
        await needRandomPlugin(engine, run.terminal);
    if (hasCommands(settings) || resources.some(r => r.type.startsWith("command:"))) needCommandPlugin(engine);
    const unrecorded = await prepareState(operation, run, stack, settings, resources);
    return { stack, settings, generated, unrecorded, down };
}

/** Makes the state ready for a change. @returns the urns of what a run that was cut off was just making */
async function prepareState(
    { records, makes }: Operation,
    run: Run,
    stack: Stack,
    settings: Settings,
    resources: readonly RecordedResource[],
): Promise<string[]> {
    const note = (line: string) => run.terminal.note(line);
    if (records === "nothing") return [];
    stackStore.checkFree(run.stack, note);
    stackStore.backUp(run.stack);
    await recordWays(stack, libvirtWays(settings));
    if (makes) noteFormerDatabases(run.stack, resources);
    if (labOf(run.stack) !== undefined && (await forgetFormerLab(stack, hostKeysOf(settings)))) {
        stackStore.removeNotes(run.stack);
        note("the recorded lab is gone: its record is forgotten, and everything is made anew");
    }
    const cleared = records === "changes" ? await clearPending(stack, findLibvirt(settings)) : undefined;
    if (cleared) note(cleared.note);
    if (makes) await takeIn(run, stack, settings);
    return cleared?.unrecorded ?? [];
}

const hostKeysOf = (settings: Settings): string[] => hostRoles.map(role => settings.hosts[role].hostKey!);

/** Runs the engine once; what happens is shown and logged as it comes. */
async function execute(
    run: Run,
    ready: Pick<Ready, "stack" | "settings">,
    engine: EngineRun,
    report: Report,
    extent: Extent = {},
): Promise<Outcome> {
    const recorded = stackStore.resources(run.stack),
        known = realOnes(recorded).length,
        times = new StepTimes(),
        renderer = rendererOf(run, engine, known, report);
    const { patienceSeconds, rebuilds = [] } = engine;
    Object.assign(ready.stack.workspace.envVars, forHandlers({ patienceSeconds, rebuilding: rebuilds }));
    const began = Date.now();
    const options = {
        signal: run.signal,
        onEvent: (event: Parameters<Renderer["handle"]>[0]) => {
            times.handle(event);
            run.log.event(event);
            renderer.handle(event);
        },
    };
    const failure = await failureOf(run, renderer, () => engine.call(ready, options, extent));
    const ended = Date.now(),
        seconds = Math.round((ended - began) / 100) / 10;
    const { steps } = times;
    return {
        engine,
        renderer,
        known,
        seconds,
        times: { began, ended, steps, recorded },
        ...(failure && { failure }),
    };
}

/** What shows a run of the engine, with what the handlers report of their resources. */
function rendererOf(run: Run, engine: EngineRun, known: number, report: Report): Renderer {
    const write = (line: string) => {
        if (!engine.quiet || run.options.verbose) run.terminal.line(line);
    };
    return new Renderer(write, engine, known, run.options.verbose, {
        differing: (type, id) => report.differing(type, id),
        places: (type, id) => report.places(type, id),
        follows: (type, id) => report.follows(type, id),
    });
}

/** Does the engine's work below the line of progress. Returns the error that it ended with, if any. */
async function failureOf(run: Run, renderer: Renderer, work: () => Promise<unknown>): Promise<Error | undefined> {
    const hide = run.terminal.show(() =>
        run.interrupted ? `interrupted, waiting for steps under way · ${renderer.status()}` : renderer.status(),
    );
    try {
        if (run.interrupted) throw new Error("interrupted");
        await work();
        return undefined;
    } catch (e) {
        return e as Error;
    } finally {
        hide();
    }
}

async function operate(operation: Operation, run: Run, ready: Ready, report: Report): Promise<number> {
    const { terminal } = run;
    run.signal.addEventListener("abort", () =>
        terminal.note("interrupted: waiting for steps under way, up to 20 s (Ctrl-C again ends them at once)"),
    );
    if (operation.plans)
        newRanges(ready.settings, stackStore.resources(run.stack)).forEach(line => terminal.note(line));
    const begin = await beginOf(operation, run.stack, ready),
        course = await goThrough(operation, run, ready, report, begin);
    const end = endOf(run, course),
        last = course.again[course.again.length - 1] ?? course.done;
    if (run.interrupted) return tellInterrupted(run, last, end);
    if (last.failure && isOver(run, last)) return tellFailed(run, last, last.failure, end);
    return await operation.conclude(run, { ready, begin, course, end });
}

async function beginOf({ asks }: Operation, stack: string, { settings, down }: Ready): Promise<Begin> {
    const resources = asks === "not" ? [] : stackStore.resources(stack);
    return {
        resources,
        lost: await withoutDisks(settings, resources, down),
        addresses: { central: settings.hosts.central.address, compute: settings.hosts.compute.address },
    };
}

/** Runs the engine as often as the operation takes; after a run that failed or was interrupted no more. */
async function goThrough(operation: Operation, run: Run, ready: Ready, report: Report, begin: Begin): Promise<Course> {
    const asked = await askFirst(operation, run, ready, report, begin),
        before = courseBefore(asked);
    if (asked && isOver(run, asked.outcome)) return { ...before, done: asked.outcome, again: [] };
    const done = await execute(run, ready, operation.engine, report, operation.extent?.(ready, begin));
    if (operation.asks === "itself")
        return { done, again: [], unreachable: unreachableIn(report, begin.lost), off: report.off() };
    if (!isOver(run, done)) run.terminal.line(tookLine(done));
    if (!operation.makes || isOver(run, done)) return { ...before, done, again: [] };
    // Where nothing was mended beside it, what failed would fail again.
    const open = { unasked: before.unreachable, failed: hasChanged(done) ? done.renderer.failures : [] };
    const { rounds, left } = await askAgain(open, begin.resources, waysOf(run, ready, report));
    return { ...before, done, again: rounds.map(round => round.outcome), unreachable: left };
}

const hasChanged = ({ renderer: { tally } }: Outcome): boolean =>
    tally.created + tally.updated + tally.replaced + tally.deleted > 0;

type Asked = { outcome: Outcome; unreachable: Course["unreachable"]; off: Course["off"] } | undefined;

const courseBefore = (asked: Asked): Pick<Course, "asked" | "unreachable" | "off"> =>
    asked
        ? { asked: asked.outcome, unreachable: asked.unreachable, off: asked.off }
        : { asked: undefined, unreachable: [], off: [] };

/** Asks what is there before it is changed, where the operation wants that. */
async function askFirst({ asks }: Operation, run: Run, ready: Ready, report: Report, { lost }: Begin): Promise<Asked> {
    if (asks !== "first") return undefined;
    const outcome = await execute(run, ready, asking, report, { exclude: lost.map(l => l.urn) }),
        asked = { outcome, unreachable: unreachableIn(report, lost), off: report.off() };
    if (!isOver(run, outcome)) tellAsked(run, outcome, asked, true);
    return asked;
}

/** Resources that a run of the engine could not ask, and machines without a disk, which it was not asked about. */
const unreachableIn = (report: Report, lost: Begin["lost"]): Course["unreachable"] => [
    ...lost.map(withoutDisk),
    ...report.unreachable(),
];

/** How what could not be asked is asked again. */
function waysOf(run: Run, ready: Ready, report: Report): Ways<Round & { outcome: Outcome }> {
    const recorded = () => stackStore.resources(run.stack);
    const roundOf = (outcome: Outcome) => ({
        outcome,
        drifted: outcome.renderer.tally.drifted,
        failed: outcome.renderer.failures,
        over: isOver(run, outcome),
    });
    return {
        recorded,
        lost: () => withoutDisks(ready.settings, recorded(), []),
        ask: async target => {
            run.terminal.line(`asking again the ${target.length} resources that could not be asked before the mending`);
            const later = report.later(),
                outcome = await execute(run, ready, asking, later, { target }),
                round = roundOf(outcome),
                unasked = later.unreachable();
            if (!round.over)
                run.terminal.line(askedLine(target.length, unasked.length, round.drifted, outcome.seconds));
            return { round, unasked };
        },
        mend: async () => {
            const outcome = await execute(run, ready, mending, report);
            if (!isOver(run, outcome)) run.terminal.line(tookLine(outcome));
            return roundOf(outcome);
        },
    };
}
