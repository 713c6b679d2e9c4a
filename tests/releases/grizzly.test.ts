import * as fs from "fs";
import * as path from "path";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import { openrc } from "../../releases/tutorial";
import { AddressPlan } from "../../config/address-plan";
import { type NodeName, nodeNames } from "../../config/nodes";
import { tutorialCredentials } from "../../config/credentials";
import { stanza } from "../../providers/guest/bridge";
import { checkOperatorKey, releaseOf } from "../../releases";
import { cloudResources, open } from "../components/cloud-resources";
import { hostKeys } from "../clients/keys";

/** Listings of the tutorial; tests/data/tutorial/README.md says whose they are. */
const listing = (file: string): string => fs.readFileSync(path.join(__dirname, "../data/tutorial", file), "utf8");
const commands = listing("commands.txt")
    .trim()
    .split("\n")
    .map(line => {
        const [, node, command] = /^(\S+)\$ (.*)$/.exec(line)!;
        return { node: node!, command: command! };
    });
/** What the tutorial types on a node, by a pattern's first group. */
const typed = (node: string, pattern: RegExp): string[] =>
    commands.filter(c => c.node === node).flatMap(c => pattern.exec(c.command)?.[1] ?? []);

const given = (change: object = {}) => ({
    number: 1,
    release: "grizzly",
    machine: "container",
    goldenRoot: "/srv/golden",
    image: { file: "/images/cirros.img", sha256: "0".repeat(64) },
    sshKeyFile: "/keys/operator",
    knownHostsFile: "/keys/known_hosts",
    hosts: {
        central: { address: "gks-125.scc.kit.edu", hostKey: hostKeys.central },
        compute: { address: "gks-126.scc.kit.edu", hostKey: hostKeys.compute },
    },
    ...change,
});

