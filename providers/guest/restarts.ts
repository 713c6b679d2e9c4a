import type { Connection } from "../../clients/connection";
import { quote, RunScript } from "../../clients/ssh";
import { initShell } from "./init";

interface Pending { services: Set<string>; done: Promise<void> }
const pending = new Map<string, Pending>();
/** Files of one service that change in one update are written within this time. */
const GATHER_MS = 300;

/**
 * Restarts those of the services that run, because a file they read has changed. Calls for one machine that come
 * together are gathered, so that a service restarts once however many of its files changed.
 */
export async function restart(run: RunScript, on: Connection, services: readonly string[]): Promise<void> {
    if (services.length === 0) return;
    const key = JSON.stringify([on.host, on.port, on.jump?.host]);
    let batch = pending.get(key);
    if (!batch) {
        const names = new Set<string>();
        const done = new Promise(resolve => setTimeout(resolve, GATHER_MS)).then(async () => {
            pending.delete(key);
            await run(on, `${initShell}\nfor s in ${[...names].map(quote).join(" ")}; do if is_running "$s"; then restart "$s"; fi; done`);
        });
        batch = { services: names, done };
        pending.set(key, batch);
    }
    for (const s of services) batch.services.add(s);
    await batch.done;
}
