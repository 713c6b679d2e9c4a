import { ask, text } from "./answer";
import type { Connection } from "./connection";
import { type OperatorClock, operatorClock } from "./operator-clock";
import type { RunScript } from "./ssh";

/**
 * By how many seconds a machine's clock may differ from the operator's: tokens and reports of services are good or late
 * by it.
 */
export const ALLOWED_SECONDS = 2;
/** The part by which a clock may be faster or slower. More is a wrong calibration: usual drift is some millionths. */
const ALLOWED_SPEED = 0.05;
/** Seconds between two readings that tell its speed, the next where the ones before leave it open. */
const SPANS = [1, 2, 4, 8];

/** A machine's answer about its clock, with the time of asking. */
export interface Reading {
    /** Seconds since the epoch, as the machine has it. */
    date: number;
    /** Seconds since its start, as the machine counts them; nobody can set them. */
    uptime: number;
    /** Names this start of its kernel: two machines with one of these have one kernel, and so one clock. */
    boot: string;
    /** Seconds since the epoch by the operator's clock, before and after. */
    from: number;
    to: number;
    /** By the operator's clock that nobody sets, before and after. */
    asked: number;
    answered: number;
}

const READ = `read -r up rest < /proc/uptime; read -r boot < /proc/sys/kernel/random/boot_id
now=$(date +%s.%N); say date "$now"; say uptime "$up"; say boot "$boot"`;
const seconds = text(/\d{1,11}\.\d{1,9}/);

/** @throws Unreachable if a machine does not tell its time; errors of `run` */
export async function readClock(
    run: RunScript,
    to: Connection,
    clock: OperatorClock = operatorClock,
): Promise<Reading> {
    const from = clock.now(),
        asked = clock.elapsed();
    const fields = { date: seconds, uptime: seconds, boot: text(/[0-9a-f-]{36}/) },
        { date, uptime, boot } = await ask(run, to, READ, fields, { timeoutSeconds: 60 });
    const answered = clock.elapsed();
    return {
        date: Number(date),
        uptime: Number(uptime),
        boot,
        from,
        to: clock.now(),
        asked,
        answered,
    };
}

/**
 * Seconds that a clock is ahead of the operator's, negative where it is behind; 0 where it may be right, as far as can
 * be told.
 */
export function aheadBy({ date, from, to }: Pick<Reading, "date" | "from" | "to">): number {
    const least = date > to ? date - to : date < from ? date - from : 0;
    return Math.abs(least) <= ALLOWED_SECONDS ? 0 : date - (from + to) / 2;
}

/** A clock's least, greatest and likeliest speed by two readings; 1 is right. */
function speedBetween(first: Reading, second: Reading): { least: number; most: number; likely: number } {
    const counted = second.uptime - first.uptime;
    return {
        least: counted / (second.answered - first.asked),
        most: counted / Math.max(second.asked - first.answered, 1e-3),
        likely: counted / ((second.asked + second.answered - first.asked - first.answered) / 2),
    };
}

/**
 * How many seconds a machine's clock counts in one of the operator's: 1 where it may be right. What can be told is limited by
 * how long an answer takes; a clock that seems wrong is watched until that is beyond doubt.
 * @throws Error where the machine is started anew meanwhile
 */
export async function speedOf(
    run: RunScript,
    to: Connection,
    first: Reading,
    clock: OperatorClock = operatorClock,
): Promise<number> {
    const isRight = (speed: number) => Math.abs(speed - 1) <= ALLOWED_SPEED;
    for (const span of SPANS) {
        await clock.pause(Math.max(0, first.answered + span - clock.elapsed()));
        const second = await readClock(run, to, clock);
        if (second.boot !== first.boot) throw new Error(`${to.name}: it was started anew while its clock was watched`);
        const { least, most, likely } = speedBetween(first, second);
        if (isRight(likely)) return 1;
        if (least > 1 + ALLOWED_SPEED || most < 1 - ALLOWED_SPEED) return likely;
    }
    return 1;
}
