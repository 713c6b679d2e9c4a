import { list, word } from "../../clients/answer";

/** A program that is run on a physical host, beyond every Debian system's own (coreutils, sed, awk, mount, …). */
interface HostTool {
    /** One of these. */
    programs: readonly [string, ...string[]];
    /** The package of Debian and Ubuntu that brings the first. */
    package: string;
    /** Its caller, and its purpose. */
    use: string;
}

/** The condition that makes a program needed. */
export type Need = "every host" | "virtual machines" | "downloads" | "uplinks";

/**
 * The programs that resources (providers/machine), libvirt's daemons and the preflight itself run on a physical host. virsh is
 * asked for apart: without libvirt nothing else counts.
 */
export const hostTools: Readonly<Record<Need, readonly HostTool[]>> = {
    "every host": [
        { programs: ["ip"], package: "iproute2", use: "which reads and makes interfaces and routes" },
        { programs: ["iptables", "nft"], package: "iptables", use: "by which libvirt makes the networks' rules" },
        { programs: ["dnsmasq"], package: "dnsmasq-base", use: "by which libvirt gives nodes their addresses" },
    ],
    "virtual machines": [
        { programs: ["qemu-system-x86_64"], package: "qemu-system-x86", use: "which is what virtual machines run in" },
        { programs: ["qemu-img"], package: "qemu-utils", use: "by which libvirt makes disks" },
        { programs: ["genisoimage"], package: "genisoimage", use: "which makes the disk that tells a node its name" },
    ],
    downloads: [{ programs: ["curl", "wget"], package: "curl", use: "which fetches images and asks archives" }],
    uplinks: [{ programs: ["modprobe"], package: "kmod", use: "which loads the kernel's part of VLANs and VXLAN" }],
};

const all = Object.values(hostTools).flat(),
    nameOf = ({ programs }: HostTool): string => programs[0];

/** A host's answers about its programs. */
export const toolFields = {
    /** The first name of each that is missing. */
    missing: list(word(...all.map(nameOf))),
};

/** Shell that answers with {@link toolFields}. */
export const toolScript = (needs: readonly Need[]): string =>
    needs
        .flatMap(need => hostTools[need])
        .map(tool => {
            const there = tool.programs.map(program => `has ${program}`).join(" || ");
            return `${there} || say missing ${nameOf(tool)}`;
        })
        .join("\n");

/** A sentence for each program that is missing. */
export const toolLacks = (missing: readonly string[]): string[] =>
    missing.flatMap(name => {
        const tool = all.find(known => nameOf(known) === name)!;
        return `it has no ${tool.programs.join(" and no ")}, ${tool.use}: apt-get install ${tool.package}`;
    });
