import type { NodeName } from "../config/nodes";
import { pikePages } from "./dashboard";
import {
    asUser,
    authtoken,
    cinderOptions,
    dashboardFiles,
    databaseUrl,
    glanceFiles,
    keystoneFiles,
    literal,
    networkOptions,
    none,
    novaApiServices,
    novaNetworkService,
    rabbit,
    readableBy,
    schemas,
    tutorialCatalogue,
    tutorialFlavors,
    urlsIn,
    vncOptions,
} from "./tutorial";
import type { CloudFacts, ConfigFile, Release, Sections, SyncStep } from "./release";

/**
 * Nova 15 and cinder 10 (Ocata) with keystone 12, glance 15 and horizon 12 (Pike): the last that speak the tutorial's
 * APIs. Options keep their 2013 spelling wherever these still read it; what has no effect any more is left out.
 */

const novaBase = (cloud: CloudFacts, node: NodeName): Record<string, string> => ({
    logdir: "/var/log/nova",
    state_path: "/var/lib/nova",
    lock_path: "/var/lock/nova",
    my_ip: cloud.plan.node(node).internalAddress,
    auth_strategy: "keystone",
    ...rabbit(cloud).host,
});
const novaSecrets = (cloud: CloudFacts): Sections => ({
    DEFAULT: { sql_connection: databaseUrl(cloud, "nova"), ...rabbit(cloud).password },
    api_database: { connection: databaseUrl(cloud, "nova", "nova_api") },
    placement: { password: literal(cloud.credentials.placementUser) },
});
/** Every nova since Ocata asks placement. */
const placement = (cloud: CloudFacts): Sections => ({
    placement: {
        auth_type: "password",
        auth_url: `http://${cloud.plan.node("auth-node").internalAddress}:35357/v2.0`,
        username: "placement",
        project_name: "service",
        os_region_name: "RegionOne",
        // Compute nodes have no address in the public network.
        os_interface: "internal",
    },
});
const glanceAndVnc = (
    cloud: CloudFacts,
    node: NodeName,
): { DEFAULT: Record<string, string>; glance: Record<string, string> } => ({
    DEFAULT: {
        ...vncOptions(cloud, node),
        // Its nova no longer speaks the tutorial's v1 to cinder.
        cinder_catalog_info: "volumev2:cinderv2:internalURL",
        compute_driver: "libvirt.LibvirtDriver",
    },
    glance: { api_servers: `http://${cloud.plan.node("image-node").internalAddress}:9292` },
});

const apiServices = [
    "nova-api",
    "nova-conductor",
    "nova-scheduler",
    "nova-consoleauth",
    "nova-cert",
    "nova-novncproxy",
    "nova-placement-api",
];

const cell0 = "00000000-0000-0000-0000-000000000000";
/**
 * A step about a cell: nova keeps in its database how it finds the cell's database and queue, passwords included.
 * @param command has `cells`, nova's own command about them, which finds what it is to write into the database in the file $f
 */
const cell = (
    command: string,
    urls: (cloud: CloudFacts) => Record<string, string>,
): Pick<SyncStep, "command" | "input"> => ({
    command: `f=$(mktemp); trap 'rm -f "$f"' EXIT; cat > "$f"; chown nova "$f"
cells() { su -s /bin/sh -c "nova-manage --config-file /etc/nova/nova.conf --config-file $f cell_v2 $*" nova; }
${command}`,
    input: cloud =>
        ["[DEFAULT]", ...Object.entries(urls(cloud)).map(([option, url]) => `${option} = ${url}`), ""].join("\n"),
});

