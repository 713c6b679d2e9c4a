import type { Connection } from "../clients/connection";
import type { CloudAccess } from "../clients/identity";
import { quote } from "../clients/ssh";
import { type AddressPlan, networkSize } from "../config/address-plan";
import type { NodeName } from "../config/nodes";
import {
    type AccountName,
    type Credentials,
    databasePassword,
    servicePassword,
    type ServiceName,
} from "../config/credentials";
import type {
    CatalogueService,
    CloudFacts,
    ConfigFile,
    FlavorFacts,
    Sections,
    ServiceFacts,
    SyncStep,
} from "./release";

/** What the tutorial says whatever the release: options with their addresses, schemas, catalogue, flavors. */

/** For software that has no files of its own to write. */
export const none = (): ConfigFile[] => [];

/** A service's account in the database (D3). */
export const databaseAccount = (service: ServiceName): string => `${service}User`;

/** `mysql://user:password@10.0.0.3/database` */
export function databaseUrl(cloud: CloudFacts, service: ServiceName, database: string = service): string {
    return `mysql://${databaseAccount(service)}:${encodeURIComponent(cloud.credentials[databasePassword(service)])}@${cloud.plan.node("db-node").internalAddress}/${database}`;
}

/** A value in oslo.config's files: a dollar sign alone would begin a reference to another option. */
export const literal = (value: string): string => value.replace(/\$/g, "$$$$");

/** The options that every service finds its message queue by; guest is who it comes as where nothing is said (D2). */
export const rabbit = (cloud: CloudFacts): { host: Record<string, string>; password: Record<string, string> } => ({
    host: {
        rabbit_host: cloud.plan.node("db-node").internalAddress,
        ...(cloud.queueUser !== "guest" && { rabbit_userid: cloud.queueUser }),
    },
    password: { rabbit_password: literal(cloud.credentials.rabbitPassword) },
});

const authtokenSection = "filter:authtoken";

/** [filter:authtoken] as the tutorial writes it into each service's paste file; `more` is what a release wants beside it. */
export function authtoken(
    cloud: CloudFacts,
    user: AccountName,
    more: Record<string, string> = {},
): { options: Sections; secretOptions: Sections } {
    return {
        options: {
            [authtokenSection]: {
                ...more,
                auth_host: cloud.plan.node("auth-node").internalAddress,
                auth_port: "35357",
                auth_protocol: "http",
                admin_tenant_name: "service",
                admin_user: user,
            },
        },
        secretOptions: { [authtokenSection]: { admin_password: cloud.credentials[servicePassword(user)] } },
    };
}

/** A command of a service's own user: root's would leave logs that the service cannot write. */
export const asUser = (user: string, command: string): string => `su -s /bin/sh -c '${command}' ${user}`;

/** The schemas of the tutorial's services (K1, G1, C2, V1). */
export const schemas = {
    keystone: { step: "keystone-db-sync", command: asUser("keystone", "keystone-manage db_sync") },
    glance: { step: "glance-db-sync", command: asUser("glance", "glance-manage db_sync") },
    cinder: { step: "cinder-db-sync", command: asUser("cinder", "cinder-manage db sync"), timeoutSeconds: 900 },
    nova: { step: "nova-db-sync", command: asUser("nova", "nova-manage db sync") },
} as const satisfies Record<string, SyncStep>;

/**
 * Of a file with passwords in it: its service reads it, as a member of its group, and cannot change it. Debian's packages
 * have had it so since 2015; those of 2013 make most files the service's own, and some of them readable by everybody.
 */
export const readableBy = (group: string): Pick<ConfigFile, "owner" | "group" | "mode"> => ({
    owner: "root",
    group,
    mode: "0640",
});

/** keystone.conf (K1). */
export const keystoneFiles = (cloud: CloudFacts): ConfigFile[] => [
    {
        key: "keystone-conf",
        path: "/etc/keystone/keystone.conf",
        ...readableBy("keystone"),
        readBy: ["keystone"],
        options: {},
        secretOptions: {
            DEFAULT: { admin_token: literal(cloud.credentials.adminToken) },
            sql: { connection: databaseUrl(cloud, "keystone") },
        },
    },
];

