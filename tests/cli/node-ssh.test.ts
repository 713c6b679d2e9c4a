import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { knownHostsLines, sshConfig } from "../../cli/node-ssh";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-sshconfig-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

const node = {
    name: "db-node",
    host: "192.168.122.3",
    port: 22,
    hostKey: "ssh-ed25519 AAAANODE",
    keyFile: "/keys/operator",
    jump: { host: "gks-125.scc.kit.edu", port: 24, hostKey: "ssh-ed25519 AAAAHOST\nssh-rsa AAAARSA" },
};

test("only pinned keys count, each under the machine's own name", () => {
    expect(knownHostsLines(node)).toEqual([
        "host_gks-125.scc.kit.edu ssh-ed25519 AAAAHOST\n",
        "host_gks-125.scc.kit.edu ssh-rsa AAAARSA\n",
        "db-node ssh-ed25519 AAAANODE\n",
    ]);
});

test("ssh itself understands the configuration: jump, key, strictness, and nothing of the user's", () => {
    const file = path.join(dir, "config");
    fs.writeFileSync(file, sshConfig(node, path.join(dir, "known_hosts")));
    const { status, stdout } = spawnSync("ssh", ["-G", "-F", file, "db-node"], { encoding: "utf8" });
    expect(status).toBe(0);
    const lines = stdout.split("\n");
    for (const line of [
        "hostname 192.168.122.3",
        "port 22",
        "user root",
        "identityfile /keys/operator",
        "identitiesonly yes",
        "stricthostkeychecking true",
        `userknownhostsfile ${dir}/known_hosts`,
        "globalknownhostsfile /dev/null",
        "proxyjump host_gks-125.scc.kit.edu",
        "hostkeyalias db-node",
        "updatehostkeys false",
    ]) {
        expect(lines).toContain(line);
    }
});

test("a machine of OpenSSH 5.9's age: signatures with SHA-1 are allowed for it, and for nothing on the way to it", () => {
    const file = path.join(dir, "old");
    fs.writeFileSync(file, sshConfig({ ...node, rsaSha1: true }, path.join(dir, "known_hosts")));
    const options = (host: string) =>
        spawnSync("ssh", ["-G", "-F", file, host], { encoding: "utf8" })
            .stdout.split("\n")
            .filter(line => /^(hostkeyalgorithms|pubkeyaccepted(algorithms|keytypes)) /.test(line))
            .map(line => line.split(/[ ,]/).includes("ssh-rsa"));
    expect([options("db-node"), options("host_gks-125.scc.kit.edu")]).toEqual([
        [true, true],
        [false, false],
    ]);
});
