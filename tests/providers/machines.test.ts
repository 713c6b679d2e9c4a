import { readFileSync } from "fs";
import { join } from "path";
import type { Connection } from "../../clients/connection";
import type { Handler } from "../../providers/dynamic";
import * as aptArchive from "../../providers/guest/apt-archive";
import * as authorizedKeys from "../../providers/guest/authorized-keys";
import * as bridge from "../../providers/guest/bridge";
import * as database from "../../providers/guest/database";
import * as databaseGrant from "../../providers/guest/database-grant";
import * as databaseRoot from "../../providers/guest/database-root";
import * as file from "../../providers/guest/file";
import * as folder from "../../providers/guest/folder";
import * as hostsEntries from "../../providers/guest/hosts-entries";
import * as optionsFile from "../../providers/guest/options-file";
import * as packages from "../../providers/guest/packages";
import * as rabbitUser from "../../providers/guest/rabbit-user";
import * as service from "../../providers/guest/service";
import * as sshKey from "../../providers/guest/ssh-key";
import * as step from "../../providers/guest/step";
import * as sysctl from "../../providers/guest/sysctl";
import * as volumeGroup from "../../providers/guest/volume-group";
import * as clock from "../../providers/machine/clock";
import * as container from "../../providers/machine/container";
import * as domainPower from "../../providers/machine/domain-power";
import * as hostKey from "../../providers/machine/host-key";
import * as hostState from "../../providers/machine/host-state";
import * as imageFile from "../../providers/machine/image-file";
import * as networkState from "../../providers/machine/network-state";
import * as seedDisk from "../../providers/machine/seed-disk";
import * as uplink from "../../providers/machine/uplink";

jest.mock("@pulumi/pulumi", () => jest.requireActual("../doubles/pulumi.js"));

interface Registered {
    type: string;
    name: string;
    props: Record<string, unknown>;
    opts: object;
}
type Module = { handler: Handler<Record<string, unknown>> } & Record<
    string,
    new (name: string, args: object, opts?: object) => { registered: Registered }
>;
const modules = {
    "guest/apt-archive": aptArchive,
    "guest/authorized-keys": authorizedKeys,
    "guest/bridge": bridge,
    "guest/database": database,
    "guest/database-grant": databaseGrant,
    "guest/database-root": databaseRoot,
    "guest/file": file,
    "guest/folder": folder,
    "guest/hosts-entries": hostsEntries,
    "guest/options-file": optionsFile,
    "guest/packages": packages,
    "guest/rabbit-user": rabbitUser,
    "guest/service": service,
    "guest/ssh-key": sshKey,
    "guest/step": step,
    "guest/sysctl": sysctl,
    "guest/volume-group": volumeGroup,
    "machine/clock": clock,
    "machine/container": container,
    "machine/domain-power": domainPower,
    "machine/host-key": hostKey,
    "machine/host-state": hostState,
    "machine/image-file": imageFile,
    "machine/network-state": networkState,
    "machine/seed-disk": seedDisk,
    "machine/uplink": uplink,
};
const load = (kind: string): Module => modules[kind as keyof typeof modules] as unknown as Module;

const connection = { name: "api-node" } as Connection,
    opts = { protect: true };
const path = "/etc/x",
    password = "pw",
    secret = { secret: "pw" };
const containerArgs = {
    name: "api-node",
    memoryMiB: 512,
    cpus: 1,
    interfaces: [],
    lower: ["/srv/golden"],
    files: [],
    power: "on",
};
const uplinkArgs = { network: "private", bridge: "br-private", kind: "vlan", segment: 12, nic: "eno1", mtu: 1500 };

