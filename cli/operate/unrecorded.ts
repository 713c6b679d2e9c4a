import type { EngineEvent, Stack, StepEventMetadata } from "@pulumi/pulumi/automation";
import { unknownValue } from "@pulumi/pulumi/runtime";
import { type Answer, ask, list, text } from "../../clients/answer";
import { exec, quote } from "../../clients/ssh";
import { pools } from "../../components/golden-image";
import { hostConnection } from "../../components/host-pair";
import { type HostRole, hostRoles, networkNames, nodeNames } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { forgetResources, record } from "../../engine/leftovers";
import { type RecordedResource } from "../../engine/state";
import { UserError } from "../../system/errors";
import { libvirtKind, roleOf } from "../hosts/libvirt-objects";
import { changeLine, propertyChanges } from "./events";
import { nameOf } from "../../engine/urn";
import { stackStore } from "../../engine/stack-store";
import type { Run } from "./run";

/** A libvirt object on a host under a name of this program's, and libvirt's id of it. */
export interface Found {
    role: HostRole;
    kind: string;
    name: string;
    id: string;
}

const NAMED = /(\S+) (\S.*)/;
const kinds = ["network", "domain", "volume"] as const;
/** Of each kind the name of an object and its id. */
const fields = { network: list(text(NAMED)), domain: list(text(NAMED)), volume: list(text(NAMED)) };
type Said = Answer<typeof fields>;

/** Answers with each object that may be the program's. One that goes meanwhile has no id. */
const script = `each() { virsh -q $1 --all --name | while read -r n; do [ -z "$n" ] || case " $4 " in *" $n "*) id=$(virsh -q $3 "$n") || continue; say $2 "$n $id" ;; esac; done; }
each net-list network net-uuid ${quote(networkNames.join(" "))}
each list domain domuuid ${quote(nodeNames.flatMap(n => [n, `${n}-golden`]).join(" "))}
virsh -q vol-list ${pools.machines.name} 2> /dev/null | while read -r n path; do case "$n" in *.qcow2) say volume "$n $path" ;; esac; done`;

/** What the script has answered. */
export const foundIn = (role: HostRole, said: Said): Found[] =>
    kinds.flatMap(kind =>
        said[kind].map(object => {
            const [, name, id] = NAMED.exec(object)!;
            return { role, kind, name: name!, id: id! };
        }),
    );

/** Those of a host's objects that the state does not record. */
export const unrecorded = (found: readonly Found[], resources: readonly RecordedResource[]): Found[] => {
    const known = new Set(
        resources
            .filter(r => r.type.startsWith("libvirt:"))
            .map(r => `${roleOf(String(r.provider))} ${libvirtKind(r.type)} ${String(r.inputs?.name)}`),
    );
    return found.filter(({ role, kind, name }) => !known.has(`${role} ${kind} ${name}`));
};

/** What the engine would do, without doing it: each resource's step. */
export async function plan(stack: Stack, signal: AbortSignal): Promise<StepEventMetadata[]> {
    const steps: StepEventMetadata[] = [];
    await stack.preview({
        signal,
        onEvent: (event: EngineEvent) => {
            if (event.resourcePreEvent) steps.push(event.resourcePreEvent.metadata);
        },
    });
    return steps;
}

/**
 * Adopts objects on the hosts that the state does not know and that the program is about to make. They come from a lost or an old
 * state. Equal networks and volumes are recorded; the engine's own create would refuse them, or adopt them unseen. A virtual machine is
 * refused. Without such objects this costs one question to each host.
 * @throws UserError with the names of virtual machines, or with both sides of a difference. Then no object of libvirt's is recorded
 */
export async function takeIn(run: Run, stack: Stack, settings: Settings): Promise<void> {
    const found = (await Promise.all(hostRoles.map(role => objectsOf(settings, role)))).flat();
    if (unrecorded(found, stackStore.resources(run.stack)).length === 0) return;
    await run.terminal.step(
        "On the hosts are networks, volumes or machines that the state does not know: comparing them with the program",
        async () => {
            const taken = new Map<string, Found>();
            // What is made of others is known only when those are.
            while (await takeNext(run, stack, found, taken));
            if (taken.size > 0)
                run.terminal.note(
                    `on their hosts as the program wants them, and recorded now: ${[...taken.keys()].map(nameOf).join(", ")}`,
                );
        },
    );
}

const objectsOf = async (settings: Settings, role: HostRole): Promise<Found[]> =>
    foundIn(role, await ask(exec, hostConnection(settings, role), script, fields, { timeoutSeconds: 30 }));

/** An object that is made by a step of the program, and is there. */
interface Next {
    step: StepEventMetadata;
    inputs: Record<string, unknown>;
    same: Found;
}

/**
 * Records those of the objects whose inputs are known by now.
 * @param taken those that are recorded so far; more are added
 * @returns whether there may be more
 */
