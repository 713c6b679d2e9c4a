import { setTimeout as sleep } from "timers/promises";
import { ask, text } from "../../clients/answer";
import { type Compute, compute } from "../../clients/compute";
import { type ServiceState, reportedAt } from "../../clients/service-state";
import type { Connection } from "../../clients/connection";
import { exec } from "../../clients/ssh";
import { type Volumes, volumes } from "../../clients/volume";
import { hostConnection } from "../../components/host-pair";
import type { Settings } from "../../config/settings";
import { adminAccess } from "../../releases/tutorial";
import { messageOf } from "../../system/errors";
import { within } from "../../system/within";

/** An agent that reports itself to nova or cinder, and gets work only while it does: `nova-compute` on `compute-1`. */
export interface Agent {
    of: "nova" | "cinder";
    binary: string;
    host: string;
}

/** A cloud's knowledge of its agents. */
export interface AskedCloud {
    compute: Pick<Compute, "services" | "forget">;
    volumes: Pick<Volumes, "services" | "pools">;
}

/** How long a cloud may take to say which of its agents report themselves. */
const ASK_SECONDS = 20;
/** cinder-volume reports its space to the scheduler once a minute. */
const SETTLE_SECONDS = 75;
const PAUSE_SECONDS = 1;

/**
 * A stack's cloud as its admin sees it. The password is api-node's own, because the configuration's may differ since a restore point.
 * @param protect is told the password, which is never to be shown
 */
export async function cloudBy(
    apiNode: Connection,
    settings: Settings,
    protect: (secrets: string[]) => void,
): Promise<AskedCloud> {
    const { password: adminPassword } = await ask(
        exec,
        apiNode,
        `. /root/openrc; say password "$OS_PASSWORD"`,
        { password: text() },
        { timeoutSeconds: ASK_SECONDS },
    );
    protect([adminPassword]);
    const access = adminAccess(
        { plan: settings.plan, credentials: { ...settings.credentials, adminPassword } },
        hostConnection(settings, "central"),
    );
    return { compute: compute(access), volumes: volumes(access) };
}

async function known({ compute, volumes }: AskedCloud): Promise<(Agent & ServiceState)[]> {
    compute.forget("services");
    const [nova, cinder] = await Promise.all([compute.services(), volumes.services()]);
    return [...nova.map(s => ({ ...s, of: "nova" as const })), ...cinder.map(s => ({ ...s, of: "cinder" as const }))];
}

/**
 * The agents that report themselves. Where cinder-volume has just begun and its scheduler does not know yet what it has, that is
 * waited for: a point that is made earlier lacks the report, and each restore then waits a minute for the next one.
 * @param settleSeconds how long that is waited for, and `wait` told; not at all where nova and cinder do not answer it
 * @throws when the agents cannot be asked within a short while
 */
export async function reporting(
    open: () => Promise<AskedCloud>,
    wait: (line: string) => void,
    seconds = ASK_SECONDS,
    settleSeconds = SETTLE_SECONDS,
    pauseSeconds = PAUSE_SECONDS,
): Promise<Agent[]> {
    const { cloud, agents } = await inTime(
        seconds,
        open().then(async cloud => ({
            cloud,
            agents: (await known(cloud))
                .filter(a => a.state === "up")
                .map(({ of, binary, host }) => ({ of, binary, host })),
        })),
    );
    let told = "";
    for (const deadline = Date.now() + settleSeconds * 1000; Date.now() < deadline; await sleep(pauseSeconds * 1000)) {
        const missing = await inTime(seconds, withoutPools(cloud, agents)).catch(() => []);
        if (missing.length === 0) break;
        if (missing.join("; ") !== told) wait((told = missing.join("; ")));
    }
    return agents;
}

/** @throws Error where something has not ended within its time */
const inTime = <T>(seconds: number, work: Promise<T>): Promise<T> =>
    within(seconds, work, () => {
        throw new Error(`no answer within ${seconds} s`);
    });

/**
 * A service's clock and the operator's need not agree: what each says of how long ago something was can be compared.
 * Both tell whole seconds.
 */
const reportedSince = (service: ServiceState, since: Date): boolean =>
    service.age === undefined
        ? reportedAt(service) >= since.getTime()
        : service.age + 1 <= (Date.now() - since.getTime()) / 1000;

/** Of agents that are up, those whose pools cinder's scheduler does not know: it would not put a volume there. */
async function withoutPools({ volumes }: AskedCloud, agents: readonly Agent[]): Promise<string[]> {
    const asked = agents.filter(a => a.binary === "cinder-volume"),
        pools = asked.length === 0 ? undefined : await volumes.pools();
    return pools === undefined
        ? []
        : asked
              .filter(({ host }) => !pools.some(p => p.startsWith(`${host}#`)))
              .map(({ host }) => `cinder-scheduler does not know yet what cinder-volume on ${host} has`);
}

/**
 * Waits until agents have reported themselves again. That nova calls one up is not enough: what it said before it was started anew counts for a minute.
 * @param since earlier reports do not count
 * @returns those that have not within the time, in words
 */
export async function unreported(
    open: () => Promise<AskedCloud>,
    agents: readonly Agent[],
    since: Date,
    seconds: number,
    pauseSeconds = PAUSE_SECONDS,
): Promise<string[]> {
    if (agents.length === 0) return [];
    let cloud: AskedCloud | undefined;
    for (const deadline = Date.now() + seconds * 1000; ;) {
        let missing: string[];
        try {
            cloud ??= await open();
            const all = await known(cloud);
            const reports = ({ of, binary, host }: Agent) =>
                all.some(
                    s =>
                        s.of === of &&
                        s.binary === binary &&
                        s.host === host &&
                        s.state === "up" &&
                        reportedSince(s, since),
                );
            missing = agents
                .filter(a => !reports(a))
                .map(({ of, binary, host }) => `${binary} on ${host} does not report itself to ${of}`);
            if (missing.length === 0) missing = await withoutPools(cloud, agents);
        } catch (e) {
            missing = [`nova and cinder cannot be asked which services report themselves: ${messageOf(e)}`];
        }
        if (missing.length === 0 || Date.now() >= deadline) return missing;
        await sleep(pauseSeconds * 1000);
    }
}
