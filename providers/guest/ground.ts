import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, type RunScript } from "../../clients/ssh";
import { recordNotices } from "../../system/handed-over";
import { type Handler, LiveResource } from "../dynamic";
import { readBlock } from "./hosts-block";
import { readFile } from "./machine-files";
import { inWords, stillThere } from "./manifest/compare";
import type { Managed } from "./manifest/masks";
import { Mending, type Services } from "./manifest/mend";
import { takeReading } from "./manifest/reading";
import { look } from "./manifest/record";
import { newKey, newNumber, Store } from "./manifest/store";

interface Inputs extends Services {
    connection: Connection;
    expects: string;
    mends: boolean;
    managed: Managed;
    /** Always empty in the program: what a refresh finds shows as a difference. */
    differences: string[];
}
interface Outputs {
    key: string;
}

/** The first lines of a node that the program writes into it: without them nothing of the program's is in it. */
const BLOCK = "nodes";

/** Puts back what a refresh saw, as far as it still stands. */
async function mend(run: RunScript, recorded: Inputs & Outputs, inputs: Inputs): Promise<void> {
    const { connection, differences, key, expects } = recorded,
        node = connection.name;
    if (!inputs.mends) {
        console.warn(`${node}: ${recordNotices.left}(baseline: report): ${differences.join("; ")}`);
        return;
    }
    const current = { ...inputs, key, expects },
        seen = await look(run, current);
    if (!seen) return;
    const mending = new Mending(run, connection, new Store(run, connection, key), seen.manifest);
    let left = stillThere(seen.found, differences);
    // Twice, if that leads on: one difference may have kept another from being mended.
    for (let before = Infinity, round = 1; round <= 2 && left.length > 0 && left.length < before; round++) {
        before = left.length;
        await mending.mend(left, inputs);
        left = stillThere((await look(run, current))?.found ?? [], inWords(left));
    }
    if (left.length > 0) console.warn(`${node}: ${recordNotices.unmended}${inWords(left).join("; ")}`);
}

/** Keeps what the node is before the run changes anything in it; that of a run which was cut off stays. */
async function begin(run: RunScript, { connection, key, expects }: Inputs & Outputs, to: string): Promise<void> {
    const store = new Store(run, connection, key),
        { manifest, pending } = await store.load(expects);
    if (pending) {
        if (!pending.fresh) await store.savePending({ ...pending, to });
    } else if (manifest) {
        const before = await takeReading(run, connection);
        await store.savePending({ fresh: false, number: newNumber(), expects, to, before });
    }
}

/** The first resource in a node: whether the node is as it was recorded, in all that no other resource manages. It never records. */
export function groundHandler(run: RunScript = exec): Handler<Inputs, Outputs> {
    return {
        inputs: ["expects", "differences"],
        access: ["connection", "mends", "managed", "services", "ready"],
        replaceOn: [],
        async create({ connection }) {
            const key = newKey(),
                store = new Store(run, connection, key);
            await store.remove();
            const hosts = await readFile(run, connection, "/etc/hosts");
            if (readBlock(hosts?.content ?? "", BLOCK) === undefined)
                await store.savePending({ fresh: true, number: newNumber() });
            return { id: `${connection.name}:ground`, outputs: { key } };
        },
        async read(_id, recorded) {
            const seen = await look(run, recorded);
            return { ...recorded, differences: inWords(seen?.found ?? []) };
        },
        async update(_id, recorded, inputs) {
            if (recorded.differences.length > 0) await mend(run, recorded, inputs);
            if (recorded.expects !== inputs.expects) await begin(run, recorded, inputs.expects);
            return { key: recorded.key };
        },
        async delete(_id, { connection, key }) {
            await new Store(run, connection, key).remove();
        },
    };
}
export const handler = groundHandler();

export interface GroundArgs {
    connection: pulumi.Input<Connection>;
    /** Stands for all that the program puts into the node. */
    expects: pulumi.Input<string>;
    /** Whether differences are mended, or only told. */
    mends: pulumi.Input<boolean>;
    managed: pulumi.Input<Managed>;
    services: pulumi.Input<string[]>;
    ready: pulumi.Input<Services["ready"]>;
}

/** What a node stands on: its files, processes, firewall, network and mounts, beside what other resources manage. */
export class Ground extends LiveResource {
    /** Secret: what is recorded of the node is encrypted with it. */
    declare readonly key: pulumi.Output<string>;

    constructor(name: string, args: GroundArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/ground",
            "Ground",
            name,
            { ...args, differences: [], key: undefined },
            pulumi.mergeOptions({ additionalSecretOutputs: ["key"] }, opts),
        );
    }
}
