import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, ExecResult } from "../../clients/ssh";
import { Handler, LiveResource, Problem } from "../dynamic";

interface Inputs { connection: Connection; network: string; active: boolean }

/** Runs a shell script on the physical host; replaced in tests. */
export type RunOnHost = (connection: Connection, script: string, allowFailure?: boolean) => Promise<Pick<ExecResult, "stdout" | "stderr" | "code">>;

const remote: RunOnHost = (connection, script, allowFailure = false) => exec(connection, script, { allowFailure, timeoutSeconds: 60 });
const VIRSH = "virsh -q -c qemu:///system";

/** Whether `virsh net-info` says that the network runs. */
export const isActive = (text: string): boolean => /^Active:\s+yes\s*$/m.test(text);

/** Whether a libvirt network runs (N1–N4). */
export function networkStateHandler(run: RunOnHost = remote): Handler<Inputs> {
    const live = async ({ connection, network }: Inputs) => {
        const { code, stdout, stderr } = await run(connection, `${VIRSH} net-info ${network}`, true);
        if (code === 0) return { active: isActive(stdout) };
        if (/network not found|no network with matching name/i.test(stderr)) return undefined;
        throw new Error(`${connection.name}: network ${network} cannot be asked: ${stderr.trim()}`);
    };
    const put = async (inputs: Inputs) => {
        const { connection, network, active } = inputs;
        const now = await live(inputs);
        if (!now) throw new Error(`${connection.name}: there is no network ${network}`);
        if (now.active !== active) await run(connection, `${VIRSH} ${active ? "net-start" : "net-destroy"} ${network}`);
    };
    return {
        inputs: ["network", "active"], access: ["connection"], replaceOn: ["network"],
        // A word of the shell as it is.
        check({ network }): Problem[] {
            return network === undefined || /^[A-Za-z0-9_.-]+$/.test(network) ? [] : [{ property: "network", reason: `"${network}" is not the name of a libvirt network` }];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}/${inputs.network}`, outputs: {} };
        },
        async read(_id, recorded) {
            const now = await live(recorded);
            return now && { ...recorded, ...now };
        },
        async update(_id, _recorded, inputs) { await put(inputs); return {}; },
        // The network itself is another resource's, which takes it away.
        async delete() { return; },
    };
}
export const handler = networkStateHandler();

export interface NetworkStateArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    /** Name of a libvirt network that is defined there. */
    network: pulumi.Input<string>;
    /** Whether it runs. */
    active: pulumi.Input<boolean>;
}

/** That a libvirt network runs: @pulumi/libvirt does not notice one that was stopped (N1–N4). */
export class NetworkState extends LiveResource {
    constructor(name: string, args: NetworkStateArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/network-state", "NetworkState", name, args as unknown as pulumi.Inputs, opts);
    }
}
