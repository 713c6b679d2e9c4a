import { isIPv4 } from "net";
import * as pulumi from "@pulumi/pulumi";
import { ask, list, optional, text, yesOrNo } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { readFile, writeFile } from "../guest/machine-files";

/** The identity of an interface: a change in it makes another interface. */
interface Way {
    kind: "vlan" | "vxlan";
    segment: number;
    /** Of a VLAN: the network card. */
    nic?: string;
    /** Of a VXLAN: the other host, a name or an IPv4 address, and the UDP port. */
    peer?: string;
    port?: number;
}

interface Inputs extends Way {
    connection: Connection;
    network: string;
    bridge: string;
    mtu: number;
    ports: string[];
    up: boolean;
    persistent: boolean;
}

/** The used part of `ip -d -j link show` about an interface. */
interface Link {
    flags: string[];
    mtu: number;
    link?: string;
    linkinfo?: { info_kind?: string; info_data?: { id?: number; port?: number; remote?: string } };
}

/** The interface that is the bridge's port to the other host. */
export const deviceOf = (network: string): string => `up-${network}`;
const unitOf = (network: string): string => `classroom-uplink-${network}.service`;
const unitFile = (network: string): string => `/etc/systemd/system/${unitOf(network)}`;
const wantedBy = (network: string): string => `/etc/systemd/system/multi-user.target.wants/${unitOf(network)}`;
const scriptFile = (network: string): string => `/usr/local/lib/classroom/uplink-${network}`;

/**
 * What makes the uplink, at the host's start as now: whatever else manages a host's network (ifupdown, netplan, NetworkManager;
 * it differs between the supported distributions and by choice), none of them touches interfaces that it does not know.
 * @param address of the other host, of a VXLAN
 */
export function uplinkScript(
    { network, bridge, kind, segment, nic, port, mtu }: Omit<Inputs, "connection">,
    address?: string,
): string {
    const device = deviceOf(network),
        missing = (name: string) => `[ -e /sys/class/net/${name} ] ||`;
    // Without addresses of their own: the hosts take no part in the network.
    const settle = (name: string, more: string) => [
        `ip link set ${name} addrgenmode none 2> /dev/null || true`,
        `ip link set ${name} mtu ${mtu} ${more}up`,
    ];
    return [
        "#!/bin/sh -e",
        `# The cloud's network "${network}" between the two hosts; written, and kept as it is, by classroom.`,
        `${missing(bridge)} ip link add ${bridge} type bridge stp_state 0 forward_delay 0`,
        ...settle(bridge, ""),
        ...(kind === "vlan"
            ? [
                  `ip link set ${nic} up`,
                  `${missing(device)} ip link add link ${nic} name ${device} type vlan id ${segment}`,
              ]
            : [
                  `${missing(device)} ip link add ${device} type vxlan id ${segment} remote ${address} dstport ${port} nolearning`,
              ]),
        ...settle(device, `master ${bridge} `),
        "",
    ].join("\n");
}

export const uplinkUnit = (network: string): string => `[Unit]
Description=The cloud's network "${network}" between the two hosts
Wants=network-online.target
After=network-online.target
Before=libvirtd.service virtnetworkd.service virtqemud.service virtlxcd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${scriptFile(network)}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
`;

/** Guests' cards come and go with them. */
const isGuests = (port: string): boolean => /^vnet\d+$/.test(port);
const inWords = ({ kind, segment, nic, peer, port }: Way): string =>
    kind === "vlan" ? `VLAN ${segment} on ${nic}` : `VXLAN ${segment} to ${peer}, port ${port}`;
const sameWay = (a: Way, b: Way): boolean =>
    (["kind", "segment", "nic", "peer", "port"] as const).every(key => a[key] === b[key]);

/** A name is looked up by the host itself, and the address kept: at its start there may be nobody to ask. */
async function addressOf(run: RunScript, { connection, peer }: Inputs): Promise<string | undefined> {
    if (peer === undefined || isIPv4(peer)) return peer;
    const { address } = await ask(
        run,
        connection,
        `found=$(getent ahostsv4 ${quote(peer)}) || true; say address "\${found%% *}"`,
        { address: text(/[\d.]*/) },
    );
    // It goes into a script that root runs at each start.
    if (!isIPv4(address))
        throw new Unreachable(`${connection.name} cannot look up ${peer}, the other end of its uplink`);
    return address;
}

/** @throws Unreachable when it is no JSON */
function linkOf({ name }: Connection, json: string | undefined): Link | undefined {
    try {
        return json === undefined ? undefined : (JSON.parse(json) as Link[])[0];
    } catch {
        throw new Unreachable(`${name} does not say in JSON what its interfaces are`);
    }
}

/** @param address of the other end: the name stands for its address */
function wayOf(device: Link, { peer }: Inputs, address: string | undefined): Way {
    const { info_kind: kind = "no", info_data: { id: segment = 0, port, remote } = {} } = device.linkinfo ?? {};
    return {
        kind,
        segment,
        ...(kind === "vlan" ? { nic: device.link } : { peer: remote === address ? peer : remote, port }),
    } as Way;
}

async function live(run: RunScript, inputs: Inputs) {
    const { connection, network, bridge } = inputs;
    const address = await addressOf(run, inputs);
    const said = await ask(
        run,
        connection,
        `look() { [ -e /sys/class/net/$2 ] || return 0; link=$(ip -d -j link show dev $2); say $1 "$link"; }
look bridge ${bridge}; look device ${deviceOf(network)}
for p in /sys/class/net/${bridge}/brif/*; do [ ! -e "$p" ] || say port "\${p##*/}"; done
if [ -L ${wantedBy(network)} ]; then say enabled yes; else say enabled no; fi`,
        { bridge: optional(text()), device: optional(text()), port: list(text(/[!-~]{1,15}/)), enabled: yesOrNo },
    );
    const [device, ownBridge] = [linkOf(connection, said.device), linkOf(connection, said.bridge)];
    return {
        address,
        device,
        bridge: ownBridge,
        way: device && wayOf(device, inputs, address),
        enabled: said.enabled,
        ports: said.port.filter(p => !isGuests(p)),
    };
}

