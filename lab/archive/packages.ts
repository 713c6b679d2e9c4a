/** A daemon of a package: its systemd unit, started when the package is configured. */
export interface Daemon {
    /** The unit's name, which `service NAME restart` takes too. */
    name: string;
    /** The unit's program. Default: /usr/bin/NAME. */
    command?: string;
    /** Lines of the unit's [Service] section beyond data/daemon.service. */
    extra?: readonly string[];
    /** Further names of the unit. */
    aliases?: readonly string[];
}

/** A package of the archive under its Ubuntu name of 2013. */
export interface ArchivePackage {
    name: string;
    version: string;
    depends: readonly string[];
    /** First line: the synopsis. */
    description: string;
    /** Whose it is: user and group with /etc, /var/lib, /var/log and lock folder of this name, made by this package. */
    owner?: Project;
    /** The user of the daemons. */
    runAs?: string;
    daemons?: readonly Daemon[];
    /** Programs in /usr/bin that lab/archive/data/launch.py starts in the project's environment. */
    programs?: readonly string[];
    /** Links in /usr/bin: name → target. */
    links?: Readonly<Record<string, string>>;
    /** Files of lab/archive/data/files: path in the package → name there. */
    files?: Readonly<Record<string, string>>;
    /** Files or folders of the golden root: path in the package → path there. */
    fromRuntime?: Readonly<Record<string, string>>;
    /** Groups that the owner joins. */
    groups?: readonly string[];
    /** Lines of shell with which it is configured, before its daemons are started. */
    configure?: readonly string[];
}

export type Project = "keystone" | "glance" | "nova" | "cinder" | "horizon";

/** In which of the runtime's environments a project is. */
export const environmentOf: Record<Project, "ocata" | "pike"> = {
    keystone: "pike",
    glance: "pike",
    horizon: "pike",
    nova: "ocata",
    cinder: "ocata",
};

// Above every version that Debian gives these names.
const version = {
    keystone: "9:12.0.3-1",
    glance: "9:15.0.2-1",
    horizon: "9:12.0.4-1",
    nova: "9:15.1.5-1",
    cinder: "9:10.0.8-1",
    clients: "9:1.0-1",
    neutral: "9:1.0-1",
};
/**
 * A container's root makes no devices, and sets no attributes of trust, as libvirt does for instances where it is not
 * told.
 */
const LIBVIRT_IN_CONTAINERS = ["namespaces = []", "remember_owner = 0"].map(
    line => `grep -qxF '${line}' /etc/libvirt/qemu.conf || echo '${line}' >> /etc/libvirt/qemu.conf`,
);
const tools = ["openstack-lab-tools (>= 9:1.0-1)"];

const part = (
    project: Project,
    name: string,
    description: string,
    more: Partial<ArchivePackage> = {},
): ArchivePackage => ({
    name,
    version: version[project],
    runAs: project,
    description,
    daemons: [{ name }],
    programs: [name],
    ...more,
    depends: [...(name === project ? tools : [`${project}-common (= ${version[project]})`]), ...(more.depends ?? [])],
});
const nova = (name: string, more: Partial<ArchivePackage> = {}): ArchivePackage =>
    part("nova", name, `OpenStack compute: ${name}`, more);
const cinder = (name: string, more: Partial<ArchivePackage> = {}): ArchivePackage =>
    part("cinder", name, `OpenStack volumes: ${name}`, more);
const alias = (name: string, depends: readonly string[], description: string): ArchivePackage => ({
    name,
    version: version.neutral,
    depends,
    description,
});
const client = (name: string, program: string, environment = "clients"): ArchivePackage => ({
    name,
    version: version.clients,
    depends: ["openstack-lab-runtime"],
    description: `Command-line client ${program}`,
    links: { [program]: `/opt/openstack/${environment}/bin/${program}` },
});

/** Kills only the daemon: its children (dnsmasq, instances' helpers) stay through a restart. */
const KEEP_CHILDREN = ["KillMode=process"];

