import { createHmac } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { fingerprintOf, pastedKeys } from "../../config/host-keys";
import { withHostKeys } from "../../config/known-hosts";
import { readSettings } from "../../config/settings";
import { keyPair } from "../../providers/machine/host-key";
import { hostKeys } from "../clients/keys";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-known-hosts-")),
    file = path.join(dir, "known_hosts");
afterAll(() => fs.rmSync(dir, { recursive: true }));

const [key, other] = [hostKeys.central, hostKeys.compute],
    rsa = keyPair("x", "rsa").publicKey.split(" ").slice(0, 2).join(" ");
const RSA1 = "1024 35 143987236492364923";

/** The keys of the central host, which is on port 24, as found in known_hosts; the compute host's are in the configuration. */
function keysIn(known: string, more: object = {}): string[] {
    fs.writeFileSync(file, known);
    const settings = readSettings("team01", {
        number: 1,
        knownHostsFile: file,
        hosts: {
            central: { address: "Gks-125.scc.kit.edu", ...more },
            compute: { address: "192.0.2.2", hostKey: other },
        },
    });
    return withHostKeys(settings).hosts.central.hostKey!.split("\n");
}
const hashed = (name: string): string => {
    const salt = Buffer.from("0123456789abcdef0123");
    return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
};

test.each([
    ["by name and port", `[gks-125.scc.kit.edu]:24 ${key}\n`],
    [
        "with a comment, among others, after an empty line",
        `# ours\n\nother ${rsa}\na,[gks-125.scc.kit.edu]:24  ${key} root@there\n`,
    ],
    ["hashed", `${hashed("other")} ${rsa}\n${hashed("[Gks-125.scc.kit.edu]:24")} ${key}\n`],
    ["by a pattern", `[gks-*.scc.kit.edu]:24 ${key}\n[gks-*.scc.kit.edu]:24,![gks-125.*]:24 ${rsa}\n`],
    ["without its port, as ssh takes it where nothing is under the port", `gks-125.scc.kit.edu ${key}\n`],
    [
        "beside old keys of other hosts that nobody can read",
        `other ${RSA1}\nanother ssh-ed25519 XXXX\nthird\n@what [fourth]:24 x\n[gks-125.scc.kit.edu]:24 ${key}\n`,
    ],
    ["beside a key of version 1 of its own", `[gks-125.scc.kit.edu]:24 ${RSA1}\n[gks-125.scc.kit.edu]:24 ${key}\n`],
    [
        "beside another that is revoked",
        `@revoked * ${rsa}\n[gks-125.scc.kit.edu]:24 ${rsa}\n[gks-125.scc.kit.edu]:24 ${key}\n`,
    ],
    ["with lines that Windows ended", `[gks-125.scc.kit.edu]:24 ${key}\r\n`],
])("a host's key is found %s", (_title, known) => {
    expect(keysIn(known)).toEqual([key]);
});

test("all of a host's keys, in the file's order", () => {
    expect(keysIn(`[gks-125.scc.kit.edu]:24 ${rsa}\n[gks-125.scc.kit.edu]:24 ${key}\n`)).toEqual([rsa, key]);
});

test.each([
    [
        "revoked",
        `@revoked * ${key}\n[gks-125.scc.kit.edu]:24 ${key}\n`,
        {},
        `its ssh key (${fingerprintOf(key)}) is revoked by line 1 of ${file}`,
    ],
    [
        "revoked and nothing else",
        `@revoked [gks-125.scc.kit.edu]:24 ${key}\n`,
        {},
        `its ssh key (${fingerprintOf(key)}) is revoked by line 1 of ${file}`,
    ],
    [
        "the configuration's, and revoked",
        `@revoked gks-125.scc.kit.edu ${key}\n`,
        { hostKey: key },
        `its ssh key (${fingerprintOf(key)}) is revoked by line 1 of ${file}`,
    ],
    [
        "an authority's",
        `\n@cert-authority *.scc.kit.edu,[*.scc.kit.edu]:24 ${key}\n`,
        {},
        `line 2 of ${file} trusts an authority's signatures (@cert-authority), which is not supported; write the host's own key into hosts.central.hostKey`,
    ],
    [
        "spoilt",
        `other x\n[gks-125.scc.kit.edu]:24 ssh-ed25519 AAAA\n`,
        {},
        `line 2 of ${file} is about it and cannot be read; correct it, or remove it`,
    ],
    [
        "spoilt beside a good one",
        `[gks-125.scc.kit.edu]:24 ${key}\n[gks-125.scc.kit.edu]:24\n`,
        {},
        `line 2 of ${file} is about it and cannot be read; correct it, or remove it`,
    ],
    [
        "of another kind than it says",
        `[gks-125.scc.kit.edu]:24 ${key.replace("ssh-ed25519", "ssh-rsa")}\n`,
        {},
        `line 1 of ${file} is about it and cannot be read; correct it, or remove it`,
    ],
    [
        "of version 1 of the protocol",
        `[gks-125.scc.kit.edu]:24 ${RSA1}\n`,
        {},
        `line 1 of ${file} has a key of ssh's version 1 of it; allowed are ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa. Write one into hosts.central.hostKey`,
    ],
    [
        "of a kind of old",
        `[gks-125.scc.kit.edu]:24 ssh-dss AAAAB3NzaC1kc3M=\n`,
        {},
        `line 1 of ${file} has a key of the kind ssh-dss of it; allowed are ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, ssh-rsa. Write one into hosts.central.hostKey`,
    ],
])("a host's key that is %s: one sentence", (_title, known, more, reason) => {
    expect(() => keysIn(known, more)).toThrow(new Error(`host Gks-125.scc.kit.edu: ${reason}; nothing was changed`));
});

