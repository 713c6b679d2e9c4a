import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, type RunScript } from "../../clients/ssh";
import { recordNotices } from "../../system/handed-over";
import { type Handler, LiveResource } from "../dynamic";
import { afterRun } from "./manifest/compare";
import { takeReading } from "./manifest/reading";
import { record, type Recorded } from "./manifest/record";
import { Store } from "./manifest/store";

interface Inputs extends Recorded {
    /** Always true in the program: a node of which nothing is recorded shows as a difference. */
    recorded: boolean;
}

/** The last resource in a node: it records what a run has made of it, and nothing else. */
export function baselineHandler(run: RunScript = exec): Handler<Inputs> {
    const end = async (inputs: Inputs): Promise<void> => {
        const { connection, key, expects } = inputs,
            store = new Store(run, connection, key),
            { manifest, pending } = await store.load(expects);
        if (pending?.fresh) return await record(run, inputs, await takeReading(run, connection), {}, pending);
        const before = pending && (await store.manifestOf(pending.expects));
        if (before) {
            const made = afterRun(before.reading, pending.before, await takeReading(run, connection));
            return await record(run, inputs, made, before.packs, pending);
        }
        if (manifest) return await store.settle(expects, manifest);
        console.warn(
            `${connection.name}: ${recordNotices.unrecorded}, for the program has not made it in this run; ./classroom accept records it`,
        );
    };
    return {
        inputs: ["expects", "recorded"],
        access: ["connection", "key", "managed"],
        replaceOn: [],
        async create(inputs) {
            await end(inputs);
            return { id: `${inputs.connection.name}:baseline`, outputs: {} };
        },
        async read(_id, recorded) {
            const { connection, key, expects } = recorded,
                { manifest, pending } = await new Store(run, connection, key).load(expects);
            return { ...recorded, recorded: manifest !== undefined || pending !== undefined };
        },
        async update(_id, _recorded, inputs) {
            await end(inputs);
            return {};
        },
        // What is recorded goes with guest:Ground.
        async delete() {
            return;
        },
    };
}
export const handler = baselineHandler();

export interface BaselineArgs {
    connection: pulumi.Input<Connection>;
    /** Stands for all that the program puts into the node. */
    expects: pulumi.Input<string>;
    /** Of guest:Ground; secret. */
    key: pulumi.Input<string>;
    managed: pulumi.Input<Recorded["managed"]>;
}

/** What is right in a node, recorded when all of the program's is in it. */
export class Baseline extends LiveResource {
    constructor(name: string, args: BaselineArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/baseline", "Baseline", name, { ...args, key: pulumi.secret(args.key), recorded: true }, opts);
    }
}
