import { execFile, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { libvirtSsh, type LibvirtSsh } from "../../../cli/hosts/libvirt-ssh";
import { checkHosts, checkLibvirt } from "../../../cli/hosts/hosts-check";
import { closeAll, exec } from "../../../clients/ssh";
import { hostConnection, libvirtUri } from "../../../components/host-pair";
import { type HostRole } from "../../../config/nodes";
import { readStackSettings } from "../../../config/stack-settings";
import type { Settings } from "../../../config/settings";
import { keyPair } from "../../../providers/machine/host-key";
import { Agent, makeKey, type Sshd, type SshdOptions, startSshd } from "../../clients/sshd";

// jest's process.env is a copy, which the system's own idea of a home does not see.
jest.mock("os", () => ({
    ...jest.requireActual<typeof os>("os"),
    homedir: () => process.env.HOME,
}));

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-libvirt-ssh-"));
const before = { ...process.env };
const keys = {
    plain: makeKey(path.join(dir, "plain")),
    locked: makeKey(path.join(dir, "locked"), { passphrase: "sesame" }),
    other: makeKey(path.join(dir, "other")),
    rsa: makeKey(path.join(dir, "rsa"), { type: "rsa", form: ["-b", "2048"] }),
    lockedRsa: makeKey(path.join(dir, "locked-rsa"), { type: "rsa", passphrase: "sesame", form: ["-b", "2048"] }),
};
const hostKeys = {
    ed25519: keyPair("central", "ed25519"),
    rsa: keyPair("central", "rsa"),
    bastion: keyPair("bastion", "ecdsa"),
};
const own = (key: { publicKey: string }) => key.publicKey.split(" ").slice(0, 2).join(" ");

let agent: Agent;
const running: Sshd[] = [],
    homes: LibvirtSsh[] = [];
const start = async (options: SshdOptions): Promise<Sshd> => {
    const sshd = await startSshd(options);
    running.push(sshd);
    return sshd;
};
beforeAll(() => {
    agent = new Agent(dir);
    agent.add(path.join(dir, "other"));
});
beforeEach(() => {
    process.env.CLASSROOM_STATE = path.join(dir, "state");
    delete process.env.SSH_AUTH_SOCK;
});
afterEach(async () => {
    await closeAll();
    for (const home of homes.splice(0)) await home.close();
    for (const sshd of running.splice(0)) await sshd.close();
    process.env = { ...before };
});
afterAll(() => {
    agent.stop();
    fs.rmSync(dir, { recursive: true });
});

const knownHosts = path.join(dir, "known_hosts");
/** Settings of a stack whose two hosts are servers of a test's. */
function settings(hosts: Record<HostRole, object>, known: string, more: object = {}): Settings {
    fs.writeFileSync(knownHosts, known);
    const given = {
        number: 1,
        release: "ocata",
        sshKeyFile: path.join(dir, "plain"),
        knownHostsFile: knownHosts,
        hosts,
    };
    return readStackSettings(
        "team01",
        Object.fromEntries(Object.entries({ ...given, ...more }).map(([key, value]) => [key, JSON.stringify(value)])),
    );
}
const at = (sshd: Sshd, more: object = {}) => ({ address: "127.0.0.1", port: sshd.port, ...more });
const line = (sshd: Sshd, key: { publicKey: string }) => `[127.0.0.1]:${sshd.port} ${own(key)}\n`;

/** What is made for the provider, in a folder of the test's. */
async function home(of: Settings): Promise<LibvirtSsh & { dir: string }> {
    const at = fs.mkdtempSync(path.join(dir, "home-")),
        made = await libvirtSsh(at, of);
    homes.push(made);
    return { ...made, dir: at };
}

/**
 * Goes the provider's way with another client than ours: what the URI says, in the home that it is given, read as
 * libvirt's provider 0.8.3 reads it (libvirt/uri/ssh.go). Returns what the server said, or why it could not be asked.
 */
async function asProvider(
    of: Settings,
    role: HostRole,
    { env, dir: at }: LibvirtSsh & { dir: string },
): Promise<string> {
    const uri = new URL(libvirtUri(role, of).replace(/^qemu\+ssh:/, "http:")),
        file = (name: string) => uri.searchParams.get(name)!.replace("${HOME}", env.CLASSROOM_SSH_HOME!);
    const byAgent = uri.searchParams.get("sshauth") === "agent";
    return await new Promise<string>(resolve =>
        execFile(
            "ssh",
            [
                ...[
                    "-F",
                    path.join(at, ".ssh/config"),
                    ...(of.hosts[role].jump ? [] : ["-p", uri.port]),
                    "-l",
                    uri.username,
                ],
                ...["-o", `UserKnownHostsFile=${file("knownhosts")}`, "-o", "GlobalKnownHostsFile=/dev/null"],
                ...[
                    "-o",
                    "StrictHostKeyChecking=yes",
                    "-o",
                    "BatchMode=yes",
                    "-o",
                    "PreferredAuthentications=publickey",
                ],
                ...[
                    "-o",
                    `IdentityFile=${byAgent ? "none" : file("keyfile")}`,
                    "-o",
                    `IdentitiesOnly=${byAgent ? "no" : "yes"}`,
                ],
                ...[uri.hostname, "echo here"],
            ],
            { env: { PATH: process.env.PATH, HOME: env.CLASSROOM_SSH_HOME, SSH_AUTH_SOCK: env.SSH_AUTH_SOCK } },
            (error, stdout, stderr) => resolve(error ? stderr : stdout.trim()),
        ),
    );
}

/** What an agent shows; asked without waiting in the way of one that this process is. */
const listed = (socket: string): Promise<string[]> =>
    new Promise((resolve, reject) =>
        execFile("ssh-add", ["-L"], { env: { ...process.env, SSH_AUTH_SOCK: socket } }, (error, stdout) => {
            if (error) reject(error);
            else
                resolve(
                    stdout
                        .trim()
                        .split("\n")
                        .map(key => key.split(" ").slice(0, 2).join(" ")),
                );
        }),
    );

const ask = async (of: Settings, role: HostRole): Promise<string> =>
    (await exec(hostConnection(of, role), "echo here")).stdout.trim();

/** Two servers, and settings that name them. */
async function pair(
    options: Partial<SshdOptions> = {},
    more: object = {},
): Promise<{ of: Settings; central: Sshd; compute: Sshd }> {
    const wanted = { hostKeys: [hostKeys.ed25519.privateKey], accepts: [keys.plain], libvirt: "libvirt", ...options };
    const [central, compute] = [await start(wanted), await start(wanted)];
    const known = [central, compute].map(sshd => line(sshd, hostKeys.ed25519)).join("");
    return { central, compute, of: settings({ central: at(central), compute: at(compute) }, known, more) };
}

test("an agent that holds another key hides nothing: the file alone signs, for both clients", async () => {
    process.env.SSH_AUTH_SOCK = agent.socket;
    const { of, central } = await pair();
    const made = await home(of);
    expect([await ask(of, "central"), await asProvider(of, "central", made)]).toEqual(["here", "here"]);
    expect(made.env.SSH_AUTH_SOCK).toBe("");
    expect(new URL(libvirtUri("central", of)).searchParams.get("sshauth")).toBe("privkey");
    expect(new Set(central.offered)).toEqual(new Set([keys.plain]));
});

test("host keys that only the configuration has: the private file has them, and nobody else can read it", async () => {
    const { of: bare, central, compute } = await pair();
    const of = settings(
        {
            central: at(central, { hostKey: line(central, hostKeys.ed25519) }),
            compute: at(compute, { hostKey: own(hostKeys.ed25519) }),
        },
        "",
    );
    const made = await home(of);
    expect([
        await ask(of, "central"),
        await asProvider(of, "central", made),
        await asProvider(of, "compute", made),
    ]).toEqual(["here", "here", "here"]);
    const [file, inHome] = [of.knownHosts!, path.join(made.dir, ".ssh/known_hosts")];
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(file, "utf8")).toBe([central, compute].map(sshd => line(sshd, hostKeys.ed25519)).join(""));
    expect(fs.readFileSync(inHome, "utf8")).toBe(fs.readFileSync(file, "utf8"));
    expect(bare.hosts.central.hostKey).toBe(of.hosts.central.hostKey);
});

