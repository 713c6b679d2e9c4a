import { randomUUID } from "crypto";
import { Connection, Unreachable } from "../../clients/connection";
import type { RecordedResource } from "../../engine/state";
import { isRunning, KnownService } from "../../providers/guest/service";
import { messageOf, UserError } from "../../system/errors";
import { Interrupted, leavable } from "../../system/interrupt";
import { cloudBy, reporting } from "./agents";
import { checkHosts } from "../hosts/hosts-check";
import { recordedNodes, settingsWithoutSecrets } from "../stack/reach";
import { checkLive, PointHosts, PointRun, WAKE_SECONDS } from "./hosts";
import {
    checkName,
    KeptMachine,
    machinesOf,
    record,
    RestorePoint,
    restorePoints,
    StackMachine,
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
    const recorded = machinesOf(resources).map(m => ({ ...m, running: false }));
    const machines = await terminal.step("Looking at the machines", async () => {
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
    });
    machines
        .filter(m => m.running && !m.services)
        .forEach(m => terminal.note(`${m.name} does not answer ssh; a restore will not wait for it`));
    const apiNode = answering(machines, nodes)["api-node"];
    const agents =
        apiNode &&
        (await terminal
            .step("Looking at the services", detail =>
                leavable(run.signal, () =>
                    reporting(() => cloudBy(apiNode, settings, secrets => terminal.protect(secrets)), detail),
                ),
            )
            .catch(e => {
                if (e instanceof Interrupted) throw e;
                terminal.note(
                    `nova and cinder cannot be asked which services report themselves; a restore will not wait for that: ${messageOf(e)}`,
                );
                return undefined;
            }));
    run.checkInterrupted("no restore point was made");
    const hosts = new PointHosts(settings, stack, name, machines);
    try {
        let still = new Date(),
            stillSeconds = 0;
        const measured = await terminal.step(`Copying ${machines.length} machines`, async detail => {
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
                // What was copied is sound all the same.
                await hosts
                    .wake(answering(machines, nodes), [], WAKE_SECONDS)
                    .catch(e => terminal.note(`a clock may be behind: ${messageOf(e)}`));
            }
        });
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
const answering = (
    machines: readonly (StackMachine & { services?: unknown })[],
    nodes: Readonly<Record<string, Connection>>,
): Record<string, Connection> =>
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
