import type { Stack } from "@pulumi/pulumi/automation";
import type { HostRole } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import type { Credentials } from "../../config/credentials";
import { readState, RecordedResource } from "../../engine/state";
import { engineWords } from "../../engine/words";
import type { AdminFacts } from "../../releases/tutorial";
import { UserError } from "../../system/errors";
import { leftLines, together, withoutDisk } from "./ask-again";
import { databasesAnew, noteDatabases } from "../rebuild/databases";
import { conclude, Diagnosed } from "../diagnose/diagnose";
import { examine } from "../diagnose/examine";
import type { HostDown } from "../hosts/hosts-check";
import type { WithoutDisk } from "../hosts/libvirt-objects";
import { CloudUse, removeStackFolder, useLines, useOf, writeOpenrc } from "./openrc";
import { kept, Orphan, orphanLine, orphans } from "../rebuild/orphans";
import { wantedRoots } from "./ranges";
import { labOf } from "../stack/reach";
import { Operation, Renderer, summary } from "./events";
import { offLines, Report, Unasked } from "./report";
import { removeFromHosts } from "../restore/hosts";
import { forget } from "../restore/point";
import type { Run } from "./run";
import { adminFacts } from "../stack/secrets";

/** The ends that an operation can come to: what is said, what is cleared up, and the exit code. */

/** What an operation works with; `generated` passwords are in it as they become known, `down` are the hosts that a diagnosis does without. */
export interface Ready {
    stack: Stack;
    settings: Settings;
    generated: Partial<Credentials>;
    down: HostDown[];
}

/** How a run of the engine went. */
export interface Outcome {
    operation: Operation;
    renderer: Renderer;
    known: number;
    seconds: number;
    failure?: Error;
}

/** What an operation begins with. */
export interface Begin {
    /** What is recorded; of operations that ask nothing, nothing: the engine alone needs it. */
    resources: readonly RecordedResource[];
    /** Machines whose disk is gone. */
    lost: WithoutDisk[];
    /** Of the physical hosts. */
    addresses: Readonly<Record<HostRole, string>>;
}

/** The runs of the engine that an operation is made of, and what they could not ask. */
export interface Course {
    /** Of an operation that asks before it changes something. */
    asked?: Outcome;
    /** What the operation is for. Where it only asks, or asking ended it, that. */
    done: Outcome;
    /** Asking again what could not be asked before, and mending what has drifted of it. */
    again: Outcome[];
    unreachable: Unasked[];
    off: Unasked[];
}

/** Whether an operation leaves behind a cloud that is to be as the program says. */
export const makes = (operation: Operation): boolean => operation === "up" || operation === "rebuild";

/** Whether nothing is done after a run of the engine. */
export const isOver = (run: Run, { failure }: Outcome): boolean => failure !== undefined || run.interrupted;
export const tookLine = ({ renderer, seconds }: Outcome): string =>
    `${summary(renderer.tally)} in ${seconds.toFixed(1)} s`;

export type End = (
    exitCode: number,
    more?: { error?: string } | { orphans?: Orphan[] } | CloudUse | Omit<Diagnosed, "exitCode">,
) => number;

/** What ends an operation: the exit code and, for `--json`, what happened. */
export function endOf(run: Run, { asked, done, again, unreachable, off }: Course): End {
    const { operation, stack, terminal, log } = run,
        changing = [done, ...again.filter(outcome => outcome.operation !== "refresh")],
        asking = [asked ?? done, ...again.filter(outcome => outcome.operation === "refresh")];
    const { drifted: _own, ...counts } = changing.map(outcome => outcome.renderer.tally).reduce(together);
    return (exitCode, more = {}) => {
        if (exitCode === 1 || exitCode === 130) terminal.error(`log: ${log.file}`);
        terminal.result({
            operation,
            stack,
            counts,
            changes: changing.flatMap(outcome => outcome.renderer.changes),
            drifted: asking.flatMap(outcome => outcome.renderer.tally.drifted),
            unreachable,
            off,
            seconds: done.seconds,
            log: log.file,
            exitCode,
            ...more,
        });
        return exitCode;
    };
}