async function put(run: RunScript, inputs: Inputs): Promise<void> {
    const { connection, network } = inputs,
        device = deviceOf(network);
    const { address, way, ports } = await live(run, inputs);
    await writeFile(run, connection, scriptFile(network), uplinkScript(inputs, address), {
        owner: "root",
        group: "root",
        mode: "0755",
    });
    await writeFile(run, connection, unitFile(network), uplinkUnit(network), {
        owner: "root",
        group: "root",
        mode: "0644",
    });
    await run(
        connection,
        `${way && !sameWay(way, inputs) ? `ip link delete ${device}\n` : ""}${ports
            .filter(p => p !== device)
            .map(p => `ip link set ${quote(p)} nomaster\n`)
            .join("")}${scriptFile(network)}
mkdir -p "$(dirname ${wantedBy(network)})"; ln -sf ${unitFile(network)} ${wantedBy(network)}
[ ! -d /run/systemd/system ] || systemctl daemon-reload`,
    );
}

// Words of the shell as they are.
function check({ network, bridge, nic, peer }: Partial<Inputs>): Problem[] {
    const bad = (
        [
            ["network", network],
            ["bridge", bridge],
            ["nic", nic],
            ["peer", peer],
        ] as const
    ).find(([, name]) => name !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name));
    return bad ? [{ property: bad[0], reason: `"${bad[1]}" is not a name of letters, digits, dots and dashes` }] : [];
}

async function create(run: RunScript, inputs: Inputs): Promise<{ id: string; outputs: object }> {
    const { connection, network, bridge } = inputs,
        device = deviceOf(network),
        { way, ports } = await live(run, inputs);
    const foreign = ports.filter(p => p !== device);
    if (foreign.length > 0)
        throw new Error(
            `${connection.name}: there is a bridge ${bridge} already, with ${foreign.join(", ")} in it; wanted is one of this network's own. Where nobody needs it: ip link delete ${bridge}`,
        );
    if (way && !sameWay(way, inputs))
        throw new Error(
            `${connection.name}: there is an interface ${device} already, ${inWords(way)}; wanted is ${inWords(inputs)}. Where nobody needs it: ip link delete ${device}`,
        );
    await put(run, inputs);
    return { id: `${connection.name}:${bridge}`, outputs: {} };
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const { connection, network, mtu } = recorded,
        now = await live(run, recorded);
    if (!now.bridge && !now.device) return undefined;
    const links = [now.bridge, now.device].filter(l => l !== undefined);
    const [script, unit] = [
        await readFile(run, connection, scriptFile(network)),
        await readFile(run, connection, unitFile(network)),
    ];
    return {
        // Without the interface there is nothing to compare: it is not among the ports.
        ...recorded,
        ...now.way,
        mtu: links.map(l => l.mtu).find(m => m !== mtu) ?? mtu,
        ports: now.ports,
        // A VLAN's says so of its card, too.
        up: links.every(l => l.flags.includes("UP") && !l.flags.includes("M-DOWN")),
        persistent:
            now.enabled &&
            script?.content === uplinkScript(recorded, now.address) &&
            script.mode === "0755" &&
            unit?.content === uplinkUnit(network),
    };
}

/** A bridge of a physical host, now and after a restart. Its port is a VLAN or a VXLAN to the other host (N2, N4). */
export function uplinkHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["network", "bridge", "kind", "segment", "nic", "peer", "port", "mtu", "ports", "up", "persistent"],
        access: ["connection"],
        replaceOn: ["network", "bridge"],
        check,
        create: inputs => create(run, inputs),
        read: (_id, recorded) => read(run, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        async delete(_id, { connection, network, bridge }) {
            await run(
                connection,
                `rm -f ${wantedBy(network)} ${unitFile(network)} ${scriptFile(network)}
[ ! -d /run/systemd/system ] || systemctl daemon-reload
for i in ${deviceOf(network)} ${bridge}; do [ ! -e /sys/class/net/$i ] || ip link delete $i; done`,
            );
        },
    };
}
export const handler = uplinkHandler();

export interface UplinkArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    /** The cloud's network. It names the interface, and the service that makes it again when the host starts. */
    network: pulumi.Input<string>;
    /** The bridge that guests are plugged into; made here. */
    bridge: pulumi.Input<string>;
    kind: pulumi.Input<"vlan" | "vxlan">;
    /**
     * VLAN id or VNI: the same on the other host, and nobody else's on the way between them. (A resource's `id` is
     * Pulumi's.)
     */
    segment: pulumi.Input<number>;
    /** Of a VLAN: the host's network card. */
    nic?: pulumi.Input<string>;
    /** Of a VXLAN: the other host's name or IPv4 address. */
    peer?: pulumi.Input<string>;
    /** Of a VXLAN: UDP port. */
    port?: pulumi.Input<number>;
    /** Of the network's frames, in bytes. */
    mtu: pulumi.Input<number>;
}

/**
 * A physical host's end of a network that both hosts share, made by the program: nothing else is in its bridge but
 * guests (N2, N4).
 */
export class Uplink extends LiveResource {
    constructor(name: string, args: UplinkArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "machine/uplink",
            "Uplink",
            name,
            {
                ...args,
                ports: pulumi.output(args.network).apply(network => [deviceOf(network)]),
                up: true,
                persistent: true,
            },
            opts,
        );
    }
}
