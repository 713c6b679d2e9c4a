import { type HostRole, hostRoles, type NetworkName, networkNames, type NodeName } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { releaseOf } from "../../releases";
import { noMachine, placeholderCredentials } from "../stack/placeholders";
import { configured, settingsFrom } from "../stack/reach";
import { softwareOf } from "../../releases/own-options";

/** A node in the picture. */
export interface DrawnNode {
    name: NodeName;
    kind: "container" | "vm";
    /** What is started in it, by the service's name. */
    services: string[];
    /** Its address on each of its networks; empty where the network gives it none. */
    addresses: Partial<Record<NetworkName, string>>;
}

/** A network in the picture. */
interface DrawnNetwork {
    name: NetworkName;
    /** Its range, and what is in it beside the nodes. */
    label: string;
}

/** Hosts, nodes, networks and services of a stack: what both drawings show. */
export interface Picture {
    stack: string;
    hosts: { role: HostRole; address: string; nodes: DrawnNode[] }[];
    networks: DrawnNetwork[];
}

/** The picture of a stack, from its file alone: neither host nor network is needed. */
export function pictureOfStack(stack: string): Picture {
    const given = configured(stack);
    return pictureOf(stack, settingsFrom(stack, { ...given, credentials: placeholderCredentials(given) }, noMachine));
}

/** The picture of a stack, from its settings alone. Nodes that are not made yet (`upTo`) are left out. */
export function pictureOf(stack: string, settings: Settings): Picture {
    const { plan, made } = settings,
        release = releaseOf(settings.release);
    const drawn = (name: NodeName): DrawnNode => ({
        name,
        kind: settings.kindOf(name),
        services: softwareOf(release, name).flatMap(software => software.services.map(({ service }) => service)),
        addresses: Object.fromEntries(
            plan.node(name).interfaces.map(({ network, address }) => [network, address ?? ""]),
        ),
    });
    const { nat, internal, public: outside, fixed, floating } = plan.ranges;
    const labels: Record<NetworkName, string> = {
        nat: `nat ${nat}`,
        internal: `internal ${internal}`,
        public: `public ${outside}, floating ${floating}`,
        private: `private, instances ${fixed}`,
    };
    return {
        stack,
        hosts: hostRoles.map(role => ({
            role,
            address: settings.hosts[role].address,
            nodes: plan
                .on(role)
                .filter(({ name }) => made.includes(name))
                .map(({ name }) => drawn(name)),
        })),
        networks: networkNames.map(name => ({ name, label: labels[name] })),
    };
}
