import * as pulumi from "@pulumi/pulumi";
import { ask, text as anyText } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, lastOf, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource, type Problem } from "../dynamic";
import { readFile, writeFile } from "./machine-files";
import { asRoot, rootOptionsFile, sql, text } from "./mysql";

interface Inputs {
    connection: Connection;
    password: string;
    hindered?: string[];
}

/**
 * Variables of the running server by which it keeps the services from their work, and what they are in one that does not. A server forgets
 * them when it starts anew. One that a stack's own options set, or that a server does not have, is none.
 */
const hindrances: Readonly<Record<string, string>> = {
    read_only: "OFF",
    tx_read_only: "OFF",
    transaction_read_only: "OFF",
    max_user_connections: "0",
    init_connect: "",
};
/** Connections that a server lets in without an option of its files. With fewer than its files say it keeps services out. */
const LIMIT = "max_connections",
    USUAL_LIMIT = 151;

export const optionsFile = (password: string): string =>
    `[client]\nuser = root\npassword = "${password.replace(/(["\\])/g, "\\$1")}"\n`;

function check({ password }: Partial<Inputs>): Problem[] {
    return password !== undefined && /[\n\r]/.test(password)
        ? [{ property: "password", reason: "must be one line" }]
        : [];
}

/** Whether root gets into the server with the password. */
async function enters(root: RunScript, { connection, password }: Inputs): Promise<boolean> {
    const { code, stderr } = await root(
        connection,
        "IFS= read -r MYSQL_PWD; export MYSQL_PWD; mysql --no-defaults -u root --connect-timeout=5 -e 'SELECT 1'",
        { input: `${password}\n`, allowFailure: true },
    );
    if (code === 0) return true;
    if (/^ERROR (1045|1698)\b/m.test(stderr)) return false;
    throw new Unreachable(`${connection.name}: the database cannot be asked: ${lastOf(stderr)}`);
}

/**
 * SQL that takes away what MySQL 5.5 comes with: accounts without a name and roots of other hosts, none with a password.
 * They would go before the services' own, which are of any host.
 */
const dropOthers =
    "SET @classroom = IFNULL((SELECT CONCAT('DROP USER ', GROUP_CONCAT(QUOTE(user), '@', QUOTE(host))) FROM mysql.user " +
    "WHERE user = '' OR (user = 'root' AND host <> 'localhost' AND password = '')), 'DO 0'); PREPARE classroom FROM @classroom; EXECUTE classroom;";

/**
 * Runs SQL by the first login that works: the machine's own root, the file's password, no password yet. After a run that
 * was cut off before it wrote the file, the wanted password works.
 */
const enterShell = `set +e; IFS= read -r wanted; all=$(cat)
enter() { said=$(printf '%s\\n' "$all" | mysql "$@" --connect-timeout=5 2>&1); }
enter --no-defaults -u root || enter --defaults-file=${rootOptionsFile} || { export MYSQL_PWD="$wanted"; enter --no-defaults -u root; } || { printf '%s\\n' "$said" >&2; exit 1; }`;

/** Sets the password in the server, then in root's file. */
async function put(run: RunScript, root: RunScript, { connection, password }: Inputs): Promise<void> {
    const set = `SET PASSWORD FOR 'root'@'localhost' = PASSWORD(${text(password)});`;
    await root(connection, enterShell, { input: `${password}\n${set} ${dropOthers} FLUSH PRIVILEGES;` });
    const access = { owner: "root", group: "root", mode: "0600" };
    await writeFile(run, connection, rootOptionsFile, optionsFile(password), access);
}

/** A variable that hinders the services. */
type Hindering = [name: string, now: string, wanted: string];

/** Such variables with another value than in a server that hinders nobody, and that value. */
async function otherVariables(run: RunScript, connection: Connection): Promise<[name: string, now: string][]> {
    const names = [...Object.keys(hindrances), LIMIT].map(text).join(", "),
        rows = await sql(run, connection, `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names});`);
    const now = rows.map((row): [string, string] => [row.split("\t")[0]!, row.split("\t").slice(1).join(" ")]);
    return now.filter(([name, value]) =>
        name === LIMIT ? Number(value) < USUAL_LIMIT : name in hindrances && hindrances[name] !== value,
    );
}

/** The options that the server's files set: a stack's own are no hindrances. */
async function configured(run: RunScript, connection: Connection): Promise<Map<string, string>> {
    const script = 'o=$(my_print_defaults mysqld server mariadb 2> /dev/null) || o=; say options "$o"';
    const { options } = await ask(run, connection, script, { options: anyText() });
    return new Map(
        options.split("\n").map(line => {
            const [, name, value = ""] = /^--([^=]*)(?:=(.*))?$/.exec(line) ?? [];
            return [(name ?? "").replaceAll("-", "_"), value];
        }),
    );
}

async function hindering(run: RunScript, { connection }: Inputs): Promise<Hindering[]> {
    const other = await otherVariables(run, connection);
    if (other.length === 0) return [];
    const own = await configured(run, connection);
    return other.flatMap(([name, value]): Hindering[] => {
        if (name !== LIMIT) return own.has(name) ? [] : [[name, value, hindrances[name]!]];
        const wanted = own.get(name) ?? `${USUAL_LIMIT}`;
        return Number(value) < Number(wanted) ? [[name, value, wanted]] : [];
    });
}

/** Gives the variables that hinder the services their wanted values. */
async function free(run: RunScript, inputs: Inputs): Promise<void> {
    const set = (await hindering(run, inputs)).map(
        ([name, , wanted]) => `SET GLOBAL ${name} = ${/^\d+$|^OFF$/.test(wanted) ? wanted : text(wanted)};`,
    );
    if (set.length > 0) await sql(run, inputs.connection, set.join(" "));
}

async function read(run: RunScript, root: RunScript, recorded: Inputs): Promise<Inputs> {
    const file = await readFile(run, recorded.connection, rootOptionsFile);
    const stands =
        file?.content === optionsFile(recorded.password) && file.mode === "0600" && (await enters(root, recorded));
    // Who cannot get in is told nothing more.
    if (!stands || recorded.hindered === undefined)
        return { ...recorded, password: stands ? recorded.password : differs };
    const found = await hindering(run, recorded);
    return { ...recorded, hindered: found.map(([name, value]) => `${name} ${value.slice(0, 60)}`.trim()) };
}

/** The password of a MySQL server's root, and root's own file that holds it (D1). */
export function databaseRootHandler(run: RunScript = exec, clock = operatorClock): Handler<Inputs> {
    const root = asRoot(run, clock);
    return {
        inputs: ["password", "hindered"],
        access: ["connection"],
        replaceOn: [],
        check,
        async create(inputs) {
            await put(run, root, inputs);
            return { id: `${inputs.connection.name}:mysql-root`, outputs: {} };
        },
        read: (_id, recorded) => read(run, root, recorded),
        async update(_id, _recorded, inputs) {
            await put(run, root, inputs);
            if (inputs.hindered) await free(run, inputs);
            return {};
        },
        // The server's root stays as it is: it goes with the machine.
        async delete() {
            return;
        },
    };
}
export const handler = databaseRootHandler();

export interface DatabaseRootArgs {
    connection: pulumi.Input<Connection>;
    /** Secret. */
    password: pulumi.Input<string>;
}

/** The database server's root password, set without a prompt (D1), and that nothing set in the running server keeps services from their work. */
export class DatabaseRoot extends LiveResource {
    constructor(name: string, args: DatabaseRootArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/database-root",
            "DatabaseRoot",
            name,
            { ...args, password: pulumi.secret(args.password), hindered: [] },
            opts,
        );
    }
}
