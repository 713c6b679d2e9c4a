import * as fs from "fs";
import * as path from "path";
import type { Stack } from "@pulumi/pulumi/automation";
import { pulumi } from "./automation";
import { type PendingOperation, type RecordedResource } from "./state";
import { nameOf } from "./urn";
import { stackStore } from "./stack-store";

/** Finds the live object of a resource that was just being made; undefined when it is not there. */
export type Find = (resource: RecordedResource) => Promise<Pick<RecordedResource, "id" | "outputs"> | undefined>;

/**
 * Clears the operations that were under way when the engine was ended by force. An update or a delete is planned
 * anew from what the state records. What was just being made and is a resource of this program is adopted by the next
 * create; any other is looked for, and recorded when it is there: its own create would refuse it.
 * @returns a line for people, and the resources that may be there without being recorded; nothing when nothing was pending
 */
export async function clearPending(
    stack: Stack,
    find: Find,
): Promise<{ note: string; unrecorded: string[] } | undefined> {
    const pending = stackStore.state(stack.name)?.pending ?? [];
    if (pending.length === 0) return undefined;
    const found: RecordedResource[] = [];
    for (const { resource } of pending.filter(p => p.type === "creating" && !adoptsItself(p.resource))) {
        const live = await find(resource);
        if (live) found.push({ ...resource, ...live });
    }
    await record(stack, found, true);
    return {
        note: notice(pending, found),
        unrecorded: pending.filter(p => p.type === "creating" && adoptsItself(p.resource)).map(p => p.resource.urn),
    };
}

const adoptsItself = (resource: RecordedResource): boolean => /^(pulumi-nodejs:dynamic\/|random:)/.test(resource.type);

/** The words for a person about operations that were cut off. */
export function notice(pending: readonly PendingOperation[], found: readonly RecordedResource[]): string {
    const adopted = found.length > 0 ? `; found there and recorded: ${found.map(r => nameOf(r.urn)).join(", ")}` : "";
    return `the last run was cut off in the middle of: ${pending.map(p => `${p.type} ${nameOf(p.resource.urn)}`).join(", ")}; that is planned anew${adopted}`;
}

/** Records a resource below another one that uses it by a property, as if it had always been there. */
export async function recordBelow(
    stack: Stack,
    resource: RecordedResource,
    user: string,
    property: string,
): Promise<void> {
    await edit(stack, deployment => {
        const resources = deployment.resources ?? [],
            at = resources.findIndex(r => r.urn === user),
            above = resources[at];
        if (above) {
            above.dependencies = [...(above.dependencies ?? []), resource.urn];
            above.propertyDependencies = {
                ...above.propertyDependencies,
                [property]: [...(above.propertyDependencies?.[property] ?? []), resource.urn],
            };
        }
        deployment.resources = above
            ? [...resources.slice(0, at), resource, ...resources.slice(at)]
            : [...resources, resource];
    });
}

/**
 * Records resources that are there, parents before children: first what was asked for, then, read by the engine, how they really are.
 * @param nothingPending what was under way is forgotten in the same change
 */
export async function record(stack: Stack, found: readonly RecordedResource[], nothingPending = false): Promise<void> {
    await edit(stack, deployment => {
        deployment.resources = [...(deployment.resources ?? []), ...found];
        if (nothingPending) delete deployment.pending_operations;
    });
    const real = found.filter(r => r.custom);
    if (real.length > 0) await stack.refresh({ target: real.map(r => r.urn) });
}

/** Takes resources out of the state. Their objects stay. */
export async function forgetResources(stack: Stack, urns: readonly string[]): Promise<void> {
    await edit(stack, deployment => {
        deployment.resources = (deployment.resources ?? []).filter(r => !urns.includes(r.urn));
    });
}

/** Names of the providers of libvirt and how the program has them reach their hosts. */
export type Ways = Readonly<Record<string, string>>;

const PROVIDER = "pulumi:providers:libvirt";

/** Providers whose recorded way to their host is not the program's. Recorded resources use the recorded way. */
export const otherWays = (resources: readonly RecordedResource[], ways: Ways): RecordedResource[] =>
    resources.filter(r => {
        const way = r.type === PROVIDER ? ways[nameOf(r.urn)] : undefined;
        return way !== undefined && way !== r.inputs?.uri;
    });

/**
 * Records how the hosts are reached now: a refresh and a destroy go the way that is recorded, which a key that has a
 * passphrase since, or a bastion, has closed.
 */
export async function recordWays(stack: Stack, ways: Ways): Promise<void> {
    if (otherWays(stackStore.resources(stack.name), ways).length === 0) return;
    await edit(stack, ({ resources = [] }) => {
        for (const resource of otherWays(resources, ways)) {
            const uri = ways[nameOf(resource.urn)];
            resource.inputs = { ...resource.inputs, uri };
            resource.outputs = { ...resource.outputs, uri };
        }
    });
}

/**
 * Providers whose recorded way leads to their host no more: another address, or signed for in a way that this run has not.
 * An operation that only reads the state uses the recorded way.
 */
export const closedWays = (resources: readonly RecordedResource[], ways: Ways): RecordedResource[] =>
    otherWays(resources, ways).filter(r => {
        const [recorded, now] = [String(r.inputs?.uri), ways[nameOf(r.urn)]!].map(uri => new URL(uri));
        const of = (uri: URL, name: string) => uri.searchParams.get(name);
        // The provider's own default is to try both.
        const signs = (of(recorded!, "sshauth") ?? "agent,privkey").split(",").includes(of(now!, "sshauth")!);
        return recorded!.host !== now!.host || of(recorded!, "keyfile") !== of(now!, "keyfile") || !signs;
    });

interface Deployment {
    resources?: RecordedResource[];
    pending_operations?: unknown;
}

/**
 * Changes the state through the engine's export and import: by file and still encrypted, for the Automation API's
 * export is in plain text.
 */
async function edit(stack: Stack, change: (deployment: Deployment) => void): Promise<void> {
    const file = path.join(stack.workspace.workDir, "state.json");
    try {
        fs.writeFileSync(file, "", { mode: 0o600 });
        await pulumi(stack, ["stack", "export", "--file", file]);
        const state = JSON.parse(fs.readFileSync(file, "utf8")) as { deployment: Deployment };
        change(state.deployment);
        fs.writeFileSync(file, JSON.stringify(state));
        await pulumi(stack, ["stack", "import", "--file", file]);
    } finally {
        fs.rmSync(file, { force: true });
    }
}

/**
 * Empties a stack's state when it is that of a lab that was taken down: each lab's hosts have keys of their own.
 * @param hostKeys those of the lab that is up
 * @returns whether it did
 */
export async function forgetFormerLab(stack: Stack, hostKeys: readonly string[]): Promise<boolean> {
    const keys = stackStore.resources(stack.name).flatMap(({ inputs }) => keysOnTheWay(inputs?.connection));
    if (keys.length === 0 || keys.some(key => key === undefined || hostKeys.includes(key))) return false;
    await edit(stack, deployment => {
        deployment.resources = [];
        delete deployment.pending_operations;
    });
    return true;
}

interface Recorded {
    hostKey?: string;
    jump?: Recorded;
}

/** The host keys of a machine and of those on the way to it, as a connection is recorded. */
function keysOnTheWay(connection: unknown): (string | undefined)[] {
    const { hostKey, jump } = (connection ?? {}) as Recorded;
    return connection === undefined ? [] : [hostKey, ...(jump ? keysOnTheWay(jump) : [])];
}
