import type { NodeName } from "../config/nodes";
import type { CloudFacts, ConfigFile, Release } from "./release";
import { grizzlyPages } from "./dashboard";
import {
    authtoken,
    cinderOptions,
    dashboardFiles,
    databaseUrl,
    glanceFiles,
    keystoneFiles,
    networkOptions,
    none,
    novaApiServices,
    novaNetworkService,
    rabbit,
    readableBy,
    schemas,
    tutorialCatalogue,
    vncOptions,
} from "./tutorial";

/** OpenStack 2013.1 from the cloud archive on Ubuntu 12.04: the tutorial to the letter, and what it forgets on compute nodes. */

const middleware = { "paste.filter_factory": "keystoneclient.middleware.auth_token:filter_factory" };
const rootHelper = "sudo nova-rootwrap /etc/nova/rootwrap.conf";

const novaSecrets = (cloud: CloudFacts): Record<string, string> => ({
    sql_connection: databaseUrl(cloud, "nova"),
    ...rabbit(cloud).password,
});

/** What api-node and compute nodes have in common. */
const novaOptions = (cloud: CloudFacts, node: NodeName): Record<string, string> => ({
    logdir: "/var/log/nova",
    state_path: "/var/lib/nova",
    verbose: "True",
    root_helper: rootHelper,
    ...rabbit(cloud).host,
    use_deprecated_auth: "false",
    auth_strategy: "keystone",
    glance_api_servers: `${cloud.plan.node("image-node").internalAddress}:9292`,
    image_service: "nova.image.glance.GlanceImageService",
    novnc_enabled: "true",
    ...vncOptions(cloud, node),
    compute_driver: "libvirt.LibvirtDriver",
});

const apiServices = [
    "nova-api",
    "nova-conductor",
    "nova-scheduler",
    "nova-consoleauth",
    "nova-cert",
    "nova-novncproxy",
];

