import * as pulumi from "@pulumi/pulumi";
import { DatabaseGrant } from "../../providers/guest/database-grant";
import { Database } from "../../providers/guest/database";
import { DatabaseRoot } from "../../providers/guest/database-root";
import { RabbitUser } from "../../providers/guest/rabbit-user";
import type { OpenFacts, Release, ServiceName } from "../../releases/release";
import { databaseAccount, databasePasswords } from "../../releases/tutorial";
import { Guest } from "../guest";
import type { Machine } from "../machine";
import type { Passwords } from "../passwords";

export interface NodeArgs {
    machine: Machine;
    release: Release;
    cloud: OpenFacts;
    passwords: Passwords;
    /** db-node's machine: what is stored in the cloud goes with it when the stack is destroyed, instances included. */
    store: pulumi.Resource;
}

/** A service's place in the database: what may use it waits for `ready`, what is stored in it is stored per `incarnation`. */
export interface ServiceDatabase {
    ready: pulumi.Resource[];
    incarnation: pulumi.Output<string>;
}

/** MySQL and RabbitMQ, and a database with an account for every service (D1–D3). */
export class DatabaseNode extends pulumi.ComponentResource {
    readonly databases: Readonly<Record<ServiceName, ServiceDatabase>>;
    /** The message queue, ready for its users. */
    readonly queue: pulumi.Resource[];

    constructor(
        name: string,
        { machine, release, cloud, passwords }: Omit<NodeArgs, "store">,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("classroom:nodes:DatabaseNode", name, {}, opts);
        const guest = new Guest("db-node", name, machine, release, cloud, passwords, this);
        const { connection } = guest;
        const packages = guest.base();

        const mysql = guest.services(release.database.services, guest.config(release.database, [packages]));
        const root = new DatabaseRoot(
            `${name}-mysql-root`,
            { connection, password: passwords.of("mysqlRoot") },
            guest.options(mysql),
        );
        const databaseOf = (service: ServiceName): ServiceDatabase => {
            const made = release.databases[service].map(
                database =>
                    new Database(`${name}-database-${database}`, { connection, database }, guest.options([root])),
            );
            const grant = new DatabaseGrant(
                `${name}-grant-${service}`,
                {
                    connection,
                    databases: [...release.databases[service]],
                    user: databaseAccount(service),
                    password: passwords.of(databasePasswords[service]),
                    address: cloud.plan.node("db-node").internalAddress,
                },
                guest.options([...made]),
            );
            passwords.letInBy(databasePasswords[service], grant);
            return {
                ready: [...made, grant],
                incarnation: pulumi.all(made.map(d => d.id)).apply(all => all.join(" ")),
            };
        };
        this.databases = {
            keystone: databaseOf("keystone"),
            glance: databaseOf("glance"),
            cinder: databaseOf("cinder"),
            nova: databaseOf("nova"),
        };

        const rabbitmq = guest.services(release.queue.services, guest.config(release.queue, [packages]));
        const { queueUser } = cloud;
        const account = new RabbitUser(
            `${name}-rabbit-${queueUser}`,
            {
                connection,
                user: queueUser,
                password: passwords.of("rabbitPassword"),
                ...(queueUser !== "guest" && { others: [] }),
            },
            guest.options(rabbitmq),
        );
        passwords.letInBy("rabbitPassword", account);
        this.queue = [account];
        this.registerOutputs();
    }
}
