import * as pulumi from "@pulumi/pulumi";
import { SshKey } from "../../providers/guest/ssh-key";
import type { Ec2Credential } from "../../providers/keystone/ec2-credential";
import { Flavor } from "../../providers/nova/flavor";
import { Keypair } from "../../providers/nova/keypair";
import { ec2rc } from "../../releases/tutorial";
import { Guest } from "../guest";
import type { AdminAccess } from "./auth-node";
import type { NodeArgs, ServiceDatabase } from "./database-node";

export interface ApiNodeArgs extends NodeArgs {
    database: ServiceDatabase;
    queue: pulumi.Resource[];
    admin: AdminAccess;
    /** Identity and the catalogue. */
    identity: pulumi.Resource[];
    /** Identity's database: a user's objects are stored by the user's id in it. */
    accounts: pulumi.Input<string>;
    /** The certificates that tokens are signed with, where they are. */
    certificates: pulumi.Input<string>;
    /** The admin's keys for the EC2 API, where there is one. */
    ec2?: Ec2Credential;
}

/** Nova's API and its helpers, the dashboard, the flavors and the first keypair (V1–V4). */
export class ApiNode extends pulumi.ComponentResource {
    /** Nova's services run. */
    readonly ready: pulumi.Resource[];
    /** Nova's databases are made, and its cells know of database and queue. */
    readonly schema: readonly pulumi.Resource[];
    /** They answer with identity and the catalogue. */
    readonly usable: pulumi.Resource[];
    readonly guest: Guest;
    private readonly database: ServiceDatabase;

    constructor(name: string, args: ApiNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:ApiNode", name, {}, opts);
        const { machine, release, cloud, passwords, database, queue, identity, certificates } = args;
        this.database = database;
        const guest = (this.guest = new Guest("api-node", name, machine, release, cloud, passwords, this));

        const packages = guest.base();
        const config = guest.config(release.novaApi, [packages]);
        this.schema = guest.steps(
            release.novaApi.sync,
            database.incarnation,
            [...config, ...database.ready, ...queue],
            release.novaApi.services,
        );
        this.ready = guest.services(release.novaApi.services, this.schema, database.incarnation);
        guest.services(release.dashboard.services, guest.config(release.dashboard, [packages]));
        this.usable = [guest.openrc([...this.ready, ...identity])];
        guest.certificates(certificates, identity);
        this.ec2rc(args, packages);
        const entity = {
            parent: this,
            dependsOn: this.usable,
            deletedWith: args.store,
            replacementTrigger: database.incarnation,
        };
        flavors(name, args, entity);
        this.keypair(name, args, entity);
        this.registerOutputs();
    }

    /** The admin's environment for the EC2 API. */
    private ec2rc({ ec2, cloud: { plan } }: ApiNodeArgs, packages: pulumi.Resource): void {
        if (!ec2) return;
        const secretContent = pulumi
            .all([ec2.access, ec2.secret])
            .apply(([access, secret]) => ec2rc(plan, { access, secret }));
        this.guest.file("ec2rc", { path: "/root/ec2rc", secretContent }, [packages]);
    }

    /** The key of the node's root, and the admin's keypair of it. */
    private keypair(name: string, { admin, accounts }: ApiNodeArgs, entity: pulumi.CustomResourceOptions): void {
        const key = new SshKey(
            `${name}-root-key`,
            { connection: this.guest.connection, path: "/root/.ssh/id_rsa", type: "rsa" },
            this.guest.options(),
        );
        new Keypair(
            `${name}-keypair`,
            { cloud: admin, name: "gridka-api-node", publicKey: key.publicKey },
            { ...entity, replacementTrigger: pulumi.interpolate`${this.database.incarnation} ${accounts}` },
        );
    }

    /** The step that makes new compute nodes known to the scheduler. */
    discover(computes: readonly pulumi.Resource[], per: pulumi.Input<string>): readonly pulumi.Resource[] {
        const { computeDiscovery } = this.guest.release;
        return computeDiscovery
            ? this.guest.steps([computeDiscovery], pulumi.interpolate`${this.database.incarnation} ${per}`, [
                  ...this.usable,
                  ...computes,
              ])
            : [];
    }
}

/** The tutorial's flavor, and those that the release does not make itself. */
function flavors(name: string, { release, admin }: ApiNodeArgs, entity: pulumi.CustomResourceOptions): void {
    for (const { name: flavor, ...facts } of [
        ...release.missingFlavors,
        { flavorId: "6", name: "x1.tiny", ram: 256, disk: 2, vcpus: 1 },
    ]) {
        new Flavor(`${name}-flavor-${flavor}`, { cloud: admin, name: flavor, ...facts, isPublic: true }, entity);
    }
}
