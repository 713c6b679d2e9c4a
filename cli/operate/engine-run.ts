import * as fs from "fs";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import type { OnGenerated } from "../../components/passwords";
import { libvirtWays } from "../../components/host-pair";
import { program } from "../../components/team-cloud";
import type { Settings } from "../../config/settings";
import type { Credentials } from "../../config/credentials";
import { hostRoles, nodeNames } from "../../config/nodes";
import { backUp, checkNotHeld, openStack } from "../../engine/automation";
import { obtainEngine } from "../../engine/obtain";
import { clearPending, closedWays, forgetFormerLab, recordWays } from "../../engine/leftovers";
import { engineWords } from "../../engine/words";
import { needRandomPlugin } from "../../engine/random-plugin";
import { exported, readState, realOnes } from "../../engine/state";
import { UserError } from "../../system/errors";
import { temporaryFolder } from "../../system/paths";
import { askAgain, Round, Ways, withoutDisk } from "./ask-again";
import { noteFormerDatabases } from "../rebuild/databases";
import {
    askedLine,
    Begin,
    Course,
    endMaking,
    endOf,
    isOver,
    makes,
    Outcome,
    Ready,
    removeKept,
    tellAsked,
    tellDiagnosis,
    tellFailed,
    tellInterrupted,
    tellOrphans,
    tookLine,
} from "./endings";
import { onHosts } from "../diagnose/examine";
import { checkLibvirt, checkReady, HostDown, hostsDown } from "../hosts/hosts-check";
import { findLibvirt, withoutDisks } from "../hosts/libvirt-objects";
import { noteKernelArguments } from "./kernel-arguments";
import { LibvirtSsh, libvirtSsh } from "../hosts/libvirt-ssh";
import { removeStackFolder } from "./openrc";
import { newRanges } from "./ranges";
import { decryptedSettings, labOf } from "../stack/reach";
import { askForNew } from "../rebuild/rebuild";
import { lookForMachines } from "../rebuild/machines";
import { nameOf, Operation, Renderer } from "./events";
import { Report } from "./report";
import type { Run } from "./run";
import { takeIn } from "./unrecorded";
import { adminFacts, generatedPasswords, knownSecrets, recordedSecrets } from "../stack/secrets";

/** How long a service of the cloud may take to answer a question, where questions are all that is asked. */
const PATIENCE_SECONDS = 12;

/** Does one operation with the engine, in this process. Returns the exit code. */
export async function perform(run: Run): Promise<number> {
    const reports = temporaryFolder("classroom-report-");
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
    const [state, down] = await Promise.all([stack.exportStack(), askHosts(run, settings)]);
    const resources = exported(state);
    protect(recordedSecrets(resources));
    noteKernelArguments(run, resources);
    Object.assign(generated, generatedPasswords(resources));
    if (settings.secrets === "generated" || resources.some(r => r.type.startsWith("random:")))
        await needRandomPlugin(engine, run.terminal);
    if (run.operation === "diagnose" && closedWays(resources, libvirtWays(settings)).length > 0)
        throw new UserError(
            `the hosts of stack ${run.stack} are reached in another way than when it was last worked on (hosts, sshKeyFile), and diagnose records nothing; ` +
                `let the new way be recorded first: ./classroom refresh ${run.stack}`,
        );
    let unrecorded: string[] = [];
    if (run.operation !== "preview" && run.operation !== "diagnose") {
        checkNotHeld(run.stack, line => run.terminal.note(line));
        backUp(run.stack);
        await recordWays(stack, libvirtWays(settings));
        if (makes(run.operation)) noteFormerDatabases(run.stack, resources);
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
        if (makes(run.operation)) await takeIn(run, stack, settings);
    }
    return { stack, settings, generated, unrecorded, down };
}

