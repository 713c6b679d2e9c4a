import * as yaml from "yaml";
import { quote } from "../clients/ssh";
import type { SeedFile } from "../providers/machine/container";
import type { SeedFormat } from "../releases/release";

/** The files that make a machine itself, as its first start is told of them (H6). */
export function seedOf(format: SeedFormat, files: readonly SeedFile[]): string {
    if (format === "script") return ["#!/bin/sh", ...firstBoot(files), ""].join("\n");
    const content = (path: string) => files.find(f => f.path === path)?.content;
    const hostKey = /^\/etc\/ssh\/ssh_host_(\w+)_key$/;
    const privateKey = files.find(f => hostKey.test(f.path)),
        type = privateKey && hostKey.exec(privateKey.path)![1]!;
    // This runs at every start, before the ssh daemon is up: who waits for ssh may count on the rest.
    const once = [
        "m=/var/lib/classroom/first-boot",
        "[ ! -e $m ] || exit 0",
        ...firstBoot(files),
        "mkdir -p /var/lib/classroom",
        ": > $m",
        "",
    ].join("\n");
    return `#cloud-config\n${yaml.stringify(
        {
            disable_root: false,
            // Its stage for packages, which may come after the ssh daemon, would write /etc/apt/sources.list anew.
            apt_preserve_sources_list: true,
            ssh_authorized_keys: content("/root/.ssh/authorized_keys")?.trim().split("\n") ?? [],
            ssh_keys: privateKey
                ? { [`${type}_private`]: privateKey.content, [`${type}_public`]: content(`${privateKey.path}.pub`) }
                : {},
            bootcmd: [["sh", "-c", once]],
        },
        { lineWidth: 0 },
    )}`;
}

/** Shell that writes the files; short, for it is in the state twice. */
function firstBoot(files: readonly SeedFile[]): string[] {
    const put = ({ path, mode, content }: SeedFile) => `put ${mode} ${quote(path)} ${quote(content)}`;
    return [
        "set -e",
        'put() { mkdir -p "$(dirname "$2")"; (umask 077; printf %s "$3" > "$2"; chmod "$1" "$2"); }',
        ...files.map(put),
        'hostname "$(cat /etc/hostname)"',
    ];
}
