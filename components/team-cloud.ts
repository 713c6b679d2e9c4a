import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";
import { readStackSettings } from "../config/stack-settings";
import { UserError } from "../system/errors";
import { HostPair } from "./host-pair";
import { Networks } from "./networks";

/**
 * One team's cloud on its pair of physical hosts.
 * So far the hosts' names of the nodes and the networks; the machines and what is in them are to come.
 */
export class TeamCloud extends pulumi.ComponentResource {
    constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:index:TeamCloud", name, {}, opts);
        const { hosts, sshKeyFile, knownHostsFile, plan } = settings;
        const pair = new HostPair(`${name}-hosts`, { hosts, sshKeyFile, knownHostsFile, plan }, { parent: this });
        new Networks(`${name}-net`, { providers: pair.providers, connections: pair.connections, plan }, { parent: this });
        this.registerOutputs();
    }
}

/** The whole program: the selected stack's configuration in, one cloud out. Run by index.ts and by the command line alike. */
export async function program(): Promise<void> {
    const config = new pulumi.Config();
    let settings: Settings;
    try { settings = readStackSettings(pulumi.getStack(), key => config.get(key)); } catch (e) {
        // The engine shows the message of this class alone, without a stack.
        throw e instanceof UserError ? new pulumi.RunError(e.message) : e;
    }
    new TeamCloud("cloud", settings);
}
