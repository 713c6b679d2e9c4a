import type { Connection } from "./connection";
import { OperatorClock, operatorClock } from "./operator-clock";
import { ExecResult, RemoteError, RunScript } from "./ssh";

/**
 * How a script ends that was asked whether something is so, and it is not so yet (EX_TEMPFAIL); what is there instead is in
 * its standard error.
 */
export const NOT_YET = 75;

/** A question that is asked of a machine until it is answered. */
export interface Question {
    /** Shell, short: ends with 0 where it is so, with {@link NOT_YET} where it is not yet; with another code there is no use in waiting. */
    ask: string;
    /** Standard input of each asking. */
    input?: string;
    /** What came of a script of the caller's own that asked the same at its end, so that what is so at once takes one round trip. */
    begun?: ExecResult;
    /** How long it is asked, by the operator's clock; the last time at the end of it. */
    seconds: number;
    /** Seconds from one answer to the next asking, at least. Default 0.25; a machine that is slow to answer is asked less often. */
    every?: number;
    /** How long one asking may take beyond what is left of the wait. Default 30. */
    askSeconds?: number;
}

/**
 * Asks a machine until it is so, or its time is up. The deadline is the operator's: a clock in a machine may be wrong, jump, or
 * stand still, and its `sleep` with it.
 * @returns the last answer, whose code is 0 or {@link NOT_YET}
 * @throws RemoteError for any other code, and whatever `run` throws
 */
export async function askUntil(
    run: RunScript,
    to: Connection,
    { ask, input, begun, seconds, every = 0.25, askSeconds = 30 }: Question,
    clock: OperatorClock = operatorClock,
): Promise<ExecResult> {
    const begin = clock.elapsed(),
        left = () => begin + seconds - clock.elapsed();
    let answer = begun,
        took = 0;
    for (;;) {
        if (answer) {
            if (answer.code !== 0 && answer.code !== NOT_YET) throw new RemoteError(to.name, answer);
            if (answer.code === 0 || left() <= 0) return answer;
            // An emulated machine takes a third of a second for an answer: it has better things to do.
            await clock.pause(Math.min(Math.max(every, 2 * took), left()));
        }
        const asked = clock.elapsed();
        answer = await run(to, ask, {
            ...(input !== undefined && { input }),
            allowFailure: true,
            timeoutSeconds: Math.ceil(Math.max(0, left())) + askSeconds,
        });
        took = clock.elapsed() - asked;
    }
}

/**
 * Waits until something is so in a machine.
 * @param words shell that tells more where it is not so in time, e.g. the last lines of a log
 * @throws Error with what was seen last, how long was waited, and those words; {@link askUntil}'s errors
 */
export async function waitUntil(
    run: RunScript,
    to: Connection,
    question: Question & { words?: string },
    clock: OperatorClock = operatorClock,
): Promise<ExecResult> {
    const answer = await askUntil(run, to, question, clock);
    if (answer.code === 0) return answer;
    const { words, seconds } = question;
    const more =
        words === undefined
            ? ""
            : await run(to, words, { allowFailure: true, timeoutSeconds: 30 }).then(
                  ({ stdout }) => stdout.trim(),
                  () => "",
              );
    const seen = answer.stderr.trim().split("\n").join("; ");
    throw new Error(`${to.name}: ${seen} after ${seconds} s${more && `:\n${more}`}`);
}
