import { createHash } from "crypto";
import { utils } from "ssh2";

/** Kinds of host keys that both ssh clients check, ours and that of libvirt's provider. */
export const hostKeyKinds = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
] as const;

/** Kinds of host keys that a machine is given, as `ssh-keygen -t` calls them. */
export const hostKeyTypes = ["ed25519", "ecdsa", "rsa"] as const;
export type HostKeyType = (typeof hostKeyTypes)[number];

/** The allowed forms of a host's keys in a setting. */
export const hostKeyForms = `a public key (ssh-ed25519 AAAA…), a line of known_hosts or of ssh-keyscan as it is, or several such lines; of the kinds ${hostKeyKinds.join(", ")}`;

/** Whether a kind and a blob in base64 are a whole public key of that kind. */
export function isHostKey(kind: string, blob: string): boolean {
    return (
        (hostKeyKinds as readonly string[]).includes(kind) &&
        /^[A-Za-z0-9+/]+={0,2}$/.test(blob) &&
        !(utils.parseKey(`${kind} ${blob}`) instanceof Error) &&
        blobKind(blob) === kind
    );
}

/** The kind that a blob names itself. */
function blobKind(blob: string): string | undefined {
    const data = Buffer.from(blob, "base64");
    return data.length < 4 ? undefined : data.subarray(4, 4 + data.readUInt32BE(0)).toString("latin1");
}

/**
 * The public keys in a setting, `ssh-ed25519 AAAA…` each, without what stands around them in a line that was pasted: names
 * of the host before, a comment behind. Undefined where one of the lines is something else.
 */
export function pastedKeys(text: string): string[] | undefined {
    const lines = text
        .split(/\r?\n/)
        .map(line => line.trim())
        .filter(line => line !== "" && !line.startsWith("#"));
    const keys = lines.map(line => {
        const words = line.split(/[ \t]+/);
        const at = [0, 1].find(i => isHostKey(words[i] ?? "", words[i + 1] ?? ""));
        return at === undefined || words[0]!.startsWith("@") ? undefined : `${words[at]} ${words[at + 1]}`;
    });
    return keys.length === 0 || keys.includes(undefined) ? undefined : [...new Set(keys as string[])];
}

/** A key's form in messages. */
export const fingerprintOf = (key: string): string =>
    `SHA256:${createHash("sha256")
        .update(Buffer.from(key.split(" ")[1] ?? "", "base64"))
        .digest("base64")
        .replace(/=+$/, "")}`;
