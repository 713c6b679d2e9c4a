import { idsOf, readSettings } from "../../config/settings";
import { tutorialCredentials } from "../../config/credentials";

const lab = {
    number: 0,
    release: "ocata",
    sshKeyFile: "~/key",
    machine: "container",
    goldenRoot: "/srv/golden",
    hosts: { central: { address: "192.0.2.1" }, compute: { address: "192.0.2.2" } },
};
const messageOf = (change: object): string => {
    try {
        readSettings("lab", { ...lab, ...change });
    } catch (e) {
        return (e as Error).message;
    }
    return "no error";
};

test("defaults: port 24, the tutorial's networks and passwords, machines on", () => {
    const settings = readSettings("lab", { ...lab, nodes: { "volume-node": { kind: "vm", power: "off" } } });
    expect(settings.hosts.central.port).toBe(24);
    expect(settings.credentials).toEqual(tutorialCredentials);
    expect(settings.plan.node("db-node").internalAddress).toBe("10.0.0.3");
    expect([settings.kindOf("volume-node"), settings.kindOf("db-node")]).toEqual(["vm", "container"]);
    expect([settings.powerOf("volume-node"), settings.powerOf("db-node")]).toEqual(["off", "on"]);
    expect([
        settings.generationOf("db-node"),
        readSettings("lab", { ...lab, nodes: { "db-node": { generation: 7 } } }).generationOf("db-node"),
    ]).toEqual([1, 7]);
});

test("containers have ids of their own: the team's, the lab's, or the host's where that is said", () => {
    const ids = (own: object) => {
        const settings = readSettings("lab", { ...lab, ...own, nodes: { "volume-node": { kind: "vm" } } });
        return (["db-node", "compute-2", "volume-node"] as const).map(node => idsOf(settings, node));
    };
    expect(ids({ number: 3 })).toEqual([0x70180000, 0x701f0000, undefined]);
    expect(ids({ containerIds: 2013265920 })).toEqual([2013265920, 2013265920 + 7 * 65536, undefined]);
    expect(ids({ containerIds: "host" })).toEqual([undefined, undefined, undefined]);
});