test("known_hosts with an RSA key alone, of a host that has another, too: both clients ask for that one", async () => {
    const sshd = await start({
        hostKeys: [hostKeys.ed25519.privateKey, hostKeys.rsa.privateKey],
        accepts: [keys.plain],
        libvirt: "libvirt",
    });
    const second = await start({ hostKeys: [hostKeys.ed25519.privateKey], accepts: [keys.plain] });
    const of = settings(
        { central: at(sshd), compute: { address: "localhost", port: second.port } },
        `${line(sshd, hostKeys.rsa)}[localhost]:${second.port} ${own(hostKeys.ed25519)}\n`,
    );
    const made = await home(of);
    expect([await ask(of, "central"), await asProvider(of, "central", made)]).toEqual(["here", "here"]);
    expect(fs.readFileSync(path.join(made.dir, ".ssh/config"), "utf8")).toBe(
        "Host 127.0.0.1\n  HostKeyAlgorithms rsa-sha2-512,rsa-sha2-256\n\nHost localhost\n  HostKeyAlgorithms ssh-ed25519\n",
    );
});

test.each(["locked", "locked-rsa"])(
    "a key with a passphrase (%s) is used through the agent that holds it, and the agent shows no other",
    async file => {
        process.env.SSH_AUTH_SOCK = agent.socket;
        agent.add(path.join(dir, file), "sesame");
        const accepted = file === "locked" ? keys.locked : keys.lockedRsa;
        const { of, central } = await pair({ accepts: [accepted] }, { sshKeyFile: path.join(dir, file) });
        expect(of.operatorKey).toBe(accepted);
        const made = await home(of);
        expect([await ask(of, "central"), await asProvider(of, "central", made)]).toEqual(["here", "here"]);
        expect(new URL(libvirtUri("central", of)).searchParams.get("sshauth")).toBe("agent");
        expect(await listed(made.env.SSH_AUTH_SOCK!)).toEqual([accepted]);
        expect(new Set(central.offered.map(key => key.split(" ")[1]))).toEqual(new Set([accepted.split(" ")[1]]));
    },
);

