import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Command } from "commander";
import * as yaml from "yaml";
import { placeholder, placeholderCredentials } from "../../../cli/stack/placeholders";
import { inWords } from "../../../cli/render/program-text";
import { configured } from "../../../cli/stack/reach";
import { formsOf } from "../../../cli/shell/redact";
import { addRenderCommand } from "../../../cli/render/show-program";
import { type ProgramResource, programOf } from "../../../cli/render/program";
import { tutorialCredentials } from "../../../config/credentials";
import { releaseOf } from "../../../releases";
import { hostKeys } from "../../clients/keys";

/** A team's virtual machines with the lab's release; as its file has it, team01 stands further below. */
const teamConfig = {
    ...configured("team01"),
    release: "ocata",
    archiveUrl: "http://archive.example/ocata/",
    archiveKey: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${archiveKey}\n-----END PGP PUBLIC KEY BLOCK-----",
};
const labConfig = configured("lab");
/** A password that is nowhere else, for each that there is. */
const canaries = Object.fromEntries(Object.keys(tutorialCredentials).map(name => [name, `canary+${name}=42`]));

let lab: ProgramResource[], team: ProgramResource[];
beforeAll(async () => {
    lab = await programOf("lab", labConfig);
    team = await programOf("team01", teamConfig);
});
const named = (resources: readonly ProgramResource[], name: string) => resources.find(r => r.name === name)!;

test("lab is what it was", () => {
    expect(inWords(lab)).toMatchSnapshot();
});
test("team01 with the lab's release is what it was", () => {
    expect(inWords(team)).toMatchSnapshot();
});

test("it is YAML, and its files are whole texts", () => {
    const read = yaml.parse(inWords(lab)) as Record<string, Record<string, Record<string, Record<string, string>>>>;
    expect(Object.keys(read)).toEqual([
        "classroom:HostPair cloud-hosts",
        "classroom:Networks cloud-net",
        "db-node",
        "auth-node",
        "image-node",
        "volume-node",
        "api-node",
        "network-node",
        "compute-1",
        "compute-2",
    ]);
    expect(read["api-node"]!.reached).toBe("root@192.168.122.6:22 through root@192.0.2.1:24");
    const { options, path: file } =
        read["network-node"]!["nodes:NetworkNode cloud-network"]!["guest:OptionsFile cloud-network-nova-conf"]!;
    expect(file).toBe("/etc/nova/nova.conf");
    expect(options).toMatch(/^\[DEFAULT\]\n/);
    expect(options!.split("\n")).toContain("sql_connection = mysql://novaUser:${novaDatabase}@10.0.0.3/nova");
});

test("every resource that the engine would be asked for is in it, under what it belongs to and after what it waits for", () => {
    const committed = fs
        .readFileSync(path.join(__dirname, "../../components/resources.txt"), "utf8")
        .trim()
        .split("\n");
    expect(lab.map(r => r.name).sort()).toEqual(committed.map(line => line.split(" ")[1]).sort());
    const text = inWords(lab),
        before = new Set<string>();
    for (const { name, type, parent, dependsOn, provider } of lab) {
        // A service's account comes after its files, be they of a node that comes later.
        const waitsFor =
            type === "keystone:User" ? dependsOn.filter(n => named(lab, n).type !== "guest:OptionsFile") : dependsOn;
        expect([parent, provider, ...waitsFor].filter(n => n !== undefined && !before.has(n))).toEqual([]);
        before.add(name);
        if (parent !== undefined)
            expect(text.split("\n").filter(line => line.trim().startsWith(`${type} ${name}:`))).toHaveLength(1);
    }
    expect(lab.filter(r => r.parent === undefined).map(r => r.name)).toEqual(["cloud"]);
    expect(named(lab, "cloud-auth-keystone")).toMatchObject({
        type: "guest:Service",
        parent: "cloud-auth",
        dependsOn: ["cloud-auth-node-ground", "cloud-auth-keystone-db-sync"],
    });
    expect(named(lab, "cloud-volume-node-vm-disk")).toMatchObject({
        provider: "cloud-hosts-central",
        inputs: { baseVolumeId: "${cloud-volume-node-vm-golden-disk.id}" },
    });
});

