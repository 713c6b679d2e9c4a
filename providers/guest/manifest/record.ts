import type { Connection } from "../../../clients/connection";
import type { RunScript } from "../../../clients/ssh";
import { compare, type Difference, untouched } from "./compare";
import { keepContents } from "./contents";
import { Mask, type Managed } from "./masks";
import { type Reading, takeReading } from "./reading";
import { type Manifest, type Pending, Store } from "./store";

/** A node, and by what its record is found and read. */
export interface Recorded {
    connection: Connection;
    /** Stands for all that the program puts into the node. */
    expects: string;
    /** What is recorded is encrypted with it. */
    key: string;
    managed: Managed;
}

/** A node's differences from its manifest, and what they are differences from; undefined where nothing is recorded. */
export async function look(
    run: RunScript,
    { connection, expects, key, managed }: Recorded,
): Promise<{ found: Difference[]; manifest: Manifest } | undefined> {
    const store = new Store(run, connection, key),
        loaded = await store.load(expects),
        { pending } = loaded;
    if (pending?.fresh) return undefined;
    const manifest = pending ? await store.manifestOf(pending.expects) : loaded.manifest;
    if (!manifest) return undefined;
    const now = await takeReading(run, connection),
        known = pending ? untouched(manifest.reading, pending.before, now) : { manifest: manifest.reading, now };
    return { found: compare(known.manifest, known.now, managed), manifest };
}

/**
 * Records a reading as right, with the contents of its files; what only a former record needed goes.
 * @param pending the run whose end this is
 */
export async function record(
    run: RunScript,
    { connection, key, expects, managed }: Recorded,
    reading: Reading,
    packs: Manifest["packs"],
    pending: Pending | undefined,
): Promise<void> {
    const store = new Store(run, connection, key);
    const kept = await keepContents(run, connection, store, { reading, packs }, new Mask(managed));
    const manifest = { reading, packs: kept, ...(pending?.number !== undefined && { ends: pending.number }) };
    await store.saveManifest(expects, manifest);
    await store.settle(expects, manifest);
}

/** Takes a node for right as it is now. */
export async function accept(run: RunScript, recorded: Recorded): Promise<void> {
    const store = new Store(run, recorded.connection, recorded.key),
        { manifest, pending } = await store.load(recorded.expects);
    await record(run, recorded, await takeReading(run, recorded.connection), manifest?.packs ?? {}, pending);
}
