import * as pulumi from "@pulumi/pulumi";
import { utils } from "ssh2";
import { Handler, LiveResource } from "../dynamic";

interface Inputs { machine: string; type: string }
interface Outputs { publicKey: string; privateKey: string }

const generate = (machine: string, type: string): Outputs => {
    const made = type === "rsa" ? utils.generateKeyPairSync("rsa", { bits: 3072, comment: machine }) : utils.generateKeyPairSync("ed25519", { comment: machine });
    return { publicKey: made.public.split(" ").slice(0, 2).join(" "), privateKey: made.private.endsWith("\n") ? made.private : `${made.private}\n` };
};

/** A machine's ssh host key: lies in the state alone, secret, until it is put into the machine's golden clone. */
export const handler: Handler<Inputs, Outputs> = {
    inputs: ["machine", "type"], access: [], replaceOn: ["machine", "type"],
    check({ type }) {
        return type === undefined || ["ed25519", "rsa"].includes(type) ? [] : [{ property: "type", reason: `"${type}" is not one of ed25519, rsa` }];
    },
    async create({ machine, type }) { return { id: machine, outputs: generate(machine, type) }; },
    async read(_id, recorded) { return recorded; },
    async update(_id, { publicKey, privateKey }) { return { publicKey, privateKey }; },
    async delete() { return; },
};

export interface HostKeyArgs {
    /** The machine it is for. */
    machine: pulumi.Input<string>;
    /** ed25519, or rsa for machines of an age that has no ed25519. Default ed25519. */
    type?: pulumi.Input<string>;
}

/** The host key by which a machine is known before its first start: nothing is trusted on first use (H6). */
export class HostKey extends LiveResource {
    declare readonly publicKey: pulumi.Output<string>;
    /** Secret. */
    declare readonly privateKey: pulumi.Output<string>;

    constructor(name: string, args: HostKeyArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/host-key", "HostKey", name, { type: "ed25519", ...args, publicKey: undefined, privateKey: undefined },
            pulumi.mergeOptions({ additionalSecretOutputs: ["privateKey"] }, opts));
    }
}
