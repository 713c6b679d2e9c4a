import { type Answer, ask, type Fields } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, type ExecResult, type RunScript } from "../../clients/ssh";
import { askUntil, type Question, waitUntil } from "../../clients/waiting";
import { hostConnection } from "../../components/host-pair";
import { type HostRole, hostRoles, type NodeName } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { setClock } from "../../providers/machine/clock";
import { UserError } from "../../system/errors";
import { Interrupted } from "../../system/interrupt";
import type { StackMachine } from "./point";
import * as scripts from "./scripts";
import type { Terminal } from "../shell/terminal";

/** How long the machines of one host may take to copy. */
const COPY_SECONDS = 900;

/**
 * How long another snapshot or restore may be at work on a host, and processes may hold the root of a container that
 * has ended.
 */
const LOCK_SECONDS = 60;
const HELD_SECONDS = 5;

/** How long a virtual machine may take to answer once it has gone on. */
export const WAKE_SECONDS = 60;

/** Room beside a copy, in KiB: its folders, and space for running machines. */
const MARGIN = 512 * 1024;

/** One snapshot or restore: its output, and whether it was interrupted. */
export class PointRun {
    constructor(
        readonly stack: string,
        readonly terminal: Terminal,
        readonly signal: AbortSignal,
    ) {}

    /** @throws Interrupted with the result so far, if it was interrupted */
    checkInterrupted(outcome: string): void {
        if (this.signal.aborted) throw new Interrupted(`interrupted; ${outcome}`);
    }
}

/** A machine as its host has it now. */
export interface LiveMachine {
    name: NodeName;
    uuid: string;
    kibibytes: number;
    state: string;
}

/** The measured size of a machine's copy. */
export interface Measured {
    kibibytes: number;
    digest: string;
}

/** Both physical hosts, as far as a restore point's machines are on them; each step is done on both at once. */
export class PointHosts {
    constructor(
        private readonly settings: Settings,
        private readonly stack: string,
        private readonly name: string,
        private readonly machines: readonly (StackMachine & { running: boolean })[],
        private readonly run: RunScript = exec,
        private readonly clock = operatorClock,
    ) {}

    /** The same hosts once it is known which machines run. */
    with(machines: readonly (StackMachine & { running: boolean })[]): PointHosts {
        return new PointHosts(this.settings, this.stack, this.name, machines, this.run, this.clock);
    }

    /** The machines as they are now, and of each host how many KiB are free. */
    async look(): Promise<{ machines: LiveMachine[]; free: Record<HostRole, number> }> {
        const machines: LiveMachine[] = [],
            free: Partial<Record<HostRole, number>> = {};
        await this.asked(scripts.look, scripts.lookFields, 60, (role, said) => {
            free[role] = said.free;
            for (const [name, uuid, kib, ...state] of said.machine.map(line => line.split(" ")))
                machines.push({
                    name: name as NodeName,
                    uuid: uuid!,
                    kibibytes: Number(kib),
                    state: state.join(" "),
                });
        });
        return { machines, free: free as Record<HostRole, number> };
    }

    async freeze(): Promise<void> {
        await this.each(scripts.freeze, 60);
    }

    /** Copies what stands still; what is measured is of each machine. */
    async copy(): Promise<Map<string, Measured>> {
        const measured = new Map<string, Measured>();
        await this.asked(scripts.copy, scripts.keptFields, COPY_SECONDS, (_role, { kept }) => {
            for (const [name, kib, digest] of kept.map(line => line.split(" ")))
                measured.set(name!, { kibibytes: Number(kib), digest: digest! });
        });
        return measured;
    }

    async thaw(): Promise<void> {
        await this.each(scripts.thaw, COPY_SECONDS);
    }
    async keep(id: string): Promise<void> {
        await this.each(on => scripts.keep(on, id), 60);
    }
    async remove(): Promise<void> {
        await this.each(scripts.remove, COPY_SECONDS);
    }

    /**
     * Machines of which the point has not, or not all any more, what was kept.
     * @param kept the sizes measured then
     */
    async damaged(id: string, kept: ReadonlyMap<string, Measured>): Promise<string[]> {
        const whole = new Set<string>();
        await this.asked(scripts.lookAtPoint, scripts.keptFields, COPY_SECONDS, (_role, said) => {
            if (said.id !== id) return;
            for (const [name, , digest] of said.kept.map(line => line.split(" ")))
                if (kept.get(name!)?.digest === digest) whole.add(name!);
        });
        return [...kept.keys()].filter(name => !whole.has(name));
    }

    async stage(): Promise<void> {
        await this.each(scripts.stage, COPY_SECONDS);
    }
    async swap(): Promise<void> {
        // A root that is still held then is taken away all the same.
        await this.each(scripts.end, 120, (to, question) =>
            askUntil(this.run, to, { ...question, seconds: HELD_SECONDS, every: 0.1 }, this.clock),
        );
        await this.each(scripts.swap, 120);
    }
    async start(): Promise<void> {
        await this.each(scripts.start, 180);
    }
    async tidy(): Promise<void> {
        await this.each(scripts.tidy, COPY_SECONDS);
    }

