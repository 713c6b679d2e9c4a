import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, RemoteError, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource, type Problem, withPlaces } from "../dynamic";
import { isDatabaseName, killsOf, name as quoted, otherPassword, refusalOf, sql, text } from "./mysql";

interface Inputs {
    connection: Connection;
    address: string;
    databases: string[];
    user: string;
    password: string;
}

/** The databases on which `SHOW GRANTS` says that an account may do everything. */
export const grantedDatabases = (rows: readonly string[]): string[] =>
    rows
        .flatMap(row => /^GRANT ALL PRIVILEGES ON `([^`]+)`\.\* TO /.exec(row)?.[1] ?? [])
        .map(d => d.replace(/\\_/g, "_"));

/** An account that may do everything in some databases, from any address (D3). */
export function databaseGrantHandler(run: RunScript = exec): Handler<Inputs> {
    const account = (user: string) => `${text(user)}@'%'`;
    const put = ({ connection, databases, user, password }: Inputs, dropped: readonly string[] = []) =>
        sql(
            run,
            connection,
            [
                ...databases.map(
                    d => `GRANT ALL ON ${quoted(d)}.* TO ${account(user)} IDENTIFIED BY ${text(password)};`,
                ),
                ...dropped.map(d => `REVOKE ALL ON ${quoted(d)}.* FROM ${account(user)};`),
                "FLUSH PRIVILEGES;",
            ].join("\n"),
        );
    /** A right password alone does not let in one that is locked, or that has expired; the MySQL of 2012 has neither. */
    const unlock = async ({ connection, user, password, address }: Inputs) => {
        const refusal = await refusalOf(run, connection, user, password, address);
        if (refusal === undefined) return;
        const renewed = `SET PASSWORD FOR ${account(user)} = PASSWORD(${text(password)});`;
        await sql(run, connection, `${renewed} ALTER USER ${account(user)} ACCOUNT UNLOCK;`);
    };
    /** An open connection keeps the rights that it has begun with: services connect again, with those of now. */
    const reconnect = async ({ connection, user }: Inputs) => {
        const kills = (await sql(run, connection, killsOf(user))).filter(row => /^KILL \d{1,20};$/.test(row));
        for (const kill of kills)
            await sql(run, connection, kill).catch((e: unknown) => {
                // It has ended meanwhile.
                if (!(e instanceof RemoteError && /^ERROR 1094\b/m.test(e.result.stderr))) throw e;
            });
    };
    return {
        inputs: ["databases", "user", "password"],
        access: ["connection", "address"],
        replaceOn: ["user"],
        check({ databases, user }): Problem[] {
            const bad = databases?.find(d => !isDatabaseName(d));
            return [
                ...(bad !== undefined
                    ? [{ property: "databases", reason: `"${bad}" is not allowed: letters, digits, underscores` }]
                    : []),
                ...(user !== undefined && !/^[A-Za-z0-9_]{1,16}$/.test(user)
                    ? [
                          {
                              property: "user",
                              reason: `"${user}" is not allowed: letters, digits, underscores, at most 16`,
                          },
                      ]
                    : []),
            ];
        },
        async create(inputs) {
            await put(inputs);
            return { id: inputs.user, outputs: {} };
        },
        async read(_id, recorded) {
            const { connection, user, password, address, databases } = recorded;
            const known = await sql(
                run,
                connection,
                `SELECT user FROM mysql.user WHERE user = ${text(user)} AND host = '%';`,
            );
            if (known.length === 0) return undefined;
            const granted = grantedDatabases(await sql(run, connection, `SHOW GRANTS FOR ${account(user)};`));
            const kept = [
                ...databases.filter(d => granted.includes(d)),
                ...granted.filter(d => !databases.includes(d)),
            ];
            const refusal = await refusalOf(run, connection, user, password, address);
            return withPlaces(
                { ...recorded, databases: kept, password: refusal === undefined ? password : differs },
                refusal === undefined || refusal === otherPassword ? {} : { password: refusal },
            );
        },
        async update(_id, recorded, inputs) {
            await put(
                inputs,
                recorded.databases.filter(d => !inputs.databases.includes(d)),
            );
            if (recorded.password !== inputs.password) await unlock(inputs);
            if (inputs.databases.some(d => !recorded.databases.includes(d))) await reconnect(inputs);
            return {};
        },
        async delete(_id, { connection, user }) {
            await sql(run, connection, `DELETE FROM mysql.db WHERE user = ${text(user)} AND host = '%';`);
            const known = await sql(
                run,
                connection,
                `SELECT user FROM mysql.user WHERE user = ${text(user)} AND host = '%';`,
            );
            if (known.length > 0) await sql(run, connection, `DROP USER ${account(user)}; FLUSH PRIVILEGES;`);
        },
    };
}
export const handler = databaseGrantHandler();

export interface DatabaseGrantArgs {
    /** The machine that the server runs on. */
    connection: pulumi.Input<Connection>;
    /** Where the server listens: the password is tried there. */
    address: pulumi.Input<string>;
    databases: pulumi.Input<string[]>;
    user: pulumi.Input<string>;
    /** Secret. */
    password: pulumi.Input<string>;
}

/** `GRANT ALL ON databases TO 'user'@'%' IDENTIFIED BY password` (D3). */
export class DatabaseGrant extends LiveResource {
    constructor(name: string, args: DatabaseGrantArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/database-grant", "DatabaseGrant", name, { ...args, password: pulumi.secret(args.password) }, opts);
    }
}
