import type { Variant } from "../../cli/sabotage/exercise";
import { clientNodes, type Noticed } from "../../cli/sabotage/noticed";
import { operatorClock } from "../../clients/operator-clock";
import type { TestCloud } from "./test-cloud";

/** What is asked of a cloud; a test of this gives its own. */
export type AskedCloud = Pick<TestCloud, "stack" | "ask" | "classroom">;

/** Whether a symptom is there, or gone. It is neither where the cloud says too little. */
export type Look = { seen: "there" | "gone" | "neither"; said: string };

/** A client that has not answered by then is one that fails. */
const ANSWER_SECONDS = 60;
/**
 * How long a person waits. Nova calls an agent dead after a minute without a word. Cinder's services take two more to start where
 * volume-node is emulated and the machine is busy.
 */
const WAIT_SECONDS = 300,
    EVERY_SECONDS = 5;

/** Clients find their account in openrc; the lists of identity are at its other port. */
const accounts = (command: string): string =>
    clientNodes[command.split(" ")[0]!] === undefined
        ? ""
        : `. /root/openrc; ${command.startsWith("keystone ") ? "export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0; " : ""}`;

/** What an answer of a command says of a symptom. ssh that could not connect says nothing. */
function judged({ says, lacks }: Noticed, code: number, said: string): Look["seen"] {
    if (code === 255) return "neither";
    if (says !== undefined && new RegExp(says, "m").test(said)) return "there";
    const whole = code === 0;
    if (says !== undefined) return whole ? "gone" : "neither";
    if (lacks === undefined) return whole ? "gone" : "there";
    if (!whole) return "neither";
    return new RegExp(lacks, "m").test(said) ? "gone" : "there";
}

/** Of checks each has to fail. A cloud that lets nobody in, not even the check, fails all of them. */
async function byChecks(cloud: AskedCloud, wanted: readonly string[]): Promise<Look> {
    const { code, stdout, stderr } = await cloud.classroom("check", cloud.stack, "--only", wanted.join(","), "--json");
    if (code === 2) return { seen: "there", said: `${stdout}\n${stderr}` };
    const { checks } = JSON.parse(stdout) as { checks: { id: string; result: string; detail: string }[] };
    const failed = checks.filter(c => wanted.includes(c.id) && c.result === "fail");
    const said = failed.map(c => `${c.id}: ${c.detail}`).join("\n");
    if (failed.length === wanted.length) return { seen: "there", said };
    return { seen: failed.length === 0 ? "gone" : "neither", said };
}

/** Looks once for the symptom of a way; undefined where it has none. */
export async function look(cloud: AskedCloud, { noticed, node }: Variant): Promise<Look | undefined> {
    if (noticed === undefined) return undefined;
    if (noticed.checks !== undefined) return await byChecks(cloud, noticed.checks);
    const command = noticed.command!;
    const { code, said } = await cloud.ask(noticed.node ?? node, accounts(command) + command, ANSWER_SECONDS);
    return { seen: judged(noticed, code, said), said: `${command} ended with ${code}: ${said}` };
}

/**
 * Looks again and again, until a symptom is there, or gone.
 * @returns the seconds that it took; 0 where the way has no symptom
 * @throws Error with what was seen last
 */
export async function waitFor(
    cloud: AskedCloud,
    variant: Variant,
    wanted: "there" | "gone",
    clock = operatorClock,
): Promise<number> {
    const start = clock.elapsed(),
        since = () => Math.round((clock.elapsed() - start) * 10) / 10;
    for (;;) {
        const found = await look(cloud, variant);
        if (found === undefined) return 0;
        if (found.seen === wanted) return since();
        if (since() >= WAIT_SECONDS)
            throw new Error(
                `the symptom of ${variant.name} is not ${wanted} within ${WAIT_SECONDS} s:\n${found.said.slice(-2000)}`,
            );
        await clock.pause(EVERY_SECONDS);
    }
}
