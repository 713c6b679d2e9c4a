import type { Server } from "../../clients/compute";
import { type CheckedCloud, deadlines } from "./cloud";
import { tutorial, type Using } from "./instances";
import type { Waiting } from "./wait";

/** T10: an instance gets the tutorial's flavor, and its own again; then it gets it for good. */
export async function checkResize({ cloud, wait, instances }: Using, instance: Server): Promise<string> {
    const { compute } = cloud,
        { id } = instance,
        own = await instances.flavor(tutorial.smallest),
        other = await instances.flavor(tutorial.flavor);
    const first = await resized(cloud, wait, id, other);
    await compute.revertResize(id);
    await settled(cloud, wait, id, own, "reverted");
    await resized(cloud, wait, id, other);
    await compute.confirmResize(id);
    await settled(cloud, wait, id, other, "confirmed");
    const where =
        first.host !== undefined && instance.host !== undefined ? `, from ${instance.host} to ${first.host}` : "";
    return `${tutorial.smallest} to ${tutorial.flavor}${where}: reverted, confirmed`;
}

/** @throws Error with nova's words where it does not come to an end */
async function resized({ compute }: CheckedCloud, wait: Waiting, id: string, flavorId: string): Promise<Server> {
    await compute.resize(id, flavorId);
    return await wait.until("the instance is resized", deadlines.resize, async say => {
        const server = await compute.server(id);
        say(server.status);
        if (server.status === "VERIFY_RESIZE") return server;
        if (server.status === "RESIZE") return undefined;
        const why = server.fault?.message ?? (await compute.whyFailed(id, "resize")) ?? "nova does not say why";
        throw new Error(`the instance is ${server.status}, not resized: ${why}`);
    });
}

async function settled(
    { compute }: CheckedCloud,
    wait: Waiting,
    id: string,
    flavorId: string,
    how: "reverted" | "confirmed",
): Promise<void> {
    await wait.until(`the resize is ${how}`, deadlines.resize, async say => {
        const server = await compute.server(id);
        say(server.status);
        if (server.status === "ERROR")
            throw new Error(`the instance is in ERROR: ${server.fault?.message ?? "nova does not say why"}`);
        if (server.status !== "ACTIVE") return undefined;
        if (server.flavorId !== undefined && server.flavorId !== flavorId)
            throw new Error(`the resize is ${how}, and the instance has flavor ${server.flavorId}, not ${flavorId}`);
        return true;
    });
}
