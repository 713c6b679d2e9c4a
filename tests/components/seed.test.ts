import * as fs from "fs";
import * as yaml from "yaml";
import { identityFiles } from "../../components/node-identity";
import { seedOf } from "../../components/seed";
import { AddressPlan } from "../../config/address-plan";
import { keyPair } from "../../providers/machine/host-key";
import type { Connection } from "../../clients/connection";
import { localHost } from "../providers/machine/local-host";

const key = keyPair("db-node", "ecdsa"),
    file = "/etc/ssh/ssh_host_ecdsa_key";
const files = [
    ...identityFiles(new AddressPlan(1).node("db-node"), "ssh-rsa OPERATOR", { file, publicKey: key.publicKey }),
    { path: file, mode: "0600", content: key.privateKey },
];
/** Its `hostname` says what it was called with. */
const machine = localHost({ hostname: 'echo "$1" >> "$LOG"' });
afterAll(() => machine.remove());
/** The same script for a machine whose root is a folder. */
const inFolder = (script: string) => script.replace(/(\/etc|\/root|\/var\/lib\/classroom)\b/g, `${machine.dir}$1`);
const there = (name: string) => fs.readFileSync(machine.dir + name, "utf8");

test("for cloud-init 0.6.3: the host key that is pinned and no other, root's key, and the files before sshd is up", () => {
    const text = seedOf("cloud-init 0.6", files);
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    const { bootcmd, ...config } = yaml.parse(text) as { bootcmd: string[][] };
    expect(config).toEqual({
        // cc_ssh of that version: without this, root's keys only say whom to log in as.
        disable_root: false,
        // cc_apt_update_upgrade of that version, which runs when sshd may be up already.
        apt_preserve_sources_list: true,
        ssh_authorized_keys: ["ssh-rsa OPERATOR"],
        ssh_keys: { ecdsa_private: key.privateKey, ecdsa_public: `${key.publicKey}\n` },
    });
    expect(bootcmd).toEqual([["sh", "-c", expect.any(String)]]);
    // What it quotes, it writes as plain strings.
    expect(bootcmd[0]![2]).toMatch(/^[\x20-\x7e\n]*$/);
});

test("the first start writes the files, the next ones leave what has become of them", async () => {
    const {
        bootcmd: [[, , script]],
    } = yaml.parse(seedOf("cloud-init 0.6", files)) as { bootcmd: [[string, string, string]] };
    await machine.run({} as Connection, inFolder(script));
    expect(there("/etc/hostname")).toBe("db-node\n");
    expect(there("/root/.ssh/authorized_keys")).toBe("ssh-rsa OPERATOR\n");
    expect([there(file), fs.statSync(machine.dir + file).mode & 0o777]).toEqual([key.privateKey, 0o600]);
    expect(there("/etc/network/interfaces")).toContain(
        "iface eth1 inet static\n    address 10.0.0.3\n    netmask 255.255.255.0\n",
    );
    expect(machine.logged()).toBe("db-node\n");
    fs.appendFileSync(`${machine.dir}/etc/hosts`, "10.0.0.4 auth-node\n");
    await machine.run({} as Connection, inFolder(script));
    expect(there("/etc/hosts")).toContain("10.0.0.4 auth-node\n");
});

test("a script for what runs one, whole in itself", async () => {
    fs.rmSync(`${machine.dir}/etc`, { recursive: true });
    const script = seedOf("script", files);
    expect(script.startsWith("#!/bin/sh\nset -e\n")).toBe(true);
    await machine.run({} as Connection, inFolder(script));
    expect(there("/etc/hosts")).toBe("127.0.0.1 localhost\n127.0.1.1 db-node\n");
});
