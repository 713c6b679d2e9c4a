import type { HostRole } from "../../config/nodes";
import { hasCommands } from "../../config/commands";
import { checkLabName } from "../../config/lab-settings";
import { type Settings } from "../../config/settings";
import { tutorialCredentials } from "../../config/credentials";
import type { Surroundings } from "../../config/stack-settings";
import { hostAddress, SSH_PORT } from "../../lab/hosts/files";

/** A placeholder for a secret, a fact of the operator's machine, or a value that is known only after up. */
export const placeholder = (name: string): string => `\${${name}}`;

/** The text with the placeholders in it readable that a URL or an options file has in its own form. */
export const withReadablePlaceholders = (text: string): string =>
    text.replace(/(?:%24%7B|\$\$\{)([A-Za-z0-9._-]+)(?:%7D|\})/g, (_, name: string) => placeholder(name));

/**
 * A placeholder in the place of every password that is not generated, those of a configuration included, of which the
 * names alone are looked at.
 */
export function placeholderCredentials({ secrets, credentials }: Record<string, unknown>): Record<string, string> {
    const own =
        typeof credentials === "object" && credentials !== null && !isEncrypted(credentials)
            ? Object.keys(credentials)
            : [];
    return Object.fromEntries(
        [...(secrets === "generated" ? [] : Object.keys(tutorialCredentials)), ...own].map(name => [
            name,
            placeholder(name),
        ]),
    );
}

/** Whether a value of a configuration is one that the engine encrypted. */
const isEncrypted = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).join() === "secure" &&
    typeof (value as Record<string, unknown>).secure === "string";

/** Paths of values in a configuration that the engine encrypted, and only the engine can read. */
export function encryptedKeys(value: unknown, path: string[] = []): string[] {
    if (isEncrypted(value)) return [path.join(".")];
    return typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([k, v]) => encryptedKeys(v, [...path, k]))
        : [];
}

/** No machine at all: a lab as it is wherever it is up, and placeholders for the keys and files that differ. */
export const noMachine: Surroundings = {
    labFacts: lab => {
        const host = (role: HostRole) => ({ address: hostAddress(role), port: SSH_PORT });
        checkLabName(lab);
        return {
            hosts: { central: host("central"), compute: host("compute") },
            operatorKeyFile: `~/.local/state/classroom/labs/${lab}/operator.key`,
            knownHostsFile: `~/.local/state/classroom/labs/${lab}/known_hosts`,
            archiveKey: `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${placeholder("archiveKey")}\n-----END PGP PUBLIC KEY BLOCK-----`,
            image: { file: "~/.cache/classroom/instance.qcow2", sha256: "0".repeat(64) },
        };
    },
    withKeys: settings => ({
        ...settings,
        operatorKey: placeholder("operatorKey"),
        knownHosts: placeholder("knownHosts"),
        ...(hasCommands(settings) && { keyTexts: keyPlaceholders(settings) }),
        hosts: { central: withPlaceholders(settings, "central"), compute: withPlaceholders(settings, "compute") },
    }),
};

/** Of each private key that commands are run with, a placeholder. */
const keyPlaceholders = ({ sshKeyFile, hosts }: Settings): Record<string, string> =>
    Object.fromEntries(
        [sshKeyFile, ...Object.values(hosts).flatMap(({ jump }) => jump?.sshKeyFile ?? [])].map(file => [
            file,
            placeholder("privateKey"),
        ]),
    );

function withPlaceholders({ hosts }: Settings, role: HostRole): Settings["hosts"][HostRole] {
    const { hostKey = placeholder(`${role}HostKey`), jump, ...host } = hosts[role];
    return {
        ...host,
        hostKey,
        ...(jump && { jump: { ...jump, hostKey: jump.hostKey ?? placeholder(`${role}BastionKey`) } }),
    };
}
