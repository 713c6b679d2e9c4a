import type { Connection } from "../../clients/connection";
import { quote, RunScript } from "../../clients/ssh";
import { initShell, READY_SECONDS, untilListening } from "./init";
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
 * Restarts those of the services that run, because a file they read has changed. Calls for one machine that come
 * together, or while it is at others', are gathered, so that a service restarts once however many of its files changed.
 * They restart side by side, for one that does not reach its message queue takes seconds to stop. Those of `ready` are
 * waited for: what comes next may need them.
 * @param readySeconds how long each may take until it is ready
 */
export async function restart(
    run: RunScript,
    on: Connection,
    services: readonly string[],
    ready: Ready = {},
    readySeconds = READY_SECONDS,
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
                const waiting = [...gathered.values()].some(port => port !== undefined) ? readySeconds : 0;
                await run(
                    on,
                    `${initShell}
again= jobs= bad=
for s in ${[...gathered.keys()].map(quote).join(" ")}; do
    if is_running "$s"; then { restart "$s" || { echo "service $s cannot be restarted:" >&2; last_words "$s" >&2; exit 1; }; } & again="$again $s "; jobs="$jobs $!"; fi
done
for job in $jobs; do wait "$job" || bad=1; done
[ -z "$bad" ]
${[...gathered].flatMap(([s, port]) => (port !== undefined ? [`case $again in *" "${quote(s)}" "*) s=${quote(s)}; ${untilListening(port, readySeconds)};; esac`] : [])).join("\n")}`,
                    { timeoutSeconds: waiting + 120 },
                );
            }),
        );
        batch = { services: gathered, done };
        pending.set(key, batch);
    }
    for (const s of services) batch.services.set(s, ready[s]);
    await batch.done;
}
