import * as pulumi from "@pulumi/pulumi";
import { servicePassword } from "../../config/credentials";
import type { ReleaseName } from "../../config/releases";
import type { Connection } from "../../clients/connection";
import { type CloudAccess, type IdentityAccess, REGION } from "../../clients/identity";
import { Ec2Credential } from "../../providers/keystone/ec2-credential";
import { Endpoint } from "../../providers/keystone/endpoint";
import { Grant } from "../../providers/keystone/grant";
import { Role } from "../../providers/keystone/role";
import { Service as CatalogueEntry } from "../../providers/keystone/service";
import { Tenant } from "../../providers/keystone/tenant";
import { User } from "../../providers/keystone/user";
import type { CatalogueService, OpenFacts } from "../../releases/release";
import { adminAccess } from "../../releases/tutorial";
import { Guest } from "../guest";
import type { PasswordName, Passwords } from "../passwords";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface AuthNodeArgs extends NodeArgs {
    database: ServiceDatabase;
    /** The physical host that identity's API is reached from. */
    via: Connection;
}

/** The cloud as its admin sees it; secret. */
export type AdminAccess = pulumi.Input<CloudAccess>;

/** Keystone and its entities: tenants, roles, users, the catalogue (K1–K7). */
export class AuthNode extends pulumi.ComponentResource {
    /** It works when `ready` is made. */
    readonly admin: AdminAccess;
    /** Identity runs, the catalogue is whole, admin may log in and the service accounts are known, but for cinder's. */
    readonly ready: pulumi.Resource[];
    /** The admin's keys for the EC2 API, where the release has it. */
    readonly ec2?: Ec2Credential;

    constructor(name: string, args: AuthNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:AuthNode", name, {}, opts);
        const { machine, release, cloud, passwords, database, via } = args;
        const guest = new Guest("auth-node", name, machine, release, cloud, passwords, this);

        const packages = guest.base();
        const config = guest.config(release.keystone, [packages]);
        const schema = guest.steps(release.keystone.sync, database.incarnation, [...config, ...database.ready]);
        const keystone = guest.services(release.keystone.services, schema, database.incarnation);

        const entities = new Entities(name, args, this, keystone);
        const [adminTenant, serviceTenant] = [entities.tenant("admin"), entities.tenant("service")];
        const roles = roleNames.map(role => entities.role(role));
        const admin = entities.user("admin", "adminPassword");
        const grants = adminRoles.map((role, i) =>
            entities.grant(["admin", role, "admin"], admin, roles[i]!, adminTenant),
        );
        const { catalogue, accounts } = this.catalogue(entities, args, roles[0]!, serviceTenant);
        this.admin = passwords.in(credentials => adminAccess({ ...cloud, credentials }, via));
        this.ready = [guest.openrc([packages, ...grants, ...accounts, ...catalogue])];
        if (release.ec2)
            this.ec2 = new Ec2Credential(
                `${name}-ec2-admin`,
                {
                    cloud: this.admin,
                    userId: admin.id,
                    tenantId: adminTenant.id,
                    names: { user: "admin", tenant: "admin" },
                },
                { ...entities.options, dependsOn: this.ready },
            );
        this.registerOutputs();
    }

    /**
     * The catalogue, and of the services' accounts in it those that have to be known before anything is asked of them.
     */
    private catalogue(
        entities: Entities,
        { release, cloud }: AuthNodeArgs,
        admin: Role,
        tenant: Tenant,
    ): { catalogue: Endpoint[]; accounts: Grant[] } {
        const accounts: Grant[] = [];
        // The first endpoint makes the region: two at once would both try. It works by the admin token, also when
        // nobody can log in.
        const first = entities.endpoint(identityItself(cloud), [], release.name);
        const catalogue = release.catalogue(cloud.plan).map(service => {
            const { user: account } = service;
            if (account) {
                const password = servicePassword(account);
                const user = entities.user(account, password, { id: tenant.id, name: "service" });
                const own = entities.grant([account, "admin", "service"], user, admin, tenant, password);
                // Nothing that the program makes asks for a volume, and the node of that service's files may be the
                // slowest.
                if (account !== "cinder") accounts.push(own);
            }
            return entities.endpoint(service, [first]);
        });
        return { catalogue, accounts };
    }
}

