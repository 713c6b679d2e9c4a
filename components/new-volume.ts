import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../clients/connection";
import { closeUnused, exec, quote, type RunScript } from "../clients/ssh";

/**
 * Refuses to make a volume that exists already, because @pulumi/libvirt would adopt it silently. A resource renamed
 * without an alias would then lose its disk when its old name is deleted.
 * @param host the physical host
 */
export function onlyNewVolumes(
    host: Connection,
    run: RunScript = exec,
    close = closeUnused,
): pulumi.ResourceHookBinding {
    return {
        beforeCreate: [
            async ({ name, newInputs }) => {
                const { pool, name: volume } = (newInputs ?? {}) as { pool: string; name: string };
                try {
                    const { code } = await run(
                        host,
                        `virsh -q vol-info --pool ${quote(pool)} ${quote(volume)} > /dev/null 2>&1`,
                        { allowFailure: true },
                    );
                    if (code === 0)
                        throw new Error(
                            `${name}: the volume ${volume} already exists in the pool ${pool} of ${host.name}. Where it is this stack's under another name, the rename needs an alias; else remove it: virsh vol-delete --pool ${pool} ${volume}`,
                        );
                } finally {
                    // An open connection would keep the program running. One through which libvirt's provider goes to its host
                    // stays.
                    close();
                }
            },
        ],
    };
}
