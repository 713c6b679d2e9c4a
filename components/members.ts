import * as pulumi from "@pulumi/pulumi";
import { bareKey, type Member } from "../config/class-settings";
import { mistakeAt, Mistaken } from "../config/mistakes";
import { type HostRole, hostRoles, type NodeName } from "../config/nodes";
import { idsOf, type Settings } from "../config/settings";
import { membersOf } from "../engine/class-file";
import type { Connection } from "../clients/connection";
import { AuthorizedKeys } from "../providers/guest/authorized-keys";
import { releaseOf } from "../releases";

/** A machine on which members get no key, and why. */
export interface Refused {
    machine: HostRole | NodeName;
    reason: string;
}

type Bounds = Pick<Settings, "lab" | "made" | "kindOf" | "containerIds" | "number">;

/**
 * Where members get no key: root of a lab's host, and of a container without ids of its own, is root of the lab's machine.
 * Every other cloud on it would be open to them.
 */
export function refusedTo(settings: Bounds): Refused[] {
    if (settings.lab === undefined) return [];
    return [
        ...hostRoles.map(machine => ({ machine, reason: "root of a lab's host is root of the machine that it is on" })),
        ...settings.made
            .filter(node => settings.kindOf(node) === "container" && idsOf(settings, node) === undefined)
            .map(machine => ({
                machine,
                reason: "it is a container without ids of its own, so its root is root of the machine",
            })),
    ];
}

/** What is told of {@link refusedTo} before a stack is made, a line each; nothing where there are no members. */
export function refusals(stack: string, settings: Bounds): string[] {
    if (membersOf(stack).length === 0) return [];
    const byReason = new Map<string, string[]>();
    for (const { machine, reason } of refusedTo(settings))
        byReason.set(reason, [...(byReason.get(reason) ?? []), machine]);
    return [...byReason].map(
        ([reason, machines]) => `members of ${stack} get no key on ${machines.join(", ")}: ${reason}`,
    );
}

/**
 * The settings with the members that class.yaml has of the stack.
 * @throws Mistaken for a key of a kind that the nodes' sshd does not know
 */
export function withMembers(stack: string, settings: Settings): Settings {
    const members = membersOf(stack),
        { userKeys } = releaseOf(settings.release).ssh;
    const wrong = members.flatMap(({ name, keys }) =>
        keys.flatMap(key => {
            const [kind = ""] = key.split(" ");
            return userKeys !== undefined && !userKeys.includes(kind)
                ? [
                      mistakeAt(
                          `members of ${stack}, ${name}`,
                          `a key of the kind ${kind}, which the nodes of release ${settings.release} do not know; allowed are ${userKeys.join(", ")}`,
                      ),
                  ]
                : [];
        }),
    );
    if (wrong.length > 0) throw new Mistaken("class.yaml", wrong);
    return members.length === 0 ? settings : { ...settings, members };
}

/** A part of a resource's name, another one for each name. */
const slug = (name: string): string => name.replace(/[^A-Za-z0-9]/gu, c => `-${c.codePointAt(0)!.toString(16)}-`);

/** The members' keys on one machine, a resource for each member. */
export class Members extends pulumi.ComponentResource {
    constructor(
        name: string,
        { connection, members }: { connection: pulumi.Input<Connection>; members: readonly Member[] },
        opts?: pulumi.ComponentResourceOptions,
        of: pulumi.CustomResourceOptions = {},
    ) {
        super("classroom:index:Members", name, {}, opts);
        for (const { name: member, keys } of members)
            new AuthorizedKeys(
                `${name}-${slug(member)}`,
                { connection, member, keys: keys.map(bareKey) },
                { ...of, parent: this },
            );
        this.registerOutputs();
    }
}