interface Written {
    type: string;
    name: string;
    node: string;
    inputs: Record<string, any>;
}
let all: Written[] = [];
/** By name: what waits for nothing registers in no order of its own. */
const plain = (resources: MockResourceArgs[]): Written[] =>
    resources
        .map(({ type, name, inputs }) => {
            const { __provider, ...rest } = open(inputs) as Record<string, any>;
            return {
                type: type.replace(/^pulumi-nodejs:dynamic\//, ""),
                name,
                node: rest.connection?.name ?? "",
                inputs: rest,
            };
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1));
jest.setTimeout(60_000);
beforeAll(async () => {
    all = plain(await cloudResources(given()));
});
const of = (type: string, node?: string): Written["inputs"][] =>
    all.filter(r => r.type === type && (node === undefined || r.node === node)).map(r => r.inputs);

type Sections = Record<string, Record<string, string>>;
/** A file of sections as its reader sees it; `first` names the section of what stands before any header. */
function parse(text: string, first: string): Sections {
    const found: Sections = {};
    let section = first;
    for (const line of text.split("\n").filter(l => l.trim() !== "" && !l.startsWith("#"))) {
        const header = /^\[(.*)\]$/.exec(line)?.[1];
        if (header !== undefined) {
            section = header;
            continue;
        }
        const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(line)!;
        (found[section] ??= {})[key!] = value!;
    }
    return found;
}
const merged = (...parts: (Sections | undefined)[]): Sections => {
    const found: Sections = {};
    for (const part of parts)
        for (const [section, options] of Object.entries(part ?? {})) found[section] = { ...found[section], ...options };
    return found;
};

/** Every file of the tutorial: where the program writes it, and what is before the first header of the listing. */
const files: { node: NodeName; path: string; listing: string; first?: string }[] = [
    { node: "db-node", path: "/etc/mysql/my.cnf", listing: "db-node/my.cnf", first: "mysqld" },
    { node: "auth-node", path: "/etc/keystone/keystone.conf", listing: "auth-node/keystone.conf", first: "sql" },
    { node: "image-node", path: "/etc/glance/glance-api-paste.ini", listing: "image-node/glance-api-paste.ini" },
    {
        node: "image-node",
        path: "/etc/glance/glance-registry-paste.ini",
        listing: "image-node/glance-registry-paste.ini",
    },
    {
        node: "image-node",
        path: "/etc/glance/glance-api.conf",
        listing: "image-node/glance-api.conf",
        first: "DEFAULT",
    },
    {
        node: "image-node",
        path: "/etc/glance/glance-registry.conf",
        listing: "image-node/glance-registry.conf",
        first: "DEFAULT",
    },
    { node: "volume-node", path: "/etc/cinder/api-paste.ini", listing: "volume-node/api-paste.ini" },
    { node: "volume-node", path: "/etc/cinder/cinder.conf", listing: "volume-node/cinder.conf" },
    { node: "api-node", path: "/etc/nova/api-paste.ini", listing: "api-node/api-paste.ini" },
    { node: "api-node", path: "/etc/nova/nova.conf", listing: "api-node/nova.conf" },
    {
        node: "api-node",
        path: "/etc/openstack-dashboard/local_settings.py",
        listing: "api-node/local_settings.py",
        first: "",
    },
    { node: "network-node", path: "/etc/nova/nova.conf", listing: "network-node/nova.conf", first: "DEFAULT" },
    ...(["compute-1", "compute-2"] as const).flatMap(node => [
        { node, path: "/etc/nova/nova.conf", listing: "compute/nova.conf" },
        { node, path: "/etc/nova/nova-compute.conf", listing: "compute/nova-compute.conf" },
    ]),
];

/** Where the program does not write what the listing shows, and why. Everything else is to the letter. */
const account = "the tutorial leaves it at its default, guest; another password is possible here, so it is said";
const differences: { node: NodeName; path: string; section: string; option: string; value: string; why: string }[] = [
    {
        node: "auth-node",
        path: "/etc/keystone/keystone.conf",
        section: "DEFAULT",
        option: "admin_token",
        value: "ADMIN",
        why: "shown in the tutorial's text, not in a listing",
    },
    {
        node: "compute-2",
        path: "/etc/nova/nova.conf",
        section: "DEFAULT",
        option: "vncserver_proxyclient_address",
        value: "10.0.0.21",
        why: "the listing is compute-1's; its own address (P1)",
    },
    ...(["compute-1", "compute-2"] as const).flatMap(node =>
        (
            [
                [
                    "my_ip",
                    node === "compute-1" ? "10.0.0.20" : "10.0.0.21",
                    "its default is the address in the NAT network, where a resize would look for it (T10)",
                ],
                [
                    "cinder_catalog_info",
                    "volume:cinder:internalURL",
                    "its default is the public URL, and compute nodes are not in the public network (T9)",
                ],
            ] as const
        ).map(([option, value, why]) => ({
            node,
            path: "/etc/nova/nova.conf",
            section: "DEFAULT",
            option,
            value,
            why,
        })),
    ),
    ...(
        [
            ["image-node", "/etc/glance/glance-api.conf"],
            ["volume-node", "/etc/cinder/cinder.conf"],
            ["api-node", "/etc/nova/nova.conf"],
            ["network-node", "/etc/nova/nova.conf"],
            ["compute-1", "/etc/nova/nova.conf"],
            ["compute-2", "/etc/nova/nova.conf"],
        ] as const
    ).map(([node, file]) => ({
        node,
        path: file,
        section: "DEFAULT",
        option: "rabbit_password",
        value: "guest",
        why: account,
    })),
];

test("a resize finds the other compute node where nova's account knows it (T10): 2013.1.5 goes by ssh to its my_ip", () => {
    for (const [node, other] of [
        ["compute-1", "compute-2"],
        ["compute-2", "compute-1"],
    ] as const) {
        const [conf] = of("guest:OptionsFile", other).filter(f => f.path === "/etc/nova/nova.conf"),
            address = conf!.options.DEFAULT.my_ip as string,
            file = (name: string) => of("guest:File", node).find(f => f.path === `/var/lib/nova/.ssh/${name}`)!.content;
        expect(file("known_hosts")).toMatch(new RegExp(`^${address} `));
        expect(file("authorized_keys")).toMatch(new RegExp(`^from="${address}" `));
        expect(of("guest:Step", node)).toMatchObject([{ step: "nova-shell", command: "usermod -s /bin/sh nova" }]);
    }
});

test("nova-compute asks only what its node has a card for: cinder's and glance's internal addresses (T9)", () => {
    const plan = new AddressPlan(1);
    for (const node of ["compute-1", "compute-2"] as const) {
        expect(plan.node(node).publicAddress).toBeUndefined();
        const conf = of("guest:OptionsFile", node).find(f => f.path === "/etc/nova/nova.conf")!;
        const [type, service, which] = conf.options.DEFAULT.cinder_catalog_info.split(":");
        const at = of("keystone:Service").find(s => s.service === service)!;
        expect([at.type, which]).toEqual([type, "internalURL"]);
        expect(JSON.stringify(conf.options)).not.toMatch(/172\.16\.|example\.org/);
    }
});

describe("files, option by option", () => {
    test.each(files.map(f => [`${f.node}:${f.path}`, f] as const))(
        "%s",
        (_name, { node, path: file, listing: from, first = "?" }) => {
            const [written, ...more] = of("guest:OptionsFile", node).filter(o => o.path === file);
            expect(more).toEqual([]);
            const shown = parse(listing(from), first),
                own = differences.filter(d => d.node === node && d.path === file);
            for (const { section, option, value } of own) {
                // One that the tutorial shows alike is no difference.
                expect(shown[section]?.[option]).not.toBe(value);
                (shown[section] ??= {})[option] = value;
            }
            expect(merged(written!.options, written!.secretOptions)).toEqual(shown);
        },
    );

    test("no other file of options is written, and none of the tutorial's is left out", () => {
        expect(
            of("guest:OptionsFile")
                .map(o => `${o.connection.name}:${o.path}`)
                .sort(),
        ).toEqual(files.map(f => `${f.node}:${f.path}`).sort());
        for (const d of differences)
            expect(files).toContainEqual(expect.objectContaining({ node: d.node, path: d.path }));
    });

    test("with kvm, nova-compute.conf is the tutorial's other one", async () => {
        const [written] = plain(await cloudResources(given({ libvirtType: "kvm" }))).filter(
            r => r.inputs.path === "/etc/nova/nova-compute.conf",
        );
        expect(written!.inputs.options).toEqual(parse(listing("compute/nova-compute-kvm.conf"), "?"));
    });

    test("a secret is in no option that is shown", () => {
        for (const { options } of of("guest:OptionsFile"))
            expect(JSON.stringify(options)).not.toMatch(/Pass@|Serv"|"guest"|ADMIN/);
    });

    test("nobody but root and the service reads a file with a secret in it, and the service cannot change it", () => {
        const services: Record<string, string> = {
            keystone: "keystone",
            glance: "glance",
            cinder: "cinder",
            nova: "nova",
        };
        for (const { path: file, owner, group, mode, secretOptions } of of("guest:OptionsFile")) {
            if (secretOptions === undefined) continue;
            expect([file, owner, group, mode]).toEqual([file, "root", services[file.split("/")[2]!], "0640"]);
        }
    });
});

test("whole files: the archive, openrc, /etc/hosts, sysctl.conf", () => {
    const echo = /^echo (deb .*) > (\S+)$/.exec(commands.find(c => c.command.startsWith("echo deb"))!.command)!;
    for (const node of nodeNames)
        expect(of("guest:AptArchive", node)).toMatchObject([
            { archive: path.basename(echo[2]!, ".list"), line: echo[1], keyringPackage: "ubuntu-cloud-keyring" },
        ]);
    for (const node of ["image-node", "volume-node", "api-node"] as const) {
        const content = of("guest:File", node).find(f => f.path === "/root/openrc")!.secretContent as string;
        expect(content).toBe(openrc({ plan: new AddressPlan(1), credentials: tutorialCredentials }));
        expect(
            content
                .trim()
                .split("\n")
                .map(line => line.replace(/'/g, "")),
        ).toEqual(typed(node, /^(export OS_.*)$/));
    }
    const rows = listing("addresses.rst")
        .split("\n")
        .map(l => l.split("|").map(c => c.trim()))
        .filter(c => /^\d/.test(c[3] ?? ""));
    const hosts = rows.flatMap(([, , name, internal, publicName, publicAddress]) => [
        { address: internal, names: [name] },
        ...(publicAddress ? [{ address: publicAddress, names: [publicName] }] : []),
    ]);
    expect(hosts).toHaveLength(14);
    for (const entries of of("guest:HostsEntries").map(h => h.entries as object[])) {
        expect(entries).toHaveLength(14);
        expect(entries).toEqual(expect.arrayContaining(hosts));
    }
    const [key, value] = listing("network-node/sysctl.conf").trim().split("=");
    expect(of("guest:Sysctl")).toMatchObject([{ key, value, persistent: true }]);
});

test("br100: the tutorial's stanza in today's words", () => {
    const words = (text: string) =>
        text
            .trim()
            .split("\n")
            .map(l => l.trim().replace(/\s+/g, " ").replace("bridge-ports", "bridge_ports"));
    /** Why ours are other words: `static` with address 0.0.0.0 is what `manual` says, and newer systems have no ifconfig. */
    const ours: Record<string, string[]> = {
        "iface br100 inet static": ["iface br100 inet manual"],
        "address 0.0.0.0": [],
        "pre-up ifconfig PORT 0.0.0.0": ["pre-up ip link set PORT up"],
    };
    for (const [node, from, port] of [
        ["network-node", "network-node", "eth3"],
        ["compute-1", "compute", "eth2"],
        ["compute-2", "compute", "eth2"],
    ] as const) {
        const [bridge] = of("guest:Bridge", node);
        expect(bridge).toMatchObject({ bridge: "br100", ports: [port], persistent: true });
        const wanted = words(listing(`${from}/interfaces`)).flatMap(
            l => ours[l.replace(port, "PORT")]?.map(o => o.replace("PORT", port)) ?? [l],
        );
        expect(words(stanza(bridge!.bridge, bridge!.ports))).toEqual(wanted);
    }
});

test("cards: DHCP on the NAT network, the tutorial's static addresses, none on the private one", () => {
    const rows = listing("addresses.rst")
        .split("\n")
        .map(l => l.split("|").map(c => c.trim()))
        .filter(c => /^\d/.test(c[3] ?? ""));
    for (const [, , name, internal, , publicAddress] of rows) {
        const text = of("machine:Container")
            .find(c => c.name === `${name}-golden`)!
            .files.find((f: { path: string }) => f.path === "/etc/network/interfaces").content as string;
        expect(text).toContain("iface eth0 inet dhcp\n");
        expect(
            [...text.matchAll(/iface (eth\d) inet static\n\s+address (\S+)\n\s+netmask (\S+)/g)].map(m => m.slice(1)),
        ).toEqual([
            ["eth1", internal, "255.255.255.0"],
            ...(publicAddress ? [["eth2", publicAddress, "255.255.0.0"]] : []),
        ]);
    }
});

test("packages: what the tutorial installs on each node, and what apt brings along by itself", () => {
    for (const node of nodeNames) {
        const installed = typed(node === "compute-2" ? "compute-1" : node, /^apt-get install (.*)$/)
            .flatMap(line => line.split(/\s+/))
            .filter(p => p !== "-y" && p !== "ubuntu-cloud-keyring");
        const [{ packages, recommends }] = of("guest:Packages", node) as [{ packages: string[]; recommends: boolean }];
        expect([...packages].sort()).toEqual([...new Set(["ntp", ...installed])].sort());
        expect(recommends).toBe(true);
    }
});

test("services: everything that the tutorial starts runs and starts at boot, and what is not named there is listed here", () => {
    const more: Partial<Record<NodeName, string[]>> = {
        "db-node": ["rabbitmq-server"],
        "volume-node": ["tgt"],
        "api-node": ["nova-consoleauth", "apache2"],
        "compute-1": ["libvirt-bin"],
        "compute-2": ["libvirt-bin"],
    };
    for (const node of nodeNames) {
        const started = typed(node === "compute-2" ? "compute-1" : node, /^service (\S+) (?:re)?start$/);
        const services = of("guest:Service", node);
        expect(services.map(s => s.service).sort()).toEqual(["ntp", ...started, ...(more[node] ?? [])].sort());
        for (const service of services) expect(service).toMatchObject({ running: true, enabled: true });
    }
    // A service restarts when a file that it reads changes: one that is not there could not.
    for (const file of of("guest:OptionsFile")) {
        expect(file.restarts).not.toEqual([]);
        for (const service of file.restarts)
            expect(of("guest:Service", file.connection.name).map(s => s.service)).toContain(service);
    }
});

test("schemas: the tutorial's commands, as the service's own user", () => {
    const steps = Object.fromEntries(
        nodeNames.map(node => [node, of("guest:Step", node).map(s => s.command as string)]),
    );
    for (const node of ["auth-node", "image-node", "volume-node", "api-node"] as const) {
        const [command] = typed(node, /^(\S+-manage db[ _]sync)$/),
            user = command!.split("-")[0];
        expect(steps[node]![0]).toBe(`su -s /bin/sh -c '${command}' ${user}`);
    }
    // Keys that tokens are signed with: the package of the tutorial's day makes them, others leave it to the operator.
    // Where services verify tokens, what they keep of the certificates goes when those are others: in the tutorial nothing is ever rebuilt.
    const forget = expect.stringContaining("keystone-signing");
    expect(nodeNames.flatMap(node => steps[node]!.slice(1))).toEqual([
        expect.stringContaining("keystone-manage pki_setup"),
        forget,
        forget,
        forget,
    ]);
    expect(of("guest:Step", "network-node")).toEqual([]);
});

test("databases and their accounts", () => {
    const grants = typed("db-node", /^(GRANT .*);$/).map(sql => {
        const [, database, user, password] = /^GRANT ALL ON (\w+)\.\* TO '(\w+)'@'%' IDENTIFIED BY '(\w+)'$/.exec(sql)!;
        return { databases: [database], user, password };
    });
    expect(grants).toHaveLength(4);
    expect(of("guest:DatabaseGrant").map(({ databases, user, password }) => ({ databases, user, password }))).toEqual(
        expect.arrayContaining(grants),
    );
    expect(
        of("guest:Database")
            .map(d => d.database)
            .sort(),
    ).toEqual(typed("db-node", /^CREATE DATABASE (\w+);$/).sort());
});

/** Options of a command line: `--name=x`, `--name x`, quotes taken off. */
function options(command: string): Record<string, string> {
    return Object.fromEntries(
        [...command.matchAll(/--([\w-]+)(?:=|\s+)('[^']*'|\S+)/g)].map(m => [m[1]!, m[2]!.replace(/^'|'$/g, "")]),
    );
}
const asked = (what: string): Record<string, string>[] =>
    commands.filter(c => c.command.startsWith(`keystone ${what} `)).map(c => options(c.command));

test("identity: tenants, users, roles, who has them, services and endpoints", () => {
    const named = (type: string, key: string) =>
        of(type)
            .map(o => o[key] as string)
            .sort();
    expect(named("keystone:Tenant", "tenant")).toEqual(
        asked("tenant-create")
            .map(o => o.name)
            .sort(),
    );
    expect(named("keystone:Role", "role")).toEqual(
        asked("role-create")
            .map(o => o.name)
            .sort(),
    );
    expect(
        of("keystone:User")
            .map(({ user, password }) => [user, password])
            .sort(),
    ).toEqual(
        asked("user-create")
            .map(o => [o.name, o.pass])
            .sort(),
    );
    expect(
        all
            .filter(r => r.type === "keystone:Grant")
            .map(r => [r.inputs.userId, r.inputs.roleId, r.inputs.tenantId])
            .sort(),
    ).toEqual(
        asked("user-role-add")
            .map(o => [
                `cloud-auth-user-${o.user}-id`,
                `cloud-auth-role-${o.role}-id`,
                `cloud-auth-tenant-${o.tenant}-id`,
            ])
            .sort(),
    );
    const services = asked("service-create"),
        endpoints = asked("endpoint-create");
    expect(
        of("keystone:Service").map(({ service, type, description }) => ({ name: service, type, description })),
    ).toEqual(expect.arrayContaining(services));
    expect(of("keystone:Endpoint")).toHaveLength(5);
    services.forEach(({ name }, i) => {
        const { region, publicurl, adminurl, internalurl } = endpoints[i]!;
        expect(of("keystone:Endpoint").find(e => e.serviceId === `cloud-auth-service-${name}-id`)).toMatchObject({
            region,
            publicUrl: publicurl,
            adminUrl: adminurl,
            internalUrl: internalurl,
        });
    });
});

test("nova's and glance's entities", () => {
    const network = options(commands.find(c => c.command.startsWith("nova-manage network create"))!.command);
    expect(of("nova:Network")).toMatchObject([{ label: "net1", cidr: network.fixed_range_v4, bridge: "br100" }]);
    const floating = options(commands.find(c => c.command.startsWith("nova-manage floating create"))!.command);
    expect(of("nova:FloatingRange")).toMatchObject([{ range: floating.ip_range, pool: floating.pool }]);
    const rules = typed("network-node", /secgroup-add-rule (.*)$/).map(rule => {
        const [group, protocol, from, to, cidr] = rule.split(" ");
        return { group, protocol, fromPort: Number(from), toPort: Number(to), cidr };
    });
    expect(rules).toHaveLength(2);
    expect(of("nova:SecurityRule")).toMatchObject(rules);
    expect(of("nova:Keypair")).toMatchObject([{ name: typed("api-node", /^nova keypair-add (\S+)/)[0] }]);
    const [name, flavorId, ram, disk, vcpus] = typed(
        "api-node",
        /^nova flavor-create --is-public true (.*)$/,
    )[0]!.split(" ");
    expect(of("nova:Flavor")).toMatchObject([
        { name, flavorId, ram: Number(ram), disk: Number(disk), vcpus: Number(vcpus), isPublic: true },
    ]);
    const image = options(typed("image-node", /^(glance image-create .*)$/)[0]!);
    expect(of("glance:Image")).toMatchObject([
        {
            name: image.name,
            diskFormat: image["disk-format"],
            containerFormat: image["container-format"],
            isPublic: true,
        },
    ]);
    expect(of("guest:VolumeGroup")).toMatchObject([
        { group: typed("volume-node", /^vgcreate (\S+)/)[0], devices: [typed("volume-node", /^pvcreate (\S+)/)[0]] },
    ]);
});

test("EC2: the admin's credentials, and what euca2ools reads", () => {
    expect(commands.map(c => c.command)).toContain("keystone ec2-credentials-create");
    expect(of("keystone:Ec2Credential")).toMatchObject([
        { userId: "cloud-auth-user-admin-id", tenantId: "cloud-auth-tenant-admin-id" },
    ]);
    const [file] = of("guest:File", "api-node").filter(f => f.path === "/root/ec2rc");
    expect(file).toMatchObject({
        mode: "0600",
        secretContent:
            "export EC2_ACCESS_KEY='ACCESS'\nexport EC2_SECRET_KEY='SECRET'\nexport EC2_URL=http://api-node.example.org:8773/services/Cloud\n",
    });
});

/** A team's stack as its file has it: virtual machines, and no image named yet. */
describe("virtual machines", () => {
    const image = { url: "http://images/precise.img", sha256: "b".repeat(64) };
    let vms: Written[] = [];
    beforeAll(async () => {
        const {
            machine: _m,
            goldenRoot: _g,
            image: _i,
            ...rest
        } = given({ goldenImage: image }) as Record<string, unknown>;
        vms = plain(await cloudResources(rest));
    });
    const inputs = (type: string): Written["inputs"][] => vms.filter(r => r.type === type).map(r => r.inputs);

    /** Logical names are an API, as in tests/components/team-cloud.test.ts. */
    test("the resources of a team's stack", () => {
        expect(vms.map(r => `${r.type} ${r.name}`).sort()).toEqual(
            fs.readFileSync(path.join(__dirname, "../components/resources-grizzly.txt"), "utf8").trim().split("\n"),
        );
    });

    test("each host fetches the image into its pool, and every golden clone's disk is made of it", () => {
        const volume = `image-${"b".repeat(16)}.qcow2`;
        expect(inputs("machine:ImageFile").map(({ connection, ...rest }) => [connection.host, rest])).toEqual(
            ["gks-125.scc.kit.edu", "gks-126.scc.kit.edu"].map(host => [
                host,
                { pool: "golden", path: `/srv/images/${volume}`, ...image },
            ]),
        );
        expect(
            inputs("libvirt:index/pool:Pool")
                .map(p => `${p.name} ${p.target.path}`)
                .sort(),
        ).toEqual([
            "golden /srv/images",
            "golden /srv/images",
            "machines /var/lib/libvirt/machines",
            "machines /var/lib/libvirt/machines",
        ]);
        const goldens = inputs("libvirt:index/volume:Volume").filter(v => v.baseVolumeName !== undefined);
        expect(goldens.map(v => v.name).sort()).toEqual(nodeNames.map(n => `${n}-golden.qcow2`).sort());
        for (const golden of goldens)
            expect(golden).toMatchObject({
                baseVolumeName: volume,
                baseVolumePool: "golden",
                pool: "machines",
                size: 20 * 2 ** 30,
            });
    });

    test("machines start what is on their disk; the golden clones stay off (H4)", () => {
        const domains = inputs("libvirt:index/domain:Domain");
        expect(
            domains
                .filter(d => d.running)
                .map(d => d.name)
                .sort(),
        ).toEqual([...nodeNames].sort());
        expect(
            domains
                .filter(d => !d.running)
                .map(d => d.name)
                .sort(),
        ).toEqual(nodeNames.map(n => `${n}-golden`).sort());
        for (const domain of domains)
            expect([domain.kernel, domain.initrd, domain.cmdlines, domain.type]).toEqual([
                undefined,
                undefined,
                undefined,
                "kvm",
            ]);
    });

    test("host keys that OpenSSH 5.9 knows; seeds that cloud-init 0.6.3 knows, the cards in them as in containers", () => {
        expect(inputs("machine:HostKey")).toEqual([...nodeNames].sort().map(machine => ({ machine, type: "ecdsa" })));
        for (const seed of inputs("machine:SeedDisk")) {
            const container = of("machine:Container").find(c => c.name === `${seed.instanceId}-golden`)!;
            expect(seed).toMatchObject({
                hostname: seed.instanceId,
                interfaces: container.files.find((f: { path: string }) => f.path === "/etc/network/interfaces").content,
            });
            expect(seed.script).toMatch(/^#cloud-config\n/);
            expect(container.files.map((f: { path: string }) => f.path)).toContain("/etc/ssh/ssh_host_ecdsa_key.pub");
        }
    });

    test("without an image of the stack's own: one release of Ubuntu's, by its digest", async () => {
        const { machine: _m, goldenRoot: _g, ...rest } = given();
        const files = plain(await cloudResources(rest)).filter(r => r.type === "machine:ImageFile");
        expect(files).toHaveLength(2);
        for (const { inputs: file } of files)
            expect(file).toMatchObject({
                url: "http://cloud-images-archive.ubuntu.com/releases/precise/release-20161020.1/ubuntu-12.04-server-cloudimg-amd64-disk1.img",
                sha256: "7acffa344f0bade0f96ad4862c3294c5b70fbe5189c4a8c9053767e8d3f41cb8",
            });
    });

    test("a display that every QEMU has, which nobody but libvirt gets to", () => {
        for (const domain of inputs("libvirt:index/domain:Domain"))
            expect(domain.graphics).toEqual({ type: "vnc", listenType: "none" });
    });

    test("a processor as QEMU has it, where instances are emulated", () => {
        expect(inputs("libvirt:index/domain:Domain").filter(d => d.cpu !== undefined)).toEqual([]);
    });

    test("compute nodes whose instances run under KVM have their host's processor, their golden clones too, and no others", async () => {
        const { machine: _m, goldenRoot: _g, ...rest } = given({ libvirtType: "kvm" });
        const domains = plain(await cloudResources(rest)).filter(r => r.type === "libvirt:index/domain:Domain");
        const own = domains.filter(d => d.inputs.cpu !== undefined);
        expect(own.map(d => d.inputs.name).sort()).toEqual([
            "compute-1",
            "compute-1-golden",
            "compute-2",
            "compute-2-golden",
        ]);
        for (const domain of own) expect(domain.inputs.cpu).toEqual({ mode: "host-passthrough" });
    });

    test("Ubuntu 12.04 itself comes from where it is kept, on each node before anything is installed", () => {
        const archives = inputs("guest:AptArchive");
        expect(archives).toHaveLength(nodeNames.length);
        for (const archive of archives)
            expect(archive).toMatchObject({
                base: expect.stringMatching(/^deb http:\/\/old-releases\.ubuntu\.com\/ubuntu precise main universe\n/),
                settings: 'APT::Periodic::Enable "0";\n',
            });
    });

    test("the stack's own addresses in their place", async () => {
        const own = { baseArchiveUrl: "http://mirror/precise", aptProxy: "http://cache:3142" };
        const archives = plain(await cloudResources(given(own))).filter(r => r.type === "guest:AptArchive");
        for (const archive of archives)
            expect([archive.inputs.base, archive.inputs.settings]).toEqual([
                expect.stringContaining("deb http://mirror/precise precise-security main universe\n"),
                expect.stringContaining('Acquire::http::Proxy "http://cache:3142";\n'),
            ]);
    });

    test("every machine and host may sign with SHA-1: it is of an age that knows nothing else", () => {
        for (const { connection } of [...inputs("guest:Packages"), ...inputs("guest:HostsEntries")])
            expect(connection).toMatchObject({ rsaSha1: true });
    });
});

test("an operator's key that OpenSSH 5.9 does not know is refused, with those that it knows", () => {
    const key = (kind: string) => () =>
        checkOperatorKey({ release: "grizzly", sshKeyFile: "~/.ssh/id_ed25519", operatorKey: `${kind} AAAA` });
    expect(key("ssh-ed25519")).toThrow(
        "sshKeyFile: the key ~/.ssh/id_ed25519 is of the kind ssh-ed25519, which the ssh of release grizzly's machines does not know; allowed are ssh-rsa, ecdsa-sha2-nistp256",
    );
    expect(key("ssh-rsa")).not.toThrow();
    expect(() =>
        checkOperatorKey({ release: "ocata", sshKeyFile: "x", operatorKey: "ssh-ed25519 AAAA" }),
    ).not.toThrow();
});

test("another archive in place of the release's own", () => {
    expect(releaseOf("grizzly").archive({ archiveUrl: "http://192.168.122.1:8090/" }).line).toBe(
        "deb http://192.168.122.1:8090/ precise-updates/grizzly main",
    );
});

test("S1: a service's account has its password at hand where it is granted its role, which ends its tokens; nobody else has", () => {
    const grants = all.filter(r => r.type === "keystone:Grant");
    expect(Object.fromEntries(grants.map(g => [g.name, g.inputs.password]))).toEqual({
        "cloud-auth-grant-admin-admin": undefined,
        "cloud-auth-grant-admin-KeystoneAdmin": undefined,
        "cloud-auth-grant-admin-KeystoneServiceAdmin": undefined,
        "cloud-auth-grant-glance-admin": tutorialCredentials.glanceUser,
        "cloud-auth-grant-cinder-admin": tutorialCredentials.cinderUser,
        "cloud-auth-grant-nova-admin": tutorialCredentials.novaUser,
    });
});

test("names in identity are checked for what this release takes, and the catalogue by what it fills in", () => {
    const named = all.filter(r => /^keystone:(Tenant|User|Role)$/.test(r.type));
    expect([named.length > 8, named.every(r => r.inputs.ascii === true)]).toEqual([true, true]);
    const guards = all.filter(r => r.type === "keystone:Endpoint" && r.inputs.malformed);
    expect(guards.map(r => [r.name, r.inputs.release])).toEqual([["cloud-auth-endpoint-keystone", "grizzly"]]);
});
