/** libvirt's words for a range of addresses that the host has already. */
const RANGE_IN_USE = /Network is already in use by interface (\S+)/;

/**
 * libvirt's words about a resource's failure, with the remedy if the words alone do not tell it.
 * @param resource its name: `cloud-net-central-nat`
 */
export function withAdvice(resource: string, said: string): string {
    const card = RANGE_IN_USE.exec(said)?.[1],
        network = /-(nat|public)$/.exec(resource)?.[1];
    if (card === undefined || network === undefined) return said;
    return (
        `${said}; the range of the network ${network} is that of ${card} on this host already. ` +
        (network === "nat"
            ? "Where that is libvirt's own network default (192.168.122.0/24, as the tutorial's), take it away there: virsh net-destroy default; virsh net-autostart default --disable. Otherwise give networks.nat another range"
            : `Give networks.${network} another range (and networks.floating one in it)`)
    );
}
