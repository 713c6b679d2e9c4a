import type { NodePlan } from "../config/address-plan";
import type { SeedFile } from "../providers/machine/container";

/**
 * A machine's identity before anything is installed in it: host name, addresses, keys of logins (H6, N1–N4).
 * It is in the golden clone, as in the course.
 */
export function identityFiles(
    node: NodePlan,
    operatorKey: string,
    hostKey: { file: string; publicKey: string },
): SeedFile[] {
    return [
        { path: "/etc/hostname", mode: "0644", content: `${node.name}\n` },
        { path: "/etc/hosts", mode: "0644", content: `127.0.0.1 localhost\n127.0.1.1 ${node.name}\n` },
        { path: "/etc/network/interfaces", mode: "0644", content: interfaces(node) },
        { path: "/root/.ssh/authorized_keys", mode: "0600", content: `${operatorKey}\n` },
        { path: `${hostKey.file}.pub`, mode: "0644", content: `${hostKey.publicKey}\n` },
    ];
}

/** eth0 by libvirt's DHCP, the others as the plan says; a card without an address is the bridge's to bring up. */
export function interfaces(node: NodePlan): string {
    const cards = node.interfaces
        .filter(card => card.network !== "private")
        .flatMap(({ device, network, address, netmask, mtu }) =>
            network === "nat"
                ? [`auto ${device}`, `iface ${device} inet dhcp`]
                : [
                      `auto ${device}`,
                      `iface ${device} inet static`,
                      `    address ${address}`,
                      `    netmask ${netmask}`,
                      ...(mtu ? [`    mtu ${mtu}`] : []),
                  ],
        );
    return ["source /etc/network/interfaces.d/*", "auto lo", "iface lo inet loopback", ...cards, ""].join("\n");
}
