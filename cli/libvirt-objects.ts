import { Connection } from "../clients/connection";
import { exec, quote } from "../clients/ssh";
import { hostConnection } from "../components/host-pair";
import { HostRole, hostRoles } from "../config/nodes";
import type { Settings } from "../config/settings";
import type { Find } from "../engine/leftovers";

/**
 * Looks for a libvirt object that the engine was just making when it was ended, on the host of its provider.
 * A network, a pool or a machine is itself, however far it got. A volume may hold half of its content, so it is
 * removed, to be made anew.
 */
export function findLibvirt(settings: Settings): Find {
    return async resource => {
        const kind = /^libvirt:index\/(\w+):/.exec(resource.type)?.[1];
        const to = hostOf(settings, String(resource.provider));
        const name = resource.inputs?.name;
        if (kind === undefined || to === undefined || typeof name !== "string") return undefined;
        if (kind === "volume" || kind === "cloudInitDisk") {
            await exec(to, `virsh -q vol-delete --pool ${quote(String(resource.inputs?.pool ?? "default"))} ${quote(name)}`, { allowFailure: true });
            return undefined;
        }
        const command = { network: "net-uuid", pool: "pool-uuid", domain: "domuuid" }[kind];
        if (command === undefined) return undefined;
        const { stdout, code } = await exec(to, `virsh -q ${command} ${quote(name)}`, { allowFailure: true });
        const id = stdout.trim();
        // The bridge reads by the id among the outputs, under this name.
        return code === 0 && id !== "" ? { id, outputs: { ...resource.inputs, [`${kind}Id`]: id } } : undefined;
    };
}

/** The physical host whose provider a resource has: `…pulumi:providers:libvirt::cloud-hosts-central::<id>`. */
export const roleOf = (provider: string): HostRole | undefined => hostRoles.find(role => provider.includes(`::cloud-hosts-${role}::`));

function hostOf(settings: Settings, provider: string): Connection | undefined {
    const role = roleOf(provider);
    return role && hostConnection(settings, role);
}
