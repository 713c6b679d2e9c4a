import type { ConfigMap } from "@pulumi/pulumi/automation";
import type { Connection } from "../../clients/connection";
import { hostConnection } from "../../components/host-pair";
import { hostRoles, nodeNames } from "../../config/nodes";
import { givenBy, ofProject, readStackSettings, type Surroundings } from "../../config/stack-settings";
import type { Settings } from "../../config/settings";
import { PROJECT, textOf, textsIn } from "../../engine/stack-file";
import { stackOutputs } from "../../engine/state";
import { stackStore } from "../../engine/stack-store";
import { UserError } from "../../system/errors";
import { encryptedKeys, noMachine, placeholderCredentials } from "./placeholders";

/** A stack's configuration as its file has it, without the project's prefix. @throws UserError naming what is mistakable */
export const configured = (stack: string): Record<string, unknown> => configuredIn(textOf(stack), stack);

/** The configuration in the text of a stack's file. */
export const configuredIn = (text: string, stack: string): Record<string, unknown> => givenBy(textsIn(text, stack));

/**
 * The lab that a stack's configuration names; undefined for a stack on real hosts.
 * @throws UserError when there is no such stack
 */
export function labOf(stack: string): string | undefined {
    const { lab } = configured(stack);
    return lab === undefined ? undefined : String(lab);
}

/** The stack's settings without the engine, which alone can decrypt: the passwords are the tutorial's. */
export function settingsWithoutSecrets(stack: string): Settings {
    const { credentials: _encrypted, ...given } = configured(stack);
    return settingsFrom(stack, given);
}

/** The settings that a configuration as its file has it amounts to. */
export const settingsFrom = (stack: string, given: Record<string, unknown>, from?: Surroundings): Settings =>
    readStackSettings(
        stack,
        Object.fromEntries(
            Object.entries(given).flatMap(([key, value]) =>
                value === undefined ? [] : [[key, JSON.stringify(value)]],
            ),
        ),
        from,
    );

/** The settings that a configuration amounts to as the engine has decrypted it. */
export const decryptedSettings = (stack: string, config: ConfigMap): Settings =>
    readStackSettings(
        stack,
        Object.fromEntries(Object.entries(ofProject(PROJECT, config)).map(([key, { value }]) => [key, value])),
    );

/**
 * Checks what can be checked of a stack's configuration before a lab, a host or the engine is there.
 * @throws UserError naming every mistake
 */
export function checkConfigured(stack: string): void {
    const given = configured(stack),
        { credentials: _encrypted, ...rest } = given;
    // The same check comes again with the engine, which can read it.
    if (encryptedKeys(rest).length > 0) return;
    settingsFrom(stack, { ...rest, credentials: { ...placeholderCredentials(given), ...plainOf(given) } }, noMachine);
}

/** The passwords of a configuration that are not encrypted. */
export const plainOf = ({ credentials }: Record<string, unknown>): object =>
    typeof credentials === "object" && credentials !== null
        ? Object.fromEntries(
              Object.entries(credentials).filter(([name, value]) => encryptedKeys(value, [name]).length === 0),
          )
        : {};

/**
 * The nodes that the stack's state knows, by name; none before the first up. An `up` that failed has told no outputs: then a node is
 * known by a resource in it.
 */
export function recordedNodes(stack: string): Record<string, Connection> {
    const state = stackStore.state(stack);
    if (!state) return {};
    const isNode = (to: unknown): to is Connection =>
        nodeNames.some(name => name === (to as Partial<Connection> | undefined)?.name);
    const made = state.resources.flatMap(({ inputs }) =>
        isNode(inputs?.connection) ? [[inputs.connection.name, inputs.connection] as const] : [],
    );
    return { ...Object.fromEntries(made), ...(stackOutputs(state).nodes as Record<string, Connection> | undefined) };
}

/** How a node or a physical host (`central`, `compute`) is reached. */
export function connectionOf(stack: string, name: string): Connection {
    const role = hostRoles.find(r => r === name);
    if (role) return { ...hostConnection(settingsWithoutSecrets(stack), role), name };
    const nodes = recordedNodes(stack),
        found = nodes[name];
    if (found) return found;
    const known = Object.keys(nodes);
    if (known.length === 0)
        throw new UserError(
            `the state of stack ${stack} knows no nodes yet (only the hosts ${hostRoles.join(", ")}); make them with: ./classroom up ${stack}`,
        );
    throw new UserError(`stack ${stack} has no machine "${name}"; there are ${[...hostRoles, ...known].join(", ")}`);
}
