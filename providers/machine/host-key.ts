import * as pulumi from "@pulumi/pulumi";
import { generateKeyPairSync } from "crypto";
import { utils } from "ssh2";
import { type HostKeyType, hostKeyTypes } from "../../config/host-keys";
import { type Handler, LiveResource } from "../dynamic";

interface Inputs {
    machine: string;
    type: HostKeyType;
}
interface Outputs {
    publicKey: string;
    privateKey: string;
}

/** OpenSSH's own form came with ed25519: older programs read the other kinds in OpenSSL's form alone. */
const generate = (machine: string, type: HostKeyType): string => {
    if (type === "ed25519") return utils.generateKeyPairSync("ed25519", { comment: machine }).private;
    if (type === "ecdsa")
        return generateKeyPairSync("ec", { namedCurve: "prime256v1" })
            .privateKey.export({ type: "sec1", format: "pem" })
            .toString();
    return generateKeyPairSync("rsa", { modulusLength: 3072 })
        .privateKey.export({ type: "pkcs1", format: "pem" })
        .toString();
};

/**
 * A new key pair of a machine. ssh2 cuts a zero byte off the front of an ed25519 key, one in 200, and then cannot read
 * it: another is made.
 */
export const keyPair = (machine: string, type: HostKeyType, attempts = 20): Outputs => {
    const made = generate(machine, type),
        parsed = utils.parseKey(made);
    if (parsed instanceof Error) {
        if (attempts <= 1) throw parsed;
        return keyPair(machine, type, attempts - 1);
    }
    return {
        publicKey: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`,
        privateKey: made.endsWith("\n") ? made : `${made}\n`,
    };
};

/** A machine's ssh host key: lies in the state alone, secret, until it is put into the machine's golden clone. */
export const handler: Handler<Inputs, Outputs> = {
    inputs: ["machine", "type"],
    access: [],
    replaceOn: ["machine", "type"],
    check({ type }) {
        return type === undefined || hostKeyTypes.includes(type)
            ? []
            : [{ property: "type", reason: `"${type}" is not one of ${hostKeyTypes.join(", ")}` }];
    },
    async create({ machine, type }) {
        return { id: machine, outputs: keyPair(machine, type) };
    },
    async read(_id, recorded) {
        return recorded;
    },
    async update(_id, { publicKey, privateKey }) {
        return { publicKey, privateKey };
    },
    async delete() {
        return;
    },
};

export interface HostKeyArgs {
    /** The machine it is for. */
    machine: pulumi.Input<string>;
    /** ecdsa (nistp256) or rsa for machines of an age that has no ed25519. */
    type: pulumi.Input<HostKeyType>;
}

/** The host key by which a machine is known before its first start: nothing is trusted on first use (H6). */
export class HostKey extends LiveResource {
    declare readonly publicKey: pulumi.Output<string>;
    /** Secret. */
    declare readonly privateKey: pulumi.Output<string>;

    constructor(name: string, args: HostKeyArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "machine/host-key",
            "HostKey",
            name,
            { ...args, publicKey: undefined, privateKey: undefined },
            pulumi.mergeOptions({ additionalSecretOutputs: ["privateKey"] }, opts),
        );
    }
}