test.each<[kind: string, type: string, args: object, added?: object, given?: object]>([
    ["guest/apt-archive", "AptArchive", { connection, archive: "cloud", line: "deb http://a x main" }],
    ["guest/bridge", "Bridge", { connection, bridge: "br100", ports: ["eth1"] }, { up: true, persistent: true }],
    ["guest/database", "Database", { connection, database: "nova" }, { characterSet: "utf8" }],
    [
        "guest/database-grant",
        "DatabaseGrant",
        { connection, address: "10.0.0.3", databases: ["nova"], user: "nova", password },
        { password: secret },
    ],
    ["guest/database-root", "DatabaseRoot", { connection, password }, { password: secret, hindered: [] }],
    [
        "guest/file",
        "File",
        { connection, path, content: "c" },
        { owner: "root", group: "root", mode: "0644", secretContent: undefined },
    ],
    [
        "guest/file",
        "File",
        { connection, path, secretContent: "pw" },
        { owner: "root", group: "root", mode: "0600", secretContent: secret },
    ],
    ["guest/folder", "Folder", { connection, path }, { foreign: [] }],
    ["guest/hosts-entries", "HostsEntries", { connection, block: "nodes", entries: [] }],
    [
        "guest/options-file",
        "OptionsFile",
        { connection, path, options: {} },
        { owner: "root", group: "root", mode: "0644", secretOptions: undefined },
    ],
    [
        "guest/options-file",
        "OptionsFile",
        { connection, path, options: {}, secretOptions: {} },
        { owner: "root", group: "root", mode: "0640", secretOptions: { secret: {} } },
    ],
    ["guest/packages", "Packages", { connection, packages: ["ntp"] }, { answers: undefined }],
    ["guest/packages", "Packages", { connection, packages: ["ntp"], answers: "pw" }, { answers: secret }],
    [
        "guest/rabbit-user",
        "RabbitUser",
        { connection, user: "openstack", password },
        { password: secret, rights: ".* .* .*" },
    ],
    ["guest/service", "Service", { connection, service: "ntp" }, { running: true, enabled: true, lacks: [] }],
    ["guest/ssh-key", "SshKey", { connection, path }, { type: "rsa", publicKey: undefined }],
    ["guest/step", "Step", { connection, step: "sync", command: "true", per: "1" }, { input: undefined }],
    ["guest/step", "Step", { connection, step: "sync", command: "true", per: "1", input: "pw" }, { input: secret }],
    ["guest/sysctl", "Sysctl", { connection, key: "net.ipv4.ip_forward", value: "1" }, { persistent: true }],
    ["guest/authorized-keys", "AuthorizedKeys", { connection, member: "Ada", keys: [] }],
    ["guest/volume-group", "VolumeGroup", { connection, group: "cinder-volumes", devices: ["/dev/vdb"] }],
    ["machine/clock", "Clock", { connection }, { offset: "within 2 s", speed: "true" }],
    ["machine/container", "Container", { connection, ...containerArgs }, { devices: [], secretFiles: undefined }],
    [
        "machine/container",
        "Container",
        { connection, ...containerArgs, secretFiles: [] },
        { devices: [], secretFiles: { secret: [] } },
    ],
    ["machine/domain-power", "DomainPower", { connection, domain: "volume-node", incarnation: "1", power: "on" }],
    [
        "machine/host-state",
        "HostState",
        { connection, bridges: ["br-nat"], ranges: ["10.0.0.0/24"], pools: ["machines"] },
        { hindered: [] },
    ],
    [
        "machine/host-key",
        "HostKey",
        { machine: "db-node", type: "rsa" },
        { publicKey: undefined, privateKey: undefined },
        { additionalSecretOutputs: ["privateKey"] },
    ],
    ["machine/image-file", "ImageFile", { connection, pool: "golden", path, url: "http://a", sha256: "0" }],
    [
        "machine/network-state",
        "NetworkState",
        { connection, network: "nat", active: true },
        { apart: [], hindered: [] },
    ],
    ["machine/seed-disk", "SeedDisk", { connection, path, instanceId: "1", script: "pw" }, { script: secret }],
    ["machine/uplink", "Uplink", { connection, ...uplinkArgs }, { ports: ["up-private"], up: true, persistent: true }],
])(
    "%s: a %s of %j has its defaults, its secrets as such, and today's handler",
    (kind, type, args, added = {}, given = {}) => {
        const { registered } = new (load(kind)[type]!)("r", args, opts),
            { __provider, ...inputs } = registered.props;
        expect(registered).toMatchObject({ type: `pulumi-nodejs:dynamic/${kind.split("/")[0]}:${type}`, name: "r" });
        expect(registered.opts).toEqual({ deleteBeforeReplace: true, ...given, ...opts });
        expect(inputs).toStrictEqual({ ...args, ...added });
        expect(__provider).toBe(`exports.handler=()=>require(process.cwd()+'/bin/providers/host').provider('${kind}')`);
    },
);

