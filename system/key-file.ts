import * as fs from "fs";
import { utils } from "ssh2";
import { UserError } from "./errors";
import { inHome } from "./paths";

/** A private key of the operator's, as far as it can be known without its passphrase. */
export interface KeyFile {
    /** `ssh-ed25519 AAAA…`, without a comment. */
    publicKey: string;
    /** The signer: the reader of the file, or an ssh-agent if the file has a passphrase or is elsewhere. */
    heldBy: "file" | "agent";
    /** Why only an agent can sign with it. */
    why?: string;
}

/** A key file that cannot be used. The message has the fault and the remedy. */
export class UnusableKey extends UserError {
    override readonly name = "UnusableKey";
}

/** Kinds of keys that both ssh clients, ours and that of libvirt's provider, sign with. */
const KINDS = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
/** Why a file itself is of no use. */
const ABSENT = "it is not there",
    LOCKED = "it has a passphrase";
const byAgent = (publicKey: string, why: string): KeyFile => ({ publicKey, heldBy: "agent", why });
const MAGIC = "openssh-key-v1\0";

/**
 * The facts in a private key's file. `~/` is the home folder.
 * @throws UnusableKey where one of the two clients could not work with it: its file, form or kind
 */
export function readKeyFile(file: string): KeyFile {
    const text = ownText(file);
    if (text === undefined) return byAgent(publicHalf(file, ABSENT), ABSENT);
    const found = parsed(file, text);
    const [kind] = found.publicKey.split(" ");
    if (kind!.startsWith("sk-"))
        throw new UnusableKey(
            `the key ${file} is of the kind ${kind}, which needs a touch of a device; an unattended program cannot log in with it: make another with ssh-keygen -t ed25519 (or rsa)`,
        );
    if (!KINDS.includes(kind!))
        throw new UnusableKey(`the key ${file} is of the kind ${kind}; allowed are ${KINDS.join(", ")}`);
    return found;
}

/** The file's text; undefined where there is no file. Others must not be able to read it. */
function ownText(file: string): string | undefined {
    const at = inHome(file);
    try {
        const { mode } = fs.statSync(at);
        if (mode & 0o077)
            throw new UnusableKey(
                `the key ${file} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, "0")}), and ssh uses no such key: chmod 600 ${file}`,
            );
        return fs.readFileSync(at, "utf8");
    } catch (e) {
        if ((e as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw e instanceof UnusableKey
            ? e
            : new UnusableKey(`the key ${file} cannot be read (${(e as Error).message})`);
    }
}

function parsed(file: string, text: string): KeyFile {
    const form = /^-----BEGIN ([A-Z ]*)PRIVATE KEY-----/.exec(text.trimStart())?.[1]?.trim();
    if (form === "OPENSSH") return openssh(file, text);
    if (form === "RSA" || form === "EC")
        return /^Proc-Type: 4,ENCRYPTED/m.test(text) ? byAgent(publicHalf(file, LOCKED), LOCKED) : plain(file, text);
    if (form !== undefined)
        throw new UnusableKey(
            `the key ${file} is in a form (${`${form} PRIVATE KEY`.trim()}) that not every ssh client reads; put it into OpenSSH's own with ssh-keygen -p -f ${file}`,
        );
    if (/^PuTTY-User-Key-File/.test(text))
        throw new UnusableKey(
            `the key ${file} is in PuTTY's form; put it into OpenSSH's with puttygen ${file} -O private-openssh -o another file`,
        );
    if (/^(ssh-|ecdsa-|sk-)/.test(text.trimStart()))
        throw new UnusableKey(`${file} is a public key; named is the private one beside it, without .pub`);
    throw new UnusableKey(`${file} is no private key of ssh's`);
}

/** OpenSSH's own form says in the open whether the rest is encrypted, and the public half. */
function openssh(file: string, text: string): KeyFile {
    const data = Buffer.from(text.replace(/-----[^-]*-----/g, ""), "base64");
    const words: Buffer[] = [];
    let at = MAGIC.length;
    const word = () => {
        const length = data.readUInt32BE(at);
        words.push(data.subarray(at + 4, at + 4 + length));
        at += 4 + length;
    };
    try {
        if (data.subarray(0, at).toString("latin1") !== MAGIC) throw new Error();
        for (let i = 0; i < 3; i++) word();
        at += 4; // how many keys are in it: one
        word();
    } catch {
        throw new UnusableKey(`the key ${file} is cut off or spoilt`);
    }
    const [cipher, , , blob] = words,
        kind = blob!.subarray(4, 4 + blob!.readUInt32BE(0)).toString("latin1"),
        publicKey = `${kind} ${blob!.toString("base64")}`;
    if (cipher!.toString() !== "none" || kind.startsWith("sk-")) return byAgent(publicKey, LOCKED);
    return plain(file, text);
}

function plain(file: string, text: string): KeyFile {
    const key = utils.parseKey(text);
    if (key instanceof Error) throw new UnusableKey(`the key ${file} cannot be read (${key.message})`);
    return { publicKey: `${key.type} ${key.getPublicSSH().toString("base64")}`, heldBy: "file" };
}

/** Of a key that only an agent can sign with, from the file beside it. */
function publicHalf(file: string, why: string): string {
    try {
        const [kind, blob] = fs
            .readFileSync(`${inHome(file)}.pub`, "utf8")
            .trim()
            .split(/\s+/);
        const key = utils.parseKey(`${kind} ${blob}`);
        // An agent may hold a kind that this library does not know: it is named and refused.
        if (key instanceof Error && !kind!.startsWith("sk-")) throw key;
        return `${kind} ${blob}`;
    } catch {
        throw new UnusableKey(
            why === ABSENT
                ? `the key ${file} is not there, and no ${file}.pub of a key that an ssh-agent holds; make one with: ssh-keygen -t rsa -b 3072 -f ${file}`
                : `the key ${file}: ${why}, and there is no ${file}.pub to know it by in an ssh-agent: ssh-keygen -y -f ${file} > ${file}.pub`,
        );
    }
}
