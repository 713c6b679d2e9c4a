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

function check({ database, characterSet }: Partial<Inputs>): Problem[] {
    return [
        ...(database !== undefined && !isDatabaseName(database)
            ? [{ property: "database", reason: `"${database}" is not allowed: letters, digits, underscores` }]
            : []),
        ...(characterSet !== undefined && !/^[a-z0-9]+$/.test(characterSet)
            ? [{ property: "characterSet", reason: `"${characterSet}" is not a character set such as utf8` }]
            : []),
    ];
}

/** Undefined where there is no such database. */
async function characterSetOf(run: RunScript, { connection, database }: Inputs): Promise<string | undefined> {
    const question = `SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = ${text(database)};`;
    const [characterSet] = await sql(run, connection, question);
    return characterSet;
}

/**
 * The identity of a database's content, in a file beside it.
 * @param isAdopted whether it was there before: then it is the same one, and so is all that is stored in it
 */
async function incarnation(run: RunScript, { connection, database }: Inputs, isAdopted: boolean): Promise<string> {
    const mark = quote(`/var/lib/classroom/databases/${database}`);
    const { uuid } = await ask(
        run,
        connection,
        `mkdir -p /var/lib/classroom/databases\n${isAdopted ? `[ -s ${mark} ] || ` : ""}cat /proc/sys/kernel/random/uuid > ${mark}\nuuid=$(cat ${mark}); say uuid "$uuid"`,
        { uuid: anyText(/[a-z0-9-]{1,64}/) },
    );
    return uuid;
}

async function create(run: RunScript, inputs: Inputs): Promise<{ id: string; outputs: object }> {
    const { connection, database, characterSet } = inputs;
    const isAdopted = (await characterSetOf(run, inputs)) !== undefined;
    await sql(run, connection, `CREATE DATABASE IF NOT EXISTS ${quoted(database)} CHARACTER SET ${characterSet};`);
    return { id: incarnationOf(database, await incarnation(run, inputs, isAdopted)), outputs: {} };
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const characterSet = await characterSetOf(run, recorded);
    // Newer servers call the same set by its full name.
    return characterSet === undefined
        ? undefined
        : { ...recorded, characterSet: characterSet === "utf8mb3" ? "utf8" : characterSet };
}

/** A database of a MySQL server (D3). */
export function databaseHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["database", "characterSet"],
        access: ["connection"],
        replaceOn: ["database"],
        check,
        create: inputs => create(run, inputs),
        read: (_id, recorded) => read(run, recorded),
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
