import { quote } from "../../clients/ssh";
import { addressHindrances } from "./address-hindrances";
import type { Hindrance } from "./hindrance";
import { linkHindrances } from "./link-hindrances";
import { type Found, Parts } from "./network-parts";
import { queueHindrances } from "./queue-hindrances";
import { serviceHindrances } from "./service-hindrances";

/** What keeps a network that runs from carrying what its guests send. */
export function networkHindrances(found: Found): Hindrance[] {
    const parts = new Parts(found);
    if (!parts.bridge) return goneBridge(parts);
    return [
        ...linkHindrances(parts, parts.bridge),
        ...queueHindrances(parts),
        ...addressHindrances(parts),
        ...serviceHindrances(parts),
    ];
}

/** One of libvirt's own comes back with its network; the cards are put in afterwards. */
const goneBridge = ({ bridgeWords, owner, found: { definition } }: Parts): Hindrance[] =>
    owner === "uplink"
        ? []
        : [
              {
                  words: `${bridgeWords} is gone`,
                  ...(owner === "libvirt" && {
                      mend: ["net-destroy", "net-start"]
                          .map(verb => `virsh -q -c qemu:///system ${verb} ${quote(definition.network)}`)
                          .join("; "),
                  }),
              },
          ];