/** Hosts that a diagnosis does without; other operations refuse to. What makes something asks first whether there is what it takes. */
async function askHosts({ operation, terminal }: Run, settings: Settings): Promise<HostDown[]> {
    if (operation === "diagnose") return await hostsDown(settings);
    if (operation === "up" || operation === "preview") await checkReady(settings, line => terminal.note(line));
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

/** Which resources a run of the engine is about. */
interface Extent {
    /** Those that are left out. */
    exclude?: string[];
    /** These alone. */
    target?: string[];
    /** A diagnosis that compares with the state. */
    withoutProgram?: boolean;
}

/** Runs the engine once; what happens is shown and logged as it comes. */
async function execute(
    run: Run,
    { stack, settings }: Pick<Ready, "stack" | "settings">,
    operation: Operation,
    report: Report,
    { exclude, target, withoutProgram }: Extent = {},
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
        else if (operation === "refresh") await stack.refresh({ ...options, exclude, target });
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
    const { operation, terminal } = run;
    run.signal.addEventListener("abort", () =>
        terminal.note("interrupted: what has begun is waited for, up to 20 s (Ctrl-C again ends it at once)"),
    );
    if (operation === "up" || operation === "preview")
        newRanges(ready.settings, readState(run.stack)?.resources ?? []).forEach(line => terminal.note(line));
    const begin = await beginOf(run, ready),
        course = await goThrough(run, ready, report, begin);
    const end = endOf(run, course),
        last = course.again[course.again.length - 1] ?? course.done;
    if (run.interrupted) return tellInterrupted(run, last, end);
    if (last.failure) return tellFailed(run, last, last.failure, end);
    if (operation === "diagnose") return tellDiagnosis(run, ready, report, begin, last, end);
    if (makes(operation)) return await endMaking(run, ready, course, end);
    if (operation === "destroy") await removeKept(run, ready.settings);
    if (operation !== "refresh") return end(0);
    return end(course.unreachable.length > 0 ? 2 : last.renderer.tally.drifted.length > 0 ? 3 : 0);
}

async function beginOf(run: Run, { settings, down }: Ready): Promise<Begin> {
    const asks = asksFirst(run) || run.operation === "diagnose",
        resources = asks ? (readState(run.stack)?.resources ?? []) : [];
    return {
        resources,
        lost: await withoutDisks(settings, resources, down),
        addresses: { central: settings.hosts.central.address, compute: settings.hosts.compute.address },
    };
}

const asksFirst = ({ operation, options }: Run): boolean =>
    operation === "refresh" || (operation === "up" && options.refresh === true);

/** Runs the engine as often as the operation takes; after a run that failed or was interrupted no more. */
async function goThrough(run: Run, ready: Ready, report: Report, begin: Begin): Promise<Course> {
    const { operation } = run,
        leftOut = begin.lost.map(l => l.urn);
    const asked = asksFirst(run) ? await execute(run, ready, "refresh", report, { exclude: leftOut }) : undefined;
    const unreachable = asked ? [...begin.lost.map(withoutDisk), ...report.unreachable()] : [],
        off = asked ? report.off() : [];
    if (asked && !isOver(run, asked)) tellAsked(run, asked, unreachable, off);
    if (asked && (operation === "refresh" || isOver(run, asked)))
        return { asked, done: asked, again: [], unreachable, off };
    const done = await execute(run, ready, operation, report, {
        exclude: operation === "diagnose" ? [...onHosts(begin.resources, ready.down, begin.addresses), ...leftOut] : [],
        withoutProgram: ready.down.length + begin.lost.length > 0,
    });
    if (isOver(run, done) || operation === "diagnose") return { asked, done, again: [], unreachable, off };
    run.terminal.line(tookLine(done));
    if (!makes(operation)) return { asked, done, again: [], unreachable, off };
    const { rounds, left } = await askAgain(unreachable, begin.resources, waysOf(run, ready, report));
    return { asked, done, again: rounds.map(round => round.outcome), unreachable: left, off };
}

/** How what could not be asked is asked again. */
function waysOf(run: Run, ready: Ready, report: Report): Ways<Round & { outcome: Outcome }> {
    const recorded = () => readState(run.stack)?.resources ?? [];
    const roundOf = (outcome: Outcome) => ({
        outcome,
        drifted: outcome.renderer.tally.drifted,
        over: isOver(run, outcome),
    });
    return {
        recorded,
        lost: () => withoutDisks(ready.settings, recorded(), []),
        ask: async target => {
            run.terminal.line(`asking again, after the mending, what could not be asked: ${target.length} resources`);
            const later = report.later(),
                outcome = await execute(run, ready, "refresh", later, { target }),
                round = roundOf(outcome),
                unasked = later.unreachable();
            if (!round.over)
                run.terminal.line(askedLine(target.length, unasked.length, round.drifted, outcome.seconds));
            return { round, unasked };
        },
        mend: async () => {
            const outcome = await execute(run, ready, "up", report);
            if (!isOver(run, outcome)) run.terminal.line(tookLine(outcome));
            return roundOf(outcome);
        },
    };
}