export function tellInterrupted({ terminal }: Run, { operation, renderer }: Outcome, end: End): number {
    terminal.line(
        `${operation} interrupted: ${summary(renderer.tally)}; what was done is recorded, run it again to go on`,
    );
    return end(130, { error: "interrupted" });
}

export function tellFailed({ terminal }: Run, { operation, renderer }: Outcome, failure: Error, end: End): number {
    if (renderer.tally.failed === 0 && renderer.errors.length === 0)
        throw new UserError(`${operation} failed: ${engineWords(failure)}`);
    terminal.line(`${operation} failed: ${summary(renderer.tally)}`);
    return end(1, { error: renderer.errors.join("\n") || undefined });
}

export function tellDiagnosis(
    run: Run,
    { down }: Ready,
    report: Report,
    { resources, lost, addresses }: Begin,
    { renderer, seconds }: Outcome,
    end: End,
): number {
    const missing = renderer.missing.map(r => ({ ...r, custom: true }));
    const all = examine(
        [...resources, ...missing],
        {
            changes: renderer.changes,
            unreachable: [...lost.map(withoutDisk), ...report.unreachable()],
            off: report.off(),
            down,
        },
        addresses,
    );
    const { exitCode, ...diagnosed } = conclude(run, all, seconds);
    return end(exitCode, diagnosed);
}

/** The end of a run that has made or mended the cloud: what nobody knows in it, how it is used, and what is left to see to. */
export async function endMaking(
    run: Run,
    { settings, generated }: Ready,
    { unreachable }: Course,
    end: End,
): Promise<number> {
    const { operation, stack, terminal } = run,
        admin = adminFacts(stack, settings, generated),
        clean = run.options.rebuilding?.clean ?? false;
    const made = readState(stack)?.resources ?? [],
        search = clean || databasesAnew(stack, made);
    const left = search
        ? { orphans: await tellOrphans(run, settings, admin, clean) }
        : operation === "rebuild"
          ? { orphans: [] }
          : {};
    noteDatabases(stack, made);
    const use = operation === "rebuild" ? undefined : useOf(stack, labOf(stack), writeOpenrc(stack, admin));
    if (use) [...useLines(use), ...wantedRoots(settings, labOf(stack))].forEach(line => terminal.line(line));
    leftLines(stack, unreachable).forEach(line => terminal.line(line));
    return end(unreachable.length > 0 ? 2 : 0, { ...left, ...use });
}

/** Removes what was kept of a cloud that is no more. */
export async function removeKept({ stack }: Run, settings: Settings): Promise<void> {
    removeStackFolder(stack);
    await removeFromHosts(settings, stack);
    forget(stack);
}

/** Tells what the nodes hold that the cloud knows nothing of; it is removed, or an instance stopped. */
export async function tellOrphans(
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

/** `198 of 199 resources asked, drifted: a, b in 7.2 s` */
export const askedLine = (all: number, unasked: number, drifted: readonly string[], seconds: number): string =>
    `${all - unasked} of ${all} resources asked, ${drifted.length === 0 ? "none drifted" : `drifted: ${drifted.join(", ")}`} in ${seconds.toFixed(1)} s`;

/** How many resources a refresh asked, and which it could not. */
export function tellAsked(
    { terminal, operation }: Run,
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
            `could not be asked before this is mended: ${mute.length} resources; they are asked again afterwards`,
        );
    else for (const { resource, reason } of mute) terminal.line(`could not be asked: ${resource}: ${reason}`);
    offLines(off.map(o => o.reason)).forEach(line => terminal.line(line));
    terminal.line(askedLine(known, mute.length + off.length, drifted, seconds));
}