test.each([
    ["no agent", undefined, "there is no ssh-agent (SSH_AUTH_SOCK)"],
    ["an agent without it", "agent", "the ssh-agent does not hold it"],
    ["an agent that is no more", "gone", "the ssh-agent does not hold it"],
])("a key with a passphrase and %s: one sentence for both hosts, before any is asked", async (_title, what, reason) => {
    if (what !== undefined) process.env.SSH_AUTH_SOCK = what === "agent" ? agent.socket : path.join(dir, "none.sock");
    const third = path.join(dir, "third");
    if (!fs.existsSync(third)) makeKey(third, { passphrase: "sesame" });
    const { of, central, compute } = await pair({}, { sshKeyFile: third });
    const message = `sshKeyFile: the key ${third}: it has a passphrase, and ${reason}: ssh-add ${third}. Nothing was changed`;
    await expect(checkHosts(of)).rejects.toThrow(message);
    await expect(home(of)).rejects.toThrow(message);
    await expect(ask(of, "central")).rejects.toThrow(
        `host 127.0.0.1: the key ${third}: it has a passphrase, and ${reason}`,
    );
    expect([...central.offered, ...compute.offered]).toEqual([]);
});

/** Hosts that only a bastion leads to, with a user and a key of its own there. */
async function behindBastion(options: Partial<SshdOptions> = {}, jump: object = {}) {
    const { of: direct, central, compute } = await pair();
    const bastion = await start({
        hostKeys: [hostKeys.bastion.privateKey],
        accepts: [keys.rsa],
        user: "ada",
        ...options,
    });
    const way = {
        address: "localhost",
        port: bastion.port,
        user: "ada",
        hostKey: own(hostKeys.bastion),
        sshKeyFile: path.join(dir, "rsa"),
        ...jump,
    };
    const known = fs.readFileSync(knownHosts, "utf8");
    return {
        direct,
        bastion,
        central,
        of: settings({ central: at(central, { jump: way }), compute: at(compute) }, known),
    };
}

test("a bastion leads both clients to its host, as a user and with a key of its own, the other host reached directly", async () => {
    const { of, bastion, central } = await behindBastion();
    const made = await home(of);
    expect([
        await ask(of, "central"),
        await asProvider(of, "central", made),
        await asProvider(of, "compute", made),
    ]).toEqual(["here", "here", "here"]);
    expect(bastion.logins).toEqual(["ada"]);
    expect(central.logins).toEqual(["root", "root"]);
    await checkLibvirt(of);
    // Which port the tunnel has is no part of what is recorded.
    expect(new URL(libvirtUri("central", of).replace("qemu+ssh", "http")).host).toBe(
        `central.classroom:${central.port}`,
    );
});

