import * as z from "zod";
import { networkNames, type NodeName, nodeNames } from "../../config/nodes";

/**
 * The closed vocabulary of an exercise's steps. No value is shell: each is a name of a list, a number within limits, or a
 * text that the renderer puts between quotes. docs/exercises.md explains every step to a teacher.
 */

/** A password that no account has. */
export const WRONG_PASSWORD = "notThePassword";
/** The folder of instances: the only one that a container may get a big file in, which is 1 GiB there at most (S3). */
export const INSTANCES = "/var/lib/nova/instances";

const node = z.enum(nodeNames);
const service = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, "the name of a service: small letters, digits and -");
const option = z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,60}$/, "the name of an option: letters, digits, _, - and .");
const text = z.string().regex(/^[ -~]{1,200}$/, "1 to 200 printable characters of ASCII in one line");
const software = "nova|glance|cinder|keystone";
/** Where exercises may touch files: never what keeps the machine itself alive, or lets its operator in. */
const file = z
    .string()
    .regex(
        new RegExp(
            `^(/root/openrc|/etc/hosts|/(etc|var/lib|var/log)/(${software})(/[A-Za-z0-9_][A-Za-z0-9._-]*)*|/etc/(mysql|rabbitmq|openstack-dashboard)(/[A-Za-z0-9_][A-Za-z0-9._-]*)+)$`,
        ),
        "/root/openrc, /etc/hosts, or a path below /etc, /var/lib or /var/log of nova, glance, cinder or keystone, or below /etc of mysql, rabbitmq or openstack-dashboard",
    );
const account = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "the name of a user or a group of the machine");
const network = z.enum(networkNames).exclude(["nat"]);
const port = z
    .int()
    .min(1)
    .max(65535)
    .refine(n => n !== 22, "any port but 22, which is the way in");
const plainName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/, "the plain name of a file");

/** A step in a machine: of its way's node, or of another. */
const inNode = { node: node.optional() };
const step = <N extends string, S extends z.core.$ZodLooseShape>(name: N, shape: S) =>
    z.strictObject({ do: z.literal(name), ...shape });

const kinds = [
    step("stop", { ...inNode, service }),
    step("signal", { ...inNode, service, signal: z.enum(["STOP", "KILL"]) }),
    step("disable", { ...inNode, service }),
    step("set-option", { ...inNode, file, option, value: text }),
    step("remove-option", { ...inNode, file, option }),
    step("flip-option", { ...inNode, file, option }),
    step("wrong-password", { ...inNode, file, option }),
    step("replace-text", { ...inNode, file, text, with: text }),
    step("remove-line", { ...inNode, file, text }),
    step("mode", { ...inNode, file, mode: z.string().regex(/^0[0-7]{3}$/, 'four octal digits in quotes, as "0600"') }),
    step("owner", { ...inNode, file, owner: account, group: account }),
    step("move", { ...inNode, file, to: file }),
    step("remove-package", { ...inNode, package: service }),
    step("fill", { ...inNode, folder: z.enum([INSTANCES, "/var/lib/glance/images", "/var/lib/mysql", "/var/log"]) }),
    step("clock", { ...inNode, seconds: z.int().min(-31_536_000).max(31_536_000) }),
    step("firewall", {
        ...inNode,
        direction: z.enum(["in", "out"]),
        protocol: z.enum(["tcp", "udp"]),
        port,
        peer: node.optional(),
        network: network.default("internal"),
        action: z.enum(["DROP", "REJECT"]).default("DROP"),
    }),
    step("route", { ...inNode, to: node, network: network.default("internal") }),
    step("traffic", {
        ...inNode,
        network,
        delay: z.int().min(1).max(5000).optional(),
        loss: z.int().min(1).max(60).optional(),
        rate: z.int().min(8).max(100_000).optional(),
    }),
    step("kernel-setting", { ...inNode, key: z.enum(["net.ipv4.ip_forward"]), value: z.enum(["0", "1"]) }),
    step("unplug-bridge", inNode),
    step("bridge-down", inNode),
    step("sql", {
        statement: z.enum(["revoke", "drop-account", "change-password"]),
        account: z.enum(["keystone", "glance", "cinder", "nova"]),
    }),
    step("read-only-database", {}),
    step("queue", { action: z.enum(["clear-permissions", "no-writing", "change-password", "stop-app"]) }),
    step("remove-role", { user: z.enum(["nova", "glance", "cinder"]) }),
    step("disable-user", { user: z.enum(["nova", "glance", "cinder"]) }),
    step("user-password", { user: z.enum(["nova", "glance", "cinder"]) }),
    step("delete-service", { name: z.enum(["nova", "glance", "cinder"]) }),
    step("second-endpoint", { name: z.enum(["nova", "glance", "cinder"]) }),
    step("disable-agent", { agent: z.enum(["nova-compute", "nova-network"]), host: node }),
    step("delete-flavor", { flavor: z.enum(["x1.tiny"]) }),
    step("delete-keypair", { keypair: z.enum(["gridka-api-node"]) }),
    step("delete-rule", { protocol: z.enum(["icmp", "tcp"]) }),
    step("delete-image", { image: z.enum(["cirros-0.3.0"]) }),
    step("delete-floating", {}),
    step("replace-floating", {
        range: z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/(2[4-9]|3[0-2])$/, "a range as 172.61.1.0/28"),
    }),
    step("suspend", inNode),
    step("pull-plug", inNode),
    step("script", { ...inNode, file: plainName, undo: plainName }),
] as const;

/** One step of an exercise: `do` says what, the other keys to what. */
export const stepSchema = z.discriminatedUnion("do", kinds);
export type Step = z.infer<typeof stepSchema>;
export type StepOf<K extends Step["do"]> = Extract<Step, { do: K }>;

/** The node in which a step is done: its own, or its way's. */
export const nodeOf = (step: Step, wayNode: NodeName): NodeName => ("node" in step && step.node) || wayNode;

/** Whether a step is done in a machine, rather than to the cloud. */
export const hasPlace = (step: Step): boolean =>
    kinds.some(kind => kind.shape.do.value === step.do && "node" in kind.shape);

/** The words that a step's `do` may be. */
export const stepNames: readonly string[] = kinds.map(kind => kind.shape.do.value);
