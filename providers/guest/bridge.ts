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

/** A bridge over network cards, now and after a reboot (N5). */
export function bridgeHandler(run: RunScript = exec): Handler<Inputs> {
    const put = async ({ connection, bridge, ports, up, persistent }: Inputs) => {
        if (persistent)
            await writeFile(run, connection, fileOf(bridge), stanza(bridge, ports), {
                owner: "root",
                group: "root",
                mode: "0644",
            });
        else await run(connection, `rm -f ${fileOf(bridge)}`);
        // Not by ifup: a bridge that instances are plugged into must not be taken down to be mended.
        await run(
            connection,
            `b=${quote(bridge)}
[ -d /sys/class/net/$b/bridge ] || brctl addbr $b
brctl stp $b off; brctl setfd $b 0
for p in ${ports.map(quote).join(" ")}; do ip link set $p up; [ -e /sys/class/net/$b/brif/$p ] || ip link set $p master $b; done
ip link set $b ${up ? "up" : "down"}`,
        );
    };
    return {
        inputs: ["bridge", "ports", "up", "persistent"],
        access: ["connection"],
        replaceOn: ["bridge"],
        check({ bridge, ports }): Problem[] {
            const bad = [bridge, ...(ports ?? [])].find(n => n !== undefined && !/^[a-z][a-z0-9._-]{0,14}$/.test(n));
            return bad === undefined
                ? []
                : [
                      {
                          property: bad === bridge ? "bridge" : "ports",
                          reason: `"${bad}" is not the name of an interface`,
                      },
                  ];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:${inputs.bridge}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { connection, bridge, ports } = recorded;
            const live = await ask(
                run,
                connection,
                `b=${quote(bridge)}
[ -d /sys/class/net/$b/bridge ] || { say bridge no; say up no; exit 0; }
say bridge yes
link=$(ip link show $b)
case $link in *[\\<,]UP[,\\>]*) say up yes ;; *) say up no ;; esac
for p in ${ports.map(quote).join(" ")}; do [ ! -e /sys/class/net/$b/brif/$p ] || say port $p; done`,
                { bridge: yesOrNo, up: yesOrNo, port: list(text()) },
            );
            if (!live.bridge) return undefined;
            const file = await readFile(run, connection, fileOf(bridge));
            return {
                ...recorded,
                ports: ports.filter(p => live.port.includes(p)),
                up: live.up,
                persistent: file?.content === stanza(bridge, ports),
            };
        },
        async update(_id, _recorded, inputs) {
            await put(inputs);
            return {};
        },
        async delete(_id, { connection, bridge }) {
            await run(
                connection,
                `rm -f ${fileOf(bridge)}; [ ! -d /sys/class/net/${bridge} ] || ip link delete ${bridge}`,
            );
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
