import { exec, quote } from "../../clients/ssh";
import { pools } from "../../components/golden-image";
import type { NodeName } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { recordBelow } from "../../engine/leftovers";
import { type RecordedResource } from "../../engine/state";
import { stackStore } from "../../engine/stack-store";
import { hostOf, withoutDisks } from "../hosts/libvirt-objects";
import type { Ready } from "../operate/kind";
import { plan } from "../operate/unrecorded";

/** Whether a resource is the root disk of a node's virtual machine. */
const isRoot = (urn: string, node: NodeName): boolean => urn.endsWith(`-${node}-vm-disk`);

/**
 * Before virtual machines are made anew: @pulumi/libvirt fails to delete one that is not there, so what is gone of them is recorded as gone.
 * One without its disk is there, but cannot be read. The root disk has to be recorded, for it is by its replacement that everything in
 * the machine is made anew: where it is gone, or an earlier refresh has recorded it as gone, an empty one takes its place until then.
 */
export async function lookForMachines(
    nodes: readonly NodeName[],
    { stack, settings }: Pick<Ready, "stack" | "settings">,
    signal: AbortSignal,
): Promise<void> {
    const machines = nodes.filter(node => settings.kindOf(node) === "vm"),
        recorded = () => stackStore.resources(stack.name);
    if (machines.length === 0) return;
    await recordRoots(machines, stack, recorded(), signal);
    const resources = recorded(),
        roots = resources.filter(r => machines.some(node => isRoot(r.urn, node))),
        lost = await withoutDisks(settings, resources, []);
    await Promise.all(roots.map(root => placeholder(settings, root)));
    const target = resources
        .filter(
            r =>
                r.type.startsWith("libvirt:") &&
                machines.some(node => r.urn.includes(`-${node}-vm-`)) &&
                !roots.includes(r) &&
                !lost.some(l => l.urn === r.urn),
        )
        .map(r => r.urn);
    if (target.length > 0) await stack.refresh({ target, signal });
}

/** Root disks that an earlier refresh has recorded as gone are recorded again. */
async function recordRoots(
    machines: readonly NodeName[],
    stack: Ready["stack"],
    before: readonly RecordedResource[],
    signal: AbortSignal,
): Promise<void> {
    const unrecorded = machines.filter(node => !before.some(r => isRoot(r.urn, node)));
    if (unrecorded.length === 0) return;
    for (const { urn, type, op, new: wanted } of await plan(stack, signal)) {
        const node = unrecorded.find(one => isRoot(urn, one));
        if (op !== "create" || node === undefined) continue;
        const inputs = wanted!.inputs as Record<string, unknown>,
            id = `${pools.machines.path}/${String(inputs.name)}`;
        const root = {
            urn,
            type,
            custom: true,
            id,
            parent: wanted!.parent,
            provider: wanted!.provider,
            inputs,
            outputs: { ...inputs, volumeId: id },
            replacementTrigger: "gone",
        };
        await recordBelow(
            stack,
            root,
            before.find(r => r.type === "libvirt:index/domain:Domain" && r.inputs?.name === node)?.urn ?? "",
            "disks",
        );
    }
}

/** An empty volume where a root disk is gone, so that it can be deleted. */
async function placeholder(settings: Settings, { provider, inputs }: RecordedResource): Promise<void> {
    const [pool, volume] = [quote(String(inputs?.pool)), quote(String(inputs?.name))];
    await exec(
        hostOf(settings, String(provider))!,
        `virsh -q pool-refresh ${pool} > /dev/null; virsh -q vol-info --pool ${pool} ${volume} > /dev/null 2>&1 || virsh -q vol-create-as ${pool} ${volume} 1M --format qcow2 > /dev/null`,
    );
}