test.each<[kind: string, access: string[], inputs: string[], replaceOn: string[]]>([
    [
        "guest/apt-archive",
        ["connection", "keyringPackage"],
        ["archive", "line", "key", "base", "settings"],
        ["archive"],
    ],
    ["guest/authorized-keys", ["connection"], ["member", "keys"], ["member"]],
    ["guest/bridge", ["connection"], ["bridge", "ports", "up", "persistent"], ["bridge"]],
    ["guest/database", ["connection"], ["database", "characterSet"], ["database"]],
    ["guest/database-grant", ["connection", "address"], ["databases", "user", "password"], ["user"]],
    ["guest/database-root", ["connection"], ["password", "hindered"], []],
    ["guest/file", ["connection"], ["path", "content", "secretContent", "owner", "group", "mode"], ["path"]],
    ["guest/folder", ["connection"], ["path", "foreign"], ["path"]],
    ["guest/hosts-entries", ["connection"], ["block", "entries"], ["block"]],
    [
        "guest/options-file",
        ["connection", "restarts", "ready"],
        ["path", "options", "secretOptions", "owner", "group", "mode", "unread"],
        ["path"],
    ],
    ["guest/packages", ["connection", "answers", "recommends"], ["packages"], []],
    ["guest/rabbit-user", ["connection"], ["user", "password", "others", "rights"], ["user"]],
    [
        "guest/service",
        ["connection", "port", "process", "queue", "database", "dnsmasqs"],
        ["service", "running", "enabled", "per", "lacks"],
        ["service"],
    ],
    ["guest/ssh-key", ["connection"], ["path", "type", "owner"], ["path", "type", "owner"]],
    [
        "guest/step",
        ["connection", "timeoutSeconds", "restarts", "ready"],
        ["step", "command", "per", "input"],
        ["step", "per"],
    ],
    ["guest/sysctl", ["connection"], ["key", "value", "persistent"], ["key"]],
    ["guest/volume-group", ["connection", "restarts"], ["group", "devices"], []],
    ["machine/clock", ["connection"], ["offset", "speed"], []],
    [
        "machine/container",
        ["connection", "guest"],
        [
            "name",
            "memoryMiB",
            "cpus",
            "interfaces",
            "devices",
            "idmap",
            "lower",
            "files",
            "secretFiles",
            "power",
            "generation",
        ],
        ["name", "lower", "files", "secretFiles", "generation"],
    ],
    [
        "machine/domain-power",
        ["connection", "guest", "seconds"],
        ["domain", "incarnation", "power"],
        ["domain", "incarnation"],
    ],
    ["machine/host-key", [], ["machine", "type"], ["machine", "type"]],
    ["machine/host-state", ["connection"], ["bridges", "ranges", "pools", "hindered"], []],
    ["machine/image-file", ["connection", "pool", "url"], ["path", "sha256"], ["path"]],
    ["machine/network-state", ["connection"], ["network", "active", "spanningTree", "apart", "hindered"], ["network"]],
    ["machine/seed-disk", ["connection"], ["path", "instanceId", "script", "hostname", "interfaces"], ["path"]],
    [
        "machine/uplink",
        ["connection"],
        ["network", "bridge", "kind", "segment", "nic", "peer", "port", "mtu", "ports", "up", "persistent"],
        ["network", "bridge"],
    ],
])(
    "%s: by %j it is reached, %j is compared, of these another %j is another object",
    (kind, access, inputs, replaceOn) => {
        expect(load(kind).handler).toMatchObject({ access, inputs, replaceOn });
    },
);

test.each<[kind: string, inputs: object, machine: string]>([
    ["machine/container", { name: "db-node" }, "db-node"],
    ["machine/domain-power", { domain: "api-node" }, "api-node"],
])("%s %j stands for the machine %s", (kind, inputs, machine) => {
    expect(load(kind).handler.machineOf!(inputs as Record<string, unknown>)).toBe(machine);
});

const unverified = (sum: string, from: string) =>
    `"${sum}" is not a checksum of 64 hexadecimal digits: a file from ${from} could not be verified. Set goldenImage.sha256; SHA256SUMS beside the image has it`;
