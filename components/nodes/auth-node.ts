import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import type { CloudAccess, IdentityAccess } from "../../clients/identity";
import { Ec2Credential } from "../../providers/keystone/ec2-credential";
import { Endpoint } from "../../providers/keystone/endpoint";
import { Grant } from "../../providers/keystone/grant";
import { Role } from "../../providers/keystone/role";
import { Service as CatalogueEntry } from "../../providers/keystone/service";
import { Tenant } from "../../providers/keystone/tenant";
import { User } from "../../providers/keystone/user";
import type { CatalogueService, Release } from "../../releases/release";
import { adminAccess, servicePasswords } from "../../releases/tutorial";
import { Guest } from "../guest";
import type { PasswordName } from "../passwords";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface AuthNodeArgs extends NodeArgs {
    database: ServiceDatabase;
    /** The physical host that identity's API is reached from. */
    via: Connection;
}

/** The cloud as its admin sees it; secret. */
export type AdminAccess = pulumi.Input<CloudAccess>;

const region = "RegionOne";

/** Keystone, and what is in it: tenants, roles, users, the catalogue (K1–K7). */
export class AuthNode extends pulumi.ComponentResource {
    /** It works when `ready` is made. */
    readonly admin: AdminAccess;
    /** Identity runs, the catalogue is whole, admin may log in and the service accounts are known, but for cinder's. */
    readonly ready: pulumi.Resource[];
    /** The admin's keys for the EC2 API, where the release has it. */
    readonly ec2?: Ec2Credential;

    constructor(name: string, args: AuthNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:AuthNode", name, {}, opts);
        const { machine, release, cloud, passwords, database, via, store } = args;
        const { publicName, internalAddress, publicAddress } = cloud.plan.node("auth-node");
        const guest = new Guest("auth-node", name, machine, release, cloud, passwords, this);

        const packages = guest.base();
        const config = guest.config(release.keystone, [packages]);
        const schema = guest.steps(release.keystone.sync, database.incarnation, [...config, ...database.ready]);
        const keystone = guest.services(release.keystone.services, schema, database.incarnation);

        const identity = passwords.in(({ adminToken }): IdentityAccess => ({
            via,
            host: publicAddress!,
            adminPort: 35357,
            adminToken,
        }));
        const entity: pulumi.CustomResourceOptions = {
            parent: this,
            dependsOn: keystone,
            deletedWith: store,
            replacementTrigger: database.incarnation,
        };
        const names = release.asciiNames ? { ascii: true } : {};
        const tenant = (tenantName: string) =>
            new Tenant(
                `${name}-tenant-${tenantName}`,
                { identity, tenant: tenantName, description: "", enabled: true, ...names },
                entity,
            );
        const [adminTenant, serviceTenant] = [tenant("admin"), tenant("service")];
        const role = (roleName: string) =>
            new Role(`${name}-role-${roleName}`, { identity, role: roleName, ...names }, entity);
        const [adminRole, keystoneAdmin, keystoneServiceAdmin] = [
            "admin",
            "KeystoneAdmin",
            "KeystoneServiceAdmin",
            "Member",
        ].map(role);
        const written = async (password: PasswordName): Promise<pulumi.Resource[]> => [
            ...keystone,
            ...(await passwords.filesOf(password)),
        ];
        const user = (userName: string, password: PasswordName, tenantId?: pulumi.Output<string>) =>
            new User(
                `${name}-user-${userName}`,
                {
                    identity,
                    user: userName,
                    password: passwords.of(password),
                    enabled: true,
                    ...(tenantId && { tenantId }),
                    ...names,
                },
                { ...entity, dependsOn: written(password) },
            );
        const grant = (
            userName: string,
            roleName: string,
            of: User,
            what: Role,
            where: Tenant,
            password?: PasswordName,
        ) =>
            new Grant(
                `${name}-grant-${userName}-${roleName}`,
                {
                    identity,
                    userId: of.id,
                    roleId: what.id,
                    tenantId: where.id,
                    ...(password && { password: passwords.of(password) }),
                },
                entity,
            );

        const admin = user("admin", "adminPassword");
        const grants = [
            grant("admin", "admin", admin, adminRole!, adminTenant),
            grant("admin", "KeystoneAdmin", admin, keystoneAdmin!, adminTenant),
            grant("admin", "KeystoneServiceAdmin", admin, keystoneServiceAdmin!, adminTenant),
        ];
        const identityItself: CatalogueService = {
            name: "keystone",
            type: "identity",
            description: "Keystone Identity Service",
            url: {
                public: `http://${publicName}:5000/v2.0`,
                admin: `http://${publicName}:35357/v2.0`,
                internal: `http://${internalAddress}:5000/v2.0`,
            },
        };
        const endpoint = (
            { name: service, type, description, url }: CatalogueService,
            after: pulumi.Resource[],
            answersForCatalogue?: Release["name"],
        ) => {
            const entry = new CatalogueEntry(
                `${name}-service-${service}`,
                { identity, service, type, description },
                entity,
            );
            return new Endpoint(
                `${name}-endpoint-${service}`,
                {
                    identity,
                    region,
                    serviceId: entry.id,
                    publicUrl: url.public,
                    adminUrl: url.admin,
                    internalUrl: url.internal,
                    ...(answersForCatalogue && { answersForCatalogue }),
                },
                { ...entity, dependsOn: [...keystone, ...after] },
            );
        };
        // The first endpoint makes the region: two at once would both try. It works by the admin token, also when nobody can log in.
        const first = endpoint(identityItself, [], release.name);
        const catalogue = release.catalogue(cloud.plan).map(service => {
            const { user: account } = service;
            if (account) {
                const own = grant(
                    account,
                    "admin",
                    user(account, servicePasswords[account], serviceTenant.id),
                    adminRole!,
                    serviceTenant,
                    servicePasswords[account],
                );
                // Nothing that the program makes asks for a volume, and the node of that service's files may be the slowest.
                if (account !== "cinder") grants.push(own);
            }
            return endpoint(service, [first]);
        });
        this.admin = passwords.in(credentials => adminAccess({ ...cloud, credentials }, via));
        this.ready = [guest.openrc([packages, ...grants, ...catalogue])];
        if (release.ec2)
            this.ec2 = new Ec2Credential(
                `${name}-ec2-admin`,
                { cloud: this.admin, userId: admin.id, tenantId: adminTenant.id },
                { ...entity, dependsOn: this.ready },
            );
        this.registerOutputs();
    }
}
