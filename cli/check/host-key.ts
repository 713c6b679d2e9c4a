import { createHash } from "crypto";

interface Fingerprint {
    type?: string;
    value: string;
}

const typeIn = (text: string): string | undefined =>
    /rsa|ecdsa|ed25519|dsa|dss/i.exec(text)?.[0].toLowerCase().replace("dss", "dsa");
const FINGERPRINT = /SHA256:[A-Za-z0-9+/]{43}|\b(?:[0-9a-f]{2}:){15}[0-9a-f]{2}\b/g;

/** Fingerprints that a text shows, and those of the whole public keys in it, in both forms. */
function fingerprints(text: string): Fingerprint[] {
    return text.split("\n").flatMap(line => {
        const shown = (line.match(FINGERPRINT) ?? []).map(value => ({
            type: typeIn(line.replace(FINGERPRINT, "")),
            value,
        }));
        const keys = [
            ...line.matchAll(/\b(ssh-rsa|ssh-dss|ssh-ed25519|ecdsa-sha2-nistp\d+) (AAAA[A-Za-z0-9+/]+=*)/g),
        ].flatMap(([, type, data]) => {
            const key = Buffer.from(data!, "base64"),
                hash = (algorithm: string) => createHash(algorithm).update(key);
            const values = [
                `SHA256:${hash("sha256").digest("base64").replace(/=+$/, "")}`,
                hash("md5").digest("hex").match(/../g)!.join(":"),
            ];
            return values.map(value => ({ type: typeIn(type!), value }));
        });
        return [...shown, ...keys];
    });
}

/**
 * Compares the host key that `ssh -v` saw with what an instance's console log shows.
 * @returns what was found, in words
 * @throws Error when the console shows another key
 */
export function compareHostKey(verbose: string, consoleLog: string): string {
    const line = /^debug1: Server host key: .*$/m.exec(verbose)?.[0];
    const seen = line === undefined ? undefined : fingerprints(line)[0];
    if (!seen) return "ssh did not say which host key it saw, so it was not compared";
    const form = (f: Fingerprint) => f.value.startsWith("SHA256:");
    const comparable = fingerprints(consoleLog).filter(
        f => form(f) === form(seen) && (f.type === undefined || f.type === seen.type),
    );
    if (comparable.length === 0) return "the console log shows no host key to compare with";
    if (comparable.some(f => f.value === seen.value)) return "its host key is that of the console log";
    throw new Error(
        `the host key ${seen.value} is not the one in the instance's console log (${comparable.map(f => f.value).join(", ")})`,
    );
}
