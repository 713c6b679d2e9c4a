import * as os from "os";
import { setTimeout as sleep } from "timers/promises";

/** Of a machine that does more than this beside a bench, figures are marked. */
const BUSY = 0.1;
const SECONDS = 5;

const busyTicks = (): { busy: number; all: number } =>
    os.cpus().reduce(
        ({ busy, all }, { times }) => {
            const sum = Object.values(times).reduce((a, b) => a + b, 0);
            return { busy: busy + sum - times.idle, all: all + sum };
        },
        { busy: 0, all: 0 },
    );

/**
 * What else the machine does before a bench begins.
 * @returns words for the table, ending with a full stop: empty where it does nothing else
 */
export async function busyWords(): Promise<string> {
    const before = busyTicks();
    await sleep(SECONDS * 1000);
    const after = busyTicks(),
        share = (after.busy - before.busy) / (after.all - before.all);
    return share <= BUSY
        ? ""
        : ` The machine was shared: before the bench began it was ${Math.round(share * 100)} % busy with ${os.loadavg()[0]!.toFixed(0)} processes of others; wall times are too long by that.`;
}
