import { HttpError, isStatus } from "../../clients/http";
import { messageOf } from "../../system/errors";
import { type CheckedCloud, deadlines, PREFIX } from "./cloud";
import { CheckInterrupted, type Waiting } from "./wait";
import { type Kind, kinds } from "./which";

/** How things of one kind are found and removed. */
interface Way {
    list(): Promise<{ id: string; name: string }[]>;
    drop(id: string): Promise<void>;
    /** Of what is not gone at once. */
    look?(id: string): Promise<{ status: string }>;
    /** How long that may take, in seconds; default: {@link deadlines.gone}. */
    seconds?: number;
}

function waysOf(cloud: CheckedCloud, wait: Waiting): Record<Kind, Way> {
    const { compute, images, volumes } = cloud;
    return {
        servers: {
            list: () => compute.servers(),
            drop: id => compute.deleteServer(id),
            look: id => compute.server(id),
        },
        groups: {
            list: () => {
                compute.forget("groups");
                return compute.securityGroups();
            },
            drop: id => compute.deleteSecurityGroup(id),
        },
        images: {
            list: () => {
                images.forget();
                return images.list();
            },
            drop: id => images.delete(id),
        },
        volumes: {
            list: () => volumes.list(),
            drop: id => dropVolume(cloud, wait, id),
            look: id => volumes.get(id),
            seconds: deadlines.wiped,
        },
    };
}

/** Removes what earlier runs left, of these kinds. A service that is not there is no matter here: its check tells it. */
export const removeLeftovers = (cloud: CheckedCloud, wait: Waiting, of: readonly Kind[]): Promise<void> =>
    remove(cloud, wait, of, undefined);

/** Removes what this run made, all of whose names begin with `name`, and tells what may be left. */
export const removeMade = (cloud: CheckedCloud, wait: Waiting, of: readonly Kind[], name: string): Promise<void> =>
    remove(cloud, wait, of, name);

/** An instance goes before the group that it is in, and before the volume that it has. */
async function remove(cloud: CheckedCloud, wait: Waiting, of: readonly Kind[], own: string | undefined): Promise<void> {
    const ways = waysOf(cloud, wait);
    for (const kind of kinds.filter(k => of.includes(k))) {
        const one = { kind, way: ways[kind], own };
        let found = own !== undefined;
        try {
            const listed = (await one.way.list()).filter(o => o.name.startsWith(own ?? PREFIX));
            found ||= listed.length > 0;
            await removeAll(wait, one, listed);
        } catch (e) {
            if (e instanceof CheckInterrupted) throw e;
            if (found) wait.note(`${kind} named ${PREFIX}… may be left (the next check removes them): ${messageOf(e)}`);
        }
    }
}

/** All are asked for before the first is waited for. */
async function removeAll(
    wait: Waiting,
    { kind, way, own }: { kind: Kind; way: Way; own: string | undefined },
    listed: readonly { id: string; name: string }[],
): Promise<void> {
    const leftovers = own === undefined;
    let failed: unknown;
    const each = async (work: (thing: { id: string; name: string }) => Promise<unknown>) => {
        for (const thing of listed) {
            // One that cannot be removed must not keep the others.
            await work(thing).catch((e: unknown) => {
                if (e instanceof CheckInterrupted) throw e;
                failed ??= e;
            });
        }
    };
    await each(({ id, name }) => {
        if (leftovers) wait.note(`removing what an earlier check left: ${kind.slice(0, -1)} ${name}`);
        return wait.until(`${name} is deleted`, deadlines.gone, say => dropped(() => way.drop(id), say), leftovers);
    });
    const { look, seconds } = way;
    if (look) await each(({ id, name }) => wait.gone(name, () => look(id), { seconds, leavable: leftovers }));
    if (failed !== undefined) throw failed instanceof Error ? failed : new Error(messageOf(failed));
}

/** A service that fails by itself is asked again; what is no longer there is deleted. */
async function dropped(drop: () => Promise<void>, say: (seen: string) => void): Promise<true | undefined> {
    try {
        await drop();
        return true;
    } catch (e) {
        if (isStatus(e, 404)) return true;
        if (!(e instanceof HttpError) || e.status < 500) throw e;
        say(e.message);
        return undefined;
    }
}

/** States that a volume leaves by itself; that of an instance that is gone is given back by nova. */
const PASSING = ["creating", "attaching", "in-use", "detaching"];

/** A volume in such a state cannot be deleted. */
async function dropVolume({ volumes }: CheckedCloud, wait: Waiting, id: string): Promise<void> {
    let status = "";
    try {
        await wait.until(
            "the volume can be deleted",
            deadlines.volume,
            async say => {
                ({ status } = await volumes.get(id));
                say(status);
                return !PASSING.includes(status) || undefined;
            },
            false,
        );
    } catch (e) {
        // Nobody has it any more, and cinder has not heard of that.
        if (!PASSING.includes(status) || status === "creating") throw e;
        await volumes.forceDetached(id);
    }
    if (status !== "deleting") await volumes.delete(id);
}