    /**
     * Puts the clocks of virtual machines right after they stood still: to the operator's, which kept going.
     * @param startedAnew addresses of machines that know nothing any more of connections from before
     */
    async wake(
        nodes: Readonly<Record<string, Connection>>,
        startedAnew: readonly string[],
        patienceSeconds: number,
    ): Promise<void> {
        // A connection that has died is not waited for longer.
        const soon: RunScript = (to, script) => this.run(to, script, { timeoutSeconds: 30 });
        await Promise.all(
            this.machines
                .filter(m => m.kind === "vm" && m.running && nodes[m.name])
                .map(({ name }) =>
                    this.patiently(patienceSeconds, async () => {
                        await setClock(soon, nodes[name]!, this.clock);
                        if (startedAnew.length > 0) await soon(nodes[name]!, scripts.forget(startedAnew));
                    }),
                ),
        );
    }

    /** Does it again while the machine cannot be asked: its connections from before may have died unnoticed. */
    private async patiently(seconds: number, work: () => Promise<void>): Promise<void> {
        for (const end = this.clock.elapsed() + seconds; ; await this.clock.pause(0.5)) {
            try {
                return await work();
            } catch (e) {
                if (!(e instanceof Unreachable) || this.clock.elapsed() > end) throw e;
            }
        }
    }

    private whenFree(to: Connection, question: Pick<Question, "ask" | "input" | "askSeconds">): Promise<ExecResult> {
        return waitUntil(this.run, to, { ...question, seconds: LOCK_SECONDS, every: 1 }, this.clock);
    }

    /**
     * Runs a script on every host that has machines.
     * @param timeoutSeconds how long it may take by itself
     * @param run how it is run again while it cannot do its work yet
     */
    private each(
        script: (on: scripts.OnHost) => string | { script: string; input: string },
        timeoutSeconds: number,
        run: typeof this.whenFree = this.whenFree.bind(this),
    ): Promise<void> {
        return this.onEach(async (on, machines) => {
            const made = script({ stack: this.stack, name: this.name, machines }),
                { script: text, ...rest } = typeof made === "string" ? { script: made } : made;
            await run(on, { ask: text, ...rest, askSeconds: timeoutSeconds });
        });
    }

    /** Runs one that answers. */
    private asked<F extends Fields>(
        script: (on: scripts.OnHost) => string,
        fields: F,
        timeoutSeconds: number,
        read: (role: HostRole, said: Answer<F>) => void,
    ): Promise<void> {
        const whenFree: RunScript = (to, text) => this.whenFree(to, { ask: text, askSeconds: timeoutSeconds });
        return this.onEach(async (on, machines, role) => {
            const made = script({ stack: this.stack, name: this.name, machines });
            read(role, await ask(whenFree, on, made, fields));
        });
    }

    /** Waits for all hosts, also where one fails. */
    private async onEach(
        work: (on: Connection, machines: scripts.OnHost["machines"], role: HostRole) => Promise<void>,
    ): Promise<void> {
        const done = await Promise.allSettled(
            hostRoles.map(async role => {
                const machines = this.machines.filter(m => m.host === role);
                if (machines.length > 0) await work(hostConnection(this.settings, role), machines, role);
            }),
        );
        const failed = done.flatMap(d => (d.status === "rejected" ? [d.reason as Error] : []));
        if (failed.length > 0)
            throw failed.length === 1 ? failed[0]! : new UserError(failed.map(e => e.message).join("\n"));
    }
}

/**
 * @param purpose the next step with them: `copy them`
 * @throws UserError where they are not the machines that the state knows, or have no room
 */
export function checkLive(
    stack: string,
    known: readonly StackMachine[],
    { machines, free }: Awaited<ReturnType<PointHosts["look"]>>,
    purpose: string,
): void {
    const strange = known.filter(k => machines.find(m => m.name === k.name)?.uuid !== k.uuid).map(k => k.name);
    if (strange.length > 0)
        throw new UserError(
            `not on their host, or not those that the state knows: ${strange.join(", ")}; nothing was changed. Mend it first: ./classroom up ${stack} --refresh`,
        );
    for (const role of hostRoles) {
        const needed = machines
            .filter(m => known.some(k => k.name === m.name && k.host === role))
            .reduce((sum, m) => sum + m.kibibytes, MARGIN);
        const mib = (kib: number) => `${Math.round(kib / 1024)} MiB`;
        if (free[role] !== undefined && needed > free[role])
            throw new UserError(
                `the ${role} host has ${mib(free[role])} free below ${scripts.pointsDir}, and to ${purpose} takes up to ${mib(needed)}; nothing was changed`,
            );
    }
}

/** Removes all restore points of a stack from its hosts. */
export async function removeFromHosts(settings: Settings, stack: string): Promise<void> {
    await Promise.all(
        hostRoles.map(role =>
            exec(hostConnection(settings, role), scripts.removeAll(stack), { timeoutSeconds: COPY_SECONDS }),
        ),
    );
}