test("what a tunnel leads to is checked against the host's own keys", async () => {
    const { of } = await behindBastion();
    of.hosts.central.hostKey = own(keyPair("another", "ed25519"));
    expect(await asProvider(of, "central", await home(of))).toContain("Host key verification failed");
});

test.each([
    [
        "leads nowhere",
        { forwarding: "refused" as const },
        {},
        /^host 127\.0\.0\.1: 127\.0\.0\.1, port \d+, cannot be reached from bastion localhost: .+; nothing was changed$/,
    ],
    [
        "lets nobody in",
        { accepts: [] },
        {},
        /^host 127\.0\.0\.1: bastion localhost \(localhost, port \d+\): the key \S+rsa is not accepted for ada; nothing was changed$/,
    ],
    [
        "has another key",
        {},
        { hostKey: own(hostKeys.rsa) },
        /^host 127\.0\.0\.1: bastion localhost \(localhost, port \d+\): .+; nothing was changed$/,
    ],
])("a bastion that %s: one sentence", async (_title, options, jump, message) => {
    const { of } = await behindBastion(options, jump);
    await expect(checkLibvirt(of)).rejects.toThrow(message);
});

test("a bastion whose key changed: what mends it is the bastion's", async () => {
    const { of } = await behindBastion({}, { hostKey: own(keyPair("bastion", "ecdsa")) });
    await expect(checkHosts(of)).rejects.toThrow(
        /^host 127\.0\.0\.1: bastion localhost: its ssh key \(SHA256:\S+\) is not the expected one \(SHA256:\S+\); nothing was changed\. If the bastion was reinstalled, correct hosts\.central\.jump\.hostKey in the stack's configuration$/,
    );
});

test("a bastion that the configuration has no key of is looked up in known_hosts, under its own name and port", async () => {
    const { bastion, central, of: known } = await behindBastion();
    const lines = `${fs.readFileSync(knownHosts, "utf8")}localhost ${own(hostKeys.bastion)}\n`;
    const of = settings(
        {
            central: at(central, {
                jump: { address: "localhost", port: bastion.port, user: "ada", sshKeyFile: path.join(dir, "rsa") },
            }),
            compute: known.hosts.compute,
        },
        lines,
    );
    expect(of.hosts.central.jump!.hostKey).toBe(own(hostKeys.bastion));
    expect(await ask(of, "central")).toBe("here");
});

test("ssh that does not lead to libvirt's socket is found before libvirt's provider would", async () => {
    const { of } = await pair({ libvirt: undefined });
    await checkHosts(of);
    await expect(checkLibvirt(of, 2)).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(
            /^(host 127\.0\.0\.1: its ssh leads to no libvirt \(\/var\/run\/libvirt\/libvirt-sock: .+\): libvirtd or virtproxyd has to run, and sshd to allow AllowStreamLocalForwarding; nothing was changed\n?){2}$/,
        ),
    });
});

test("the provider's home has nothing of the operator's but the key, and is gone from the ports afterwards", async () => {
    const { of } = await behindBastion();
    process.env.HOME = dir;
    fs.mkdirSync(path.join(dir, ".ssh/some"), { recursive: true });
    makeKey(path.join(dir, ".ssh/some/id"));
    const made = await home({ ...of, sshKeyFile: "~/.ssh/some/id" });
    const files = spawnSync("find", [made.dir, "-mindepth", "1", "-printf", "%P %y %m\n"], { encoding: "utf8" })
        .stdout.trim()
        .split("\n");
    expect(files.filter(Boolean).sort()).toEqual([
        ".ssh d 700",
        ".ssh/config f 600",
        ".ssh/known_hosts f 600",
        ".ssh/some d 700",
        ".ssh/some/id l 777",
    ]);
    expect(fs.readlinkSync(path.join(made.dir, ".ssh/some/id"))).toBe(path.join(dir, ".ssh/some/id"));
    await homes.pop()!.close();
    expect(await asProvider({ ...of }, "central", made)).toContain("Connection refused");
});