test("a placeholder stands for one of the passwords, a key of the operator's machine, its home folder, or something of a resource", () => {
    for (const resources of [lab, team]) {
        const text = JSON.stringify(resources) + inWords(resources),
            names = new Set(resources.map(r => r.name));
        const used = new Set([...text.matchAll(/\$\{([^}]*)\}/g)].map(m => m[1]!));
        const others = [...used].filter(name => !names.has(name.replace(/\.[A-Za-z]+$/, "")));
        // `${name}` is the explanation at the top.
        expect(others.sort()).toEqual(
            [
                ...Object.keys(tutorialCredentials),
                "archiveKey",
                "centralHostKey",
                "computeHostKey",
                "operatorKey",
                "HOME",
                "knownHosts",
                "name",
            ].sort(),
        );
        expect(text).not.toMatch(/%24%7B|"undefined|undefined"/);
    }
});

test("render.md explains each placeholder that is no password and no resource's", () => {
    const doc = fs.readFileSync(path.join(__dirname, "../../../docs/render.md"), "utf8");
    for (const name of [
        "archiveKey",
        "centralHostKey",
        "computeHostKey",
        "operatorKey",
        "privateKey",
        "HOME",
        "knownHosts",
    ])
        expect(doc).toMatch(new RegExp(`^\\|[^|]*\`${name}\`[^|]*\\|`, "m"));
});

/** All that comes before a resource: what it waits for, and what its inputs are made of. */
function allBefore(resources: readonly ProgramResource[], of: string): ReadonlySet<string> {
    const found = new Set<string>();
    const within = (name: string): string[] => [
        name,
        ...resources.filter(r => r.parent === name).flatMap(r => within(r.name)),
    ];
    const visit = (name: string): void => {
        const { dependsOn, parent, inputs } = named(resources, name);
        const made = [...JSON.stringify(inputs).matchAll(/\$\{([^}]*)\.\w+\}/g)].map(m => m[1]!);
        for (const earlier of [...dependsOn.flatMap(within), ...made])
            if (earlier !== of && !found.has(earlier)) {
                found.add(earlier);
                visit(earlier);
            }
        if (parent !== undefined) visit(parent);
    };
    visit(of);
    return found;
}

test("in each release every service, step and file of options comes after its node's packages", async () => {
    for (const resources of [lab, team, await programOf("team01", configured("team01"))]) {
        // The step about certificates removes files, and needs no package.
        const inside = resources.filter(
            r => /^guest:(Service|Step|OptionsFile)$/.test(r.type) && !r.name.endsWith("-token-certificates"),
        );
        expect(inside.length).toBeGreaterThan(40);
        for (const { name, parent } of inside)
            expect([name, ...allBefore(resources, name)]).toContain(`${parent}-packages`);
    }
});

