import { serviceNames } from "../../../config/credentials";

/** What of a file is no difference; `content`: another resource makes it and puts what belongs there into it. */
type Aspect = "all" | "added" | "content";

/** Files that change by themselves, that the program's own resources manage in every node, or that people work with. */
const masks: readonly (readonly [RegExp, Aspect])[] = [
    // The system's own.
    [/^\/etc\/(mtab|adjtime|ld\.so\.cache|machine-id|resolv\.conf|\.pwd\.lock|blkid\.tab(\.old)?|\.updated)$/, "all"],
    [/^\/etc\/(passwd|shadow|group|gshadow|subuid|subgid)-$/, "all"],
    [
        /^\/etc\/(lvm\/(archive|backup|cache|devices)|network\/run|apparmor\.d\/(libvirt|cache)|resolvconf\/run|udev\/rules\.d)(\/|$)/,
        "all",
    ],
    [/^\/etc\/ssl\/certs\//, "all"],
    [/^\/etc\/(ntp\.conf\.dhcp|dhcp\/dhclient-leases.*|iscsi\/(nodes|send_targets|static|isns|slp|fw)(\/.*)?)$/, "all"],
    [/^\/etc\/apt\/(trusted\.gpg(~|\.d\/.*)?|preferences\.d\/.*)$/, "all"],
    [/^\/etc\/multipath(\/|$)/, "all"],
    [/\/__pycache__(\/|$)|\.pyc$/, "all"],
    // Copies that people keep beside a file: no service reads them.
    [/\.(bak|orig|org|old|save|rej)([.-]?\d+)?$/, "added"],
    [/^\/etc\/alternatives\//, "added"],
    // apt and dpkg while they work, and editors.
    [/(\.dpkg-(new|tmp|old|dist)|~|\.sw[op])$/, "all"],
    // Of resources that are not made of one file each: guest:HostsEntries, AptArchive, Bridge, Sysctl, DatabaseRoot, SshKey,
    // AuthorizedKeys, Packages.
    [/^\/etc\/(hosts|sysctl\.conf|apt\/sources\.list|apt\/apt\.conf\.d\/95classroom)$/, "content"],
    [/^\/etc\/(apt\/(sources\.list\.d|keyrings)|network\/interfaces\.d)\//, "content"],
    [/^\/root\/\.ssh\/authorized_keys$/, "content"],
    [/^\/root\/(\.my\.cnf|\.ssh\/id_rsa(\.pub)?)$/, "all"],
    [/^\/usr\/sbin\/policy-rc\.d$/, "all"],
    // Whether a service starts at boot: guest:Service's.
    [/^\/etc\/rc[0-6S]\.d\//, "all"],
    [/^\/etc\/systemd\/system\/[^/]+\.(wants|requires)(\/|$)/, "all"],
    [/^\/etc\/rc[0-6S]\.d$/, "all"],
    // Keys and certificates that services rotate or make, and what nova, libvirt and cinder write of users' things.
    [new RegExp(`^/etc/(${serviceNames.join("|")})/(ssl|fernet-keys|credential-keys|certs)(/|$)`), "all"],
    [/^\/etc\/libvirt\/(qemu|nwfilter|lxc|storage|secrets)(\/|$)/, "all"],
    [/^\/etc\/cinder\/volumes(\/|$)/, "all"],
    [/^\/run\/systemd\/system\/(netplan-|session-|user-|libcontainer|docker)/, "all"],
    // People work as root.
    [/^\/root\//, "added"],
    [/^\/root\/\.(bash_history|mysql_history|python_history|lesshst|viminfo|rnd|wget-hsts|ssh\/known_hosts.*)$/, "all"],
    [/^\/root\/\.(cache|config|local|pki|gnupg|ipython)(\/|$)/, "all"],
    [new RegExp(`^/root/\\.(${serviceNames.join("|")})[^/]*(/|$)`), "all"],
    // State and logs: who owns a folder that was there counts.
    [/^\/var\/(lib|log)\//, "added"],
];

/** Folders in which files come and go as their services like. */
const COMES_AND_GOES = /^\/var\/(lib|log)\/[^/]+\/|^\/run\//;

/** What a node's own resources manage. */
export interface Managed {
    /** Files of which only the immutable bit counts. */
    paths: readonly string[];
    /** Of kinds that are no files, lines with these names: `sysctls net.ipv4.ip_forward`. */
    lines: readonly string[];
}

/** Whether an aspect of a file is no difference. */
export class Mask {
    private readonly paths: ReadonlySet<string>;

    constructor(private readonly managed: Managed) {
        this.paths = new Set(managed.paths.flatMap(path => [path, `/etc/init/${path}.override`]));
    }

    /** Of a file that is only in the reading. */
    hidesAdded(path: string): boolean {
        return this.is(path, "added") || this.paths.has(path);
    }

    /** Of a file that is only in the manifest. */
    hidesGone(path: string): boolean {
        return this.is(path, "content") || this.paths.has(path) || COMES_AND_GOES.test(path);
    }

    /** Of all that a file has, but for the immutable bit, which keeps the resource that manages it from writing. */
    hidesAll(path: string): boolean {
        return this.is(path) || this.paths.has(path);
    }

    hidesContent(path: string): boolean {
        return this.hidesAll(path) || this.is(path, "content");
    }

    /** Whether the program manages a file: its options are compared one by one. */
    manages(path: string): boolean {
        return this.paths.has(path);
    }

    hidesLine(kind: string, line: string): boolean {
        const all = `${kind} ${line}`;
        return this.managed.lines.some(name => {
            const begin = name.trimEnd();
            // A second line of an option has its number behind the name.
            return all.startsWith(begin) && /^( |#|$)/.test(all.slice(begin.length));
        });
    }

    private is(path: string, aspect?: Aspect): boolean {
        return masks.some(([pattern, of]) => (of === "all" || of === aspect) && pattern.test(path));
    }
}
