import * as fs from "fs";
import * as path from "path";
import { projectDir } from "../../system/paths";
import { run } from "../../system/run";
import { type ArchivePackage, type Daemon, environmentOf, type Project } from "./packages";

const data = (...below: string[]): string => path.join(projectDir(), "lab/archive/data", ...below);

/** Fills a unit's template; lines that come out empty are left out. */
export function unitText(template: string, daemon: Daemon, pkg: ArchivePackage): string {
    const values: Record<string, string> = {
        DESCRIPTION: pkg.description.split("\n")[0]!,
        USER: pkg.runAs ?? "root",
        COMMAND: daemon.command ?? `/usr/bin/${daemon.name}`,
        EXTRA: (daemon.extra ?? []).join("\n"),
        ALIASES: (daemon.aliases ?? []).map(alias => `Alias=${alias}`).join("\n"),
    };
    return (
        template
            .replace(/@(\w+)@/g, (_, name: string) => values[name] ?? "")
            .replace(/\n{3,}/g, "\n\n")
            .trimEnd() + "\n"
    );
}

/** The control file of a package. */
export function controlText(pkg: ArchivePackage, installedKiB: number): string {
    const field = (name: string, value: string): string => (value === "" ? "" : `${name}: ${value}\n`);
    return (
        field("Package", pkg.name) +
        field("Version", pkg.version) +
        field("Architecture", "all") +
        field("Maintainer", "the classroom's lab <root@localhost>") +
        field("Installed-Size", String(installedKiB)) +
        field("Depends", pkg.depends.join(", ")) +
        field("Section", "net") +
        field("Priority", "optional") +
        field("Description", pkg.description)
    );
}

/** The line in /usr/bin/NAME that hands over to launch.py in the project's environment. */
const program = (project: Project): string =>
    `#!/opt/openstack/${environmentOf[project]}/bin/python\nexecfile('/usr/lib/openstack-lab/launch.py')\n`;

const ownerFolders = (owner: Project): { dir: string; mode: string }[] => [
    { dir: `/var/log/${owner}`, mode: "0750" },
    { dir: `/var/lib/${owner}`, mode: "0755" },
    ...{
        nova: ["instances", "networks", "keys", "tmp"],
        glance: ["images", "image-cache", "scrubber"],
        cinder: ["volumes", "tmp"],
        keystone: [],
        horizon: [],
    }[owner].map(below => ({ dir: `/var/lib/${owner}/${below}`, mode: "0755" })),
];

/** Adds user and folders, then lets systemd know the units and starts them where policy-rc.d allows it. */
export function postinstText(pkg: ArchivePackage): string {
    const owner = pkg.owner;
    const lines = ["#!/bin/sh", "set -e", '[ "$1" = configure ] || exit 0'];
    if (owner) {
        lines.push(
            `getent passwd ${owner} > /dev/null || adduser --quiet --system --group --home /var/lib/${owner} --no-create-home --shell /bin/sh ${owner}`,
        );
        for (const { dir, mode } of ownerFolders(owner))
            lines.push(`install -d -o ${owner} -g ${owner} -m ${mode} ${dir}`);
        const etc = owner === "horizon" ? "/etc/openstack-dashboard" : `/etc/${owner}`;
        lines.push(`chown -R root:${owner} ${etc}`, `chmod -R u=rwX,g=rX,o= ${etc}`);
        lines.push(`systemd-tmpfiles --create /usr/lib/tmpfiles.d/${pkg.name}.conf || true`);
    } else if (pkg.runAs) {
        lines.push(
            ...Object.keys({ ...pkg.files, ...pkg.fromRuntime })
                .filter(name => name.startsWith(`etc/${pkg.runAs}/`))
                .map(name => `chgrp ${pkg.runAs} /${name}; chmod 640 /${name}`),
        );
    }
    for (const group of pkg.groups ?? [])
        lines.push(`! getent group ${group} > /dev/null || adduser --quiet ${pkg.runAs} ${group}`);
    lines.push(...(pkg.configure ?? []));
    if ((pkg.daemons ?? []).length > 0) {
        const units = pkg.daemons!.map(d => `${d.name}.service`).join(" ");
        lines.push("if [ -d /run/systemd/system ]; then systemctl --system daemon-reload; fi");
        lines.push(`for unit in ${units}; do deb-systemd-helper enable "$unit" > /dev/null; done`);
        lines.push(
            `if [ -d /run/systemd/system ]; then if [ -n "$2" ]; then act=restart; else act=start; fi; deb-systemd-invoke $act ${units} || true; fi`,
        );
    }
    return lines.join("\n") + "\n";
}