describe("team01 as its file has it", () => {
    let course: ProgramResource[], text: string;
    beforeAll(async () => {
        course = await programOf("team01", configured("team01"));
        text = JSON.stringify(course) + inWords(course);
    });

    test("is what it was", () => {
        expect(inWords(course)).toMatchSnapshot();
    });

    test("nothing is undefined", () => {
        expect(text).not.toMatch(/\bundefined\b/);
    });

    /** What Ubuntu's mirrors and its current images no longer have of 12.04. */
    test("no address of 12.04 is one that it has gone from", () => {
        expect(text).not.toMatch(/(?<![\w-])(archive|security|cloud-images|uec-images)\.ubuntu\.com\b/);
    });

    test("each address is one of these", () => {
        const found = [...text.matchAll(/\bhttps?:\/\/([A-Za-z0-9.-]+)/g)].map(m => m[1]!);
        expect([...new Set(found)].filter(name => !/^[\d.]+$|\.example\.org$/.test(name)).sort()).toEqual([
            "cloud-images-archive.ubuntu.com",
            "old-releases.ubuntu.com",
            "ubuntu-cloud.archive.canonical.com",
        ]);
    });

    test("hosts.md names each of them, for who lets the machines out", () => {
        const doc = fs.readFileSync(path.join(__dirname, "../../../docs/hosts.md"), "utf8");
        const before = /## Before the first up\n([\s\S]*?)\n## /.exec(doc)![1]!;
        for (const name of [
            "cloud-images-archive.ubuntu.com",
            "old-releases.ubuntu.com",
            "ubuntu-cloud.archive.canonical.com",
            new URL(releaseOf("grizzly").image!.url).hostname,
            // Launchpad sends whoever asks for a file on to this one.
            "launchpadlibrarian.net",
        ])
            expect(before).toContain(name);
    });

    /** The tutorial's steps as resources, each with the step that comes right before it in what it needs. */
    test.each(
        `db-packages ← db-archive; db-my-cnf ← db-packages; db-mysql ← db-my-cnf; db-mysql-root ← db-mysql
db-grant-keystone ← db-database-keystone, db-mysql-root; db-rabbit-guest ← db-rabbitmq-server; db-rabbitmq-server ← db-packages
auth-keystone-conf ← auth-packages; auth-keystone-db-sync ← auth-keystone-conf, db-grant-keystone; auth-keystone ← auth-keystone-db-sync
auth-tenant-admin ← auth-keystone; auth-grant-admin-admin ← auth-user-admin, auth-role-admin, auth-tenant-admin
auth-user-glance ← auth-tenant-service; auth-grant-glance-admin ← auth-user-glance, auth-role-admin
auth-user-cinder ← auth-tenant-service; auth-grant-cinder-admin ← auth-user-cinder, auth-role-admin
auth-user-nova ← auth-tenant-service; auth-grant-nova-admin ← auth-user-nova, auth-role-admin
auth-endpoint-keystone ← auth-service-keystone; auth-endpoint-glance ← auth-service-glance; auth-endpoint-cinder ← auth-service-cinder
auth-endpoint-nova ← auth-service-nova; auth-endpoint-ec2 ← auth-service-ec2; auth-ec2-admin ← auth-user-admin, auth-grant-admin-admin
image-glance-db-sync ← db-grant-glance, image-glance-api-paste, image-glance-api-conf, image-glance-registry-paste, image-glance-registry-conf
image-glance-api ← image-glance-db-sync, db-rabbit-guest; image-glance-registry ← image-glance-db-sync
image-image-cirros ← image-glance-api, image-glance-registry, auth-endpoint-glance, auth-grant-glance-admin, auth-grant-admin-admin
volume-volumes ← volume-packages; volume-cinder-db-sync ← db-grant-cinder, volume-cinder-paste, volume-cinder-conf
volume-cinder-volume ← volume-cinder-db-sync, volume-volumes, db-rabbit-guest; volume-cinder-api ← volume-cinder-db-sync
volume-cinder-scheduler ← volume-cinder-db-sync, db-rabbit-guest; volume-open-iscsi ← volume-packages
api-nova-db-sync ← db-grant-nova, api-nova-conf, api-nova-paste; api-nova-api ← api-nova-db-sync, db-rabbit-guest
api-nova-conductor ← api-nova-db-sync, db-rabbit-guest; api-nova-scheduler ← api-nova-db-sync; api-nova-cert ← api-nova-db-sync
api-nova-novncproxy ← api-nova-db-sync; api-nova-consoleauth ← api-nova-db-sync; api-apache2 ← api-dashboard-settings, api-packages
api-flavor-x1.tiny ← api-nova-api, auth-endpoint-nova, auth-grant-nova-admin; api-keypair ← api-root-key, api-nova-api
network-nova-network ← network-br100, network-ip-forward, network-nova-conf, api-nova-db-sync, api-nova-conductor, db-rabbit-guest
network-nova-api-metadata ← network-nova-conf; network-br100 ← network-packages; network-net1 ← network-nova-network, api-nova-api
network-floating ← api-nova-api; network-rule-icmp ← api-nova-api; network-rule-ssh ← api-nova-api
compute-1-nova-nova-compute ← compute-1-nova-br100, compute-1-nova-nova-conf, compute-1-nova-nova-compute-conf, api-nova-conductor, db-rabbit-guest
compute-2-nova-nova-compute ← compute-2-nova-br100, compute-2-nova-nova-conf, compute-2-nova-nova-compute-conf, api-nova-conductor, db-rabbit-guest
compute-1-nova-br100 ← compute-1-nova-packages; compute-1-nova-state ← compute-1-nova-nova-compute`
            .split(/[;\n]\s*/)
            .map(step => step.split(" ← ") as [string, string]),
    )("the tutorial's order: %s comes after %s", (step, needs) => {
        const earlier = allBefore(course, `cloud-${step}`);
        expect(needs.split(", ").filter(name => !earlier.has(`cloud-${name}`))).toEqual([]);
    });

    test("the image that check T2 looks for is in it, with the tutorial's file", () => {
        expect(named(course, "cloud-image-image-cirros").inputs).toMatchObject({
            name: "cirros-0.3.0",
            file: "~/.cache/classroom/cirros-0.3.0-x86_64-disk.img",
            sha256: "648782e9287288630250d07531fed9944ecc3986764a6664f0bf6c050ec06afd",
        });
    });
});

