import type * as pulumi from "@pulumi/pulumi";
import { ask, list, text, yesOrNo } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { readFile, writeFile } from "./machine-files";

interface Inputs {
    connection: Connection;
    bridge: string;
    ports: string[];
    up: boolean;
    persistent: boolean;
}

export const fileOf = (bridge: string): string => `/etc/network/interfaces.d/${bridge}`;

/** The tutorial's stanza: no address of its own, spanning tree off, no forward delay. */
export const stanza = (bridge: string, ports: readonly string[]): string =>
    [
        `auto ${bridge}`,
        `iface ${bridge} inet manual`,
        ...ports.map(p => `    pre-up ip link set ${p} up`),
        `    bridge_ports ${ports.join(" ")}`,
        "    bridge_stp off",
        "    bridge_fd 0",
        "",
    ].join("\n");

function check({ bridge, ports }: Partial<Inputs>): Problem[] {
    const bad = [bridge, ...(ports ?? [])].find(n => n !== undefined && !/^[a-z][a-z0-9._-]{0,14}$/.test(n));
    if (bad === undefined) return [];
    return [{ property: bad === bridge ? "bridge" : "ports", reason: `"${bad}" is not the name of an interface` }];
}

/** Not by ifup: a bridge that instances are plugged into must not be taken down to be mended. */
const putShell = ({ bridge, ports, up }: Inputs): string => `b=${quote(bridge)}
[ -d /sys/class/net/$b/bridge ] || brctl addbr $b
brctl stp $b off; brctl setfd $b 0
for p in ${ports.map(quote).join(" ")}; do ip link set $p up; [ -e /sys/class/net/$b/brif/$p ] || ip link set $p master $b; done
ip link set $b ${up ? "up" : "down"}`;

async function put(run: RunScript, inputs: Inputs): Promise<void> {
    const { connection, bridge, ports, persistent } = inputs,
        access = { owner: "root", group: "root", mode: "0644" };
    if (persistent) await writeFile(run, connection, fileOf(bridge), stanza(bridge, ports), access);
    else await run(connection, `rm -f ${fileOf(bridge)}`);
    await run(connection, putShell(inputs));
}

/** Answers whether the bridge is there and up, and which of the ports are in it. */
const readShell = ({ bridge, ports }: Inputs): string => `b=${quote(bridge)}
[ -d /sys/class/net/$b/bridge ] || { say bridge no; say up no; exit 0; }
say bridge yes
link=$(ip link show $b)
case $link in *[\\<,]UP[,\\>]*) say up yes ;; *) say up no ;; esac
for p in ${ports.map(quote).join(" ")}; do [ ! -e /sys/class/net/$b/brif/$p ] || say port $p; done`;

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const { connection, bridge, ports } = recorded,
        fields = { bridge: yesOrNo, up: yesOrNo, port: list(text()) };
    const live = await ask(run, connection, readShell(recorded), fields);
    if (!live.bridge) return undefined;
    const file = await readFile(run, connection, fileOf(bridge));
    return {
        ...recorded,
        ports: ports.filter(p => live.port.includes(p)),
        up: live.up,
        persistent: file?.content === stanza(bridge, ports),
    };
}

/** A bridge over network cards, now and after a reboot (N5). */
export function bridgeHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["bridge", "ports", "up", "persistent"],
        access: ["connection"],
        replaceOn: ["bridge"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: `${inputs.connection.name}:${inputs.bridge}`, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, inputs);
            return {};
        },
        async delete(_id, { connection, bridge }) {
            const file = fileOf(bridge);
            await run(connection, `rm -f ${file}; [ ! -d /sys/class/net/${bridge} ] || ip link delete ${bridge}`);
        },
    };
}
export const handler = bridgeHandler();

export interface BridgeArgs {
    connection: pulumi.Input<Connection>;
    bridge: pulumi.Input<string>;
    /** Network cards in it, by the machine's names. */
    ports: pulumi.Input<string[]>;
}

/** A bridge without an address, spanning tree off and forward delay 0 (N5). Other ports in it are left alone. */
export class Bridge extends LiveResource {
    constructor(name: string, args: BridgeArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/bridge", "Bridge", name, { up: true, persistent: true, ...args }, opts);
    }
}
