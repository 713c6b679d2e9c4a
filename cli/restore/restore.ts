import type { Connection } from "../../clients/connection";
import { waitForSsh } from "../../clients/ssh";
import type { Settings } from "../../config/settings";
import { READY_SECONDS } from "../../providers/guest/init";
import { untilRunning } from "../../providers/guest/service";
import { messageOf, UserError } from "../../system/errors";
import { leavable } from "../../system/interrupt";
import { cloudBy, unreported } from "./agents";
import { checkHosts } from "../hosts/hosts-check";
import { recordedNodes, settingsWithoutSecrets } from "../stack/reach";
import { checkLive, PointHosts, type PointRun, WAKE_SECONDS } from "./hosts";
import { type KeptMachine, madeAnew, otherIds, resourcesOf, type RestorePoint, restorePoint } from "./point";
import { stackStore } from "../../engine/stack-store";

/**
 * Puts all machines of a stack and its state back to what they were at a restore point. Until the machines are ended nothing
 * is changed; where it is cut off later, it can be done again.
 * @returns the services that ran at the restore point and do not run now, in words
 */
export async function restore(run: PointRun, name: string): Promise<{ point: RestorePoint; mute: string[] }> {
    const { stack, terminal, signal } = run,
        point = restorePoint(stack, name);
    checkSame(point, stack);
    const settings = settingsWithoutSecrets(stack);
    await checkHosts(settings);
    const hosts = new PointHosts(settings, stack, name, point.machines);
    await terminal.step("Checking the restore point", () => checkWhole(hosts, point, stack));
    run.checkInterrupted("nothing was changed");
    await stage(run, hosts, point);
    stackStore.backUp(stack);
    await swap(run, hosts, point);
    const since = new Date();
    const mute = await terminal.step("Waiting for what ran", detail =>
        leavable(signal, () => waitForAll(run, hosts, point, settings, since, detail)),
    );
    return { point, mute };
}

/** @throws UserError where something of it is damaged on its hosts, or the machines cannot be put back now */
async function checkWhole(hosts: PointHosts, { id, name, machines }: RestorePoint, stack: string): Promise<void> {
    const [damaged, live] = [await hosts.damaged(id, new Map(machines.map(m => [m.name, m]))), await hosts.look()];
    if (damaged.length > 0)
        throw new UserError(
            `restore point "${name}" of stack ${stack} is not whole on its hosts any more: ${damaged.join(", ")}; nothing was changed. Remove it: ./classroom snapshot ${stack} ${name} --remove`,
        );
    const sizeOf = (machine: string): number => machines.find(k => k.name === machine)!.kibibytes;
    checkLive(
        stack,
        machines,
        { ...live, machines: live.machines.map(m => ({ ...m, kibibytes: sizeOf(m.name) })) },
        "put them back",
    );
}

/** Copies the machines to where they belong, beside those that run. */
async function stage(run: PointRun, hosts: PointHosts, { machines }: RestorePoint): Promise<void> {
    try {
        await run.terminal.step(`Copying ${machines.length} machines to where they belong`, () => hosts.stage());
        run.checkInterrupted("nothing was changed");
    } catch (e) {
        await hosts.tidy().catch(() => undefined);
        throw e;
    }
}

async function swap({ stack, terminal }: PointRun, hosts: PointHosts, { name, state }: RestorePoint): Promise<void> {
    try {
        await terminal.step("Ending the machines, starting them as they were", async () => {
            await hosts.swap();
            stackStore.putBack(stack, state);
            await hosts.start();
        });
    } catch (e) {
        throw new UserError(
            `${messageOf(e)}\nnot everything is put back; do it again: ./classroom restore ${stack} ${name}`,
        );
    }
}

/** @param since the time of the machines' start. @returns the services that do not run, in words */
async function waitForAll(
    { stack, terminal }: PointRun,
    hosts: PointHosts,
    { machines, agents = [] }: RestorePoint,
    settings: Settings,
    since: Date,
    detail: (text: string) => void,
): Promise<string[]> {
    const nodes = recordedNodes(stack),
        started = machines
            .filter(m => m.running && m.kind === "container")
            .flatMap(m => settings.plan.node(m.name).interfaces.flatMap(i => i.address ?? []));
    const waking = hosts.wake(nodes, started, WAKE_SECONDS).then(
            () => [],
            e => [messageOf(e)],
        ),
        waited = new Set(machines.filter(m => m.running).map(m => m.name));
    const waitFor = async (machine: KeptMachine): Promise<string[]> => {
        const found = await missing(machine, nodes[machine.name]);
        if (waited.delete(machine.name) && waited.size + agents.length > 0)
            detail(waited.size > 0 ? [...waited].join(", ") : "services report themselves");
        return found;
    };
    const mute = (await Promise.all([waking, ...machines.map(waitFor)])).flat();
    const cloud = () => cloudBy(nodes["api-node"]!, settings, secrets => terminal.protect(secrets));
    // Where they do not run, that has been told.
    const silent = mute.length > 0 ? [] : await unreported(cloud, agents, since, READY_SECONDS);
    await hosts.tidy();
    return [...mute, ...silent];
}

/** @throws UserError if a part that a restore does not put back has changed */
function checkSame({ name, state }: RestorePoint, stack: string): void {
    const then = resourcesOf(state),
        now = stackStore.resources(stack),
        others = otherIds(then, now);
    if (others !== undefined)
        throw new UserError(
            `restore point "${name}" of stack ${stack} cannot be put back; nothing was changed. ${others}. Remove it: ./classroom snapshot ${stack} ${name} --remove`,
        );
    const anew = madeAnew(then, now);
    if (anew.length === 0) return;
    throw new UserError(
        `restore point "${name}" of stack ${stack} cannot be put back; nothing was changed. It holds the machines' content, not the machines themselves, ` +
            `and of them and their networks these were made anew, added or taken away since then: ${anew.join(", ")}`,
    );
}

/** The services of a machine that do not run again in time, in words. */
async function missing({ name, running, services }: KeptMachine, to: Connection | undefined): Promise<string[]> {
    if (!running || !services || !to) return [];
    try {
        await waitForSsh(to, READY_SECONDS);
    } catch (e) {
        return [messageOf(e)];
    }
    const found = await Promise.all(
        services.map(service =>
            untilRunning(to, service, READY_SECONDS).then(
                () => [],
                e => [`${name}: ${messageOf(e).replace(`${name}: `, "")}`],
            ),
        ),
    );
    return found.flat();
}