/** Both services' paste and configuration files (G1); `paste` is what a release wants in each [filter:authtoken] beside the account. */
export const glanceFiles = (
    cloud: CloudFacts,
    paste: Partial<Record<"api" | "registry", Record<string, string>>> = {},
): ConfigFile[] =>
    (["api", "registry"] as const).flatMap(part => {
        const readBy = [`glance-${part}`];
        return [
            {
                key: `glance-${part}-paste`,
                path: `/etc/glance/glance-${part}-paste.ini`,
                ...readableBy("glance"),
                readBy,
                ...authtoken(cloud, "glance", paste[part]),
            },
            {
                key: `glance-${part}-conf`,
                path: `/etc/glance/glance-${part}.conf`,
                ...readableBy("glance"),
                readBy,
                options: {
                    ...(part === "api" && { DEFAULT: rabbit(cloud).host }),
                    paste_deploy: { flavor: "keystone" },
                },
                secretOptions: {
                    DEFAULT: {
                        sql_connection: databaseUrl(cloud, "glance"),
                        ...(part === "api" ? rabbit(cloud).password : {}),
                    },
                },
            },
        ];
    });

/** cinder.conf's [DEFAULT] but for the volumes, and the volumes: newer releases give those a section of their own (C2). */
export const cinderOptions = (
    cloud: CloudFacts,
): { common: Record<string, string>; volumes: Record<string, string>; secret: Record<string, string> } => ({
    common: {
        rootwrap_config: "/etc/cinder/rootwrap.conf",
        api_paste_config: "/etc/cinder/api-paste.ini",
        auth_strategy: "keystone",
        state_path: "/var/lib/cinder",
        lock_path: "/var/lock/cinder",
        ...rabbit(cloud).host,
    },
    volumes: {
        iscsi_helper: "tgtadm",
        volume_group: "cinder-volumes",
        volume_name_template: "volume-%s",
        volumes_dir: "/var/lib/cinder/volumes",
        iscsi_ip_address: cloud.plan.node("volume-node").internalAddress,
    },
    secret: { sql_connection: databaseUrl(cloud, "cinder"), ...rabbit(cloud).password },
});

/** Where instances' consoles are shown (V1, P1). */
export const vncOptions = ({ plan }: CloudFacts, node: NodeName): Record<string, string> => ({
    novncproxy_base_url: `http://${plan.node("api-node").internalAddress}:6080/vnc_auto.html`,
    novncproxy_port: "6080",
    vncserver_proxyclient_address: plan.node(node).internalAddress,
    vncserver_listen: "0.0.0.0",
});

/** nova-network's own options (W1). */
export const networkOptions = ({ plan }: CloudFacts): Record<string, string> => ({
    network_manager: "nova.network.manager.FlatDHCPManager",
    force_dhcp_release: "True",
    firewall_driver: "nova.virt.libvirt.firewall.IptablesFirewallDriver",
    flat_network_bridge: "br100",
    // The tutorial's 10.99.0.10, wherever the fixed range begins.
    fixed_range: plan.ranges.fixed,
    flat_network_dhcp_start: plan.fixedAddress(10),
    network_size: String(networkSize),
    auto_assign_floating_ip: "true",
    default_floating_pool: "public",
    public_interface: "eth2",
});

/** nova-network, with the dnsmasq that it starts for each network that it has set up. */
export const novaNetworkService: ServiceFacts = {
    service: "nova-network",
    queue: true,
    dnsmasqs: "/var/lib/nova/networks",
};

/** Nova's services on api-node (V1). */
export const novaApiServices: readonly ServiceFacts[] = [
    { service: "nova-conductor", queue: true },
    { service: "nova-api", port: 8774 },
    { service: "nova-scheduler", queue: true },
    { service: "nova-consoleauth", queue: true },
    { service: "nova-cert", queue: true },
    { service: "nova-novncproxy", port: 6080 },
];

