import type * as pulumi from "@pulumi/pulumi";
import { type Answer, ask, lines, text } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, quote, RemoteError, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { type Hindrance, mend, told } from "./hindrance";
import { networkHindrances } from "./network-hindrances";
import { type Card, waysOf } from "./network-parts";
import { definitionOf, hindranceFields, hindranceShell } from "./network-question";

interface Inputs {
    connection: Connection;
    network: string;
    active: boolean;
    spanningTree?: boolean;
    /** Cards of guests that run and are in the network, but not in its bridge: `api-node's vnet3`. Wanted: none. */
    apart?: string[];
    /** What else keeps its bridge and its guests' cards from their work. Wanted: nothing. */
    hindered?: string[];
}

interface Outputs {
    /** The ports by which a bridge of the host's own leads out of it. */
    ways?: string[];
}

const SECONDS = 60;
const VIRSH = "virsh -q -c qemu:///system";

/** Whether `virsh net-info` says that the network runs. */
export const isActive = (text: string): boolean => /^Active:\s+yes\s*$/m.test(text);

/**
 * Whether `virsh net-dumpxml` says that the network's bridge takes part in a spanning tree; libvirt's default is that
 * it does.
 */
export const hasSpanningTree = (xml: string): boolean => !/<bridge [^>]*stp='off'/.test(xml);

/** The network's bridge, by its description in $xml. */
const bridgeShell = `bridge=$(printf %s "$xml" | sed -n "s/.*<bridge [^>]*name='\\([A-Za-z0-9_.-]*\\)'.*/\\1/p")`;

/**
 * `cards`: of each guest that runs, virtual machine or container, a line for each card that it has in
 * the network $network, with the driver; `ports`: what is in the bridge $bridge. Each driver is asked once for all its guests.
 */
const cardsShell = `cards() {
    # A quiet virsh (-q) ends no line after an echo. A card in a network of the kind "bridge" is of that kind, by the name of
    # the network.
    for driver in qemu:///system lxc:///system; do
        asked=$(virsh -q -c $driver list --name 2> /dev/null | sed -n 's/^[A-Za-z0-9][A-Za-z0-9.-]*$/echo guest &; domiflist &;/p')
        [ -z "$asked" ] || virsh -c $driver "$asked" 2> /dev/null | awk -v n="$network" -v b="$bridge" -v d=\${driver%%:*} '$1 == "guest" { g = $2 } ($2 == "network" || $2 == "bridge") && ($3 == n || $3 == b) && $1 ~ /^[A-Za-z0-9_.-]+$/ && $1 != "-" { print g, $1, d }'
    done
}
ports() { ip -o link show master "$bridge" 2> /dev/null | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'; }`;

const cardText = ({ guest, device }: Card): string => `${guest}'s ${device}`;

/** A network as it is. */
interface Live {
    active: boolean;
    spanningTree: boolean;
    /**
     * Guests' cards that are off its bridge after a stop of it: libvirt puts one back only when it starts the guest anew.
     */
    apart: Card[];
    hindered: Hindrance[];
    ways: string[];
}

const fields = {
    info: text(),
    xml: text(),
    cards: lines(/(\S+) (\S+) \S+/),
    ports: lines(/(\S+)/),
    ...hindranceFields,
};

function liveOf(network: string, said: Answer<typeof fields>, ways: readonly string[] | undefined): Live {
    const active = isActive(said.info),
        spanningTree = hasSpanningTree(said.xml);
    // One that is stopped has no bridge: that says it all.
    if (!active) return { active, spanningTree, apart: [], hindered: [], ways: [] };
    const cards = said.cards.map(([guest, device]) => ({ guest: guest!, device: device! })),
        inBridge = new Set(said.ports.flat()),
        found = { definition: definitionOf(network, said.xml), cards, said, ...(ways && { ways }) };
    return {
        active,
        spanningTree,
        apart: cards.filter(({ device }) => !inBridge.has(device)),
        hindered: networkHindrances(found),
        ways: waysOf(found),
    };
}

/** @param ways by which its bridge led out of the host */
async function live(
    run: RunScript,
    { connection, network }: Inputs,
    ways?: readonly string[],
): Promise<Live | undefined> {
    const script = `info=$(${VIRSH} net-info ${network}); say info "$info"
xml=$(${VIRSH} net-dumpxml --inactive ${network}); say xml "$xml"
network=${quote(network)}
${bridgeShell}
${cardsShell}
c=$(cards); say cards "$c"
p=$(ports); say ports "$p"
${hindranceShell}`;
    try {
        const said = await ask(run, connection, script, fields, { timeoutSeconds: SECONDS });
        return liveOf(network, said, ways);
    } catch (e) {
        if (!(e instanceof RemoteError)) throw e;
        const why = e.result.stderr;
        if (/network not found|no network with matching name/i.test(why)) return undefined;
        throw new Unreachable(`${connection.name}: network ${network} cannot be asked: ${why}`);
    }
}