export const ocata: Release = {
    name: "ocata",
    ssh: { hostKey: "ed25519" },
    seed: "script",
    archive: ({ archiveUrl = "", archiveKey }) => ({
        archive: "openstack",
        line: `deb ${archiveUrl} ./`,
        ...(archiveKey !== undefined && { key: archiveKey }),
    }),
    common: { packages: ["ntp"], config: none, sync: [], services: [{ service: "ntp" }] },
    database: {
        packages: ["mysql-server", "python-mysqldb"],
        config: cloud => [
            {
                key: "my-cnf",
                path: "/etc/mysql/my.cnf",
                readBy: ["mysql"],
                options: {
                    mysqld: { "bind-address": cloud.plan.node("db-node").internalAddress, max_connections: "500" },
                },
            },
        ],
        sync: [],
        services: [{ service: "mysql", port: 3306 }],
    },
    queue: {
        packages: ["rabbitmq-server"],
        // Newer servers let guest in from their own machine alone.
        config: () => [
            {
                key: "rabbitmq-conf",
                path: "/etc/rabbitmq/rabbitmq.conf",
                readBy: ["rabbitmq-server"],
                options: { "": { loopback_users: "none" } },
            },
        ],
        sync: [],
        services: [{ service: "rabbitmq-server", port: 5672 }],
    },
    databases: {
        keystone: ["keystone"],
        glance: ["glance"],
        cinder: ["cinder"],
        nova: ["nova", "nova_api", "nova_cell0"],
    },
    keystone: {
        packages: ["keystone", "python-mysqldb"],
        config: keystoneFiles,
        sync: [schemas.keystone],
        services: [{ service: "keystone", port: 35357 }],
    },
    endpointUrls: {
        texts: [
            "tenant_id",
            "project_id",
            "user_id",
            "public_bind_host",
            "admin_bind_host",
            "compute_host",
            "public_endpoint",
            "admin_endpoint",
        ],
        numbers: ["admin_port", "public_port"],
    },
    glance: {
        packages: ["glance", "python-mysqldb"],
        config: cloud => glanceFiles(cloud),
        sync: [schemas.glance],
        services: [
            { service: "glance-registry", port: 9191 },
            { service: "glance-api", port: 9292 },
        ],
    },
    cinder: {
        packages: [
            "cinder-api",
            "cinder-scheduler",
            "cinder-volume",
            "open-iscsi",
            "python-mysqldb",
            "python-cinderclient",
        ],
        config: cloud => {
            const { common, volumes, secret } = cinderOptions(cloud);
            return [
                {
                    key: "cinder-paste",
                    path: "/etc/cinder/api-paste.ini",
                    ...readableBy("cinder"),
                    readBy: ["cinder-api"],
                    ...authtoken(cloud, "cinder"),
                },
                {
                    key: "cinder-conf",
                    path: "/etc/cinder/cinder.conf",
                    ...readableBy("cinder"),
                    readBy: ["cinder-api", "cinder-scheduler", "cinder-volume"],
                    options: {
                        DEFAULT: {
                            ...common,
                            my_ip: cloud.plan.node("volume-node").internalAddress,
                            enabled_backends: "lvm",
                            glance_api_servers: `http://${cloud.plan.node("image-node").internalAddress}:9292`,
                        },
                        // Back ends have had sections of their own since 2016.
                        lvm: {
                            volume_driver: "cinder.volume.drivers.lvm.LVMVolumeDriver",
                            volume_backend_name: "lvm",
                            ...volumes,
                        },
                    },
                    secretOptions: { DEFAULT: secret },
                },
            ];
        },
        sync: [schemas.cinder],
        services: [
            { service: "tgt", worksAlone: true },
            { service: "cinder-api", port: 8776 },
            { service: "cinder-scheduler", queue: true },
            { service: "cinder-volume", queue: true },
        ],
    },
    novaApi: {
        packages: [
            "nova-api",
            "nova-cert",
            "novnc",
            "nova-consoleauth",
            "nova-scheduler",
            "nova-novncproxy",
            "nova-doc",
            "nova-conductor",
            "nova-placement-api",
            "python-mysqldb",
        ],
        config: cloud => {
            const { DEFAULT, glance } = glanceAndVnc(cloud, "api-node");
            return [
                {
                    key: "nova-paste",
                    path: "/etc/nova/api-paste.ini",
                    ...readableBy("nova"),
                    readBy: ["nova-api"],
                    ...authtoken(cloud, "nova"),
                },
                {
                    key: "nova-conf",
                    path: "/etc/nova/nova.conf",
                    ...readableBy("nova"),
                    readBy: apiServices,
                    options: {
                        DEFAULT: {
                            ...novaBase(cloud, "api-node"),
                            ...DEFAULT,
                            api_paste_config: "/etc/nova/api-paste.ini",
                            enabled_apis: "osapi_compute,metadata",
                            network_manager: "nova.network.manager.FlatDHCPManager",
                            default_floating_pool: "public",
                        },
                        glance,
                        ...placement(cloud),
                        // A rebuilt compute node is known to the scheduler again without anybody's doing.
                        scheduler: { discover_hosts_in_cells_interval: "60" },
                    },
                    secretOptions: novaSecrets(cloud),
                },
            ];
        },
        sync: [
            { step: "nova-api-db-sync", command: asUser("nova", "nova-manage api_db sync") },
            {
                step: "nova-cell0",
                ...cell(
                    `${asUser("nova", "nova-manage cell_v2 map_cell0")}\ncells update_cell --cell_uuid ${cell0}`,
                    cloud => ({ sql_connection: databaseUrl(cloud, "nova", "nova_cell0") }),
                ),
            },
            schemas.nova,
            {
                step: "nova-cell1",
                ...cell(
                    `list=$(cells list_cells)
uuid=$(printf '%s\\n' "$list" | sed -n 's/^| *cell1 *| *\\([0-9a-f-]*\\) .*/\\1/p')
if [ -n "$uuid" ]; then cells update_cell --cell_uuid $uuid; else cells create_cell --name cell1; fi`,
                    cloud => ({
                        transport_url: `rabbit://${cloud.queueUser}:${encodeURIComponent(cloud.credentials.rabbitPassword)}@${cloud.plan.node("db-node").internalAddress}:5672/`,
                        sql_connection: databaseUrl(cloud, "nova"),
                    }),
                ),
                restarts: apiServices,
            },
        ],
        services: [{ service: "nova-placement-api", port: 8778 }, ...novaApiServices],
    },
    dashboard: {
        packages: ["openstack-dashboard"],
        config: cloud =>
            dashboardFiles(cloud, "openstack-dashboard").map(file => ({ ...file, ...readableBy("horizon") })),
        sync: [],
        services: [{ service: "openstack-dashboard", port: 80 }],
    },
    pages: pikePages,
    novaNetwork: {
        packages: ["nova-network", "ebtables", "nova-api-metadata", "python-mysqldb"],
        config: cloud => [
            {
                key: "nova-paste",
                path: "/etc/nova/api-paste.ini",
                ...readableBy("nova"),
                readBy: ["nova-api-metadata"],
                ...authtoken(cloud, "nova"),
            },
            {
                key: "nova-conf",
                path: "/etc/nova/nova.conf",
                ...readableBy("nova"),
                readBy: ["nova-network", "nova-api-metadata"],
                options: {
                    DEFAULT: {
                        ...novaBase(cloud, "network-node"),
                        dhcpbridge: "/usr/bin/nova-dhcpbridge",
                        dhcpbridge_flagfile: "/etc/nova/nova.conf",
                        ...networkOptions(cloud),
                    },
                    // Newer ones have the instance's host give an address back, where no nova-network is: each deletion would fail after a minute.
                    upgrade_levels: { network: "1.16" },
                    ...placement(cloud),
                },
                secretOptions: novaSecrets(cloud),
            },
        ],
        sync: [],
        services: [novaNetworkService, { service: "nova-api-metadata", port: 8775 }],
    },
    novaCompute: {
        packages: ["nova-compute-qemu"],
        config: (cloud, node): ConfigFile[] => {
            const { DEFAULT, glance } = glanceAndVnc(cloud, node);
            return [
                {
                    key: "nova-conf",
                    path: "/etc/nova/nova.conf",
                    ...readableBy("nova"),
                    readBy: ["nova-compute"],
                    options: {
                        DEFAULT: {
                            ...novaBase(cloud, node),
                            ...DEFAULT,
                            network_manager: "nova.network.manager.FlatDHCPManager",
                            flat_network_bridge: "br100",
                            firewall_driver: "nova.virt.libvirt.firewall.IptablesFirewallDriver",
                        },
                        glance,
                        ...placement(cloud),
                    },
                    secretOptions: novaSecrets(cloud),
                },
                {
                    key: "nova-compute-conf",
                    path: "/etc/nova/nova-compute.conf",
                    ...readableBy("nova"),
                    readBy: ["nova-compute"],
                    options: {
                        libvirt: {
                            virt_type: cloud.libvirtType,
                            ...(cloud.libvirtType === "qemu" && { cpu_mode: "none" }),
                        },
                    },
                },
            ];
        },
        sync: [],
        services: [
            { service: "libvirtd", worksAlone: true },
            { service: "nova-compute", queue: true },
        ],
    },
    computeDiscovery: { step: "nova-discover-hosts", command: asUser("nova", "nova-manage cell_v2 discover_hosts") },
    catalogue: plan => [
        ...tutorialCatalogue(plan),
        // The dashboard speaks v2 alone: sent to v1, its way to ask for a page finds no volumes, and its names get lost.
        {
            name: "cinderv2",
            type: "volumev2",
            description: "Volume Service of OpenStack, v2",
            url: urlsIn(plan)("volume-node", "8776/v2/$(tenant_id)s"),
        },
        {
            user: "placement",
            name: "placement",
            type: "placement",
            description: "Placement Service of OpenStack",
            url: urlsIn(plan)("api-node", "8778"),
        },
    ],
    missingFlavors: tutorialFlavors,
};
