import { randomUUID } from "crypto";
import { type Connection, Unreachable } from "../../clients/connection";
import type { Settings } from "../../config/settings";
import type { RecordedResource } from "../../engine/state";
import { isRunning, type KnownService } from "../../providers/guest/service";
import { messageOf, UserError } from "../../system/errors";
import { Interrupted, leavable } from "../../system/interrupt";
import { cloudBy, reporting } from "./agents";
import { checkHosts } from "../hosts/hosts-check";
import { recordedNodes, settingsWithoutSecrets } from "../stack/reach";
import { checkLive, PointHosts, type PointRun, WAKE_SECONDS } from "./hosts";
import {
    checkName,
    type KeptMachine,
    machinesOf,
    record,
    type RestorePoint,
    restorePoints,
    type StackMachine,
    stateToKeep,
} from "./point";

/**
 * Keeps all machines of a stack and its state as of one moment, in which they stand still. What fails or is interrupted
 * leaves no restore point, and machines that go on.
 */
export async function snapshot(run: PointRun, name: string): Promise<{ point: RestorePoint; stillSeconds: number }> {
    const { stack, terminal } = run;
    checkNew(stack, name);
    const { state, resources } = stateToKeep(stack),
        settings = settingsWithoutSecrets(stack),
        nodes = recordedNodes(stack);
    await checkHosts(settings);
    const machines = await terminal.step("Looking at the machines", () =>
        look(stack, name, resources, settings, nodes),
    );
    machines
        .filter(m => m.running && !m.services)
        .forEach(m => terminal.note(`${m.name} does not answer ssh; a restore will not wait for it`));
    const apiNode = answering(machines, nodes)["api-node"];
    const agents = apiNode && (await agentsOf(run, apiNode, settings));
    run.checkInterrupted("no restore point was made");
    const hosts = new PointHosts(settings, stack, name, machines);
    try {
        const { measured, still, stillSeconds } = await copy(run, hosts, answering(machines, nodes), machines.length);
        run.checkInterrupted("no restore point was made");
        const id = randomUUID();
        await hosts.keep(id);
        const point: RestorePoint = {
            name,
            stack,
            time: still.toISOString(),
            id,
            machines: machines.map((m): KeptMachine => ({ ...m, ...measured.get(m.name)! })),
            ...(agents && { agents }),
            state,
        };
        record(point);
        return { point, stillSeconds };
    } catch (e) {
        await hosts.remove().catch(() => undefined);
        throw e;
    }
}

/** A machine, and its services that run; without them where it does not answer. */
type LookedAt = StackMachine & { running: boolean; services?: KnownService[] };
type Nodes = Readonly<Record<string, Connection>>;

/** @throws UserError where one of the machines cannot be copied as it is */
async function look(
    stack: string,
    name: string,
    resources: readonly RecordedResource[],
    settings: Settings,
    nodes: Nodes,
): Promise<LookedAt[]> {
    const recorded = machinesOf(resources).map(m => ({ ...m, running: false }));
    const live = await new PointHosts(settings, stack, name, recorded).look();
    checkLive(stack, recorded, live, "copy them");
    const states = new Map(live.machines.map(m => [m.name, m.state]));
    const odd = live.machines.find(m => m.state !== "running" && m.state !== "shut off");
    if (odd)
        throw new UserError(
            `${odd.name} is ${odd.state}; nothing was changed. Mend it first: ./classroom up ${stack} --refresh`,
        );
    return await Promise.all(
        recorded.map(async machine => {
            const running = states.get(machine.name) === "running",
                to = nodes[machine.name];
            return {
                ...machine,
                running,
                ...(running && to && { services: await servicesOf(machine, resources, to) }),
            };
        }),
    );
}

/** The services that report themselves; undefined where they cannot be asked. */
async function agentsOf(
    { terminal, signal }: PointRun,
    apiNode: Connection,
    settings: Settings,
): Promise<RestorePoint["agents"]> {
    const cloud = () => cloudBy(apiNode, settings, secrets => terminal.protect(secrets));
    return await terminal
        .step("Looking at the services", detail => leavable(signal, () => reporting(cloud, detail)))
        .catch(e => {
            if (e instanceof Interrupted) throw e;
            terminal.note(
                `nova and cinder cannot be asked which services report themselves; a restore will not wait for that: ${messageOf(e)}`,
            );
            return undefined;
        });
}

/** Copies the machines while they stand still. @returns since when and how long they did */
async function copy(run: PointRun, hosts: PointHosts, nodes: Record<string, Connection>, count: number) {
    const { stack, terminal } = run;
    let still = new Date(),
        stillSeconds = 0;
    const measured = await terminal.step(`Copying ${count} machines`, async detail => {
        try {
            await hosts.freeze();
            still = new Date();
            run.checkInterrupted("no restore point was made");
            detail("all of them stand still");
            return await hosts.copy();
        } finally {
            await hosts.thaw().catch(e => {
                throw new UserError(
                    `${messageOf(e)}\nnot every machine went on; start them with: ./classroom up ${stack} --refresh`,
                );
            });
            stillSeconds = Math.round((Date.now() - still.getTime()) / 100) / 10;
            // The copies are sound all the same.
            await hosts
                .wake(nodes, [], WAKE_SECONDS)
                .catch(e => terminal.note(`a clock may be behind: ${messageOf(e)}`));
        }
    });
    return { measured, still, stillSeconds };
}

/** @throws UserError for a name that cannot be one, and for one that there is */
export function checkNew(stack: string, name: string): void {
    checkName(name);
    if (restorePoints(stack).some(p => p.name === name)) {
        throw new UserError(
            `stack ${stack} has a restore point "${name}" already; nothing was changed. To make it anew, remove it first: ./classroom snapshot ${stack} ${name} --remove`,
        );
    }
}

/** How to reach those machines that answered. */
const answering = (machines: readonly LookedAt[], nodes: Nodes): Record<string, Connection> =>
    Object.fromEntries(machines.flatMap(m => (m.services && nodes[m.name] ? [[m.name, nodes[m.name]!]] : [])));

/** Of the services that the state records in a machine, those that run; undefined where it does not answer. */
async function servicesOf(
    { name }: StackMachine,
    resources: readonly RecordedResource[],
    to: Connection,
): Promise<KnownService[] | undefined> {
    const known = resources
        .filter(
            r =>
                r.type === "pulumi-nodejs:dynamic/guest:Service" &&
                (r.inputs?.connection as Partial<Connection> | undefined)?.name === name,
        )
        .map(({ inputs }): KnownService => ({
            service: String(inputs!.service),
            ...(inputs!.port !== undefined && { port: Number(inputs!.port) }),
            ...(inputs!.process !== undefined && { process: String(inputs!.process) }),
        }));
    try {
        const runs = await Promise.all(known.map(service => isRunning(to, service)));
        return known.filter((_service, i) => runs[i]);
    } catch (e) {
        if (e instanceof Unreachable) return undefined;
        throw e;
    }
}
