import * as fs from "fs";
import * as path from "path";
import * as ts from "typescript";
import { hostTools, type Need, toolFields, toolLacks, toolScript } from "../../../cli/hosts/host-tools";
import { projectDir } from "../../../system/paths";
import { bareHost, withShell } from "./bare-host";

const needs = Object.keys(hostTools) as Need[],
    all = Object.values(hostTools).flat();

async function missingOn(programs: readonly string[], wanted: readonly Need[] = needs): Promise<string[]> {
    const host = bareHost(Object.fromEntries(programs.map(name => [name, "exit 1"])));
    try {
        return (await host.ask(withShell(toolScript(wanted)), toolFields)).missing;
    } finally {
        host.remove();
    }
}

test("a host that has every program lacks none", async () => {
    expect(await missingOn(all.map(({ programs }) => programs[0]))).toEqual([]);
});

test("a host that has none lacks each, once", async () => {
    expect(await missingOn([])).toEqual(all.map(({ programs }) => programs[0]));
});

test("one of several programs that do the same is enough", async () => {
    expect(await missingOn(["wget"], ["downloads"])).toEqual([]);
});

test("only what is needed is asked for", async () => {
    expect(await missingOn([], ["every host"])).toEqual(["ip", "iptables", "dnsmasq"]);
});

test("each has a sentence: what, what for, and the package that brings it", () => {
    expect(toolLacks(["genisoimage", "curl"])).toEqual([
        "it has no genisoimage, which makes the disk that tells a node its name: apt-get install genisoimage",
        "it has no curl and no wget, which fetches images and asks archives: apt-get install curl",
    ]);
});

/** Programs that scripts like to run and that a standard install of Debian or Ubuntu need not have; without those that are English words, too. */
const optional =
    `virsh virt-install virt-clone qemu-img qemu-nbd qemu-system-x86_64 guestfish genisoimage mkisofs xorriso cloud-localds
    curl wget rsync nc socat ssh-keyscan openssl gpg gpgv xmllint xmlstarlet python python3 perl ruby ip brctl ethtool
    iptables ip6tables nft ebtables ipset dnsmasq dig nslookup tcpdump lsof strace pvs vgs lvs parted sfdisk sgdisk mkfs
    mkfs.ext4 kpartx losetup modprobe zstd xz bzip2 unzip 7z git screen tmux bc acl setfacl docker podman apparmor_parser`
        .split(/\s+/)
        .filter(Boolean);

/** Words at the places of commands in the texts of a source, which may be shell. */
function commandsIn(file: string): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
        const text = ts.isTemplateExpression(node)
            ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("$x")
            : ts.isStringLiteralLike(node)
              ? node.text
              : "";
        const command =
            /(?:^|[;|&({`!]|\b(?:then|do|else|if|while|until))[ \t]*(?:\w+=\S*[ \t]+)*([a-z][\w.-]+)(?=[ \t;|)]|$)/gm;
        for (const [, word] of text.matchAll(command)) found.push(word!);
        ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true));
    return found;
}
const sources = (folder: string): string[] =>
    fs
        .readdirSync(path.join(projectDir(), folder))
        .filter(name => name.endsWith(".ts"))
        .map(name => path.join(projectDir(), folder, name));

test("what scripts run on a host, beyond what every one has, is in the list", () => {
    // What `script` names and `hostTools` has; virsh and apparmor_parser are asked for by the preflight itself.
    const known = [...all.flatMap(({ programs }) => programs as readonly string[]), "virsh", "apparmor_parser"];
    // On nodes alone there is more: those of providers/guest have their release's packages.
    const run = ["providers/machine", "cli/hosts", "cli/restore"].flatMap(sources).flatMap(commandsIn);
    expect([...new Set(run)].filter(word => optional.includes(word) && !known.includes(word))).toEqual([]);
    expect(run).toEqual(expect.arrayContaining(["virsh", "genisoimage", "ip", "curl", "wget"]));
});