test("a host that nobody knows", () => {
    const message = `host Gks-125.scc.kit.edu: its ssh key is neither in ${file} nor in the configuration (hosts.central.hostKey); nothing was changed. Log in once with ssh -p 24 root@Gks-125.scc.kit.edu and compare the fingerprint`;
    expect(() => keysIn(`[gks-126.scc.kit.edu]:24 ${key}\n`)).toThrow(new Error(message));
});

test("the configuration's key goes before the file's, and needs no file", () => {
    expect(keysIn(`[gks-125.scc.kit.edu]:24 ${rsa}\n[gks-125.scc.kit.edu]:24 spoilt\n`, { hostKey: key })).toEqual([
        key,
    ]);
});

test("a known_hosts that cannot be read is named", () => {
    const settings = readSettings("team01", {
        number: 1,
        knownHostsFile: dir,
        hosts: { central: { address: "a" }, compute: { address: "b" } },
    });
    expect(() => withHostKeys(settings)).toThrow(
        /^knownHostsFile: \S+ cannot be read \(EISDIR.*\); nothing was changed$/,
    );
});

test.each([
    ["a key", key],
    ["a key with a comment", `${key} root@gks-125`],
    ["a line of known_hosts or ssh-keyscan", `[192.0.2.1]:24 ${key}`],
    ["a hashed one", `${hashed("x")} ${key} comment of several words`],
    ["what ssh-keyscan prints", `# 192.0.2.1:24 SSH-2.0-OpenSSH_9.2\n[192.0.2.1]:24 ${key}\n\n`],
    ["with lines that Windows ended", `${key}\r\n${key}\r\n`],
])("pasted as hostKey: %s", (_title, text) => {
    expect(pastedKeys(text)).toEqual([key]);
    expect(keysIn("", { hostKey: text })).toEqual([key]);
});

test("several keys, each once", () => {
    expect(pastedKeys(`a ${key}\na ${rsa}\nb ${key}`)).toEqual([key, rsa]);
});

test.each([
    ["a fingerprint", "SHA256:abcdef"],
    ["half a key", "ssh-ed25519 AAAA"],
    ["a key of another kind than it says", key.replace("ssh-ed25519", "ssh-rsa")],
    ["a key that is revoked", `@revoked x ${key}`],
    ["an authority's", `@cert-authority * ${key}`],
    ["one good line and one bad", `${key}\nx\n`],
    ["a key of version 1", `host ${RSA1}`],
    ["nothing", "\n"],
])("refused as hostKey: %s, with the key and what is allowed", (_title, text) => {
    expect(() => keysIn("", { hostKey: text })).toThrow(
        /\n  hosts\.central\.hostKey: "[^\n]*" is not allowed: a public key \(ssh-ed25519 AAAA…\), a line of known_hosts or of ssh-keyscan as it is, or several such lines; of the kinds ssh-ed25519, /,
    );
});

test("a private key that was pasted is in no message", () => {
    expect(() => keysIn("", { hostKey: "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary" })).toThrow(
        /^(?!.*canary)[\s\S]*hosts\.central\.hostKey: the value is not allowed: a public key/,
    );
});

test("hosts and bastions whose keys are missing are named at once", () => {
    fs.writeFileSync(file, "");
    const jump = { address: "bastion.example.org" },
        given = {
            number: 1,
            knownHostsFile: file,
            hosts: { central: { address: "a", jump }, compute: { address: "b", jump } },
        };
    let message = "";
    try {
        withHostKeys(readSettings("team01", given));
    } catch (e) {
        message = (e as Error).message;
    }
    expect(message.split("\n").map(line => line.split(":")[0])).toEqual([
        "bastion bastion.example.org",
        "host a",
        "bastion bastion.example.org",
        "host b",
    ]);
});
