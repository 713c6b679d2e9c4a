import type * as pulumi from "@pulumi/pulumi";
import { ask, text as anyText } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, incarnationOf, LiveResource, type Problem } from "../dynamic";
import { isDatabaseName, name as quoted, sql, text } from "./mysql";

interface Inputs {
    connection: Connection;
    database: string;
    characterSet: string;
}
/** A database of a MySQL server (D3). */
export function databaseHandler(run: RunScript = exec): Handler<Inputs> {
    /** Undefined where there is no such database. */
    const characterSetOf = async ({
        connection,
        database,
    }: Pick<Inputs, "connection" | "database">): Promise<string | undefined> =>
        (
            await sql(
                run,
                connection,
                `SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = ${text(database)};`,
            )
        )[0];
    return {
        inputs: ["database", "characterSet"],
        access: ["connection"],
        replaceOn: ["database"],
        check({ database, characterSet }): Problem[] {
            return [
                ...(database !== undefined && !isDatabaseName(database)
                    ? [{ property: "database", reason: `"${database}" is not allowed: letters, digits, underscores` }]
                    : []),
                ...(characterSet !== undefined && !/^[a-z0-9]+$/.test(characterSet)
                    ? [{ property: "characterSet", reason: `"${characterSet}" is not a character set such as utf8` }]
                    : []),
            ];
        },
        async create({ connection, database, characterSet }) {
            const there = (await characterSetOf({ connection, database })) !== undefined;
            await sql(
                run,
                connection,
                `CREATE DATABASE IF NOT EXISTS ${quoted(database)} CHARACTER SET ${characterSet};`,
            );
            // Kept beside it: one that is only adopted is the same as before, and so is all that is stored in it.
            const mark = quote(`/var/lib/classroom/databases/${database}`);
            const { uuid } = await ask(
                run,
                connection,
                `mkdir -p /var/lib/classroom/databases\n${there ? `[ -s ${mark} ] || ` : ""}cat /proc/sys/kernel/random/uuid > ${mark}\nuuid=$(cat ${mark}); say uuid "$uuid"`,
                { uuid: anyText(/[a-z0-9-]{1,64}/) },
            );
            return { id: incarnationOf(database, uuid), outputs: {} };
        },
        async read(_id, recorded) {
            const characterSet = await characterSetOf(recorded);
            // Newer servers call the same set by its full name.
            return characterSet === undefined
                ? undefined
                : { ...recorded, characterSet: characterSet === "utf8mb3" ? "utf8" : characterSet };
        },
        async update(_id, _recorded, { connection, database, characterSet }) {
            await sql(run, connection, `ALTER DATABASE ${quoted(database)} CHARACTER SET ${characterSet};`);
            return {};
        },
        async delete(_id, { connection, database }) {
            await sql(run, connection, `DROP DATABASE IF EXISTS ${quoted(database)};`);
        },
    };
}
export const handler = databaseHandler();

export interface DatabaseArgs {
    /** The machine that the server runs on. */
    connection: pulumi.Input<Connection>;
    database: pulumi.Input<string>;
    /** Default utf8. */
    characterSet?: pulumi.Input<string>;
}

/**
 * A database (D3). Its content goes with it. Its id is new each time it is made, so that its content is made anew with
 * it.
 */
export class Database extends LiveResource {
    constructor(name: string, args: DatabaseArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/database", "Database", name, { characterSet: "utf8", ...args }, opts);
    }
}
