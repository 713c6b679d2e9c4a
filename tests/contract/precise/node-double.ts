import * as fc from "fast-check";
import * as path from "path";
import type * as Answer from "../../../clients/answer";
import type { Field, Fields } from "../../../clients/answer";
import type { Connection } from "../../../clients/connection";
import type { OperatorClock } from "../../../clients/operator-clock";
import type * as Ssh from "../../../clients/ssh";
import type { ExecOptions, ExecResult, RunScript } from "../../../clients/ssh";
import { projectDir } from "../../../system/paths";

/** A script on its way to a node. */
export interface Sent {
    /** What sends it: `guest/packages update on db-node`. */
    by: string;
    /** Places in the sources that it comes through, the nearest first: `providers/guest/packages.ts:33`. */
    from: string[];
    script: string;
}

/** By their text. */
export const sent = new Map<string, Sent>();
/** What is under way: what sends, and the words that a machine may say which mean something to it. */
export const now = { by: "", words: [] as string[] };

/** Tests have short stack traces; a handler's line may be the twentieth. */
function longTrace(): string {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 30;
    const trace = new Error().stack ?? "";
    Error.stackTraceLimit = stackTraceLimit;
    return trace;
}
const stack = (): string[] =>
    longTrace()
        .split("\n")
        .flatMap(line => {
            const [, file, at] = /\(?(\/[^():]+):(\d+):\d+\)?$/.exec(line) ?? [],
                name = file && path.relative(projectDir(), file);
            return name && /^(cli|clients|components|providers|releases)\//.test(name) ? [`${name}:${at}`] : [];
        });

/** Places in the sources from which something was sent to a node. */
export const places = new Set<string>();
/** How often each script was sent: the way to it costs time, and the first ones tell all. */
const times = new Map<string, number>();

/** @param from where it comes from, where the stack does not tell */
export function record(to: Connection, script: string, from?: string): void {
    // A script to a physical host is for its own tools.
    const before = times.get(now.by + script) ?? 0;
    if (to.jump === undefined || before > 3) return;
    times.set(now.by + script, before + 1);
    const through = from ? [from] : stack();
    for (const place of through) places.add(place);
    const own = through.filter(place => !place.startsWith("clients/"));
    if (!sent.has(script)) sent.set(script, { by: `${now.by} on ${to.name}`, from: own, script });
}

let state = 1;
/** Any of them, the same at each run of the tests. */
function pick<T>(...of: readonly T[]): T {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return of[Math.floor((state / 2 ** 32) * of.length)]!;
}
const whole = (pattern: RegExp): RegExp => new RegExp(`^(?:${pattern.source})$`, pattern.flags);
const arbitraries = new Map<string, string[]>();
/** Some texts that are all of a pattern. */
function anyOf(pattern: RegExp): string[] {
    const known = arbitraries.get(pattern.source),
        made = known ?? fc.sample(fc.stringMatching(whole(pattern)), { numRuns: 5, seed: 1 });
    arbitraries.set(pattern.source, made);
    return made;
}
/** What clients/machine-clock asks for: seconds, and what names a start of the kernel. */
const ofClock: Readonly<Record<string, () => string>> = {
    "\\d{1,11}\\.\\d{1,9}": () => `${pick(passed, passed, passed, 5)}.0`,
    "[0-9a-f-]{36}": () => "0f3e1d2c-4b5a-6978-8796-a5b4c3d2e1f0",
};

/** A text that is all of a pattern: of words that mean something, then any. */
function said(pattern: RegExp): string {
    const clock = ofClock[pattern.source];
    if (clock) return clock();
    const all = whole(pattern),
        { words } = now,
        meant = [
            "",
            "4:0600:root:root",
            "running",
            ...words.filter(w => w.startsWith("/dev/")).map(w => `${w} other`),
            "paused",
            "shut off",
            "tsc acpi_pm",
            ...words,
            ...words.flatMap(a => words.map(b => `${a} ${b}`)),
        ].filter(w => all.test(w));
    return pick(...meant.slice(0, 40), ...anyOf(pattern));
}

/** What a machine may say in a field's place: each of its lines. */
const samples = new WeakMap<object, () => string[]>();
const told = <T>(field: Field<T>, sample: () => string[]): Field<T> => {
    samples.set(field, sample);
    return field;
};
const sampleOf = (field: object): string[] => samples.get(field)!();

/** In place of clients/answer: a machine says what a field takes, now this, now that. */
export function answerDouble(): object {
    const real = jest.requireActual<typeof Answer>("../../../clients/answer");
    return {
        ...real,
        bytes: told({ ...real.bytes }, () => [pick("", "text\n", ...now.words)]),
        text: (pattern = /[^]*/) => told(real.text(pattern), () => [said(pattern)]),
        word: (...words: string[]) => told(real.word(...words), () => [pick(...words)]),
        yesOrNo: told({ ...real.yesOrNo }, () => [pick("yes", "no")]),
        number: told({ ...real.number }, () => [pick("0", "1", "1000000")]),
        optional: (field: Field<unknown>) => told(real.optional(field), () => pick([], sampleOf(field))),
        list: (field: Field<unknown>) =>
            told(real.list(field), () => pick([], sampleOf(field), [...sampleOf(field), ...sampleOf(field)])),
        lines: (pattern: RegExp) =>
            told(real.lines(pattern), () => [
                pick([], [1], [1, 2, 3])
                    .map(() => said(pattern).replace(/\n/g, " "))
                    .join("\n"),
            ]),
        ask: async (run: RunScript, on: Connection, script: string, fields: Fields) => {
            await run(on, real.answerShell + script);
            return Object.fromEntries(
                Object.entries(fields).map(([name, field]) => [
                    name,
                    field.read(sampleOf(field).map(value => Buffer.from(value))),
                ]),
            );
        },
    };
}

/** In place of clients/ssh's: keeps the script, and ends as scripts may end. */
export async function execDouble(to: Connection, script: string, options: ExecOptions = {}): Promise<ExecResult> {
    record(to, script);
    const stderr = pick("", "E: Unable to locate package ntp\n", "ERROR 1045 (28000): Access denied\n");
    const result = { stdout: pick("", "", "read_only\tON\n"), stderr, code: pick(0, 0, 0, 1, 75) };
    if (result.code === 0 || options.allowFailure) return Promise.resolve(result);
    const { RemoteError } = jest.requireActual<typeof Ssh>("../../../clients/ssh");
    throw new RemoteError(to.name, result);
}

let passed = 0;
/** In place of the operator's clock, which goes on whenever it is looked at, and is behind now and then. */
export const clockDouble: OperatorClock = {
    now: () => pick(passed, passed, passed, 0),
    elapsed: () => (passed += 10),
    pause: () => Promise.resolve(),
};
