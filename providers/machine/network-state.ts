import type * as pulumi from "@pulumi/pulumi";
import { ask, text } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, RemoteError, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";

interface Inputs {
    connection: Connection;
    network: string;
    active: boolean;
    spanningTree?: boolean;
}

const SECONDS = 60;
const VIRSH = "virsh -q -c qemu:///system";

/** Whether `virsh net-info` says that the network runs. */
export const isActive = (text: string): boolean => /^Active:\s+yes\s*$/m.test(text);

/** Whether `virsh net-dumpxml` says that the network's bridge takes part in a spanning tree; libvirt's default is that it does. */
export const hasSpanningTree = (xml: string): boolean => !/<bridge [^>]*stp='off'/.test(xml);

async function live(run: RunScript, { connection, network }: Inputs) {
    const script = `info=$(${VIRSH} net-info ${network}); say info "$info"
xml=$(${VIRSH} net-dumpxml --inactive ${network}); say xml "$xml"`;
    try {
        const said = await ask(run, connection, script, { info: text(), xml: text() }, { timeoutSeconds: SECONDS });
        return { active: isActive(said.info), spanningTree: hasSpanningTree(said.xml) };
    } catch (e) {
        if (!(e instanceof RemoteError)) throw e;
        const why = e.result.stderr;
        if (/network not found|no network with matching name/i.test(why)) return undefined;
        throw new Unreachable(`${connection.name}: network ${network} cannot be asked: ${why}`);
    }
}

async function put(run: RunScript, inputs: Inputs): Promise<void> {
    const { connection, network, active, spanningTree } = inputs;
    const now = await live(run, inputs);
    if (!now) throw new Error(`${connection.name}: there is no network ${network}`);
    if (spanningTree !== undefined && spanningTree !== now.spanningTree) {
        // For good, and in the bridge that is there: a network is not taken down under its guests.
        await run(
            connection,
            `f=$(mktemp); trap 'rm -f "$f"' EXIT
${VIRSH} net-dumpxml --inactive ${network} | sed "/<bridge /{s/ stp='[a-z]*'//;s/<bridge /<bridge stp='${spanningTree ? "on" : "off"}' /}" > $f; ${VIRSH} net-define $f > /dev/null
b=$(sed -n "s/.*<bridge [^>]*name='\\([^']*\\)'.*/\\1/p" $f); [ ! -d "/sys/class/net/$b" ] || echo ${spanningTree ? 1 : 0} > "/sys/class/net/$b/bridge/stp_state"`,
            { timeoutSeconds: SECONDS },
        );
    }
    if (now.active !== active)
        await run(connection, `${VIRSH} ${active ? "net-start" : "net-destroy"} ${network}`, {
            timeoutSeconds: SECONDS,
        });
}

/** Whether a libvirt network runs (N1–N4). */
export function networkStateHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["network", "active", "spanningTree"],
        access: ["connection"],
        replaceOn: ["network"],
        // A word of the shell as it is.
        check({ network }): Problem[] {
            return network === undefined || /^[A-Za-z0-9_.-]+$/.test(network)
                ? []
                : [{ property: "network", reason: `"${network}" is not the name of a libvirt network` }];
        },
        async create(inputs) {
            await put(run, inputs);
            return { id: `${inputs.connection.name}/${inputs.network}`, outputs: {} };
        },
        async read(_id, recorded) {
            const now = await live(run, recorded);
            return (
                now && {
                    ...recorded,
                    active: now.active,
                    ...(recorded.spanningTree !== undefined && { spanningTree: now.spanningTree }),
                }
            );
        },
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        // The network itself is another resource's, which takes it away.
        async delete() {
            return;
        },
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
    /** Whether its bridge takes part in a spanning tree, which keeps a new guest waiting for its first address for seconds. */
    spanningTree?: pulumi.Input<boolean>;
}

/** What @pulumi/libvirt neither notices nor can set of a network: that it runs, and its bridge's spanning tree (N1–N4). */
export class NetworkState extends LiveResource {
    constructor(name: string, args: NetworkStateArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/network-state", "NetworkState", name, args as unknown as pulumi.Inputs, opts);
    }
}
