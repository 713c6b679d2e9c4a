import type { Connection } from "./connection";
import { type OperatorClock, operatorClock } from "./operator-clock";
import { type ExecResult, RemoteError, type RunScript } from "./ssh";

/**
 * How a script ends that was asked whether something is so, and it is not so yet (EX_TEMPFAIL); what is there instead is in
 * its standard error.
 */
export const NOT_YET = 75;

/** A question that is asked of a machine until it is answered. */
export interface Question {
    /**
     * A short shell script. It ends with 0 for yes, and with {@link NOT_YET} for not yet. Any other code ends the wait.
     */
    ask: string;
    /** Standard input of each asking. */
    input?: string;
    /**
     * The result of a script of the caller's own that asked the same at its end. It saves a round trip if the answer is
     * there at once.
     */
    begun?: ExecResult;
    /** Length of the wait in seconds, by the operator's clock. The last asking is at its end. */
    seconds: number;
    /** The least seconds from one answer to the next asking. Default 0.25. A slow machine is asked less often. */
    every?: number;
    /** Seconds that one asking may take beyond the end of the wait. Default 30. */
    askSeconds?: number;
    /**
     * What is waited for has to compute, as a service does that starts: `seconds` count as far as the machine's processors were idle
     * meanwhile. A machine that is starved, as an emulated one beside other work, takes several times as long for the same.
     * It is asked for four times `seconds` at most.
     */
    computes?: true;
}

/** How many times as long a starved machine is waited for. */
export const STARVED = 4;

/**
 * Tells on the first line of standard error how long the machine's processors have been idle, all together, and how
 * many they are.
 */
const IDLE = `{ read -r _ idle < /proc/uptime; } 2> /dev/null && echo "idle $idle $(grep -c ^processor /proc/cpuinfo)" >&2
`;
const TOLD_IDLE = /^idle (\d{1,12}(?:\.\d{1,3})?) ([1-9]\d{0,3})\n/;

/** The rest of a wait, by the operator's clock and, if known, by the machine's idle time. */
class Patience {
    private readonly begin: number;
    private last: number;
    private counted = 0;
    private idle: number | undefined;

    constructor(
        private readonly seconds: number,
        private readonly clock: OperatorClock,
    ) {
        this.begin = this.last = clock.elapsed();
    }

    get waited(): number {
        return this.clock.elapsed() - this.begin;
    }

    left(): number {
        const since = this.clock.elapsed() - this.last;
        return Math.min(this.seconds - this.counted - since, STARVED * this.seconds - this.waited);
    }

    /**
     * Takes the machine's idle time from an answer, if it was asked for. A machine cannot be idle for longer than the
     * operator's clock went on.
     */
    hear(answer: ExecResult, computes = false): ExecResult {
        const told = computes ? TOLD_IDLE.exec(answer.stderr) : null,
            idle = told ? Number(told[1]) / Number(told[2]) : undefined,
            now = this.clock.elapsed(),
            since = now - this.last;
        const spare = idle === undefined || this.idle === undefined ? since : Math.max(0, idle - this.idle);
        this.counted += Math.min(since, spare);
        this.last = now;
        this.idle = idle;
        return told ? { ...answer, stderr: answer.stderr.slice(told[0].length) } : answer;
    }
}

/**
 * Asks a machine until it is so, or its time is up. The deadline is the operator's: a clock in a machine may be wrong, jump, or
 * stand still, and its `sleep` with it.
 * @returns the last answer, whose code is 0 or {@link NOT_YET}
 * @throws RemoteError for any other code; errors of `run`
 */
export async function askUntil(
    run: RunScript,
    to: Connection,
    question: Question,
    clock: OperatorClock = operatorClock,
): Promise<ExecResult> {
    return (await askPatiently(run, to, question, clock)).answer;
}

async function askPatiently(
    run: RunScript,
    to: Connection,
    { ask, input, begun, seconds, every = 0.25, askSeconds = 30, computes }: Question,
    clock: OperatorClock,
): Promise<{ answer: ExecResult; waited: number }> {
    const patience = new Patience(seconds, clock),
        script = computes ? IDLE + ask : ask;
    let answer = begun,
        took = 0;
    for (;;) {
        if (answer) {
            if (isSo(to, answer) || patience.left() <= 0) return { answer, waited: patience.waited };
            // An emulated machine takes a third of a second for an answer: it has better things to do.
            await clock.pause(Math.min(Math.max(every, 2 * took), patience.left()));
        }
        const asked = clock.elapsed();
        const said = await run(to, script, {
            ...(input !== undefined && { input }),
            allowFailure: true,
            timeoutSeconds: Math.ceil(Math.max(0, patience.left())) + askSeconds,
        });
        answer = patience.hear(said, computes);
        took = clock.elapsed() - asked;
    }
}

/** @throws RemoteError where it will not be so either */
function isSo(to: Connection, answer: ExecResult): boolean {
    if (answer.code !== 0 && answer.code !== NOT_YET) throw new RemoteError(to.name, answer);
    return answer.code === 0;
}

/**
 * Waits until something is so in a machine.
 * @param words shell that tells more where it is not so in time, e.g. the last lines of a log
 * @throws Error with the last answer, the length of the wait and these words; {@link askUntil}'s errors
 */
export async function waitUntil(
    run: RunScript,
    to: Connection,
    question: Question & { words?: string },
    clock: OperatorClock = operatorClock,
): Promise<ExecResult> {
    const { answer, waited } = await askPatiently(run, to, question, clock);
    if (answer.code === 0) return answer;
    const { words } = question;
    const more =
        words === undefined
            ? ""
            : await run(to, words, { allowFailure: true, timeoutSeconds: 30 }).then(
                  ({ stdout }) => stdout.trim(),
                  () => "",
              );
    const seen = answer.stderr.trim().split("\n").join("; ");
    throw new Error(`${to.name}: ${seen} after ${Math.round(waited)} s${more && `:\n${more}`}`);
}
