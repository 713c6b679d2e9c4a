import * as pulumi from "@pulumi/pulumi";
import { asked, unlessGone } from "../../clients/http";
import { type Compute, compute, type RuleSpec, type SecurityGroup } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { Cidr } from "../../config/cidr";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { nameProblems } from "../names";
import type { AccessArgs } from "../keystone/adopt";

interface Inputs extends RuleSpec {
    cloud: CloudAccess;
    group: string;
}
type Api = Pick<Compute, "securityGroups" | "createRule" | "deleteRule" | "forget">;
type Connect = (access: CloudAccess) => Api;

const rulesOf = (groups: readonly SecurityGroup[], { group, protocol, fromPort, toPort, cidr }: Inputs) =>
    (groups.find(g => g.name === group)?.rules ?? []).filter(
        r => r.protocol === protocol && r.fromPort === fromPort && r.toPort === toPort && r.cidr === cidr,
    );

const isBelow = (to: number | undefined, from: number | undefined): boolean =>
    from !== undefined && to !== undefined && from > to;

/** Ports of TCP and UDP; of ICMP type and code. */
function portProblems({ protocol, fromPort, toPort }: Partial<Inputs>): Problem[] {
    const problems: Problem[] = [];
    const [least, most] = protocol === "icmp" ? [-1, 255] : [1, 65535];
    for (const [property, value] of Object.entries({ fromPort, toPort })) {
        if (value === undefined) continue;
        if (!Number.isInteger(value)) problems.push({ property, reason: `${value} is not a whole number` });
        else if (protocol !== undefined && !(value >= least && value <= most))
            problems.push({ property, reason: `${value} is not from ${least} to ${most}` });
    }
    if (protocol !== "icmp" && isBelow(toPort, fromPort))
        problems.push({ property: "toPort", reason: `${toPort} is below fromPort, ${fromPort}` });
    return problems;
}

function check({ group, protocol, fromPort, toPort, cidr }: Partial<Inputs>): Problem[] {
    const problems: Problem[] = nameProblems("group", "a security group", group);
    if (protocol !== undefined && !["tcp", "udp", "icmp"].includes(protocol))
        problems.push({ property: "protocol", reason: `"${protocol}" is none of tcp, udp, icmp` });
    problems.push(...portProblems({ protocol, fromPort, toPort }));
    try {
        if (cidr !== undefined) Cidr.parse(cidr);
    } catch (e) {
        problems.push({ property: "cidr", reason: (e as Error).message });
    }
    return problems;
}

async function create(api: Connect, inputs: Inputs): Promise<{ id: string; outputs: object }> {
    const { cloud, group, protocol, fromPort, toPort, cidr } = inputs,
        nova = api(cloud);
    nova.forget("groups");
    const groups = await nova.securityGroups(),
        groupId = groups.find(g => g.name === group)?.id;
    if (groupId === undefined)
        throw new Error(
            `tenant ${cloud.tenant} has no security group ${group}; it has ${groups.map(g => g.name).join(", ") || "none"}`,
        );
    if (rulesOf(groups, inputs).length === 0) await nova.createRule(groupId, { protocol, fromPort, toPort, cidr });
    return { id: `${group}/${protocol}/${fromPort}-${toPort}/${cidr}`, outputs: {} };
}

async function remove(api: Connect, recorded: Inputs): Promise<void> {
    const nova = api(recorded.cloud);
    nova.forget("groups");
    for (const { id } of rulesOf(await nova.securityGroups(), recorded)) await unlessGone(nova.deleteRule(id));
}

/**
 * A rule of a security group of the tenant. Nova cannot change a rule. Two rules are equal only if they differ in the
 * case of their protocol.
 */
export function securityRuleHandler(api: Connect = compute): Handler<Inputs> {
    return {
        inputs: ["group", "protocol", "fromPort", "toPort", "cidr"],
        access: ["cloud"],
        replaceOn: ["group", "protocol", "fromPort", "toPort", "cidr"],
        check,
        create: inputs => create(api, inputs),
        async read(_id, recorded) {
            const rules = rulesOf(await asked(api(recorded.cloud).securityGroups()), recorded);
            return rules.length > 0 ? recorded : undefined;
        },
        async update() {
            return {};
        },
        delete: (_id, recorded) => remove(api, recorded),
    };
}
export const handler = securityRuleHandler();

export interface SecurityRuleArgs {
    /** A user of the tenant whose group it is; the password in it is a secret. */
    cloud: AccessArgs<CloudAccess>;
    /** Name of the security group. Default default. */
    group?: pulumi.Input<string>;
    /** tcp, udp or icmp. */
    protocol: pulumi.Input<string>;
    /** First port; for icmp the type, -1 for all. */
    fromPort: pulumi.Input<number>;
    /** Last port; for icmp the code, -1 for all. */
    toPort: pulumi.Input<number>;
    /** Where packets may come from. */
    cidr: pulumi.Input<string>;
}

/** Traffic that may reach a tenant's instances (W4). Its `id` is `group/protocol/from-to/cidr`. */
export class SecurityRule extends LiveResource {
    constructor(name: string, args: SecurityRuleArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "nova/security-rule",
            "SecurityRule",
            name,
            { group: "default", ...args, cloud: pulumi.secret(args.cloud) },
            opts,
        );
    }
}
