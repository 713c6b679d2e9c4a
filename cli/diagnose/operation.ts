import type { Command } from "commander";
import { libvirtWays } from "../../components/host-pair";
import { realOnes } from "../../engine/state";
import { closedWays } from "../../engine/leftovers";
import { stackStore } from "../../engine/stack-store";
import { UserError } from "../../system/errors";
import { hostsDown } from "../hosts/hosts-check";
import { addOperation } from "../operate/commands";
import { comparing, type Operation } from "../operate/kind";
import { timingsOption } from "../shell/command";
import { keepCondition } from "../stack/condition";
import { conditionIn } from "./condition";
import { conclude } from "./diagnose";
import { diagnose as findCauses } from "./diagnosis";
import { suspectsOf } from "./suspects";
import { examine, onHosts } from "./examine";

/** `diagnose`. */
export function addDiagnoseCommand(cli: Command): void {
    const description = {
        text: "name the causes of faults, and their symptoms; changes nothing, not even the record",
        examples: ["diagnose lab", "diagnose lab --json | jq -r '.causes[].cause'"],
        exitCodes: {
            0: "all of it is as it was made",
            1: "error",
            2: "something does not answer, and nothing that drifted explains it",
            3: "drifted",
            130: "interrupted",
        },
    };
    addOperation(cli, "diagnose", description, () => diagnose).option(...timingsOption);
}

/** Since the last `up` of a stack ended; a week where none is kept. */
function secondsSinceUp(stack: string): number {
    const last = stackStore.lastOperation(stack, "up");
    if (!last) return 7 * 86_400;
    return Math.max(0, Math.round((Date.now() - Date.parse(last.started)) / 1000 - last.seconds));
}

/** A preview with a refresh before it, read as causes and what suffers from them. Hosts that are down are done without. */
export const diagnose: Operation = {
    name: "diagnose",
    engine: comparing,
    asks: "itself",
    records: "nothing",
    tells: true,
    settles: true,
    async begin({ stack }) {
        if (realOnes(stackStore.resources(stack)).length === 0)
            throw new UserError(
                `nothing of stack ${stack} is recorded, so there is nothing to diagnose; make it with: ./classroom up ${stack}`,
                2,
            );
    },
    askHosts: (_run, settings) => hostsDown(settings),
    async first({ stack }, { settings }) {
        if (closedWays(stackStore.resources(stack), libvirtWays(settings)).length > 0)
            throw new UserError(
                `the hosts of stack ${stack} are reached in another way than when it was last worked on (hosts, sshKeyFile), and diagnose records nothing; ` +
                    `let the new way be recorded first: ./classroom refresh ${stack}`,
            );
        return undefined;
    },
    extent: ({ down }, { resources, lost, addresses }) => ({
        exclude: [...onHosts(resources, down, addresses), ...lost.map(l => l.urn)],
        withoutProgram: down.length + lost.length > 0,
    }),
    async conclude(run, { ready: { down }, begin: { resources, addresses }, course, end }) {
        const { renderer, seconds } = course.done,
            missing = renderer.missing.map(r => ({ ...r, custom: true }));
        const found = { changes: renderer.changes, unreachable: course.unreachable, off: course.off, down };
        const all = examine([...resources, ...missing], found, addresses),
            causes = findCauses(all),
            unchangedSeconds = secondsSinceUp(run.stack),
            suspects = await suspectsOf(causes, resources, unchangedSeconds);
        keepCondition(run.stack, conditionIn(all));
        const { exitCode, ...diagnosed } = conclude(run, { all, causes, suspects, unchangedSeconds }, seconds);
        return end(exitCode, diagnosed);
    },
};