/** Its spanning tree, for good, and in the bridge that is there: a network is not taken down under its guests. */
function turn(run: RunScript, { connection, network }: Inputs, spanningTree: boolean) {
    return run(
        connection,
        `f=$(mktemp); trap 'rm -f "$f"' EXIT
${VIRSH} net-dumpxml --inactive ${network} | sed "/<bridge /{s/ stp='[a-z]*'//;s/<bridge /<bridge stp='${spanningTree ? "on" : "off"}' /}" > $f; ${VIRSH} net-define $f > /dev/null
xml=$(cat "$f")
${bridgeShell}
[ ! -d "/sys/class/net/$bridge" ] || echo ${spanningTree ? 1 : 0} > "/sys/class/net/$bridge/bridge/stp_state"`,
        { timeoutSeconds: SECONDS },
    );
}

async function put(run: RunScript, inputs: Inputs, recorded?: readonly string[]): Promise<Outputs> {
    const { connection, network, active, spanningTree } = inputs,
        now = await live(run, inputs, recorded);
    if (!now) throw new Error(`${connection.name}: there is no network ${network}`);
    if (spanningTree !== undefined && spanningTree !== now.spanningTree) await turn(run, inputs, spanningTree);
    if (now.active !== active)
        await run(connection, `${VIRSH} ${active ? "net-start" : "net-destroy"} ${network}`, {
            timeoutSeconds: SECONDS,
        });
    return active ? await free(run, inputs, now, recorded) : { ways: [...(recorded ?? [])] };
}

/** Takes away what hinders a network that runs. @param found what it was when it was looked at, perhaps before it ran */
async function free(
    run: RunScript,
    inputs: Inputs,
    found: Live,
    recorded: readonly string[] | undefined,
): Promise<Outputs> {
    const look = async (last: Live) => (await live(run, inputs, recorded)) ?? last;
    let now = found.active ? found : await look(found);
    if (now.hindered.length > 0) {
        await mend(run, inputs.connection, now.hindered);
        // A bridge that came back has no cards yet.
        now = await look(now);
    }
    if (now.apart.length > 0) await join(run, inputs, now.apart);
    return { ways: recorded?.length ? [...recorded] : now.ways };
}

/** Puts cards into the network's bridge. */
function join(run: RunScript, { connection, network }: Inputs, cards: readonly Card[]) {
    return run(
        connection,
        `xml=$(${VIRSH} net-dumpxml --inactive ${network})
${bridgeShell}
[ -n "$bridge" ]
for d in ${cards.map(({ device }) => quote(device)).join(" ")}; do ip link set "$d" master "$bridge" up; done`,
        { timeoutSeconds: SECONDS },
    );
}

/** Whether a libvirt network runs (N1–N4). */
export function networkStateHandler(run: RunScript = exec): Handler<Inputs, Outputs> {
    return {
        inputs: ["network", "active", "spanningTree", "apart", "hindered"],
        access: ["connection"],
        replaceOn: ["network"],
        // A word of the shell as it is.
        check({ network }): Problem[] {
            return network === undefined || /^[A-Za-z0-9_.-]+$/.test(network)
                ? []
                : [{ property: "network", reason: `"${network}" is not the name of a libvirt network` }];
        },
        async create(inputs) {
            return { id: `${inputs.connection.name}/${inputs.network}`, outputs: await put(run, inputs) };
        },
        async read(_id, recorded) {
            const now = await live(run, recorded, recorded.ways);
            return (
                now && {
                    ...recorded,
                    active: now.active,
                    ...(recorded.spanningTree !== undefined && { spanningTree: now.spanningTree }),
                    ...(recorded.apart !== undefined && { apart: now.apart.map(cardText) }),
                    ...(recorded.hindered !== undefined && { hindered: told(now.hindered) }),
                }
            );
        },
        async update(_id, recorded, inputs) {
            return await put(run, inputs, recorded.ways);
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
    /**
     * Whether its bridge takes part in a spanning tree, which keeps a new guest waiting for its first address for
     * seconds.
     */
    spanningTree?: pulumi.Input<boolean>;
}

/**
 * The parts of a network that @pulumi/libvirt neither sees nor sets: it runs, its bridge, its guests'
 * cards, its dnsmasq and libvirt's rules (N1–N4).
 */
export class NetworkState extends LiveResource {
    constructor(name: string, args: NetworkStateArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/network-state", "NetworkState", name, { ...args, apart: [], hindered: [] }, opts);
    }
}
