import { type HostRole, hostRoles } from "../../config/nodes";
import { type Uplink, type UplinkedNetwork, uplinkedNetworks, uplinksOf, uplinksSchema } from "../../config/uplinks";
import { classOf } from "../../engine/class-file";
import { configuredStacks } from "../../engine/stack-file";
import { UserError } from "../../system/errors";
import { configured } from "../stack/reach";

type Given = Record<string, unknown>;
interface Host {
    address?: unknown;
    port?: unknown;
    jump?: { address?: unknown };
}

/** Values of a stack that another team's stack has too, although each belongs to one stack alone: a line for each. */
export const sharedWithTeams = (stack: string, own: Given, teams: Readonly<Record<string, Given>>): string[] =>
    Object.entries(teams)
        .filter(([team]) => team !== stack)
        .flatMap(([team, given]) => [
            ...sharedLab(own, team, given),
            ...sharedNumber(own, team, given),
            ...sharedHosts(own, team, given),
            ...sharedUplinks(own, team, given),
        ]);

const sharedLab = (own: Given, team: string, given: Given): string[] =>
    own.lab !== undefined && own.lab === given.lab
        ? [
              `lab: "${String(own.lab)}" is the lab of ${team} too; allowed is one that no other stack has: its hosts are both stacks'`,
          ]
        : [];

function sharedNumber(own: Given, team: string, given: Given): string[] {
    // A lab's hosts are on no wire with others.
    if (own.lab !== undefined || given.lab !== undefined) return [];
    return own.number !== undefined && own.number === given.number
        ? [
              `number: ${String(own.number)} is the number of ${team} too; allowed is one that no other stack has: MAC addresses are made of it`,
          ]
        : [];
}

const sharedHosts = (own: Given, team: string, given: Given): string[] =>
    hostsOf(own).flatMap(mine =>
        hostsOf(given)
            .filter(other => other.at === mine.at)
            .map(
                other =>
                    `hosts.${mine.role}.address: "${mine.address}" is the ${other.role} host of ${team} too; allowed is a host that no other stack has`,
            ),
    );

/** The hosts that a stack names, each with what tells it from others: its address, its port and the way to it. */
const hostsOf = (given: Given): { role: HostRole; address: string; at: string }[] =>
    hostRoles.flatMap(role => {
        const { address, port = 24, jump } = (given.hosts as Partial<Record<string, Host>> | undefined)?.[role] ?? {};
        return typeof address === "string"
            ? [{ role, address, at: `${address.toLowerCase()}:${String(port)} ${String(jump?.address ?? "")}` }]
            : [];
    });

/** Whether their wires are the same is not to be seen from here. */
const sharedUplinks = (own: Given, team: string, given: Given): string[] =>
    uplinkIdsOf(own).flatMap(mine =>
        uplinkIdsOf(given)
            .filter(other => other.kind === mine.kind && other.id === mine.id)
            .map(
                other =>
                    `uplinks.${mine.network}.${mine.kind}.id: ${mine.id} is the id of the network ${other.network} of ${team} too; allowed is one that no other stack has`,
            ),
    );

/** The ids of a stack's VLANs and VXLANs; none where its uplinks have a mistake, which is told elsewhere. */
function uplinkIdsOf({ uplinks, number }: Given): { network: UplinkedNetwork; kind: Uplink["kind"]; id: number }[] {
    const given = uplinksSchema.safeParse(uplinks ?? {});
    if (!given.success) return [];
    const of = uplinksOf(given.data, typeof number === "number" ? number : 0, { central: "", compute: "" });
    return uplinkedNetworks.flatMap(network => {
        const uplink = of[network];
        return uplink.kind === "bridge" ? [] : [{ network, kind: uplink.kind, id: uplink.id }];
    });
}

/**
 * What a stack has in common with a team's that must be of one stack alone; a team's file that cannot be read has nothing, and
 * so has a class.yaml.
 */
export function sharedWithOthers(stack: string, own: Given): string[] {
    const stacks = teamStacks(readable(classTeams) ?? []);
    const teams = stacks.flatMap((team): [string, Given][] => {
        const given = readable(() => configured(team));
        return given === undefined ? [] : [[team, given]];
    });
    return sharedWithTeams(stack, own, Object.fromEntries(teams));
}

/** The result of a read; undefined if it fails. */
function readable<T>(read: () => T): T | undefined {
    try {
        return read();
    } catch {
        return undefined;
    }
}

/** The stacks of class.yaml's teams. @throws Mistaken naming every mistake in it */
const classTeams = (): string[] => classOf()?.teams.map(team => team.stack) ?? [];

/** Those of a class, and all that are called so. */
const teamStacks = (ofClass: readonly string[]): string[] => [
    ...new Set([...configuredStacks().filter(name => /^team./.test(name)), ...ofClass]),
];

/**
 * Two stacks on one host would take each other's machines away.
 * @throws UserError when a stack names a host, or has a number, that is another team's, or class.yaml has a mistake
 */
export function checkTeams(stack: string): void {
    const teams = Object.fromEntries(teamStacks(classTeams()).map(team => [team, configured(team)])),
        wrong = sharedWithTeams(stack, configured(stack), teams);
    if (wrong.length > 0)
        throw new UserError(
            `the configuration of stack ${stack} is at odds with another's; nothing was changed\n${wrong.map(line => `  ${line}`).join("\n")}`,
        );
}
