import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, waitForSsh } from "../../clients/ssh";
import { Handler, LiveResource } from "../dynamic";

interface Inputs { guest: Connection; incarnation: string; seconds: number }

/** That a machine has started far enough to be worked in. */
export function bootedHandler(reachable: typeof waitForSsh = waitForSsh, run = exec): Handler<Inputs> {
    return {
        inputs: ["incarnation"], access: ["guest", "seconds"], replaceOn: ["incarnation"],
        async create({ guest, seconds }) {
            await reachable(guest, seconds);
            return { id: guest.name, outputs: {} };
        },
        async read(_id, recorded) {
            await run(recorded.guest, "true");
            return recorded;
        },
        async update(_id, _recorded, { guest, seconds }) { await reachable(guest, seconds); return {}; },
        async delete() { return; },
    };
}
export const handler = bootedHandler();

export interface BootedArgs {
    /** How the machine is reached. */
    guest: pulumi.Input<Connection>;
    /** Whose start is waited for: the domain's id. */
    incarnation: pulumi.Input<string>;
    /** How long it may take. An emulated machine needs a minute, several at once two. */
    seconds: pulumi.Input<number>;
}

/** The start of a virtual machine, until it answers by ssh with the host key that the program made. */
export class Booted extends LiveResource {
    constructor(name: string, args: BootedArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/booted", "Booted", name, args as unknown as pulumi.Inputs, opts);
    }
}
