import { createHmac } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { UserError } from "../system/errors";
import { replaceFile } from "../system/files";
import { inHome, stateDir } from "../system/paths";
import { fingerprintOf, hostKeyKinds, isHostKey } from "./host-keys";
import { hostRoles } from "./nodes";
import type { Settings } from "./settings";

/** A line of a known_hosts file that is about one machine. */
interface Line {
    number: number;
    marker?: string;
    /** Undefined where it cannot be read. */
    key?: string;
    /** A key that no client of today uses: of version 1 of the protocol, or of another kind. */
    unusable?: string;
}

/** Where ssh looks a machine up: by its port where that is not the usual one, else without. */
export const knownName = (address: string, port: number): string => (port === 22 ? address : `[${address}]:${port}`);
const namesOf = (address: string, port: number): string[] => [...new Set([knownName(address, port), address])];

/** Whether the names at the beginning of a line, plain or hashed, mean a machine. */
function means(names: string, name: string): boolean {
    const [, kind, salt, hash] = names.split("|");
    if (kind === "1")
        return (
            createHmac("sha1", Buffer.from(salt ?? "", "base64"))
                .update(name)
                .digest("base64") === hash
        );
    const matching = names
        .toLowerCase()
        .split(",")
        .filter(pattern => {
            const wild = pattern.replace(/^!/, "").replace(/[^a-z0-9*?]/g, "\\$&");
            return new RegExp(`^${wild.replace(/\*/g, ".*").replace(/\?/g, ".")}$`).test(name.toLowerCase());
        });
    return matching.length > 0 && !matching.some(pattern => pattern.startsWith("!"));
}

/** The lines of a known_hosts file that are about a machine under a name. */
function linesOf(text: string, name: string): Line[] {
    return text.split("\n").flatMap((whole, i) => {
        const words = whole.trim().split(/[ \t]+/),
            marker = words[0]!.startsWith("@") ? words.shift() : undefined,
            [names = "", ...key] = words;
        if (names === "" || names.startsWith("#") || !means(names, name)) return [];
        return [{ number: i + 1, ...(marker !== undefined && { marker }), ...keyIn(key) }];
    });
}

/** A line's key, of one that can be read. */
function keyIn([kind = "", blob = ""]: readonly string[]): Pick<Line, "key" | "unusable"> {
    if (/^\d+$/.test(kind) && /^\d+$/.test(blob)) return { unusable: "a key of ssh's version 1" };
    if (isHostKey(kind, blob)) return { key: `${kind} ${blob}` };
    const other = /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+$/.test(kind) && !(hostKeyKinds as readonly string[]).includes(kind);
    return other && blob !== "" ? { unusable: `a key of the kind ${kind}` } : {};
}

/** A machine whose keys are looked up: its words in messages, and where the configuration may have them. */
interface Machine {
    what: string;
    setting: string;
    address: string;
    port: number;
    hostKey?: string;
}

/** Whether a line has a key of the machine itself, neither revoked nor an authority's. */
const isOwnKey = (line: Line): boolean => line.marker === undefined && line.key !== undefined;

/** A known_hosts file, read once. */
class KnownHosts {
    private text: string | undefined;

    constructor(private readonly file: string) {}

    /**
     * The public keys that a machine may answer with, one a line: the configuration's, else the file's.
     * @throws UserError when it has none, for nothing is trusted on first use, or only ones that are revoked
     */
    keysOf(machine: Machine): string {
        const lines = namesOf(machine.address, machine.port).map(name => linesOf(this.read(machine), name)),
            all = lines.flat(),
            own = lines.find(some => some.some(isOwnKey)) ?? all;
        this.checkReadable(machine, all);
        const revoked = all.filter(line => line.marker === "@revoked" && line.key !== undefined),
            given = machine.hostKey?.split("\n") ?? own.filter(isOwnKey).map(l => l.key!),
            keys = given.filter(key => !revoked.some(line => line.key === key));
        if (keys.length > 0) return [...new Set(keys)].join("\n");
        const [bad] = revoked;
        if (bad && (given.length > 0 || all.every(line => line.marker === "@revoked")))
            this.refuse(machine, `its ssh key (${fingerprintOf(given[0] ?? bad.key!)}) is revoked by ${this.at(bad)}`);
        return this.missing(machine, all);
    }

