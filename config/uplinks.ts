import * as z from "zod";
import type { HostRole } from "./nodes";

/** The networks that are one L2 across both physical hosts (N2, N4). */
export const uplinkedNetworks = ["internal", "private"] as const;
export type UplinkedNetwork = (typeof uplinkedNetworks)[number];

/** How a network gets from one host to the other. */
export const uplinkKinds = ["bridge", "vlan", "vxlan"] as const;

/** The frame size of guests by default. */
export const usualMtu = 1500;
/** The bytes of VXLAN before a frame, between hosts that speak IPv4. */
export const vxlanBytes = 50;

const interfaceName = z
    .string()
    .regex(
        /^[A-Za-z][A-Za-z0-9._-]{0,14}$/,
        "the name of an interface: at most 15 letters, digits, dots, dashes, beginning with a letter",
    );
const whole = (from: number, to: number) => {
    const words = `a whole number from ${from} to ${to}`;
    return z.int(words).min(from, words).max(to, words);
};
const end = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, "a host name or an IPv4 address");

const uplink = z.strictObject(
    {
        /** A bridge that is on both hosts already, with a port that leads to the other. */
        bridge: interfaceName.optional(),
        /**
         * A VLAN on a network card that both hosts have under this name. Without `id`: the stack's own ({@link
         * uplinkId}).
         */
        vlan: z
            .strictObject({ nic: interfaceName, id: whole(1, 4094).optional() }, "an object with nic and, perhaps, id")
            .optional(),
        vxlan: z
            .strictObject(
                {
                    /** VNI; without it the stack's own. */
                    id: whole(1, 2 ** 24 - 1).optional(),
                    /** UDP. */
                    port: whole(1, 65535).default(4789),
                    /**
                     * Of the network's own frames; the way between the hosts has to carry 50 bytes more. Default 1450,
                     * on private 1500.
                     */
                    mtu: whole(1280, usualMtu).optional(),
                    /** The hosts as they reach each other, where that is not as the operator reaches them. */
                    between: z.strictObject({ central: end, compute: end }).optional(),
                },
                "an object, perhaps empty",
            )
            .optional(),
    },
    `an object with one of ${uplinkKinds.join(", ")}`,
);

/** A configuration's `uplinks`. */
export const uplinksSchema = z.partialRecord(z.enum(uplinkedNetworks), uplink);
export type GivenUplinks = z.infer<typeof uplinksSchema>;

/** How a network gets from one host to the other; the program makes the bridge of all but the first kind. */
export type Uplink = { bridge: string } & (
    | { kind: "bridge" }
    | { kind: "vlan"; nic: string; id: number; mtu: number }
    | { kind: "vxlan"; id: number; port: number; mtu: number; ends: Readonly<Record<HostRole, string>> }
);
export type Uplinks = Readonly<Record<UplinkedNetwork, Uplink>>;

/** VLAN id or VNI of a stack's network where the configuration gives none: another one for each number and network. */
export const uplinkId = (stackNumber: number, network: UplinkedNetwork): number =>
    1000 + 2 * stackNumber + uplinkedNetworks.indexOf(network);

/** The bridges that hosts have before any program comes. */
const hostBridges: Readonly<Record<UplinkedNetwork, string>> = { internal: "br-internal", private: "br-private" };

/** @param hosts addresses of the physical hosts, as the operator reaches them */
export function uplinksOf(
    given: GivenUplinks,
    stackNumber: number,
    hosts: Readonly<Record<HostRole, string>>,
): Uplinks {
    const of = (network: UplinkedNetwork): Uplink => {
        const { bridge, vlan, vxlan } = given[network] ?? {},
            made = `br-up-${network}`,
            id = uplinkId(stackNumber, network);
        if (vlan) return { kind: "vlan", bridge: made, nic: vlan.nic, id: vlan.id ?? id, mtu: usualMtu };
        if (vxlan)
            return {
                kind: "vxlan",
                bridge: made,
                id: vxlan.id ?? id,
                port: vxlan.port,
                mtu: vxlan.mtu ?? (network === "private" ? usualMtu : usualMtu - vxlanBytes),
                ends: vxlan.between ?? hosts,
            };
        return { kind: "bridge", bridge: bridge ?? hostBridges[network] };
    };
    return { internal: of("internal"), private: of("private") };
}

/** The mistakes of a stack's uplinks: a line each, with key, value and allowed values. */
export function uplinkProblems(given: GivenUplinks, uplinks: Uplinks): string[] {
    const wrong = uplinkedNetworks.flatMap(network => {
        const own = given[network],
            kinds = uplinkKinds.filter(kind => own?.[kind] !== undefined),
            key = `uplinks.${network}`;
        if (own === undefined) return [];
        if (kinds.length !== 1)
            return [
                `${key}: ${kinds.join(" and ") || "{}"} is not allowed: an uplink is one of ${uplinkKinds.join(", ")}`,
            ];
        const { mtu, between } = own.vxlan ?? {};
        return [
            ...(network === "private" && mtu !== undefined && mtu !== usualMtu
                ? [
                      `${key}.vxlan.mtu: ${mtu} is not allowed: instances send frames of ${usualMtu} bytes and cannot all be told otherwise; ` +
                          `allowed is ${usualMtu}, where the way between the hosts carries ${usualMtu + vxlanBytes}`,
                  ]
                : []),
            ...(between && between.central === between.compute
                ? [
                      `${key}.vxlan.between.compute: "${between.compute}" is the central host's end too; allowed is another`,
                  ]
                : []),
        ];
    });
    const { internal, private: own } = uplinks;
    const sameWire =
        internal.kind === "vlan" && own.kind === "vlan"
            ? internal.nic === own.nic
            : internal.kind === "vxlan" && own.kind === "vxlan";
    if (sameWire && internal.kind !== "bridge" && own.kind !== "bridge" && internal.id === own.id) {
        wrong.push(`uplinks.private.${own.kind}.id: ${own.id} is the id of uplinks.internal too; allowed is another`);
    }
    return wrong;
}
