/** The two physical hosts of a team (H1, H2). */
export const hostRoles = ["central", "compute"] as const;
export type HostRole = (typeof hostRoles)[number];

/** The networks of the cloud (N1–N4), by their purpose. */
export const networkNames = ["nat", "internal", "public", "private"] as const;
export type NetworkName = (typeof networkNames)[number];

/** The eight machines, in the order in which the tutorial builds them (H2). */
export const nodeNames = [
    "db-node",
    "auth-node",
    "image-node",
    "volume-node",
    "api-node",
    "network-node",
    "compute-1",
    "compute-2",
] as const;
export type NodeName = (typeof nodeNames)[number];

interface NodeFacts {
    /** The physical host it runs on (H2). */
    host: HostRole;
    /** Last octet of its address on every network that gives it one (N1–N3). */
    octet: number;
    /** Its networks in the order of eth0, eth1, … (N1–N4). */
    networks: readonly NetworkName[];
}

const central: readonly NetworkName[] = ["nat", "internal", "public"];

/** Each machine's row in the tutorial's tables. */
export const nodes: Readonly<Record<NodeName, NodeFacts>> = {
    "db-node": { host: "central", octet: 3, networks: central },
    "auth-node": { host: "central", octet: 4, networks: central },
    "image-node": { host: "central", octet: 5, networks: central },
    "api-node": { host: "central", octet: 6, networks: central },
    "network-node": { host: "central", octet: 7, networks: [...central, "private"] },
    "volume-node": { host: "central", octet: 8, networks: central },
    "compute-1": { host: "compute", octet: 20, networks: ["nat", "internal", "private"] },
    "compute-2": { host: "compute", octet: 21, networks: ["nat", "internal", "private"] },
};

/** The parts of a release on each node, beside what all nodes have. */
export const partsOf = {
    "db-node": ["database", "queue"],
    "auth-node": ["keystone"],
    "image-node": ["glance"],
    "volume-node": ["cinder"],
    "api-node": ["novaApi", "dashboard"],
    "network-node": ["novaNetwork"],
    "compute-1": ["novaCompute"],
    "compute-2": ["novaCompute"],
} as const satisfies Readonly<Record<NodeName, readonly string[]>>;
export type Part = (typeof partsOf)[NodeName][number];

/** The course's teams and the numbers of their hosts, central and compute (H1). */
export const teamHosts: Readonly<Record<string, readonly [number, number]>> = {
    "01": [125, 126],
    "02": [127, 128],
    "03": [129, 130],
    "04": [131, 132],
    "05": [137, 138],
    "06": [140, 141],
    "07": [142, 143],
    "08": [242, 243],
    "09": [244, 245],
    "10": [246, 247],
};