const prermText = (pkg: ArchivePackage): string => {
    const units = pkg.daemons!.map(d => `${d.name}.service`).join(" ");
    return `#!/bin/sh\nset -e\nif [ -d /run/systemd/system ] && [ "$1" = remove ]; then deb-systemd-invoke stop ${units} || true; fi\n`;
};

/** Everything below a folder that dpkg asks about when it was changed. */
const conffiles = (tree: string): string[] =>
    fs.existsSync(path.join(tree, "etc"))
        ? fs
              .readdirSync(path.join(tree, "etc"), { recursive: true, withFileTypes: true })
              .filter(e => e.isFile())
              .map(e => path.join("/", path.relative(tree, path.join(e.parentPath, e.name))))
              .sort()
        : [];

/** Lays a package's files out below `tree` and packs them into `file`. */
export async function buildPackage(
    pkg: ArchivePackage,
    tree: string,
    file: string,
    goldenRoot: string,
    extra: Readonly<Record<string, string>> = {},
): Promise<void> {
    const layout = new Layout(tree);
    layout.folder("DEBIAN");
    for (const [name, source] of Object.entries(pkg.fromRuntime ?? {}))
        layout.copy(name, path.join(goldenRoot, "opt/openstack", source));
    for (const [name, source] of Object.entries(extra)) layout.copy(name, source);
    layOut(pkg, layout);
    scripts(pkg, layout);
    const asked = conffiles(tree);
    if (asked.length > 0) layout.text("DEBIAN/conffiles", asked.join("\n") + "\n");
    const size = Number((await run("du", ["-sk", "--exclude=DEBIAN", tree])).stdout.split("\t")[0]);
    const needs = pkg.owner ? [...pkg.depends, "adduser"] : pkg.depends;
    layout.text("DEBIAN/control", controlText({ ...pkg, depends: needs }, size));
    await run("dpkg-deb", ["--root-owner-group", "-Zgzip", "-z1", "--build", tree, file]);
}

/** A package's files below a folder. */
class Layout {
    constructor(private readonly tree: string) {}

    folder(name: string): string {
        const folder = path.join(this.tree, name);
        fs.mkdirSync(folder, { recursive: true });
        return folder;
    }

    text(name: string, content: string, mode = 0o644): void {
        fs.writeFileSync(this.placeFor(name), content, { mode });
    }

    copy(name: string, source: string): void {
        fs.cpSync(source, this.placeFor(name), { recursive: true });
    }

    file(name: string, source: string, mode: number): void {
        const target = this.placeFor(name);
        fs.copyFileSync(source, target);
        fs.chmodSync(target, mode);
    }

    link(name: string, target: string): void {
        fs.symlinkSync(target, this.placeFor(name));
    }

    private placeFor(name: string): string {
        return path.join(this.folder(path.dirname(name)), path.basename(name));
    }
}

const modeOf = (file: string): number => (file.includes("sudoers.d/") ? 0o440 : file.includes("/bin/") ? 0o755 : 0o644);

/** A package's own files, programs, links and units. */
function layOut(pkg: ArchivePackage, layout: Layout): void {
    const { files = {}, programs = [], links = {}, daemons = [] } = pkg;
    for (const [name, source] of Object.entries(files)) layout.file(name, data("files", source), modeOf(name));
    for (const name of programs) layout.text(`usr/bin/${name}`, program(pkg.runAs as Project), 0o755);
    for (const [name, target] of Object.entries(links)) layout.link(`usr/bin/${name}`, target);
    const template = fs.readFileSync(data("daemon.service"), "utf8");
    for (const daemon of daemons)
        layout.text(`lib/systemd/system/${daemon.name}.service`, unitText(template, daemon, pkg));
}

/** dpkg's scripts, and the folders that are made at each start. */
function scripts(pkg: ArchivePackage, layout: Layout): void {
    if (pkg.owner)
        layout.text(
            `usr/lib/tmpfiles.d/${pkg.name}.conf`,
            `d /run/lock/${pkg.owner} 0755 ${pkg.owner} ${pkg.owner}\nd /run/${pkg.owner} 0755 ${pkg.owner} ${pkg.owner}\n`,
        );
    if (pkg.owner || pkg.runAs) layout.text("DEBIAN/postinst", postinstText(pkg), 0o755);
    if ((pkg.daemons ?? []).length > 0) layout.text("DEBIAN/prerm", prermText(pkg), 0o755);
}
