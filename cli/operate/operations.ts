import { engineWords } from "../../engine/words";
import { stackStore } from "../../engine/stack-store";
import { nameOf } from "../../engine/urn";
import { checkLibvirt, checkReady } from "../hosts/hosts-check";
import { removeFromHosts } from "../restore/hosts";
import { forget } from "../restore/point";
import { endMaking, tellAsked } from "./endings";
import { asking, changing, mending, type EngineRun, type Operation, type Ready } from "./kind";
import type { Run } from "./run";

const planning: EngineRun = {
    name: "preview",
    reading: "plan",
    call: async ({ stack }, options) => await stack.preview(options),
};

const removing: EngineRun = {
    name: "destroy",
    reading: "changes",
    call: async ({ stack }, options) => await stack.destroy(options),
};

/** What makes something asks first whether there is what it takes. */
const whatItTakes: Operation["askHosts"] = async ({ terminal }, settings) => {
    await checkReady(settings, line => terminal.note(line));
    return [];
};

/** @param exitCode where a host does not answer */
const libvirtAnswers =
    (exitCode: number): Operation["askHosts"] =>
    async (_run, settings) => {
        await checkLibvirt(settings, exitCode);
        return [];
    };

/** `up`. @param refresh asks every resource first, and mends what has drifted */
export const up = (refresh = false): Operation => ({
    name: "up",
    engine: refresh ? mending : changing,
    asks: refresh ? "first" : "not",
    records: "changes",
    makes: true,
    makesHosts: true,
    plans: true,
    tells: true,
    ...(refresh && { settles: true }),
    askHosts: whatItTakes,
    conclude: (run, ended) => endMaking(run, ended, { clean: false, shows: true }),
});

/** `preview`. */
export const preview: Operation = {
    name: "preview",
    engine: planning,
    asks: "not",
    records: "nothing",
    plans: true,
    tells: true,
    askHosts: whatItTakes,
    conclude: (_run, { end }) => end(0),
};

/** `refresh`. */
export const refresh: Operation = {
    name: "refresh",
    engine: asking,
    asks: "itself",
    records: "answers",
    tells: true,
    askHosts: libvirtAnswers(2),
    extent: (_ready, { lost }) => ({ exclude: lost.map(l => l.urn) }),
    conclude(run, { course, end }) {
        const { done, unreachable } = course;
        tellAsked(run, done, course, false);
        return end(unreachable.length > 0 ? 2 : done.renderer.tally.drifted.length > 0 ? 3 : 0);
    },
};

/** `destroy`. */
export const destroy: Operation = {
    name: "destroy",
    engine: removing,
    asks: "not",
    records: "changes",
    askHosts: libvirtAnswers(1),
    async first(run, { stack, unrecorded }) {
        if (unrecorded.length > 0) await adopt(run, stack, unrecorded);
        return undefined;
    },
    async conclude({ stack }, { ready: { settings }, end }) {
        stackStore.removeNotes(stack);
        await removeFromHosts(settings, stack);
        forget(stack);
        return end(0);
    },
};

/** Adopts what a run that was cut off was just making: only what is recorded is taken away. */
async function adopt(run: Run, stack: Ready["stack"], urns: string[]): Promise<void> {
    const names = urns.map(nameOf).join(", ");
    try {
        await run.terminal.step(`Recording half-made resources, so that they are removed too: ${names}`, () =>
            stack.up({ target: urns, signal: run.signal, onEvent: run.log.event.bind(run.log) }),
        );
    } catch (e) {
        if (!run.interrupted)
            run.terminal.note(
                `not all of it could be recorded (${engineWords(e as Error).split("\n")[0]}); of these something may be left on the hosts: ${names}`,
            );
    }
}
