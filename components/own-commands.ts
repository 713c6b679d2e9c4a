import * as pulumi from "@pulumi/pulumi";
import { remote } from "@pulumi/command";
import { type Connection, hostKeysOf, jumpOf } from "../clients/connection";
import type { OwnCommand } from "../config/commands";

export interface OwnCommandsArgs {
    /** The machine that they run on, as root. */
    connection: pulumi.Input<Connection>;
    commands: readonly OwnCommand[];
    /** Private keys by the path of their file; secret. */
    keyTexts: Readonly<Record<string, string>>;
}

/**
 * The order in which Go's ssh client, the plugin's, asks for kinds of host keys: of several keys that one is compared.
 */
const order = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa", "ssh-ed25519"];

/** Of a machine's public keys the one that the plugin meets. */
export const pinnedKey = (of: Pick<Connection, "hostKey">): string =>
    hostKeysOf(of).sort((a, b) => order.indexOf(a.split(" ")[0]!) - order.indexOf(b.split(" ")[0]!))[0]!;

/** A machine as the plugin reaches it: with its own pinned host key, through one other machine at most. */
function reached(to: Connection, keyTexts: OwnCommandsArgs["keyTexts"]) {
    const jump = jumpOf(to);
    const end = (machine: Connection) => ({
        host: machine.host,
        port: machine.port,
        user: machine.user ?? "root",
        hostKey: pinnedKey(machine),
        privateKey: keyTexts[machine.keyFile]!,
    });
    return { ...end(to), ...(jump && { proxy: end(jump) }) };
}

/**
 * A stack's own commands on a node or a host, one after the other, as @pulumi/command runs them. They have no read: nothing finds out
 * whether what they did is still so.
 */
export class OwnCommands extends pulumi.ComponentResource {
    constructor(
        name: string,
        args: OwnCommandsArgs,
        opts?: pulumi.ComponentResourceOptions,
        of: pulumi.CustomResourceOptions = {},
    ) {
        super("classroom:index:OwnCommands", name, {}, opts);
        const connection = pulumi.secret(pulumi.output(args.connection).apply(to => reached(to, args.keyTexts)));
        let last: pulumi.Resource[] = [];
        for (const { name: command, triggers, ...scripts } of args.commands)
            last = [
                new remote.Command(
                    `${name}-${command}`,
                    // A command's output may hold any secret of the node.
                    { connection, ...scripts, ...(triggers && { triggers }), logging: remote.Logging.None },
                    { ...of, parent: this, dependsOn: last, additionalSecretOutputs: ["stdout", "stderr"] },
                ),
            ];
        this.registerOutputs();
    }
}