test.each([
    [{ containerIds: 0 }, "containerIds: 0 is not allowed: host, or a whole number from 524288 to 2146828288"],
    [{ containerIds: 2146828289 }, "containerIds: 2146828289 is not allowed: host, or"],
    [{ containerIds: "own" }, 'containerIds: "own" is not allowed: host, or'],
    [
        { nodes: { "db-node": { commands: [{ name: "Tools", create: "true" }] } } },
        'nodes.db-node.commands.0.name: "Tools" is not allowed: lower-case letters, digits and dashes',
    ],
    [{ nodes: { "db-node": { commands: [{ name: "tools" }] } } }, "nodes.db-node.commands.0.create: missing"],
    [
        {
            nodes: {
                "db-node": {
                    commands: [
                        { name: "a", create: "true" },
                        { name: "a", create: "false" },
                    ],
                },
            },
        },
        'nodes.db-node.commands: the name "a" is there more than once; each command needs its own',
    ],
    [
        {
            hosts: { ...lab.hosts, compute: { address: "192.0.2.2", jump: { address: "192.0.2.9" } } },
            nodes: { "compute-1": { commands: [{ name: "a", create: "true" }] } },
        },
        "nodes.compute-1.commands: the way to compute-1 leads through two machines, its host and a bastion (hosts.compute.jump); commands go through one at most",
    ],
    [{ realease: "ocata" }, "realease: there is no such key; allowed are lab, number, release"],
    [{ release: "havana" }, 'release: "havana" is not one of grizzly, ocata'],
    [{ number: undefined }, "number: missing"],
    [{ nodes: { "db-nod": { power: "on" } } }, "nodes.db-nod: there is no such key; allowed are db-node, auth-node"],
    [{ nodes: { "db-node": { power: "of" } } }, 'nodes.db-node.power: "of" is not one of on, off'],
    [{ nodes: { "db-node": { generation: 0 } } }, "nodes.db-node.generation: 0 is not allowed: "],
    [
        { nodes: { "db-node": { dataGeneration: 2 } } },
        "nodes.db-node.dataGeneration: only volume-node has a disk of its own for data",
    ],
    [{ networks: { internal: "10.0.0.0/33" } }, 'networks.internal: "10.0.0.0/33": the prefix is at most 32'],
    [
        { networks: { floating: "172.16.0.0/24" } },
        "networks.floating: 172.16.0.0/24 holds 172.16.0.3, the address of db-node",
    ],
    [
        { hosts: { central: { address: "a" }, compute: { address: "a" } } },
        'hosts.compute.address: "a" is the central host too',
    ],
    [
        { hosts: { central: { address: "a b" }, compute: { address: "b" } } },
        'hosts.central.address: "a b" is not allowed: a host name or an address',
    ],
    [
        { archiveKey: "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nQUJD\n-----END PGP PRIVATE KEY BLOCK-----" },
        "is not allowed: a public key as gpg --armor --export writes it",
    ],
    [
        {
            release: "grizzly",
            archiveKey: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nQUJD\n-----END PGP PUBLIC KEY BLOCK-----",
        },
        "archiveKey: it is not for release grizzly, whose machines (Ubuntu 12.04) know no key of a single archive",
    ],
    [{ goldenRoot: undefined }, "goldenRoot: missing, but db-node is a container"],
    [{ image: { file: "/x" } }, "image.sha256: missing; allowed are 64 hexadecimal digits: nothing is used unverified"],
    [
        { goldenImage: { url: "http://images/precise.img" } },
        "goldenImage.sha256: missing; allowed are 64 hexadecimal digits: nothing is used unverified",
    ],
    [
        { goldenImage: { url: "ftp://images/x", sha256: "0".repeat(64) } },
        'goldenImage.url: "ftp://images/x" is not allowed: an address that begins with http://, https:// or file://',
    ],
    [
        { goldenImage: { sha256: "0".repeat(64) } },
        "goldenImage.url: missing; allowed are an address that begins with http://, https:// or file://",
    ],
    [
        { aptProxy: "https://cache:3142" },
        'aptProxy: "https://cache:3142" is not allowed: an address that begins with http://',
    ],
    [
        { aptProxy: "http://cache/path" },
        'aptProxy: "http://cache/path" is not allowed: an address that begins with http://',
    ],
    [
        { release: "grizzly", baseArchiveUrl: "old-releases.ubuntu.com" },
        'baseArchiveUrl: "old-releases.ubuntu.com" is not allowed: an address that begins with http:// or https://',
    ],
    [
        { release: "ocata", baseArchiveUrl: "http://a/ubuntu" },
        "baseArchiveUrl: it is for release grizzly alone; machines of release ocata have their system's archives from their image",
    ],
    [
        { libvirtType: "kvm", hypervisor: "qemu", nodes: { "compute-2": { kind: "vm" } } },
        'libvirtType: "kvm" is not allowed where compute-2 is emulated (hypervisor: qemu), without virtualisation inside; allowed are qemu, or hypervisor: kvm',
    ],
    [{ libvirtType: "xen" }, 'libvirtType: "xen" is not one of qemu, kvm'],
    [
        { networks: { fixed: "10.99.0.1/22" } },
        'networks.fixed: "10.99.0.1/22" is an address in a network, not a network: 10.99.0.0/22 would be',
    ],
    [
        { networks: { fixed: "10.99.0.0/24" } },
        "networks.fixed: 10.99.0.0/24 has 256 addresses; allowed is a /22: nova makes a network of 1022 addresses of it (network_size)",
    ],
    [
        { networks: { floating: "172.17.1.0/24" } },
        "networks.floating: 172.17.1.0/24 is not inside the public network 172.16.0.0/16",
    ],
    [{ secrets: "random" }, 'secrets: "random" is not one of tutorial, generated'],
    [{ rotations: { nova: 1 } }, "rotations.nova: there is no such key; allowed are mysqlRoot, adminToken"],
    [
        { secrets: "generated", rotations: { novaUser: 0 } },
        "rotations.novaUser: 0 is not allowed: a whole number, 1 or more",
    ],
    [
        { rotations: { novaUser: 1 } },
        "rotations.novaUser: the passwords are the tutorial's; only generated ones are rotated, those of secrets: generated",
    ],
    [
        { secrets: "generated", credentials: { novaUser: "own" }, rotations: { novaUser: 1 } },
        "rotations.novaUser: the password is set under credentials, where another can be put with config set-secret; only generated ones are rotated",
    ],
    [{ image: { file: "/x", sha256: "zz" } }, 'image.sha256: "zz" is not allowed: 64 hexadecimal digits'],
])("%p", (change, text) => {
    expect(messageOf(change)).toContain(text);
    expect(messageOf(change)).toContain("the configuration of stack lab has a mistake; nothing was changed\n");
});

test("the course's release and an RSA key, where nothing else is said", () => {
    const { release: _r, sshKeyFile: _k, ...rest } = lab;
    expect(readSettings("team01", rest)).toMatchObject({
        release: "grizzly",
        sshKeyFile: "~/.ssh/id_rsa",
        libvirtType: "qemu",
    });
});

test("generated passwords are not in the configuration; those that are in it stay", () => {
    const settings = readSettings("lab", {
        ...lab,
        secrets: "generated",
        credentials: { adminPassword: "own" },
        rotations: { novaUser: 2 },
    });
    expect(settings).toMatchObject({ secrets: "generated", queueUser: "openstack", rotations: { novaUser: 2 } });
    expect(settings.credentials).toEqual({ adminPassword: "own" });
    expect(readSettings("lab", lab)).toMatchObject({ secrets: "tutorial", queueUser: "guest", rotations: {} });
});

test("all mistakes at once, and no credential in any of them", () => {
    const message = messageOf({ release: 1, credentials: { mysqlRoot: 424242, nova: "canary" } });
    expect(message).toContain("3 mistakes");
    expect(message).toContain("credentials.mysqlRoot: the value is not allowed");
    expect(message).not.toMatch(/424242|canary/);
});
