import type { Connection } from "../clients/connection";
import type { CloudAccess } from "../clients/identity";
import type { AddressPlan } from "../config/address-plan";
import type { NodeName } from "../config/nodes";
import type { CatalogueService, CloudFacts, FlavorFacts, Sections, ServiceName } from "./release";

/** What the tutorial says whatever the release: addresses in options, catalogue, flavors. */

const accounts: Readonly<Record<ServiceName, string>> = { keystone: "keystoneUser", glance: "glanceUser", cinder: "cinderUser", nova: "novaUser" };
/** A service's account in the database (D3). */
export const databaseAccount = (service: ServiceName): string => accounts[service];

export const databasePassword = ({ credentials }: Pick<CloudFacts, "credentials">, service: ServiceName): string =>
    ({ keystone: credentials.keystoneDatabase, glance: credentials.glanceDatabase, cinder: credentials.cinderDatabase, nova: credentials.novaDatabase })[service];

/** `mysql://user:password@10.0.0.3/database` */
export function databaseUrl(cloud: CloudFacts, service: ServiceName, database: string = service): string {
    return `mysql://${databaseAccount(service)}:${encodeURIComponent(databasePassword(cloud, service))}@${cloud.plan.node("db-node").internalAddress}/${database}`;
}

/** The options that every service finds its message queue by; rabbit's user is the tutorial's guest (D2). */
export const rabbit = (cloud: CloudFacts): { host: Record<string, string>; password: Record<string, string> } => ({
    host: { rabbit_host: cloud.plan.node("db-node").internalAddress },
    password: { rabbit_password: cloud.credentials.rabbitPassword },
});

/** [filter:authtoken] as the tutorial writes it into each service's paste file. */
export function authtoken(cloud: CloudFacts, user: "glance" | "cinder" | "nova", section = "filter:authtoken"): { options: Sections; secretOptions: Sections } {
    const password = { glance: cloud.credentials.glanceUser, cinder: cloud.credentials.cinderUser, nova: cloud.credentials.novaUser }[user];
    return {
        options: { [section]: { auth_host: cloud.plan.node("auth-node").internalAddress, auth_port: "35357", auth_protocol: "http", admin_tenant_name: "service", admin_user: user } },
        secretOptions: { [section]: { admin_password: password } },
    };
}

/** URLs of an endpoint from what follows the node in them: public and admin by the node's public name, internal by its address. */
export const urlsIn = (plan: AddressPlan) => (node: NodeName, rest: string, admin = rest): CatalogueService["url"] => {
    const { publicName, internalAddress } = plan.node(node);
    return { public: `http://${publicName}:${rest}`, admin: `http://${publicName}:${admin}`, internal: `http://${internalAddress}:${rest}` };
};

/** The tutorial's services and endpoints (K6). */
export function tutorialCatalogue(plan: AddressPlan): CatalogueService[] {
    const url = urlsIn(plan);
    return [
        { user: "glance", name: "glance", type: "image", description: "Glance Image Service", url: url("image-node", "9292/v2") },
        { user: "cinder", name: "cinder", type: "volume", description: "Volume Service of OpenStack", url: url("volume-node", "8776/v1/$(tenant_id)s") },
        { user: "nova", name: "nova", type: "compute", description: "Compute Service of OpenStack", url: url("api-node", "8774/v2/$(tenant_id)s") },
        { name: "ec2", type: "ec2", description: "EC2 service of OpenStack", url: url("api-node", "8773/services/Cloud", "8773/services/Admin") },
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

/** The cloud's admin in the tenant of his name (K3); `via` is the physical host that requests start from. */
export function adminAccess({ plan, credentials }: CloudFacts, via: Connection): CloudAccess {
    return { via, identityHost: plan.node("auth-node").publicAddress!, adminPort: 35357, publicPort: 5000, username: "admin", password: credentials.adminPassword, tenant: "admin" };
}

/** What the tutorial has the user export (K8). */
export function openrc({ plan, credentials }: CloudFacts): string {
    const quote = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;
    return [
        "export OS_USERNAME=admin",
        `export OS_PASSWORD=${quote(credentials.adminPassword)}`,
        "export OS_TENANT_NAME=admin",
        `export OS_AUTH_URL=http://${plan.node("auth-node").publicName}:5000/v2.0`,
        "",
    ].join("\n");
}