const key = readFileSync(join(__dirname, "../data/archive-key.asc"), "utf8");
const word = "is not a name of letters, digits, dots and dashes";
test.each<[kind: string, good: object, bad: object, problems: Record<string, string>]>([
    [
        "guest/apt-archive",
        { archive: "cloud-archive", line: "deb [arch=amd64] http://a ./", key },
        { archive: "a/b", line: "http://a x" },
        {
            archive: '"a/b" is not a file\'s name',
            line: '"http://a x" is not a line of apt\'s sources: deb URL SUITE COMPONENT…',
        },
    ],
    [
        "guest/apt-archive",
        { line: "deb  http://a  precise main" },
        { line: "# deb http://a x" },
        { line: '"# deb http://a x" is not a line of apt\'s sources: deb URL SUITE COMPONENT…' },
    ],
    ...["trusted=yes", "allow-insecure=yes", "arch=amd64 signed-by=/tmp/key.gpg"].map(
        (options): [string, object, object, Record<string, string>] => [
            "guest/apt-archive",
            { key },
            { line: `deb [${options}] http://a ./` },
            {
                line: `"deb [${options}] http://a ./" sets its own trust; sign an archive of your own, and give its key as archiveKey`,
            },
        ],
    ),
    ...[key.replace(/PUBLIC/g, "PRIVATE"), key.replace("mDME", "QUJD"), key.slice(0, 200), `${key}x`, ""].map(
        (wrong): [string, object, object, Record<string, string>] => [
            "guest/apt-archive",
            { key: `\n${key.replace(/\n=.{4}$/m, "")}` },
            { key: wrong },
            { key: "it is not a public key as gpg --armor --export writes it" },
        ],
    ),
    [
        "guest/bridge",
        { bridge: "br100", ports: ["eth1"] },
        { bridge: "Br 100", ports: ["eth1"] },
        { bridge: '"Br 100" is not the name of an interface' },
    ],
    [
        "guest/bridge",
        { bridge: "b".repeat(15) },
        { bridge: "br100", ports: ["eth1", "e;f"] },
        { ports: '"e;f" is not the name of an interface' },
    ],
    ["guest/bridge", {}, { bridge: "b".repeat(16) }, { bridge: `"${"b".repeat(16)}" is not the name of an interface` }],
    [
        "guest/database",
        { database: "nova_1", characterSet: "utf8" },
        { database: "no-va", characterSet: "utf 8" },
        {
            database: '"no-va" is not allowed: letters, digits, underscores',
            characterSet: '"utf 8" is not a character set such as utf8',
        },
    ],
    [
        "guest/database",
        { database: "d".repeat(64) },
        { characterSet: "-utf8" },
        { characterSet: '"-utf8" is not a character set such as utf8' },
    ],
    [
        "guest/database-grant",
        { databases: ["nova"], user: "u".repeat(16) },
        { databases: ["nova", "no;va"], user: "u".repeat(17) },
        {
            databases: '"no;va" is not allowed: letters, digits, underscores',
            user: `"${"u".repeat(17)}" is not allowed: letters, digits, underscores, at most 16`,
        },
    ],
    [
        "guest/database-grant",
        {},
        { user: "no va" },
        { user: '"no va" is not allowed: letters, digits, underscores, at most 16' },
    ],
    ["guest/database-root", { password }, { password: "a\nb" }, { password: "must be one line" }],
    [
        "guest/file",
        { path, mode: "0644" },
        { path: "etc", mode: "644" },
        { path: '"etc" is not an absolute path', mode: '"644" is not a mode of four octal digits such as 0644' },
    ],
    ["guest/file", {}, { mode: "06440" }, { mode: '"06440" is not a mode of four octal digits such as 0644' }],
    [
        "guest/options-file",
        { path, options: { s: { a: "1" } }, restarts: ["nova-api"] },
        { path: "x", options: { s: { "a b": "1" } }, restarts: ["nova-api", "a b"] },
        {
            path: '"x" is not an absolute path',
            "options.s.a b": "is not the name of an option",
            restarts: '"a b" is not the name of a service',
        },
    ],
    [
        "guest/options-file",
        { secretOptions: { s: { $a: "1 2" } } },
        { options: { s: { a: " 1" } }, secretOptions: { s: { b: 5 } } },
        {
            "options.s.a": 'the value " 1" must be one line without spaces around it',
            "secretOptions.s.b": "the value must be one line without spaces around it",
        },
    ],
    [
        "guest/packages",
        { packages: ["ntp"] },
        { packages: ["ntp", "a b"] },
        { packages: '"a b" is not the name of a package' },
    ],
    [
        "guest/rabbit-user",
        { user: "openstack" },
        { user: 'a"b' },
        { user: '"a"b" is not allowed: letters, digits, dots, dashes' },
    ],
    [
        "guest/service",
        { service: "nova-api", process: "iscsid", queue: "10.0.0.3:5672", database: "10.0.0.3:3306", dnsmasqs: "/a/b" },
        { service: "a b", queue: "db-node:5672", database: "10.0.0.3", dnsmasqs: "x;y" },
        {
            dnsmasqs: '"x;y" is not the absolute path of a folder',
            service: '"a b" is not the name of a service',
            queue: '"db-node:5672" is not an address and a port such as 10.0.0.3:5672',
            database: '"10.0.0.3" is not an address and a port such as 10.0.0.3:5672',
        },
    ],
    [
        "guest/ssh-key",
        { type: "ed25519", path },
        { type: "dsa", path: "x" },
        { type: '"dsa" is not one of rsa, ed25519, ecdsa', path: '"x" is not an absolute path' },
    ],
    [
        "guest/authorized-keys",
        { member: "Ada L", keys: ["ssh-rsa AAAA="] },
        { member: "a\nb", keys: ["ssh-rsa AAAA comment"] },
        {
            member: '"a\nb" is not a name: letters, digits, spaces and ._\'-',
            keys: '"ssh-rsa AAAA comment" is not a public key without a comment',
        },
    ],
    ["guest/ssh-key", { type: "rsa" }, { type: "" }, { type: '"" is not one of rsa, ed25519, ecdsa' }],
    ["guest/ssh-key", { owner: "nova" }, { owner: "a b" }, { owner: '"a b" is not the name of a user' }],
    ["guest/ssh-key", { type: "ecdsa" }, { path: "" }, { path: '"" is not an absolute path' }],
    [
        "guest/step",
        { step: "db-sync" },
        { step: "a/b" },
        { step: '"a/b" is not the name of a step: letters, digits, dashes' },
    ],
    [
        "guest/sysctl",
        { key: "net.ipv4.ip_forward", value: "1" },
        { key: "ip_forward", value: "1\n2" },
        { key: '"ip_forward" is not a kernel setting such as net.ipv4.ip_forward', value: "must be one line" },
    ],
    [
        "guest/sysctl",
        { key: "net.ipv4.conf.br-1.rp_filter" },
        { key: "net.a/../b" },
        { key: '"net.a/../b" is not a kernel setting such as net.ipv4.ip_forward' },
    ],
    [
        "guest/sysctl",
        {},
        { key: "-net.ipv4" },
        { key: '"-net.ipv4" is not a kernel setting such as net.ipv4.ip_forward' },
    ],
    [
        "guest/volume-group",
        { group: "cinder-volumes", devices: ["/dev/vdb"] },
        { group: "a b", devices: ["/dev/vdb", "/dev/vdb;c"] },
        { group: '"a b" is not the name of a volume group', devices: '"/dev/vdb;c" is not a device such as /dev/vdb' },
    ],
    [
        "guest/volume-group",
        { devices: [] },
        { devices: ["x/dev/vdb"] },
        { devices: '"x/dev/vdb" is not a device such as /dev/vdb' },
    ],
    [
        "machine/container",
        {
            name: "db-node",
            lower: ["/srv/golden"],
            files: [{ path, mode: "0644" }],
            memoryMiB: 64,
            cpus: 1,
            interfaces: [{ mac: "a" }, { mac: "b" }],
        },
        {
            name: "Db",
            lower: ["/srv", "srv"],
            files: [
                { path, mode: "0644" },
                { path: "a", mode: "0644" },
            ],
            memoryMiB: 63,
            cpus: 0,
            interfaces: [{ mac: "a" }, { mac: "b" }, { mac: "b" }],
        },
        {
            name: '"Db" is not a host name',
            lower: '"srv" is not an absolute path of letters, digits, dots, dashes',
            files: '"a" needs an absolute path and a mode of four octal digits',
            memoryMiB: "63 is not a whole number of at least 64",
            cpus: "0 is not a whole number of at least 1",
            interfaces: "the address b is given twice",
        },
    ],
    [
        "machine/container",
        {},
        { name: "db node", lower: ["/a:b"], files: [{ path, mode: "644" }], memoryMiB: 64.5, cpus: 1.5 },
        {
            name: '"db node" is not a host name',
            lower: '"/a:b" is not an absolute path of letters, digits, dots, dashes',
            files: '"/etc/x" needs an absolute path and a mode of four octal digits',
            memoryMiB: "64.5 is not a whole number of at least 64",
            cpus: "1.5 is not a whole number of at least 1",
        },
    ],
    [
        "machine/container",
        {},
        { lower: ["x/srv"], files: [{ path: "x/etc", mode: "0644" }] },
        {
            lower: '"x/srv" is not an absolute path of letters, digits, dots, dashes',
            files: '"x/etc" needs an absolute path and a mode of four octal digits',
        },
    ],
    [
        "machine/container",
        {},
        { files: [{ path: "/a|b", mode: "0644" }] },
        { files: '"/a|b" needs an absolute path and a mode of four octal digits' },
    ],
    [
        "machine/container",
        {},
        { files: [{ path, mode: "06440" }] },
        { files: '"/etc/x" needs an absolute path and a mode of four octal digits' },
    ],
    [
        "machine/container",
        {},
        { files: [{ path, mode: "x0644" }] },
        { files: '"/etc/x" needs an absolute path and a mode of four octal digits' },
    ],
    ["machine/domain-power", { domain: "volume-node" }, { domain: "a;b" }, { domain: '"a;b" is not a host name' }],
    ["machine/domain-power", {}, { domain: "-a" }, { domain: '"-a" is not a host name' }],
    [
        "machine/image-file",
        { pool: "golden_1", path: "/a/b-c.img", url: "https://a/b", sha256: "0f".repeat(32) },
        { pool: "a;", path: "a/b", url: "http:/a", sha256: "0f".repeat(31) },
        {
            pool: '"a;" is not the name of a libvirt pool',
            path: '"a/b" is not an absolute path of letters, digits, dots, dashes',
            url: '"http:/a" does not begin with http://, https:// or file://',
            sha256: unverified("0f".repeat(31), "http:/a"),
        },
    ],
    [
        "machine/image-file",
        { url: "file:///a" },
        { pool: ";a", path: "/a;", url: "x http://a b", sha256: `${"0f".repeat(32)}0` },
        {
            pool: '";a" is not the name of a libvirt pool',
            path: '"/a;" is not an absolute path of letters, digits, dots, dashes',
            url: '"x http://a b" does not begin with http://, https:// or file://',
            sha256: unverified(`${"0f".repeat(32)}0`, "x http://a b"),
        },
    ],
    [
        "machine/image-file",
        { url: "http://a" },
        { url: "http://a b", sha256: `x${"0f".repeat(32)}` },
        {
            url: '"http://a b" does not begin with http://, https:// or file://',
            sha256: unverified(`x${"0f".repeat(32)}`, "http://a b"),
        },
    ],
    ["machine/image-file", {}, { sha256: "" }, { sha256: unverified("", "there") }],
    [
        "machine/seed-disk",
        { path, instanceId: "a-1", hostname: "a.b", script: "#!/bin/sh\n" },
        { path: "a", instanceId: "-a", script: "echo #!" },
        {
            path: '"a" is not an absolute path',
            instanceId: '"-a" is not a name of letters, digits, dots, dashes',
            script: "must begin with #!, e.g. #!/bin/sh, or with the line #cloud-config",
        },
    ],
    [
        "machine/seed-disk",
        { script: "#cloud-config\n" },
        { instanceId: "a", hostname: "a b" },
        { hostname: '"a b" is not a name of letters, digits, dots, dashes' },
    ],
    [
        "machine/seed-disk",
        {},
        { path: "a/etc", hostname: "" },
        { path: '"a/etc" is not an absolute path', hostname: '"" is not a name of letters, digits, dots, dashes' },
    ],
    [
        "machine/network-state",
        { network: "nat_1" },
        { network: "a b" },
        { network: '"a b" is not the name of a libvirt network' },
    ],
    ["machine/network-state", {}, { network: ";" }, { network: '";" is not the name of a libvirt network' }],
    ["machine/uplink", uplinkArgs, { network: "a b" }, { network: `"a b" ${word}` }],
    ["machine/uplink", {}, { network: "a", bridge: "-b" }, { bridge: `"-b" ${word}` }],
    ["machine/uplink", { peer: "gks-126.scc.kit.edu" }, { nic: "a;b" }, { nic: `"a;b" ${word}` }],
    ["machine/uplink", {}, { peer: "" }, { peer: `"" ${word}` }],
])("%s: %j is right, %j is not", (kind, good, bad, problems) => {
    const check = (inputs: object) => load(kind).handler.check!(inputs as Record<string, unknown>);
    expect(check({})).toEqual([]);
    expect(check(good)).toEqual([]);
    expect(Object.fromEntries(check(bad).map(p => [p.property, p.reason]))).toEqual(problems);
});
