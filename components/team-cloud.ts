import * as pulumi from "@pulumi/pulumi";
import { withHostKeys } from "../config/known-hosts";
import { withLab } from "../config/lab-settings";
import { readSettings, settingKeys, Settings } from "../config/settings";
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
    const given: Record<string, unknown> = {};
    for (const key of settingKeys) {
        const text = config.get(key);
        if (text !== undefined) given[key] = parse(text);
    }
    let settings: Settings;
    try { settings = withHostKeys(readSettings(pulumi.getStack(), withLab(given))); } catch (e) {
        // The engine shows the message of this class alone, without a stack.
        throw e instanceof UserError ? new pulumi.RunError(e.message) : e;
    }
    new TeamCloud("cloud", settings);
}

/** Structured values and numbers come as JSON, words as they are. */
function parse(text: string): unknown {
    try { return JSON.parse(text); } catch { return text; }
}