async function takeNext(run: Run, stack: Stack, found: readonly Found[], taken: Map<string, Found>): Promise<boolean> {
    const steps = await plan(stack, run.signal);
    await refuseDifferent(stack, steps, taken);
    const recorded = stackStore.resources(run.stack),
        next = nextOf(steps, unrecorded(found, recorded));
    if (next.length === 0) return false;
    const providers = [...new Set(next.map(n => urnOf(String(n.step.new?.provider))))],
        known = new Set(recorded.map(r => r.urn));
    if (providers.some(urn => !known.has(urn))) {
        // Nothing on a host: what objects are recorded under has to be recorded itself.
        await stack.up({ target: ancestors(providers, steps), signal: run.signal });
        return true;
    }
    await record(stack, [...componentsAbove(next, steps, known), ...next.map(recordOf)]);
    next.forEach(({ step, same }) => taken.set(step.urn, same));
    return true;
}

/** @throws UserError where one that was taken in is not as the program wants it; none of them is recorded then */
async function refuseDifferent(
    stack: Stack,
    steps: readonly StepEventMetadata[],
    taken: ReadonlyMap<string, Found>,
): Promise<void> {
    const other = steps.filter(s => taken.has(s.urn) && (s.op === "update" || s.op === "replace"));
    if (other.length === 0) return;
    await forgetResources(stack, [...taken.keys()]);
    throw new UserError(other.map(s => differs(s, taken.get(s.urn)!)).join("\n"));
}

/** @throws UserError naming virtual machines */
function nextOf(steps: readonly StepEventMetadata[], left: readonly Found[]): Next[] {
    const planned = steps.filter(s => s.op === "create" && libvirtKind(s.type) !== undefined);
    const sameAs = ({ type, new: wanted }: StepEventMetadata) =>
        left.find(
            f =>
                f.kind === libvirtKind(type) &&
                f.name === (wanted?.inputs as { name?: string } | undefined)?.name &&
                f.role === roleOf(String(wanted?.provider)),
        );
    const machines = planned.flatMap(s => (libvirtKind(s.type) === "domain" ? (sameAs(s) ?? []) : []));
    if (machines.length > 0) throw new UserError(machines.map(keyless).join("\n"));
    return planned.flatMap(s => {
        const inputs = (s.new?.inputs ?? {}) as Record<string, unknown>,
            same = sameAs(s);
        return same && !JSON.stringify(inputs).includes(unknownValue) ? [{ step: s, inputs, same }] : [];
    });
}

/** The engine would make a component only with all that it depends on. */
const componentsAbove = (
    next: readonly Next[],
    steps: readonly StepEventMetadata[],
    known: ReadonlySet<string>,
): RecordedResource[] =>
    ancestors(
        next.map(n => n.step.new!.parent),
        steps,
    )
        .reverse()
        .filter(urn => !known.has(urn))
        .map(urn => ({
            urn,
            type: stepOf(urn, steps)!.type,
            custom: false,
            parent: stepOf(urn, steps)!.new!.parent,
        }));

const recordOf = ({ step, inputs, same }: Next): RecordedResource => ({
    urn: step.urn,
    type: step.type,
    custom: true,
    id: same.id,
    parent: step.new!.parent,
    provider: step.new!.provider,
    inputs,
    outputs: { ...inputs, [`${same.kind}Id`]: same.id },
});

const stepOf = (urn: string, steps: readonly StepEventMetadata[]): StepEventMetadata | undefined =>
    steps.find(s => s.urn === urn);

/** What these resources and all above them are called, what is above behind what is below it. */
function ancestors(urns: readonly (string | undefined)[], steps: readonly StepEventMetadata[]): string[] {
    const all = new Set<string>();
    for (let above = urns; above.length > 0; above = above.flatMap(urn => stepOf(urn!, steps)?.new?.parent || [])) {
        for (const urn of above)
            if (urn) {
                all.delete(urn);
                all.add(urn);
            }
    }
    return [...all];
}

const urnOf = (provider: string): string => provider.slice(0, provider.lastIndexOf("::"));

/** What @pulumi/libvirt reads of a machine could not be compared, and its keys would be missing anyway. */
export const keyless = ({ role, name, id }: Found): string =>
    `the virtual machine ${name} (${id}) is on the ${role} host without being in the state. Its keys are only in the state that it was made with, so it cannot be taken in: put that state in its place, or remove the machine there (virsh destroy ${name}; virsh undefine ${name}). Nothing was changed`;

function differs(step: StepEventMetadata, { role, kind, name, id }: Found): string {
    const lines = propertyChanges(step).map(c => `    ${changeLine(c)}`);
    return `${kind} ${name} (${id}) is on the ${role} host but not in the state, and differs from the program (there → wanted); nothing was changed. Remove it, or put back the state that it was made with:\n${lines.join("\n")}`;
}
