import { ask, list, optional, text } from "../../clients/answer";
import { type Connection } from "../../clients/connection";
import { exec, quote } from "../../clients/ssh";
import { hostConnection } from "../../components/host-pair";
import { type HostRole, hostRoles } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import type { Find } from "../../engine/leftovers";
import type { RecordedResource } from "../../engine/state";
import type { HostDown } from "./hosts-check";

/**
 * Looks for a libvirt object that the engine was just making when it was ended, on the host of its provider.
 * A network, a pool or a machine is itself, however far it got. A volume may hold half of its content, so it is
 * removed, to be made anew.
 */
export function findLibvirt(settings: Settings): Find {
    return async resource => {
        const kind = libvirtKind(resource.type);
        const to = hostOf(settings, String(resource.provider));
        const name = resource.inputs?.name;
        if (kind === undefined || to === undefined || typeof name !== "string") return undefined;
        if (kind === "volume" || kind === "cloudInitDisk") {
            await removeVolume(to, resource.inputs?.pool, name);
            return undefined;
        }
        const id = await uuidOf(to, kind, name);
        // The bridge reads by the id among the outputs, under this name.
        return id === undefined ? undefined : { id, outputs: { ...resource.inputs, [`${kind}Id`]: id } };
    };
}

/** Removes a volume from its pool, where it is there. */
async function removeVolume(to: Connection, pool: unknown, name: string): Promise<void> {
    await exec(to, `virsh -q vol-delete --pool ${quote(String(pool ?? "default"))} ${quote(name)}`, {
        allowFailure: true,
    });
}

/** virsh's commands that tell the UUID of an object, by its kind. */
const uuidCommands: Readonly<Record<string, string>> = { network: "net-uuid", pool: "pool-uuid", domain: "domuuid" };

/** The UUID of an object by its name; undefined where the host does not know it. */
async function uuidOf(to: Connection, kind: string, name: string): Promise<string | undefined> {
    const command = uuidCommands[kind];
    if (command === undefined) return undefined;
    const { id } = await ask(
        exec,
        to,
        `if id=$(virsh -q ${command} ${quote(name)} 2> /dev/null); then say id "$id"; fi`,
        { id: optional(text(/[0-9a-f-]{36}/)) },
    );
    return id;
}

/**
 * A machine that the state records on a volume which is gone: @pulumi/libvirt fails on it, so it is left out where
 * everything is asked.
 */
export interface WithoutDisk {
    urn: string;
    id: string;
    reason: string;
}

/**
 * Asks the hosts for the disks of the recorded virtual machines, recorded themselves or not. A volume's own refresh
 * finds a lost one.
 */
export async function withoutDisks(
    settings: Settings,
    resources: readonly RecordedResource[],
    down: readonly HostDown[],
): Promise<WithoutDisk[]> {
    const asked = await Promise.all(
        hostRoles
            .filter(role => !down.some(d => d.role === role))
            .map(async role => {
                const machines = resources
                    .filter(
                        r => r.type === "libvirt:index/domain:Domain" && r.id && roleOf(String(r.provider)) === role,
                    )
                    .map(({ urn, id, inputs }) => ({
                        urn,
                        id: id!,
                        name: String(inputs?.name),
                        disks: ((inputs?.disks ?? []) as { volumeId?: string }[]).flatMap(d => d.volumeId ?? []),
                    }));
                if (machines.length === 0) return [];
                // A disk removed as a file counts too. An undefined machine is read as gone, with or without its disks.
                const script = `for p in $(virsh -q pool-list --name); do virsh -q pool-refresh "$p" > /dev/null || exit 0; done
virsh -q list --all --name | while read -r n; do [ -z "$n" ] || say machine "$n"; done
for v in ${machines.flatMap(m => m.disks.map(quote)).join(" ")}; do virsh -q vol-name "$v" > /dev/null 2>&1 || say lost "$v"; done`;
                const said = await ask(
                    exec,
                    hostConnection(settings, role),
                    script,
                    { machine: list(text()), lost: list(text()) },
                    { timeoutSeconds: 30 },
                );
                return machines.flatMap(({ urn, id, name, disks }) => {
                    const lost = said.machine.includes(name) ? disks.filter(disk => said.lost.includes(disk)) : [];
                    return lost.length === 0
                        ? []
                        : [{ urn, id, reason: `of the virtual machine ${name} the disk ${lost.join(", ")} is gone` }];
                });
            }),
    );
    return asked.flat();
}

/**
 * `network`, `pool`, `volume`, `cloudInitDisk` or `domain` of `libvirt:index/network:Network`; undefined for other
 * packages' types.
 */
export const libvirtKind = (type: string): string | undefined => /^libvirt:index\/(\w+):/.exec(type)?.[1];

/** The physical host whose provider a resource has: `…pulumi:providers:libvirt::cloud-hosts-central::<id>`. */
export const roleOf = (provider: string): HostRole | undefined =>
    hostRoles.find(role => provider.includes(`::cloud-hosts-${role}::`));

/** The host of a libvirt resource's provider. */
export function hostOf(settings: Settings, provider: string): Connection | undefined {
    const role = roleOf(provider);
    return role && hostConnection(settings, role);
}
