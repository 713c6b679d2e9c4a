import * as fs from "fs";
import type { ConfigMap } from "@pulumi/pulumi/automation";
import type { Settings } from "../config/settings";
import { passphraseFile } from "../engine/automation";
import type { RecordedResource } from "../engine/state";

/** Every secret value that the command line can know: the cloud's passwords, secret configuration, generated passwords, private keys. */
export function knownSecrets(settings: Settings, config: ConfigMap, plain: readonly RecordedResource[]): string[] {
    const configured = Object.values(config).filter(c => c.secret).flatMap(c => strings(parsed(c.value)));
    return [fs.readFileSync(passphraseFile(), "utf8").trim(), ...Object.values(settings.credentials).filter(v => typeof v === "string"), ...configured, ...recordedSecrets(plain)];
}

/** Outputs that are secrets made by what they come from, by type. */
const madeSecrets: Readonly<Record<string, string>> = { "random:index/randomPassword:RandomPassword": "result", "pulumi-nodejs:dynamic/keystone:Ec2Credential": "secret" };

/** Of a state exported in plain text: generated passwords, EC2 keys and private keys. */
export function recordedSecrets(resources: readonly RecordedResource[]): string[] {
    return resources.flatMap(({ type, inputs, outputs }) => {
        const found = strings([inputs, outputs]);
        const nested = found.flatMap(text => { const value = parsed(text); return typeof value === "object" ? strings(value) : [text]; });
        const made = madeSecrets[type];
        const generated = made === undefined ? [] : strings(parsed(String(secretOf(outputs?.[made]) ?? "null")));
        return [...nested.filter(text => text.includes("PRIVATE KEY-----")), ...generated];
    });
}

/** The plain text that an export puts beside a secret's signature, as JSON. */
const secretOf = (value: unknown): unknown => (value as Record<string, unknown> | undefined)?.plaintext;

const parsed = (text: string): unknown => { try { return JSON.parse(text); } catch { return text; } };

function strings(value: unknown): string[] {
    if (typeof value === "string") return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}
