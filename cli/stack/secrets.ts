import * as fs from "fs";
import type { ConfigMap } from "@pulumi/pulumi/automation";
import { type Settings } from "../../config/settings";
import { type Credentials, credentialNames } from "../../config/credentials";
import type { RecordedResource } from "../../engine/state";
import { passphraseFile } from "../../engine/stack-store";
import { UserError } from "../../system/errors";
import type { AdminFacts } from "../../releases/tutorial";

/** The secret values that the configuration has: the cloud's passwords, whatever else is secret in it, and the passphrase. */
export function knownSecrets(settings: Settings, config: ConfigMap): string[] {
    const configured = Object.values(config)
        .filter(c => c.secret)
        .flatMap(c => strings(parsed(c.value)));
    return [
        fs.readFileSync(passphraseFile(), "utf8").trim(),
        ...Object.values(settings.credentials),
        ...Object.values(settings.keyTexts ?? {}),
        ...configured,
    ];
}

const PASSWORD = "random:index/randomPassword:RandomPassword";

/** Outputs that are secrets made by what they come from, by type. */
const madeSecrets: Readonly<Record<string, string>> = {
    [PASSWORD]: "result",
    "pulumi-nodejs:dynamic/guest:Ground": "key",
    "pulumi-nodejs:dynamic/keystone:Ec2Credential": "secret",
};

/** Of a state exported in plain text: generated passwords, EC2 keys, private keys and the keys of nodes' records. */
export function recordedSecrets(resources: readonly RecordedResource[]): string[] {
    return resources.flatMap(({ type, inputs, outputs }) => {
        const found = strings([inputs, outputs]);
        const nested = found.flatMap(text => {
            const value = parsed(text);
            return typeof value === "object" ? strings(value) : [text];
        });
        const made = madeSecrets[type];
        const generated = made === undefined ? [] : strings(secretOf(outputs?.[made]));
        return [...nested.filter(text => text.includes("PRIVATE KEY-----")), ...generated];
    });
}

/** Of a state exported in plain text: the cloud's passwords that are generated. */
export function generatedPasswords(resources: readonly RecordedResource[]): Partial<Credentials> {
    const ofType = resources.filter(r => r.type === PASSWORD);
    return Object.fromEntries(
        credentialNames.flatMap(name => {
            const password = secretOf(ofType.find(r => r.urn.endsWith(`-${name}`))?.outputs?.result);
            return typeof password === "string" ? [[name, password]] : [];
        }),
    );
}

/**
 * What one logs in by as admin, with the password of the configuration or with the generated one.
 * @throws UserError where there is none yet
 */
export function adminFacts(
    stack: string,
    { plan, credentials }: Settings,
    generated: Partial<Credentials>,
): AdminFacts {
    const { adminPassword } = { ...generated, ...credentials };
    if (adminPassword === undefined)
        throw new UserError(
            `the passwords of stack ${stack} are generated, and its state has none for admin yet; make it with: ./classroom up ${stack}`,
        );
    return { plan, credentials: { adminPassword } };
}

/** The plain text that an export puts beside a secret's signature, as JSON. */
export const secretOf = (value: unknown): unknown =>
    parsed(String((value as Record<string, unknown> | undefined)?.plaintext ?? "null"));

const parsed = (text: string): unknown => {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
};

function strings(value: unknown): string[] {
    if (typeof value === "string") return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}
