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

const account = (user: string): string => `${text(user)}@'%'`;

function check({ databases, user }: Partial<Inputs>): Problem[] {
    const bad = databases?.find(d => !isDatabaseName(d));
    return [
        ...(bad !== undefined
            ? [{ property: "databases", reason: `"${bad}" is not allowed: letters, digits, underscores` }]
            : []),
        ...(user !== undefined && !/^[A-Za-z0-9_]{1,16}$/.test(user)
            ? [{ property: "user", reason: `"${user}" is not allowed: letters, digits, underscores, at most 16` }]
            : []),
    ];
}

async function isKnown(run: RunScript, { connection, user }: Inputs): Promise<boolean> {
    const question = `SELECT user FROM mysql.user WHERE user = ${text(user)} AND host = '%';`;
    return (await sql(run, connection, question)).length > 0;
}

/** @param dropped databases in which the account may do nothing any more */
async function put(run: RunScript, inputs: Inputs, dropped: readonly string[] = []): Promise<void> {
    const { connection, databases, user, password } = inputs;
    const statements = [
        ...databases.map(d => `GRANT ALL ON ${quoted(d)}.* TO ${account(user)} IDENTIFIED BY ${text(password)};`),
        ...dropped.map(d => `REVOKE ALL ON ${quoted(d)}.* FROM ${account(user)};`),
        "FLUSH PRIVILEGES;",
    ];
    await sql(run, connection, statements.join("\n"));
}

/** A right password alone does not let in one that is locked, or that has expired; the MySQL of 2012 has neither. */
async function unlock(run: RunScript, { connection, user, password, address }: Inputs): Promise<void> {
    const refusal = await refusalOf(run, connection, user, password, address);
    if (refusal === undefined) return;
    const renewed = `SET PASSWORD FOR ${account(user)} = PASSWORD(${text(password)});`;
    await sql(run, connection, `${renewed} ALTER USER ${account(user)} ACCOUNT UNLOCK;`);
}

/** An open connection keeps the rights that it has begun with: services connect again, with those of now. */
async function reconnect(run: RunScript, { connection, user }: Inputs): Promise<void> {
    const kills = (await sql(run, connection, killsOf(user))).filter(row => /^KILL \d{1,20};$/.test(row));
    for (const kill of kills)
        await sql(run, connection, kill).catch((e: unknown) => {
            // It has ended meanwhile.
            if (!(e instanceof RemoteError && /^ERROR 1094\b/m.test(e.result.stderr))) throw e;
        });
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const { connection, user, password, address, databases } = recorded;
    if (!(await isKnown(run, recorded))) return undefined;
    const granted = grantedDatabases(await sql(run, connection, `SHOW GRANTS FOR ${account(user)};`));
    const kept = [...databases.filter(d => granted.includes(d)), ...granted.filter(d => !databases.includes(d))];
    const refusal = await refusalOf(run, connection, user, password, address);
    return withPlaces(
        { ...recorded, databases: kept, password: refusal === undefined ? password : differs },
        refusal === undefined || refusal === otherPassword ? {} : { password: refusal },
    );
}

async function update(run: RunScript, recorded: Inputs, inputs: Inputs): Promise<void> {
    const without = (some: Inputs, others: Inputs) => some.databases.filter(d => !others.databases.includes(d));
    await put(run, inputs, without(recorded, inputs));
    if (recorded.password !== inputs.password) await unlock(run, inputs);
    if (without(inputs, recorded).length > 0) await reconnect(run, inputs);
}

async function remove(run: RunScript, recorded: Inputs): Promise<void> {
    const { connection, user } = recorded;
    await sql(run, connection, `DELETE FROM mysql.db WHERE user = ${text(user)} AND host = '%';`);
    if (await isKnown(run, recorded)) await sql(run, connection, `DROP USER ${account(user)}; FLUSH PRIVILEGES;`);
}

/** An account that may do everything in some databases, from any address (D3). */
export function databaseGrantHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["databases", "user", "password"],
        access: ["connection", "address"],
        replaceOn: ["user"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: inputs.user, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, recorded, inputs) {
            await update(run, recorded, inputs);
            return {};
        },
        delete: (_id, recorded) => remove(run, recorded),
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