/** Where the dashboard finds identity (V2). */
export const dashboardFiles = ({ plan }: CloudFacts, service: string): ConfigFile[] => [
    {
        key: "dashboard-settings",
        path: "/etc/openstack-dashboard/local_settings.py",
        readBy: [service],
        options: { "": { OPENSTACK_HOST: `"${plan.node("auth-node").publicName}"` } },
    },
];

/** URLs of an endpoint from what follows the node in them: public and admin by the node's public name, internal by its address. */
export const urlsIn =
    (plan: AddressPlan) =>
    (node: NodeName, rest: string, admin = rest): CatalogueService["url"] => {
        const { publicName, internalAddress } = plan.node(node);
        return {
            public: `http://${publicName}:${rest}`,
            admin: `http://${publicName}:${admin}`,
            internal: `http://${internalAddress}:${rest}`,
        };
    };

/** The tutorial's services and endpoints (K6). */
export function tutorialCatalogue(plan: AddressPlan): CatalogueService[] {
    const url = urlsIn(plan);
    return [
        {
            user: "glance",
            name: "glance",
            type: "image",
            description: "Glance Image Service",
            url: url("image-node", "9292/v2"),
        },
        {
            user: "cinder",
            name: "cinder",
            type: "volume",
            description: "Volume Service of OpenStack",
            url: url("volume-node", "8776/v1/$(tenant_id)s"),
        },
        {
            user: "nova",
            name: "nova",
            type: "compute",
            description: "Compute Service of OpenStack",
            url: url("api-node", "8774/v2/$(tenant_id)s"),
        },
        {
            name: "ec2",
            type: "ec2",
            description: "EC2 service of OpenStack",
            url: url("api-node", "8773/services/Cloud", "8773/services/Admin"),
        },
    ];
}

/** Grizzly's own five flavors. */
export const tutorialFlavors: readonly FlavorFacts[] = [
    { flavorId: "1", name: "m1.tiny", ram: 512, disk: 0, vcpus: 1 },
    { flavorId: "2", name: "m1.small", ram: 2048, disk: 20, vcpus: 1 },
    { flavorId: "3", name: "m1.medium", ram: 4096, disk: 40, vcpus: 2 },
    { flavorId: "4", name: "m1.large", ram: 8192, disk: 80, vcpus: 4 },
    { flavorId: "5", name: "m1.xlarge", ram: 16384, disk: 160, vcpus: 8 },
];

/** What one logs in by as the cloud's admin. */
export interface AdminFacts {
    plan: AddressPlan;
    credentials: Pick<Credentials, "adminPassword">;
}

/** The cloud's admin in the tenant of his name (K3); `via` is the physical host that requests start from. */
export function adminAccess({ plan, credentials }: AdminFacts, via: Connection): CloudAccess {
    return {
        via,
        identityHost: plan.node("auth-node").publicAddress!,
        adminPort: 35357,
        publicPort: 5000,
        username: "admin",
        password: credentials.adminPassword,
        tenant: "admin",
    };
}

/** What the tutorial has the user export (K8). */
export function openrc({ plan, credentials }: AdminFacts): string {
    return [
        "export OS_USERNAME=admin",
        `export OS_PASSWORD=${quote(credentials.adminPassword)}`,
        "export OS_TENANT_NAME=admin",
        `export OS_AUTH_URL=http://${plan.node("auth-node").publicName}:5000/v2.0`,
        "",
    ].join("\n");
}

/** What the tutorial has the user export for euca2ools; the keys are keystone's, and root runs the file. */
export const ec2rc = (plan: AddressPlan, { access, secret }: { access: string; secret: string }): string =>
    [
        `export EC2_ACCESS_KEY=${quote(access)}`,
        `export EC2_SECRET_KEY=${quote(secret)}`,
        `export EC2_URL=http://${plan.node("api-node").publicName}:8773/services/Cloud`,
        "",
    ].join("\n");