test("what the course's own release makes only with the cloud has a placeholder, in the files that it is written into, too", async () => {
    const course = await programOf("team01", configured("team01"));
    expect(JSON.stringify(course) + inWords(course)).not.toMatch(/"undefined|undefined"|=undefined/);
    const { secretContent } = named(course, "cloud-api-ec2rc").inputs;
    for (const part of ["access", "secret"]) expect(secretContent).toContain(`\${cloud-auth-ec2-admin.${part}}`);
});

test("the tutorial's passwords are not in it", () => {
    // Three of them are words of the text as well: what is called a password or a token is a placeholder.
    const words = ["mysql", "ADMIN", "guest"],
        values: string[] = [];
    for (const resources of [lab, team]) {
        for (const text of [
            JSON.stringify(resources, (key, value: unknown) => {
                if (typeof value === "string" && /password|token/i.test(key)) values.push(value);
                return value;
            }),
            inWords(resources),
        ]) {
            expect(
                Object.values(tutorialCredentials).filter(value => !words.includes(value) && text.includes(value)),
            ).toEqual([]);
        }
    }
    expect(values.length).toBeGreaterThan(100);
    expect(values.filter(value => !/^\$\{\w+\}$/.test(value))).toEqual([]);
});

test("a stack's own passwords are in it where they are asked for, in no form otherwise", async () => {
    const own = { ...labConfig, credentials: canaries };
    const hidden = await programOf("lab", own);
    expect(hidden).toEqual(lab);
    const shown = await programOf("lab", own, { showSecrets: true });
    const found = (resources: ProgramResource[]) => {
        const text = JSON.stringify(resources) + inWords(resources);
        return Object.keys(canaries).filter(name => formsOf(canaries[name]!).some(form => text.includes(form)));
    };
    expect(found(hidden)).toEqual([]);
    expect(found(shown)).toEqual(Object.keys(canaries));
    // Placeholders stand exactly where the passwords do.
    const filled = Object.entries(canaries).reduce(
        (text, [name, value]) => text.replaceAll(placeholder(name), value),
        JSON.stringify(hidden),
    );
    expect(filled).toBe(JSON.stringify(shown).replaceAll(/canary%2B(\w+)%3D42/g, "canary+$1=42"));
});

test("nothing of this machine and nothing of chance is in it", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-show-")),
        before = process.env.CLASSROOM_STATE;
    try {
        process.env.CLASSROOM_STATE = path.join(dir, "none");
        expect(inWords(await programOf("lab", labConfig))).toBe(inWords(lab));
        expect(fs.readdirSync(dir)).toEqual([]);
        process.env.CLASSROOM_STATE = dir;
        fs.mkdirSync(path.join(dir, "labs/lab"), { recursive: true });
        const host = (address: string) => ({ address, port: 2222, hostKey: hostKeys.compute });
        fs.writeFileSync(
            path.join(dir, "labs/lab/lab.json"),
            JSON.stringify({
                operatorKeyFile: "/here/key",
                knownHostsFile: "/here/known",
                hosts: { central: host("a.here"), compute: host("b.here") },
            }),
        );
        const again = await programOf("lab", labConfig);
        expect(inWords(again)).toBe(inWords(lab));
        expect(JSON.stringify(again)).toBe(JSON.stringify(lab));
        expect(fs.readdirSync(dir)).toEqual(["labs"]);
    } finally {
        if (before === undefined) delete process.env.CLASSROOM_STATE;
        else process.env.CLASSROOM_STATE = before;
        fs.rmSync(dir, { recursive: true });
    }
});

