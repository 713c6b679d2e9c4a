import * as fs from "fs";
import * as path from "path";
import * as z from "zod";
import { stateDir } from "../system/paths";
import { UserError } from "../system/errors";
import { nodeNames } from "./nodes";
import { limitsOf } from "./releases";
import { shown } from "./words";

const host = z.object({ address: z.string(), port: z.int(), hostKey: z.string().optional() });
const image = z.object({ file: z.string(), sha256: z.string() });
const kind = z.enum(["container", "vm"]);
const labChoice = z.object({
    hypervisor: z.enum(["kvm", "qemu"]),
    machine: kind,
    nodes: z.partialRecord(z.enum(nodeNames), z.object({ kind })),
});
const labFacts = z.object({
    machine: z.object({ choice: labChoice }).optional(),
    image: image.optional(),
    ranges: z.union([z.object({ first: z.int() }), z.object({ why: z.string() })]).optional(),
    archiveKey: z.string().optional(),
    operatorKeyFile: z.string(),
    knownHostsFile: z.string(),
    hosts: z.object({ central: host, compute: host }),
});

/** Where a lab's nodes find its package archive. */
const LAB_ARCHIVE = "http://192.168.122.1:8090/";

/** The kinds of a lab's nodes, by the abilities of its machine. */
export type LabChoice = z.infer<typeof labChoice>;

/** Of a machine without KVM, and of one that was not asked. */
export const emulated: LabChoice = {
    hypervisor: "qemu",
    machine: "container",
    nodes: { "volume-node": { kind: "vm" } },
};

/** The facts of a lab that is up. */
export type LabFacts = z.infer<typeof labFacts>;

/** Refuses a name that cannot be part of host names, cgroups and folders. */
export function checkLabName(name: string): void {
    if (!/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) {
        throw new UserError(
            `lab: ${shown(name)} cannot be a lab's name: lower-case letters, digits and dashes, at most 32, beginning with a letter; nothing was changed`,
        );
    }
}

/** The facts of a lab of this machine. @throws UserError when it is not up, or cannot be */
export function readLabFacts(lab: string): LabFacts {
    checkLabName(lab);
    const file = path.join(stateDir(), "labs", lab, "lab.json");
    try {
        return labFacts.parse(JSON.parse(fs.readFileSync(file, "utf8")));
    } catch {
        throw new UserError(`the configuration names the lab "${lab}", which is not up: ./classroom lab up ${lab}`);
    }
}

/**
 * A stack whose configuration names a lab has from that lab what a team's stack has to say: the hosts, their keys,
 * the operator's key. What the configuration says itself goes first.
 */
export function withLab(given: Record<string, unknown>, factsOf: (lab: string) => LabFacts): Record<string, unknown> {
    const { lab, ...own } = given;
    if (lab === undefined) return own;
    const found = factsOf(String(lab)),
        { hypervisor, machine, nodes: kinds } = found.machine?.choice ?? emulated;
    // The stack's settings of a node are joined with the lab's.
    const nodes = merge(kinds, own.nodes);
    return {
        number: 0,
        machine,
        hypervisor,
        goldenRoot: "/srv/golden",
        archiveUrl: LAB_ARCHIVE,
        ...(signedByLab(own) && found.archiveKey !== undefined && { archiveKey: found.archiveKey }),
        containerIds: found.ranges && "first" in found.ranges ? found.ranges.first : "host",
        ...(found.image && { image: found.image }),
        hosts: found.hosts,
        sshKeyFile: found.operatorKeyFile,
        knownHostsFile: found.knownHostsFile,
        ...own,
        nodes,
    };
}

/**
 * Whether a stack's nodes install from the lab's archive, and know such keys: another archive is none that the lab has
 * signed.
 */
const signedByLab = ({ archiveUrl, release }: Record<string, unknown>): boolean => {
    const limits = limitsOf(release);
    return archiveUrl === undefined && limits !== undefined && !limits.precise;
};

/** Own values over others, key by key. A value that is no object is left for the check to name. */
function merge(base: Record<string, object>, own: unknown): unknown {
    if (own === undefined) return base;
    if (typeof own !== "object" || own === null) return own;
    const named = own as Record<string, unknown>;
    return {
        ...base,
        ...named,
        ...Object.fromEntries(
            Object.entries(base).map(([name, value]) => [
                name,
                typeof named[name] === "object" ? { ...value, ...named[name] } : (named[name] ?? value),
            ]),
        ),
    };
}
