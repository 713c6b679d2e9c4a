import * as z from "zod";
import { type NodeName, nodeNames } from "../../config/nodes";

/** The checks of `./classroom check`. */
export const checkNames = ["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12"] as const;

/**
 * Every command that a symptom may be looked for with. Each of them only looks. A word in capitals stands for a value; none is shell.
 * docs/exercises.md has the list for a teacher.
 */
export const looks = [
    "nova list",
    "nova service-list",
    "nova volume-list",
    "nova keypair-list",
    "nova flavor-list",
    "nova network-list",
    "nova floating-ip-bulk-list",
    "nova secgroup-list-rules NAME",
    "glance image-list",
    "cinder list",
    "keystone user-list",
    "keystone service-list",
    "keystone endpoint-list",
    "ping -c NUMBER HOST",
    "ping -c NUMBER -s NUMBER HOST",
    "nc -z -w NUMBER HOST NUMBER",
    "du -s FOLDER",
    "df FOLDER",
    "iptables-save -t NAME",
    "ip addr show",
    "ip route show",
    "brctl show",
    "ntpdate -q HOST",
] as const;

/** What stands for each word in capitals: nothing that begins with a dash, or that a shell would read. */
const values: Readonly<Record<string, string>> = {
    NAME: "[A-Za-z0-9][A-Za-z0-9_.-]{0,60}",
    NUMBER: "[1-9][0-9]{0,4}",
    HOST: "[a-z0-9][a-z0-9.-]{0,60}",
    FOLDER: "(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+/?",
};
const isLook = new RegExp(`^(?:${looks.map(look => look.replace(/[A-Z]{4,}/g, word => values[word]!)).join("|")})$`);

/** The cloud's clients, and where each of them is installed and finds its account. */
export const clientNodes: Readonly<Record<string, NodeName>> = {
    nova: "api-node",
    glance: "image-node",
    cinder: "volume-node",
    keystone: "auth-node",
};

function isPattern(text: string): boolean {
    try {
        new RegExp(text, "m");
        return true;
    } catch {
        return false;
    }
}
const pattern = z
    .string()
    .regex(/^[ -~]{2,200}$/, "2 to 200 printable characters of ASCII in one line")
    .refine(isPattern, "a regular expression, such as nova-network .* down");

/** Where a symptom shows: in checks that fail, or in a command that fails, or says something, or lacks it. */
export const noticedSchema = z.strictObject({
    /** Of `./classroom check`: each of them fails. */
    checks: z.array(z.enum(checkNames)).min(1).max(3).optional(),
    /** Where the command runs. Default: the node of the way. */
    node: z.enum(nodeNames).optional(),
    /** Only looks. Without `says` and `lacks` it fails, or does not answer in time. */
    command: z
        .string()
        .regex(isLook, `a command that only looks, one of: ${looks.join("; ")}`)
        .optional(),
    /** A regular expression that a line of its output has. */
    says: pattern.optional(),
    /** A regular expression that no line of its output has, though the command succeeds. */
    lacks: pattern.optional(),
});
export type Noticed = z.infer<typeof noticedSchema>;

/** Keys of a symptom that its command alone may have. */
const ofCommands = ["node", "says", "lacks"] as const;

/** What of a symptom does not go together: the key, or none for all of them, and what is allowed. */
export function noticedFaults(noticed: Noticed, of: NodeName): [string, string][] {
    const { checks, node, command, says, lacks } = noticed;
    if (command === undefined) {
        if (checks === undefined) return [["", "wants checks that fail, or a command that shows it"]];
        return ofCommands.flatMap(key => (noticed[key] === undefined ? [] : [[key, "goes with a command"]]));
    }
    const client = command.split(" ")[0]!,
        place = clientNodes[client] ?? node;
    const faults: [boolean, string, string][] = [
        [checks !== undefined, "command", "goes without checks; write one of the two"],
        [says !== undefined && lacks !== undefined, "lacks", "goes without says; write one of the two"],
        [place !== undefined && (node ?? of) !== place, "node", `${client} is asked on ${place}; write node: ${place}`],
    ];
    return faults.flatMap(([wrong, key, reason]) => (wrong ? [[key, reason] as [string, string]] : []));
}

/** A symptom in a line, as an explanation has it. */
export function noticedInWords({ checks, node, command, says, lacks }: Noticed, of: NodeName): string {
    if (checks !== undefined) return `check: ${checks.join(", ")} ${checks.length === 1 ? "fails" : "fail"}`;
    const what = says === undefined ? "fails" : `says ${says}`;
    return `root@${node ?? of}:~# ${command} … ${lacks === undefined ? what : `lacks ${lacks}`}`;
}