test("two teams differ in their hosts and hardware addresses alone; a host's key is the configuration's where that says one", async () => {
    const other = await programOf("team02", {
        ...teamConfig,
        number: 2,
        hosts: {
            central: { address: "gks-127.scc.kit.edu", hostKey: hostKeys.central },
            compute: { address: "gks-128.scc.kit.edu" },
        },
    });
    const [a, b] = [inWords(team).split("\n"), inWords(other).split("\n")];
    expect(a).toHaveLength(b.length);
    const different = a.map((line, i) => [line, b[i]!]).filter(([one, two]) => one !== two);
    expect(different.length).toBeGreaterThan(20);
    for (const [one, two] of different)
        expect(
            one!
                .replaceAll("gks-125", "gks-127")
                .replaceAll("gks-126", "gks-128")
                .replaceAll("52:54:00:01", "52:54:00:02"),
        ).toBe(two);
    expect(named(other, "cloud-hosts-central-names").inputs.connection).toMatchObject({ hostKey: hostKeys.central });
    expect(named(other, "cloud-hosts-compute-names").inputs.connection).toMatchObject({ hostKey: "${computeHostKey}" });
});

test("of what the engine encrypted, nothing is needed for placeholders, and no password can be shown", async () => {
    const secure = { secure: "v1:abc:def" };
    expect(placeholderCredentials({ credentials: secure })).toEqual(placeholderCredentials({}));
    expect(placeholderCredentials({ credentials: { ...canaries, novaUser: secure } })).toEqual(
        placeholderCredentials({}),
    );
    await expect(
        programOf("team01", { ...teamConfig, credentials: { novaUser: secure } }, { showSecrets: true }),
    ).rejects.toThrow(
        "the configuration of stack team01 has credentials.novaUser encrypted, which the engine alone can read; without --show-secrets, placeholders stand for passwords",
    );
    await expect(programOf("team01", { ...teamConfig, hosts: secure })).rejects.toThrow(
        "has hosts encrypted, which the engine alone can read; render needs everything but credentials in plain text",
    );
});

test("mistakes of the configuration are told as up tells them, without a password", async () => {
    await expect(programOf("team01", { ...teamConfig, nodes: { "db-nod": {} } })).rejects.toThrow(
        "nodes.db-nod: there is no such key; allowed are db-node, auth-node",
    );
    await expect(programOf("team01", { ...teamConfig, credentials: { nova: "canary" } })).rejects.toThrow(
        /^(?!.*canary)[\s\S]*credentials\.nova: there is no such key/,
    );
});

test("--show-secrets says so, on standard error", async () => {
    const out = jest.spyOn(console, "log").mockImplementation(),
        err = jest.spyOn(console, "error").mockImplementation();
    const cli = new Command().exitOverride();
    addRenderCommand(cli);
    await cli.parseAsync(["render", "lab", "--show-secrets", "--json"], { from: "user" });
    expect(err.mock.calls).toEqual([["classroom: the output holds the passwords of stack lab as they are"]]);
    const { stack, resources } = JSON.parse(out.mock.calls.join("\n")) as {
        stack: string;
        resources: ProgramResource[];
    };
    expect(stack).toBe("lab");
    expect(named(resources, "cloud-db-mysql-root")).toMatchObject({
        type: "guest:DatabaseRoot",
        inputs: { password: "mysql" },
        secret: ["password"],
    });
    jest.restoreAllMocks();
});

test("an unknown stack: exit code 1 and which there are", async () => {
    process.argv = [...process.argv.slice(0, 2), "render", "nope"];
    const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
    const ended = new Promise<unknown>(resolve =>
        jest.spyOn(process, "exit").mockImplementation(() => resolve(process.exitCode) as never),
    );
    require("../../../cli/main");
    expect(await ended).toBe(1);
    expect(write.mock.calls.join("")).toMatch(
        /^classroom: there is no stack "nope": no Pulumi\.nope\.yaml; there are lab, team01/,
    );
    process.exitCode = undefined;
    jest.restoreAllMocks();
});
