import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { utils } from "ssh2";
import { handler, keyPair } from "../../../providers/machine/host-key";
import { type HostKeyType } from "../../../config/host-keys";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-key-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

test.each([
    ["ed25519", "ssh-ed25519", "OPENSSH"],
    // OpenSSH before 6.5 reads OpenSSL's forms alone.
    ["ecdsa", "ecdsa-sha2-nistp256", "EC"],
    ["rsa", "ssh-rsa", "RSA"],
] as [HostKeyType, string, string][])(
    "%s: a key pair in the form that machines of its age read",
    async (type, kind, form) => {
        const {
            id,
            outputs: { publicKey, privateKey },
        } = await handler.create({ machine: "db-node", type });
        expect(id).toBe("db-node");
        expect(publicKey).toMatch(new RegExp(`^${kind} [A-Za-z0-9+/=]+$`));
        expect(privateKey).toMatch(
            new RegExp(`^-----BEGIN ${form} PRIVATE KEY-----\n[^]*-----END ${form} PRIVATE KEY-----\n$`),
        );
        const file = path.join(dir, type);
        fs.writeFileSync(file, privateKey, { mode: 0o600 });
        const { stdout } = spawnSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" });
        expect(stdout.trim().split(" ").slice(0, 2).join(" ")).toBe(publicKey);
        expect((await handler.create({ machine: "db-node", type })).outputs.publicKey).not.toBe(publicKey);
    },
);

test("a key stays as it was made, and bears its machine's name", async () => {
    const inputs = { machine: "db-node", type: "ed25519" as HostKeyType },
        { outputs } = await handler.create(inputs),
        recorded = { ...inputs, ...outputs };
    expect(utils.parseKey(outputs.privateKey)).toMatchObject({ comment: "db-node" });
    expect(await handler.read("db-node", recorded)).toEqual(recorded);
    expect(await handler.update("db-node", recorded, inputs)).toEqual(outputs);
    await handler.delete("db-node", recorded);
});

test("one that cannot be read is made again, so often and no more", () => {
    const torn = new Error("torn"),
        parse = jest.spyOn(utils, "parseKey");
    for (let i = 0; i < 2; i++) parse.mockReturnValueOnce(torn);
    expect(keyPair("db-node", "ed25519", 3).publicKey).toMatch(/^ssh-ed25519 /);
    expect(parse).toHaveBeenCalledTimes(3);
    parse.mockReturnValue(torn).mockClear();
    expect(() => keyPair("db-node", "ed25519", 2)).toThrow(torn);
    expect(parse).toHaveBeenCalledTimes(2);
    parse.mockRestore();
});

test("another kind is refused", () => {
    expect(handler.check!({})).toEqual([]);
    expect(handler.check!({ type: "rsa" })).toEqual([]);
    expect(handler.check!({ type: "dsa" as HostKeyType })).toEqual([
        { property: "type", reason: '"dsa" is not one of ed25519, ecdsa, rsa' },
    ]);
});

test("every ed25519 key can be read again, of so many that some would begin with a zero byte", () => {
    const keys = Array.from({ length: 3000 }, () => keyPair("db-node", "ed25519").publicKey.split(" ")[1]!);
    expect(keys.filter(key => Buffer.from(key, "base64").length !== 51)).toEqual([]);
});
