import * as pulumi from "@pulumi/pulumi";
import { databasePassword, type ServiceName, serviceNames } from "../../config/credentials";
import { DatabaseGrant } from "../../providers/guest/database-grant";
import { Database } from "../../providers/guest/database";
import { DatabaseRoot } from "../../providers/guest/database-root";
import { RabbitUser } from "../../providers/guest/rabbit-user";
import type { OpenFacts, Release } from "../../releases/release";
import { databaseAccount } from "../../releases/tutorial";
import { Guest } from "../guest";
import type { Machine } from "../machine";
import type { Passwords } from "../passwords";

export interface NodeArgs {
    machine: Machine;
    release: Release;
    cloud: OpenFacts;
    passwords: Passwords;
    /**
     * db-node's machine: everything stored in the cloud goes with it when the stack is destroyed, instances included.
     */
    store: pulumi.Resource;
}

/** db-node itself is the store. */
type DatabaseNodeArgs = Omit<NodeArgs, "store">;

/** A service's database. Its users wait for `ready`. Objects in it are stored per `incarnation`. */
export interface ServiceDatabase {
    ready: pulumi.Resource[];
    incarnation: pulumi.Output<string>;
}

/** MySQL and RabbitMQ, and a database with an account for every service (D1–D3). */
export class DatabaseNode extends pulumi.ComponentResource {
    readonly databases: Readonly<Record<ServiceName, ServiceDatabase>>;
    /** The message queue, ready for its users. */
    readonly queue: pulumi.Resource[];

    constructor(name: string, args: DatabaseNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("classroom:nodes:DatabaseNode", name, {}, opts);
        const { machine, release, cloud, passwords } = args;
        const guest = new Guest("db-node", name, machine, release, cloud, passwords, this);
        const packages = guest.base();

        const mysql = guest.services(release.database.services, guest.config(release.database, [packages]));
        const root = new DatabaseRoot(
            `${name}-mysql-root`,
            { connection: guest.connection, password: passwords.of("mysqlRoot") },
            guest.options(mysql),
        );
        this.databases = Object.fromEntries(
            serviceNames.map(service => [service, databaseOf(service, name, args, guest, root)]),
        ) as Record<ServiceName, ServiceDatabase>;

        const rabbitmq = guest.services(release.queue.services, guest.config(release.queue, [packages]));
        this.queue = [queueAccount(name, args, guest, rabbitmq)];
        this.registerOutputs();
    }
}

/** A service's databases and its account in them. */
function databaseOf(
    service: ServiceName,
    name: string,
    { release, cloud, passwords }: DatabaseNodeArgs,
    guest: Guest,
    root: DatabaseRoot,
): ServiceDatabase {
    const { connection } = guest;
    const made = release.databases[service].map(
        database => new Database(`${name}-database-${database}`, { connection, database }, guest.options([root])),
    );
    const grant = new DatabaseGrant(
        `${name}-grant-${service}`,
        {
            connection,
            databases: [...release.databases[service]],
            user: databaseAccount(service),
            password: passwords.of(databasePassword(service)),
            address: cloud.plan.node("db-node").internalAddress,
        },
        guest.options([...made]),
    );
    passwords.letInBy(databasePassword(service), grant);
    return {
        ready: [...made, grant],
        incarnation: pulumi.all(made.map(d => d.id)).apply(all => all.join(" ")),
    };
}

/** The services' account of the message queue. */
function queueAccount(
    name: string,
    { cloud: { queueUser }, passwords }: DatabaseNodeArgs,
    guest: Guest,
    rabbitmq: pulumi.Resource[],
): RabbitUser {
    const account = new RabbitUser(
        `${name}-rabbit-${queueUser}`,
        {
            connection: guest.connection,
            user: queueUser,
            password: passwords.of("rabbitPassword"),
            ...(queueUser !== "guest" && { others: [] }),
        },
        guest.options(rabbitmq),
    );
    passwords.letInBy("rabbitPassword", account);
    return account;
}
