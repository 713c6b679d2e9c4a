import { ask, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { type OperatorClock, operatorClock } from "../../clients/operator-clock";
import { quote, type RunScript } from "../../clients/ssh";
import { waitUntil } from "../../clients/waiting";
import { initShell, READY_SECONDS, readyShell } from "./init";
import { alone } from "./machine-files";

/** Of services, the TCP port by which one is known to be ready. */
export type Ready = Record<string, number>;

interface Pending {
    services: Map<string, number | undefined>;
    done: Promise<void>;
}
const pending = new Map<string, Pending>();
/** Files of one service that change in one update are written within this time. */
const GATHER_MS = 300;

/**
 * Restarts the running ones of these services, because a file of theirs has changed. It gathers the calls for one machine that come
 * together or during a restart. So a service restarts once, however many of its files changed.
 * Services restart side by side, because one without its message queue takes seconds to stop. The call waits for the services in `ready`,
 * because the next step may need them.
 * @param readySeconds how long each may take until it is ready
 */
export async function restart(
    run: RunScript,
    on: Connection,
    services: readonly string[],
    ready: Ready = {},
    readySeconds = READY_SECONDS,
    clock = operatorClock,
): Promise<void> {
    if (services.length === 0) return;
    const key = JSON.stringify([on.host, on.port, on.jump?.host]);
    let batch = pending.get(key);
    if (!batch) {
        const gathered: Pending["services"] = new Map();
        // One batch after another: a service that is waited for would look as if it had ended when the next restarts it.
        const done = new Promise(resolve => setTimeout(resolve, GATHER_MS)).then(() =>
            alone(on, "restarts", async () => {
                pending.delete(key);
                await restartAll(run, on, gathered, readySeconds, clock);
            }),
        );
        batch = { services: gathered, done };
        pending.set(key, batch);
    }
    for (const s of services) batch.services.set(s, ready[s]);
    await batch.done;
}

/** Restarts services side by side, and waits for those that have a port. */
async function restartAll(
    run: RunScript,
    on: Connection,
    services: Pending["services"],
    seconds: number,
    clock: OperatorClock,
): Promise<void> {
    const begun = await ask(
        run,
        on,
        `${initShell}
again= jobs= bad=
for s in ${[...services.keys()].map(quote).join(" ")}; do
    if is_running "$s"; then say restarted "$s"; { restart "$s" > /dev/null || { echo "service $s cannot be restarted:" >&2; last_words "$s" >&2; exit 1; }; } & jobs="$jobs $!"; fi
done
for job in $jobs; do wait "$job" || bad=1; done
[ -z "$bad" ]`,
        { restarted: list(text()) },
        { timeoutSeconds: 120 },
    );
    const ports = new Map(
        [...services].flatMap(([s, port]) => (port !== undefined && begun.restarted.includes(s) ? [[s, port]] : [])),
    );
    if (ports.size === 0) return;
    const words = `${initShell}\nfor s in ${[...ports.keys()].map(quote).join(" ")}; do last_words "$s"; done`;
    await waitUntil(run, on, { ask: `${initShell}${readyShell(ports)}`, seconds, words, computes: true }, clock);
}
