import type { Settings } from "../../config/settings";
import { engineWords } from "../../engine/words";
import { stackStore } from "../../engine/stack-store";
import type { AdminFacts } from "../../releases/tutorial";
import { UserError } from "../../system/errors";
import { databasesAnew, noteDatabases } from "../orphans/databases";
import { kept, type Orphan, orphanLine, orphans as look } from "../orphans/orphans";
import { useLines, useOf, writeOpenrc } from "../stack/openrc";
import { labOf } from "../stack/reach";
import { adminFacts } from "../stack/secrets";
import { leftLines, together } from "./ask-again";
import { summary, type Unmended } from "./events";
import type { Course, End, Ended, Outcome } from "./kind";
import { wantedRoots } from "./ranges";
import { offLines } from "./report";
import type { Run } from "./run";
import { criticalPath, slowest, timingLines, traceOf } from "./timings";

/** The ends that an operation can come to: what is said, what is cleared up, and the exit code. */

/** Whether nothing is done after a run of the engine. */
export const isOver = (run: Run, { engine, renderer, failure }: Outcome): boolean =>
    run.interrupted || (failure !== undefined && !(engine.goesOn && renderer.failures.length > 0));

/** What failed in the last run that mended, and what any of them could not mend though it went on. */
function unmendedIn({ done, again }: Course): readonly Unmended[] {
    const mending = [done, ...again].filter(({ engine }) => engine.reading === "changes");
    return [
        ...(mending[mending.length - 1]?.renderer.unmended() ?? []),
        ...mending.flatMap(({ renderer }) => renderer.leftBehind),
    ];
}

export const tookLine = ({ renderer, seconds }: Outcome): string =>
    `${summary(renderer.tally)} in ${seconds.toFixed(1)} s`;

/** What ends an operation: the exit code and, for `--json`, what happened. */
export function endOf(run: Run, { asked, done, again, unreachable, off }: Course): End {
    const { operation, stack, terminal, log } = run,
        changing = [done, ...again.filter(outcome => outcome.engine.reading === "changes")],
        asking = [asked ?? done, ...again.filter(outcome => outcome.engine.reading === "answers")];
    const { drifted: _own, ...counts } = changing.map(outcome => outcome.renderer.tally).reduce(together);
    const all = [...(asked ? [asked] : []), done, ...again];
    return (exitCode, more = {}) => {
        const timings = run.options.timings ? tellTimings(run, all) : {};
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
            ...timings,
            ...more,
        });
        return exitCode;
    };
}

/** Tells where the time of a command's runs of the engine went, and keeps their trace. @returns both, for `--json` */
function tellTimings({ terminal, log, stack }: Run, outcomes: readonly Outcome[]): object {
    const after = stackStore.resources(stack);
    const timings = outcomes.map(({ engine: { name }, times: { began, ended, steps, recorded } }) => ({
        part: { name, begin: began, end: ended },
        steps,
        criticalPath: criticalPath(steps, [...recorded, ...after], began),
        slowest: slowest(steps),
    }));
    const preparation = { name: "preparation", begin: performance.timeOrigin, end: timings[0]!.part.begin };
    const trace = log.keepTrace(
        traceOf(
            [preparation, ...timings.map(({ part }) => part)],
            timings.flatMap(({ steps }) => steps),
            timings.flatMap(t => t.criticalPath),
        ),
    );
    for (const { part, ...found } of timings) {
        terminal.line(`${part.name}: ${((part.end - part.begin) / 1000).toFixed(1)} s`);
        timingLines(found.criticalPath, found.slowest).forEach(line => terminal.line(line));
    }
    terminal.line(`trace: ${trace}`);
    return { timings: timings.map(({ part, steps: _all, ...found }) => ({ operation: part.name, ...found })), trace };
}

export function tellInterrupted({ terminal }: Run, { engine: { name }, renderer }: Outcome, end: End): number {
    terminal.line(`${name} interrupted: ${summary(renderer.tally)}; what was done is recorded, run it again to go on`);
    return end(130, { error: "interrupted" });
}

export function tellFailed(
    { terminal }: Run,
    { engine: { name, quiet }, renderer }: Outcome,
    failure: Error,
    end: End,
): number {
    if (renderer.tally.failed === 0 && renderer.errors.length === 0)
        throw new UserError(`${name} failed: ${engineWords(failure)}`);
    if (quiet) renderer.errors.forEach(error => terminal.error(`error: ${error}`));
    terminal.line(`${name} failed: ${summary(renderer.tally)}`);
    return end(1, { error: renderer.errors.join("\n") || undefined });
}

/**
 * The end of a run that has made or mended the cloud: what nobody knows in it, how it is used, and what is left to see to.
 * @param clean whether what nobody knows is removed, or only told
 * @param shows whether it is said how the cloud is used
 */
export async function endMaking(
    run: Run,
    { ready: { settings, generated }, course, end }: Ended,
    { clean, shows }: { clean: boolean; shows: boolean },
): Promise<number> {
    const { stack, terminal } = run,
        admin = adminFacts(stack, settings, generated),
        made = stackStore.resources(stack),
        { unreachable } = course,
        unmended = unmendedIn(course);
    const orphans = clean || databasesAnew(stack, made) ? await tellOrphans(run, settings, admin, clean) : undefined;
    noteDatabases(stack, made);
    const use = shows ? useOf(stack, labOf(stack), writeOpenrc(stack, admin)) : undefined;
    if (use) [...useLines(use), ...wantedRoots(settings, labOf(stack))].forEach(line => terminal.line(line));
    leftLines(stack, unreachable, unmended, made).forEach(line => terminal.line(line));
    const looked = orphans ?? (shows ? undefined : []);
    return end(unreachable.length + unmended.length > 0 ? 2 : 0, {
        ...(looked && { orphans: looked }),
        ...(unmended.length > 0 && { unmended }),
        ...use,
    });
}

/** Tells what the nodes hold that the cloud knows nothing of; it is removed, or an instance stopped. */
export async function tellOrphans(
    { terminal, stack }: Run,
    settings: Settings,
    admin: AdminFacts,
    clean: boolean,
): Promise<Orphan[]> {
    const found = await terminal.step("Looking for what the cloud knows nothing of", () =>
        look(stack, settings, admin, clean),
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

/**
 * How many resources a refresh asked, and which it could not.
 * @param mends whether what could not be asked is asked again after a mending
 */
export function tellAsked(
    { terminal }: Run,
    { known, renderer, seconds }: Outcome,
    { unreachable, off }: Pick<Course, "unreachable" | "off">,
    mends: boolean,
): void {
    if (mends && unreachable.length > 0)
        terminal.line(
            `could not be asked before this is mended: ${unreachable.length} resources; they are asked again afterwards`,
        );
    else for (const { resource, reason } of unreachable) terminal.line(`could not be asked: ${resource}: ${reason}`);
    offLines(off.map(o => o.reason)).forEach(line => terminal.line(line));
    terminal.line(askedLine(known, unreachable.length + off.length, renderer.tally.drifted, seconds));
}
