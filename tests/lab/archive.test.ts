import * as fs from "fs";
import { controlText, postinstText, unitText } from "../../lab/archive/package-tree";
import { type ArchivePackage, debianPackages, packages } from "../../lab/archive/packages";
import { dataFile, dataList, parseList } from "../../lab/golden/data-files";
import { parsePipConfig } from "../../lab/golden/pip-settings";
import { ENVIRONMENT_PINS } from "../../lab/golden/runtime";

test("lists are read without comments and empty lines", () => {
    expect(parseList("# why\na\n\n  b  \n")).toEqual(["a", "b"]);
});

test("pip's settings: the environment's and the files' alike, other commands' not", () => {
    expect(parsePipConfig("global.index-url='https://index/simple'\n:env:.timeout='180'\nfreeze.all='true'\n")).toEqual(
        { "index-url": "https://index/simple", timeout: "180" },
    );
    expect(parsePipConfig("")).toEqual({});
});

test("the pinned services are those that speak the APIs of 2013", () => {
    const pinned = (name: string): string[] => dataList(name).map(pin => pin.split(" ")[0]!);
    expect(pinned("pins-ocata.txt")).toEqual(expect.arrayContaining(["nova==15.1.5", "cinder==10.0.8"]));
    expect(pinned("pins-pike.txt")).toEqual(
        expect.arrayContaining(["keystone==12.0.3", "glance==15.0.2", "horizon==12.0.4"]),
    );
});

test.each(ENVIRONMENT_PINS)("every pin of %s has a version and the sha256 of its files", name => {
    for (const pin of dataList(name)) expect(pin).toMatch(/^[\w.-]+==[\w.]+(?: --hash=sha256:[0-9a-f]{64})+$/);
});

test("no pip installs anything without a sha256 while environments are made", () => {
    const commands = ["build-environments.sh", "build-libvirt-python.sh"]
        .flatMap(name => fs.readFileSync(dataFile(name), "utf8").split("\n"))
        .filter(line => !line.trim().startsWith("#"));
    const calls = commands.filter(line => /(?:\bpip"?|"\$1") (?:install|download) /.test(line));
    expect(calls).toHaveLength(6);
    for (const call of calls) expect(call).toMatch(/ -r \S+$/);
    expect(commands.indexOf("export PIP_REQUIRE_HASHES=1")).toBe(commands.indexOf(calls[0]!) - 1);
});

test("every package that the tutorial installs is in the archive, once", () => {
    const names = [...packages.map(p => p.name), ...debianPackages];
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(
        expect.arrayContaining([
            "mysql-server",
            "python-mysqldb",
            "rabbitmq-server",
            "ntp",
            "ubuntu-cloud-keyring",
            "keystone",
            "glance",
            "cinder-api",
            "cinder-scheduler",
            "cinder-volume",
            "python-cinderclient",
            "open-iscsi",
            "nova-api",
            "nova-cert",
            "nova-conductor",
            "nova-scheduler",
            "nova-consoleauth",
            "nova-novncproxy",
            "novnc",
            "nova-doc",
            "nova-network",
            "nova-api-metadata",
            "ebtables",
            "nova-compute",
            "nova-compute-qemu",
            "nova-placement-api",
            "openstack-dashboard",
        ]),
    );
});

test("what a package of ours needs of ours is there in that version", () => {
    const known = new Map(packages.map(p => [p.name, p.version]));
    for (const pkg of packages)
        for (const need of pkg.depends) {
            const exact = /^(\S+) \(= (.*)\)$/.exec(need);
            if (exact) expect([need, known.get(exact[1]!)]).toEqual([need, exact[2]]);
        }
});

test("a project's user and folders are made by one package", () => {
    const owners = packages.filter(p => p.owner).map(p => p.owner);
    expect(owners.slice().sort()).toEqual(["cinder", "glance", "horizon", "keystone", "nova"]);
});

const sample: ArchivePackage = {
    name: "nova-sample",
    version: "9:1-1",
    depends: ["nova-common"],
    description: "A sample\n of two lines.",
    runAs: "nova",
    daemons: [{ name: "nova-sample", extra: ["KillMode=process"] }],
};

test("a unit runs the daemon as its user and leaves no gap where nothing is said", () => {
    const template = "Description=@DESCRIPTION@\nUser=@USER@\nExecStart=@COMMAND@\n@EXTRA@\n\n[Install]\n@ALIASES@\n";
    expect(unitText(template, sample.daemons![0]!, sample)).toBe(
        "Description=A sample\nUser=nova\nExecStart=/usr/bin/nova-sample\nKillMode=process\n\n[Install]\n",
    );
});

test("a control file names version, dependencies and description", () => {
    expect(controlText(sample, 12)).toBe(
        "Package: nova-sample\nVersion: 9:1-1\nArchitecture: all\nMaintainer: the classroom's lab <root@localhost>\nInstalled-Size: 12\nDepends: nova-common\nSection: net\nPriority: optional\nDescription: A sample\n of two lines.\n",
    );
});

test("a package's units are enabled, and started through policy-rc.d where systemd runs", () => {
    const text = postinstText(sample);
    expect(text).toContain('deb-systemd-helper enable "$unit"');
    expect(text).toContain("deb-systemd-invoke $act nova-sample.service");
});