export const packages: readonly ArchivePackage[] = [
    {
        name: "openstack-lab-tools",
        version: version.neutral,
        depends: ["openstack-lab-runtime"],
        description:
            "Start of the lab's OpenStack programs under their names of 2013\n and thin wrappers of tools whose words changed since.",
        files: {
            "usr/lib/openstack-lab/launch.py": "../launch.py",
            ...Object.fromEntries(
                ["brctl", "qemu-img", "ebtables", "privsep-helper"].map(name => [
                    `usr/lib/openstack-lab/bin/${name}`,
                    `../bin/${name}`,
                ]),
            ),
        },
        links: { "privsep-helper": "/usr/lib/openstack-lab/bin/privsep-helper" },
    },

    part("keystone", "keystone", "OpenStack identity", {
        owner: "keystone",
        daemons: [{ name: "keystone", command: "/usr/bin/keystone-all" }],
        programs: ["keystone-all", "keystone-manage"],
        depends: ["python-keystoneclient"],
        files: {
            "etc/keystone/keystone.conf": "keystone.conf",
            "usr/share/keystone/keystone-dist.conf": "keystone-dist.conf",
        },
        fromRuntime: {
            "etc/keystone/keystone-paste.ini": "pike/etc/keystone/keystone-paste.ini",
            "etc/keystone/default_catalog.templates": "pike/etc/keystone/default_catalog.templates",
        },
    }),

    part("glance", "glance-common", "OpenStack images: common files", {
        owner: "glance",
        daemons: [],
        programs: ["glance-manage"],
        depends: [...tools, "python-glanceclient"],
        fromRuntime: {
            "etc/glance/policy.json": "pike/etc/glance/policy.json",
            "etc/glance/schema-image.json": "pike/etc/glance/schema-image.json",
            "etc/glance/metadefs": "pike/etc/glance/metadefs",
        },
        files: {
            "usr/share/glance/glance-api-dist.conf": "glance-api-dist.conf",
            "usr/share/glance/glance-registry-dist.conf": "glance-registry-dist.conf",
        },
    }),
    part("glance", "glance-api", "OpenStack images: API", {
        files: { "etc/glance/glance-api.conf": "glance-api.conf" },
        fromRuntime: { "etc/glance/glance-api-paste.ini": "pike/etc/glance/glance-api-paste.ini" },
        depends: ["qemu-utils"],
    }),
    part("glance", "glance-registry", "OpenStack images: registry", {
        files: { "etc/glance/glance-registry.conf": "glance-registry.conf" },
        fromRuntime: { "etc/glance/glance-registry-paste.ini": "pike/etc/glance/glance-registry-paste.ini" },
    }),
    {
        ...alias("glance", ["glance-api", "glance-registry"], "OpenStack images: API and registry"),
        version: version.glance,
    },

    {
        ...cinder("cinder-common", {
            owner: "cinder",
            daemons: [],
            programs: ["cinder-manage"],
            links: { "cinder-rootwrap": "/opt/openstack/ocata/bin/cinder-rootwrap" },
            files: {
                "etc/cinder/cinder.conf": "cinder.conf",
                "usr/share/cinder/cinder-dist.conf": "cinder-dist.conf",
                "etc/sudoers.d/cinder_sudoers": "cinder-sudoers",
                "usr/share/cinder/rootwrap/lab.filters": "lab.filters",
                "etc/cinder/rootwrap.conf": "cinder-rootwrap.conf",
            },
            fromRuntime: {
                "etc/cinder/policy.json": "ocata/etc/cinder/cinder/policy.json",
                "etc/cinder/rootwrap.d": "ocata/etc/cinder/cinder/rootwrap.d",
                "etc/cinder/rootwrap.d/os-brick.filters": "ocata/etc/os-brick/rootwrap.d/os-brick.filters",
            },
        }),
        depends: [...tools, "sudo", "python-cinderclient"],
    },
    cinder("cinder-api", { fromRuntime: { "etc/cinder/api-paste.ini": "ocata/etc/cinder/cinder/api-paste.ini" } }),
    cinder("cinder-scheduler"),
    cinder("cinder-volume", {
        depends: ["tgt", "lvm2", "qemu-utils"],
        files: { "etc/tgt/conf.d/cinder_tgt.conf": "cinder-tgt.conf" },
    }),

    {
        ...nova("nova-common", {
            owner: "nova",
            daemons: [],
            programs: ["nova-manage"],
            links: { "nova-rootwrap": "/opt/openstack/ocata/bin/nova-rootwrap" },
            files: {
                "etc/nova/nova.conf": "nova.conf",
                "usr/share/nova/nova-dist.conf": "nova-dist.conf",
                "etc/sudoers.d/nova_sudoers": "nova-sudoers",
                "etc/nova/rootwrap.conf": "nova-rootwrap.conf",
                "etc/nova/policy.json": "nova-policy.json",
                "usr/share/nova/rootwrap/lab.filters": "lab.filters",
            },
            fromRuntime: {
                "etc/nova/api-paste.ini": "ocata/etc/nova/nova/api-paste.ini",
                "etc/nova/rootwrap.d": "ocata/etc/nova/nova/rootwrap.d",
            },
        }),
        depends: [...tools, "sudo", "iproute2", "iptables", "python-novaclient"],
    },
    nova("nova-api", { depends: ["iptables"] }),
    nova("nova-api-metadata", { depends: ["iptables"] }),
    nova("nova-cert"),
    nova("nova-conductor"),
    nova("nova-scheduler"),
    nova("nova-consoleauth"),
    nova("nova-placement-api"),
    nova("nova-novncproxy", {
        depends: ["novnc"],
        daemons: [{ name: "nova-novncproxy", command: "/usr/bin/nova-novncproxy --web=/usr/share/novnc" }],
    }),
    nova("nova-network", {
        depends: [
            "bridge-utils",
            "dnsmasq-base",
            "dnsmasq-utils",
            "iptables",
            "ebtables",
            "iputils-arping",
            "conntrack",
            "iproute2",
        ],
        programs: ["nova-network", "nova-dhcpbridge"],
        daemons: [{ name: "nova-network", extra: KEEP_CHILDREN }],
    }),
    nova("nova-compute", {
        depends: [
            "ebtables",
            "bridge-utils",
            "iptables",
            "genisoimage",
            "open-iscsi",
            "qemu-utils",
            "libvirt-daemon-system",
            "libvirt-clients",
        ],
        daemons: [{ name: "nova-compute", extra: KEEP_CHILDREN }],
        groups: ["libvirt", "kvm"],
        configure: LIBVIRT_IN_CONTAINERS,
    }),
    {
        ...nova("nova-compute-qemu", {
            daemons: [],
            programs: [],
            files: { "etc/nova/nova-compute.conf": "nova-compute.conf" },
        }),
        depends: [
            `nova-compute (= ${version.nova})`,
            "libvirt-daemon-system",
            "libvirt-daemon-driver-qemu",
            "qemu-system-x86",
            "qemu-block-extra",
        ],
        description: "OpenStack compute: on emulated processors",
    },
    {
        ...alias("nova-doc", [], "OpenStack compute: documentation\n The lab carries none; the package is empty."),
        version: version.nova,
    },

    {
        name: "openstack-dashboard",
        version: version.horizon,
        depends: tools,
        description: "OpenStack dashboard",
        owner: "horizon",
        runAs: "horizon",
        daemons: [
            {
                name: "openstack-dashboard",
                aliases: ["apache2.service"],
                command:
                    "/opt/openstack/pike/bin/gunicorn --chdir /usr/share/openstack-dashboard --bind 0.0.0.0:80 --workers 1 --threads 4 --timeout 300 dashboard:application",
                extra: [
                    "AmbientCapabilities=CAP_NET_BIND_SERVICE",
                    "StandardOutput=append:/var/log/horizon/horizon.log",
                    "StandardError=append:/var/log/horizon/horizon.log",
                ],
            },
        ],
        files: {
            "etc/openstack-dashboard/local_settings.py": "local_settings.py",
            "usr/share/openstack-dashboard/dashboard.py": "dashboard.py",
        },
        links: {
            "../../opt/openstack/pike/lib/python2.7/site-packages/openstack_dashboard/local/local_settings.py":
                "/etc/openstack-dashboard/local_settings.py",
        },
    },

    client("python-keystoneclient", "keystone"),
    client("python-novaclient", "nova"),
    client("python-glanceclient", "glance"),
    client("python-cinderclient", "cinder"),
    client("python-openstackclient", "openstack", "ocata"),
    // The names that the tutorial installs and Debian gave up.
    alias("mysql-server", ["mariadb-server"], "Database server\n MariaDB under the name that the tutorial installs."),
    alias(
        "python-mysqldb",
        ["openstack-lab-runtime"],
        "MySQL for Python\n The environments below /opt/openstack have their own; this package is empty.",
    ),
    alias(
        "ubuntu-cloud-keyring",
        [],
        "Key of Ubuntu's cloud archive\n The lab's archive needs none; this package is empty.",
    ),
    {
        ...alias("novnc", [], "Browser client of consoles\n The lab carries none; a page in its place says so."),
        files: { "usr/share/novnc/vnc_auto.html": "novnc.html" },
    },
];

/** Debian's own packages that nodes install, with their dependencies. */
export const debianPackages: readonly string[] = [
    "mariadb-server",
    "rabbitmq-server",
    "ntp",
    "tgt",
    "lvm2",
    "open-iscsi",
    "dnsmasq-base",
    "dnsmasq-utils",
    "ebtables",
    "conntrack",
    "iputils-arping",
    "bridge-utils",
    "vlan",
    "libvirt-daemon-system",
    "libvirt-clients",
    "libvirt-daemon-driver-qemu",
    "qemu-system-x86",
    "qemu-utils",
    "qemu-block-extra",
    "genisoimage",
    "memcached",
    "sqlite3",
    "iptables",
    "sudo",
    "tcpdump",
];
