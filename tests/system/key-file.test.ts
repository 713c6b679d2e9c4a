import { generateKeyPairSync } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { readKeyFile } from "../../system/key-file";
import { makeKey } from "../clients/sshd";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-key-file-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));
const at = (name: string) => path.join(dir, name);
const PEM = ["-m", "PEM"];

test.each([
    ["ed25519", "ed25519", []],
    ["ecdsa", "ecdsa", []],
    ["rsa", "rsa", ["-b", "2048"]],
    ["rsa as it was written of old", "rsa", ["-b", "2048", ...PEM]],
    ["ecdsa as it was written of old", "ecdsa", PEM],
])("a key without a passphrase signs by its file, its public half is in it: %s", (name, type, form) => {
    const file = at(`plain ${name}`),
        publicKey = makeKey(file, { type, form });
    fs.writeFileSync(`${file}.pub`, "another one's");
    expect(readKeyFile(file)).toEqual({ publicKey, heldBy: "file" });
});

test.each([
    ["with its public half in the open", [], false],
    ["of old", PEM, true],
])("a key with a passphrase is an agent's: %s", (name, form, needsPub) => {
    const file = at(`locked${name}`),
        publicKey = makeKey(file, { type: "rsa", passphrase: "sesame", form: ["-b", "2048", ...form] });
    expect(readKeyFile(file)).toEqual({ publicKey, heldBy: "agent", why: "it has a passphrase" });
    fs.rmSync(`${file}.pub`);
    if (needsPub)
        expect(() => readKeyFile(file)).toThrow(
            new Error(
                `the key ${file}: it has a passphrase, and there is no ${file}.pub to know it by in an ssh-agent: ssh-keygen -y -f ${file} > ${file}.pub`,
            ),
        );
    else expect(readKeyFile(file)).toMatchObject({ publicKey });
});

test("a key whose public half alone is here is an agent's", () => {
    const file = at("elsewhere"),
        publicKey = makeKey(file);
    fs.rmSync(file);
    expect(readKeyFile(file)).toEqual({ publicKey, heldBy: "agent", why: "it is not there" });
});

test.each([0o640, 0o604, 0o660, 0o620])("a key that others can get at (mode %o) is refused as ssh refuses it", mode => {
    const file = at(`open ${mode}`);
    makeKey(file);
    fs.chmodSync(file, mode);
    expect(() => readKeyFile(file)).toThrow(
        new Error(
            `the key ${file} can be read by others (mode 0${mode.toString(8)}), and ssh uses no such key: chmod 600 ${file}`,
        ),
    );
});

/** The beginning of a key of a device, as ssh-keygen writes it. */
function deviceKey(kind: string): string {
    const word = (text: string | Buffer) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(Buffer.from(text).length);
        return Buffer.concat([length, Buffer.from(text)]);
    };
    const blob = Buffer.concat([word(kind), word("x".repeat(32)), word("ssh:")]);
    const data = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        ...["none", "none", ""].map(word),
        Buffer.from([0, 0, 0, 1]),
        word(blob),
        word("private"),
    ]);
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${data.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

test.each([
    [
        "a device's",
        deviceKey("sk-ssh-ed25519@openssh.com"),
        "FILE is of the kind sk-ssh-ed25519@openssh.com, which needs a touch of a device",
    ],
    ["of a kind of old", deviceKey("ssh-dss"), "FILE cannot be read ("],
    [
        "in a form that one client does not read",
        generateKeyPairSync("rsa", { modulusLength: 2048 })
            .privateKey.export({ type: "pkcs8", format: "pem" })
            .toString(),
        "FILE is in a form (PRIVATE KEY) that not every ssh client reads; put it into OpenSSH's own with ssh-keygen -p -f FILE",
    ],
    [
        "in PuTTY's form",
        "PuTTY-User-Key-File-3: ssh-ed25519\n",
        "FILE is in PuTTY's form; put it into OpenSSH's with puttygen FILE -O private-openssh -o another file",
    ],
    ["a public key", "ssh-ed25519 AAAA me\n", "FILE is a public key; named is the private one beside it, without .pub"],
    ["cut off", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n", "FILE is cut off or spoilt"],
    ["nothing of the kind", "hello\n", "FILE is no private key of ssh's"],
])("refused in one sentence: %s", (name, text, reason) => {
    const file = at(`bad ${name}`);
    fs.writeFileSync(file, text, { mode: 0o600 });
    expect(() => readKeyFile(file)).toThrow(reason.replaceAll("FILE", file));
});

test("a key that is nowhere", () => {
    const file = at("none");
    expect(() => readKeyFile(file)).toThrow(
        new Error(
            `the key ${file} is not there, and no ${file}.pub of a key that an ssh-agent holds; make one with: ssh-keygen -t rsa -b 3072 -f ${file}`,
        ),
    );
});