    /** @throws UserError for a line that cannot be read, where its key would count */
    private checkReadable(machine: Machine, lines: readonly Line[]): void {
        const spoilt = lines.find(line => line.key === undefined && line.unusable === undefined);
        if (spoilt && machine.hostKey === undefined)
            this.refuse(machine, `${this.at(spoilt)} is about it and cannot be read; correct it, or remove it`);
    }

    private missing(machine: Machine, lines: readonly Line[]): never {
        const { setting, address, port } = machine,
            authority = lines.find(line => line.marker === "@cert-authority"),
            unusable = lines.find(line => line.unusable !== undefined);
        if (authority)
            this.refuse(
                machine,
                `${this.at(authority)} trusts an authority's signatures (@cert-authority), which is not supported; write the host's own key into ${setting}`,
            );
        if (unusable)
            this.refuse(
                machine,
                `${this.at(unusable)} has ${unusable.unusable} of it; allowed are ${hostKeyKinds.join(", ")}. Write one into ${setting}`,
            );
        throw new UserError(
            `${machine.what}: its ssh key is neither in ${this.file} nor in the configuration (${setting}); nothing was changed. ` +
                `Log in once with ssh -p ${port} root@${address} and compare the fingerprint`,
        );
    }

    private at(line: Line): string {
        return `line ${line.number} of ${this.file}`;
    }

    private refuse(machine: Machine, reason: string): never {
        throw new UserError(`${machine.what}: ${reason}; nothing was changed`);
    }

    private read(machine: Machine): string {
        try {
            this.text ??= fs.readFileSync(inHome(this.file), "utf8");
        } catch (e) {
            if ((e as NodeJS.ErrnoException).code !== "ENOENT" && machine.hostKey === undefined)
                throw new UserError(
                    `knownHostsFile: ${this.file} cannot be read (${(e as Error).message}); nothing was changed`,
                );
            this.text = "";
        }
        return this.text;
    }
}

/** Whether a file in OpenSSH's form holds a key of a machine. */
export const isKnown = (file: string, address: string, port: number, key: string): boolean => {
    let text = "";
    try {
        text = fs.readFileSync(inHome(file), "utf8");
    } catch {
        /* a file that is not there knows nobody */
    }
    return namesOf(address, port).some(name => linesOf(text, name).some(line => line.key === key));
};

/**
 * The settings with every physical host's keys in them, and those of the machine on the way to it: the configuration's
 * own, else those of the known_hosts file.
 * @throws UserError naming the missing, revoked or spoilt key
 */
export function withHostKeys(settings: Settings): Settings {
    const known = new KnownHosts(settings.knownHostsFile),
        hosts = { ...settings.hosts },
        wrong: string[] = [];
    const keysOf = (of: Parameters<KnownHosts["keysOf"]>[0]): string => {
        try {
            return known.keysOf(of);
        } catch (e) {
            if (!(e instanceof UserError)) throw e;
            wrong.push(e.message);
            return "";
        }
    };
    for (const role of hostRoles) {
        const { jump, ...host } = hosts[role],
            setting = `hosts.${role}`;
        hosts[role] = {
            ...host,
            ...(jump && {
                jump: {
                    ...jump,
                    hostKey: keysOf({ ...jump, what: `bastion ${jump.address}`, setting: `${setting}.jump.hostKey` }),
                },
            }),
            hostKey: keysOf({ ...host, what: `host ${host.address}`, setting: `${setting}.hostKey` }),
        };
    }
    // A file that cannot be read is wrong once.
    if (wrong.length > 0) throw new UserError([...new Set(wrong)].join("\n"));
    return { ...settings, hosts };
}

/** A private known_hosts file of a stack: libvirt's provider reads it and no other. */
export const knownHostsOf = (stack: string): string => path.join(stateDir(), "ssh", stack, "known_hosts");

/** Writes it from the keys that our own client accepts, too. */
export function writeKnownHosts(file: string, hosts: Settings["hosts"]): void {
    const text = hostRoles
        .map(role => knownLines(knownName(hosts[role].address, hosts[role].port), hosts[role].hostKey!))
        .join("");
    // Another run of the stack may be reading it.
    if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === text) return;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    replaceFile(file, text, 0o600);
}

/** Lines of a known_hosts file for the keys of one machine, one a line. */
export const knownLines = (name: string, keys: string): string =>
    keys
        .split("\n")
        .map(key => `${name} ${key}\n`)
        .join("");
