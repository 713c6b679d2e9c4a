import { quote } from "../../clients/ssh";
import type { Hindrance } from "./hindrance";
import { lostRules, reloadShell } from "./libvirt-rules";
import type { Parts } from "./network-parts";

/** What libvirt and the kernel do for the network: forwarding, addresses and names for its nodes, rules. */
export function serviceHindrances({ found: { definition, said }, bridgeWords }: Parts): Hindrance[] {
    const { network, mode, bridge, address, dnsmasq } = definition,
        routed = address !== undefined && (mode === "nat" || mode === "route");
    return [
        // Where the whole host does not, none of its bridges does.
        ...(routed && said.forwards === "1 0"
            ? [
                  {
                      words: `${bridgeWords} does not forward`,
                      mend: `echo 1 > /proc/sys/net/ipv4/conf/${quote(bridge)}/forwarding`,
                  },
              ]
            : []),
        ...(dnsmasq ? dnsmasqHindrances(network, said.dnsmasq) : []),
        ...(routed ? lostRules({ mode: mode as "nat" | "route", bridge, range: `${address.range}` }, said) : []),
    ];
}

/** @param processes a line each: number and state */
function dnsmasqHindrances(network: string, processes: readonly string[]): Hindrance[] {
    const what = `libvirt's dnsmasq of the network ${network} on this host`,
        alive = processes.filter(line => !/[ZX]$/.test(line)),
        still = alive.filter(line => /[Tt]$/.test(line)).map(line => line.split(" ")[0]!);
    if (still.length > 0) return [{ words: `${what} is stopped by a signal`, mend: `kill -CONT ${still.join(" ")}` }];
    if (alive.length > 0) return [];
    return [
        {
            words: `${what} does not run`,
            mend: reloadShell,
            mended: `grep -lx dnsmasq /proc/[0-9]*/comm 2> /dev/null | sed 's/comm$/cmdline/' | xargs -r grep -lF -e ${quote(`/dnsmasq/${network}.conf`)} 2> /dev/null | grep -q .`,
        },
    ];
}