/** The roles that admin has, and those that there are. */
const adminRoles = ["admin", "KeystoneAdmin", "KeystoneServiceAdmin"],
    roleNames = [...adminRoles, "Member"];

function identityItself({ plan }: OpenFacts): CatalogueService {
    const { publicName, internalAddress } = plan.node("auth-node");
    return {
        name: "keystone",
        type: "identity",
        description: "Keystone Identity Service",
        url: {
            public: `http://${publicName}:5000/v2.0`,
            admin: `http://${publicName}:35357/v2.0`,
            internal: `http://${internalAddress}:5000/v2.0`,
        },
    };
}

/** Makes identity's entities: each is a child of the node's component, and stored in the database. */
class Entities {
    readonly options: pulumi.CustomResourceOptions;
    private readonly identity: pulumi.Input<IdentityAccess>;
    private readonly names: { ascii?: true };
    private readonly passwords: Passwords;
    private readonly training: boolean;

    /** @param keystone the running service */
    constructor(
        private readonly name: string,
        { release, cloud, passwords, database, via, store }: AuthNodeArgs,
        parent: AuthNode,
        private readonly keystone: pulumi.Resource[],
    ) {
        const { publicAddress } = cloud.plan.node("auth-node");
        this.identity = passwords.in(({ adminToken }): IdentityAccess => ({
            via,
            host: publicAddress!,
            adminPort: 35357,
            adminToken,
        }));
        this.options = {
            parent,
            dependsOn: keystone,
            deletedWith: store,
            replacementTrigger: database.incarnation,
        };
        this.names = release.asciiNames ? { ascii: true } : {};
        this.passwords = passwords;
        this.training = cloud.training ?? false;
    }

    tenant(tenant: string): Tenant {
        return new Tenant(
            `${this.name}-tenant-${tenant}`,
            { identity: this.identity, tenant, description: "", enabled: true, ...this.names },
            this.options,
        );
    }

    role(role: string): Role {
        return new Role(`${this.name}-role-${role}`, { identity: this.identity, role, ...this.names }, this.options);
    }

    user(user: string, password: PasswordName, tenant?: { id: pulumi.Output<string>; name: string }): User {
        return new User(
            `${this.name}-user-${user}`,
            {
                identity: this.identity,
                user,
                password: this.passwords.of(password),
                enabled: true,
                ...(tenant && { tenantId: tenant.id, names: { tenant: tenant.name } }),
                ...this.names,
            },
            { ...this.options, dependsOn: this.written(password) },
        );
    }

    grant(
        [user, role, tenant]: readonly [user: string, role: string, tenant: string],
        of: User,
        what: Role,
        where: Tenant,
        password?: PasswordName,
    ): Grant {
        return new Grant(
            `${this.name}-grant-${user}-${role}`,
            {
                identity: this.identity,
                userId: of.id,
                roleId: what.id,
                tenantId: where.id,
                names: { user, role, tenant },
                ...(password && { password: this.passwords.of(password) }),
            },
            this.options,
        );
    }

    endpoint(
        { name: service, type, description, url }: CatalogueService,
        after: pulumi.Resource[],
        answersForCatalogue?: ReleaseName,
    ): Endpoint {
        const { identity } = this;
        const entry = new CatalogueEntry(
            `${this.name}-service-${service}`,
            { identity, service, type, description },
            this.options,
        );
        return new Endpoint(
            `${this.name}-endpoint-${service}`,
            {
                identity,
                region: REGION,
                serviceId: entry.id,
                names: { service, type },
                publicUrl: url.public,
                adminUrl: url.admin,
                internalUrl: url.internal,
                ...(answersForCatalogue && { answersForCatalogue }),
                ...(this.training && { alone: true as const }),
            },
            { ...this.options, dependsOn: [...this.keystone, ...after] },
        );
    }

    /** Identity, and the files that a password is in. */
    private async written(password: PasswordName): Promise<pulumi.Resource[]> {
        return [...this.keystone, ...(await this.passwords.filesOf(password))];
    }
}