export const grizzly: Release = {
    name: "grizzly",
    archive: ({ archiveUrl }) => ({
        archive: "grizzly",
        line: `deb ${archiveUrl ?? "http://ubuntu-cloud.archive.canonical.com/ubuntu"} precise-updates/grizzly main`,
        keyringPackage: "ubuntu-cloud-keyring",
    }),
    // OpenSSH 5.9, and the course's hosts with Scientific Linux 6 have an older one.
    ssh: {
        hostKey: "ecdsa",
        userKeys: ["ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
        rsaSha1: true,
    },
    seed: "cloud-init 0.6",
    // Ubuntu's mirrors have 12.04 no more. Its daily cron job would hold apt's lock, and put other packages in place of the course's.
    base: {
        archiveUrl: "http://old-releases.ubuntu.com/ubuntu",
        suites: ["precise", "precise-updates", "precise-security"],
        components: "main universe",
        settings: ['APT::Periodic::Enable "0";'],
    },
    // The digest is from Canonical's signed index of images (com.ubuntu.cloud:released:download), of 265093632 bytes.
    goldenImage: {
        url: "http://cloud-images-archive.ubuntu.com/releases/precise/release-20161020.1/ubuntu-12.04-server-cloudimg-amd64-disk1.img",
        sha256: "7acffa344f0bade0f96ad4862c3294c5b70fbe5189c4a8c9053767e8d3f41cb8",
    },
    // The tutorial's address. The digest is from cirros' own index of images (net.cirros-cloud:released:download), which has it beside
    // the MD5 that the tutorial prints, of 9761280 bytes.
    image: {
        url: "https://launchpad.net/cirros/trunk/0.3.0/+download/cirros-0.3.0-x86_64-disk.img",
        sha256: "648782e9287288630250d07531fed9944ecc3986764a6664f0bf6c050ec06afd",
    },
    recommends: true,
    common: { packages: ["ntp"], config: none, sync: [], services: [{ service: "ntp" }] },
    database: {
        packages: ["mysql-server", "python-mysqldb"],
        config: ({ plan }) => [
            {
                key: "my-cnf",
                path: "/etc/mysql/my.cnf",
                readBy: ["mysql"],
                options: { mysqld: { "bind-address": plan.node("db-node").internalAddress } },
            },
        ],
        sync: [],
        services: [{ service: "mysql", port: 3306 }],
    },
    queue: {
        packages: ["rabbitmq-server"],
        config: none,
        sync: [],
        services: [{ service: "rabbitmq-server", port: 5672 }],
    },
    databases: { keystone: ["keystone"], glance: ["glance"], cinder: ["cinder"], nova: ["nova"] },
    keystone: {
        packages: ["keystone", "python-mysqldb"],
        config: keystoneFiles,
        sync: [
            schemas.keystone,
            {
                // Tokens are signed; some builds of the package make the keys themselves.
                step: "keystone-pki-setup",
                command:
                    "[ -e /etc/keystone/ssl/certs/signing_cert.pem ] || keystone-manage pki_setup --keystone-user keystone --keystone-group keystone",
            },
        ],
        services: [{ service: "keystone", port: 35357 }],
    },
    // What is known of who logs in, and every option of its own, groups of options included.
    endpointUrls: {
        texts: [
            "tenant_id",
            "user_id",
            "admin_token",
            "bind_host",
            "public_endpoint",
            "admin_endpoint",
            "onready",
            "auth_admin_prefix",
            "policy_file",
            "policy_default_rule",
            "member_role_id",
            "member_role_name",
            "log_config",
            "log_format",
            "log_date_format",
            "log_file",
            "log_dir",
            "syslog_log_facility",
            "pydev_debug_host",
            "config_file",
            "config_dir",
            ...["identity", "trust", "ssl", "signing", "sql", "catalog", "policy", "token", "ec2", "stats"],
            ...["ldap", "pam", "auth"],
        ],
        numbers: [
            "compute_port",
            "admin_port",
            "public_port",
            "max_request_body_size",
            "max_param_size",
            "max_token_size",
            "debug",
            "verbose",
            "use_syslog",
            "standard_threads",
            "pydev_debug_port",
        ],
    },
    asciiNames: true,
    glance: {
        packages: ["glance", "python-mysqldb"],
        config: cloud =>
            glanceFiles(cloud, { api: { ...middleware, delay_auth_decision: "true" }, registry: middleware }),
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
            const identity = {
                service_protocol: "http",
                service_host: cloud.plan.node("auth-node").internalAddress,
                service_port: "5000",
            };
            return [
                {
                    key: "cinder-paste",
                    path: "/etc/cinder/api-paste.ini",
                    ...readableBy("cinder"),
                    readBy: ["cinder-api"],
                    ...authtoken(cloud, "cinder", { ...middleware, ...identity, signing_dir: "/var/lib/cinder" }),
                },
                {
                    key: "cinder-conf",
                    path: "/etc/cinder/cinder.conf",
                    ...readableBy("cinder"),
                    readBy: ["cinder-api", "cinder-scheduler", "cinder-volume"],
                    options: { DEFAULT: { ...common, ...volumes, verbose: "True" } },
                    secretOptions: { DEFAULT: secret },
                },
            ];
        },
        sync: [schemas.cinder],
        services: [
            { service: "open-iscsi", process: "iscsid", worksAlone: true },
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
            "euca2ools",
        ],
        config: cloud => {
            const api = cloud.plan.node("api-node"),
                auth = cloud.plan.node("auth-node");
            return [
                // The version is set for https://bugs.launchpad.net/nova/+bug/1154809.
                {
                    key: "nova-paste",
                    path: "/etc/nova/api-paste.ini",
                    ...readableBy("nova"),
                    readBy: ["nova-api"],
                    ...authtoken(cloud, "nova", { ...middleware, auth_version: "v2.0" }),
                },
                {
                    key: "nova-conf",
                    path: "/etc/nova/nova.conf",
                    ...readableBy("nova"),
                    readBy: apiServices,
                    options: {
                        DEFAULT: {
                            ...novaOptions(cloud, "api-node"),
                            lock_path: "/var/lock/nova",
                            dhcpbridge_flagfile: "/etc/nova/nova.conf",
                            dhcpbridge: "/usr/bin/nova-dhcpbridge",
                            force_dhcp_release: "True",
                            iscsi_helper: "tgtadm",
                            volumes_path: "/var/lib/nova/volumes",
                            volume_api_class: "nova.volume.cinder.API",
                            osapi_volume_listen_port: "5900",
                            libvirt_use_virtio_for_bridges: "True",
                            connection_type: "libvirt",
                            ec2_private_dns_show_ip: "True",
                            api_paste_config: "/etc/nova/api-paste.ini",
                            enabled_apis: "ec2,osapi_compute,metadata",
                            nova_url: `http://${api.internalAddress}:8774/v1.1/`,
                            keystone_ec2_url: `http://${auth.publicName}:5000/v2.0/ec2tokens`,
                        },
                    },
                    secretOptions: { DEFAULT: novaSecrets(cloud) },
                },
            ];
        },
        sync: [schemas.nova],
        services: novaApiServices,
    },
    dashboard: {
        packages: ["openstack-dashboard"],
        config: cloud => dashboardFiles(cloud, "apache2"),
        sync: [],
        services: [{ service: "apache2", port: 80 }],
    },
    pages: grizzlyPages,
    novaNetwork: {
        packages: ["nova-network", "ebtables", "nova-api-metadata"],
        config: cloud => [
            {
                key: "nova-conf",
                path: "/etc/nova/nova.conf",
                ...readableBy("nova"),
                readBy: ["nova-network", "nova-api-metadata"],
                options: { DEFAULT: { ...networkOptions(cloud), ...rabbit(cloud).host } },
                secretOptions: { DEFAULT: novaSecrets(cloud) },
            },
        ],
        sync: [],
        services: [novaNetworkService, { service: "nova-api-metadata", port: 8775 }],
    },
    novaCompute: {
        packages: ["nova-compute-qemu"],
        config: (cloud, node): ConfigFile[] => [
            {
                key: "nova-conf",
                path: "/etc/nova/nova.conf",
                ...readableBy("nova"),
                readBy: ["nova-compute"],
                options: {
                    DEFAULT: {
                        ...novaOptions(cloud, node),
                        lock_path: "/run/lock/nova",
                        // The tutorial leaves these two at their defaults. By the first a resize looks for the other compute node at its
                        // address in the NAT network (T10); by the other nova asks cinder in the public network, where no compute node is (T9).
                        my_ip: cloud.plan.node(node).internalAddress,
                        cinder_catalog_info: "volume:cinder:internalURL",
                    },
                },
                secretOptions: { DEFAULT: novaSecrets(cloud) },
            },
            {
                key: "nova-compute-conf",
                path: "/etc/nova/nova-compute.conf",
                ...readableBy("nova"),
                readBy: ["nova-compute"],
                options: {
                    DEFAULT: {
                        libvirt_type: cloud.libvirtType,
                        ...(cloud.libvirtType === "qemu" && { libvirt_cpu_mode: "none" }),
                    },
                },
            },
        ],
        // Ubuntu's package gives its account /bin/false, and sshd starts an account's own shell: a resize's ssh would fail (T10).
        sync: [{ step: "nova-shell", command: "usermod -s /bin/sh nova" }],
        services: [
            { service: "libvirt-bin", worksAlone: true },
            { service: "nova-compute", queue: true },
        ],
    },
    certificates: {
        step: "token-certificates",
        // Wherever the middleware puts them: by its default, by the packages' files, by the tutorial's. Anybody may put a
        // folder, or a link to one, into /tmp: find follows none, and removes a file in the very folder that it has looked into.
        command: String.raw`find /tmp /var/lib -ignore_readdir_race -mindepth 2 -maxdepth 3 -type f -regex '\(/tmp/keystone-signing-[^/]*\|/var/lib/[^/]*/keystone-signing\|/var/lib/cinder\)/\(signing_cert\|cacert\|revoked\)\.pem' -delete`,
    },
    catalogue: tutorialCatalogue,
    ec2: true,
    // Nova brings the tutorial's five itself.
    missingFlavors: [],
};
