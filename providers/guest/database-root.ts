import * as pulumi from "@pulumi/pulumi";
import { type Connection, Unreachable } from "../../clients/connection";
import { exec, lastOf, type RunScript } from "../../clients/ssh";
import { differs, type Handler, LiveResource } from "../dynamic";
import { readFile, writeFile } from "./machine-files";
import { rootOptionsFile, text } from "./mysql";

interface Inputs {
    connection: Connection;
    password: string;
}

export const optionsFile = (password: string): string =>
    `[client]\nuser = root\npassword = "${password.replace(/(["\\])/g, "\\$1")}"\n`;

/** The password of a MySQL server's root, and root's own file that holds it (D1). */
export function databaseRootHandler(run: RunScript = exec): Handler<Inputs> {
    const enters = async ({ connection, password }: Inputs): Promise<boolean> => {
        const { code, stderr } = await run(
            connection,
            "IFS= read -r MYSQL_PWD; export MYSQL_PWD; mysql --no-defaults -u root --connect-timeout=5 -e 'SELECT 1'",
            { input: `${password}\n`, allowFailure: true },
        );
        if (code === 0) return true;
        if (/^ERROR (1045|1698)\b/m.test(stderr)) return false;
        throw new Unreachable(`${connection.name}: the database cannot be asked: ${lastOf(stderr)}`);
    };
    // MySQL 5.5 comes with accounts without a name and roots of other hosts, none with a password: they would go before
    // the services' own, which are of any host.
    const others =
        "SET @classroom = IFNULL((SELECT CONCAT('DROP USER ', GROUP_CONCAT(QUOTE(user), '@', QUOTE(host))) FROM mysql.user " +
        "WHERE user = '' OR (user = 'root' AND host <> 'localhost' AND password = '')), 'DO 0'); PREPARE classroom FROM @classroom; EXECUTE classroom;";
    const put = async (inputs: Inputs) => {
        const { connection, password } = inputs;
        // One of these logins works: the machine's own root, the file's password, no password yet. After a run that was cut
        // off before it wrote the file, the wanted password works.
        await run(
            connection,
            `set +e; IFS= read -r wanted; all=$(cat)
enter() { said=$(printf '%s\\n' "$all" | mysql "$@" --connect-timeout=5 2>&1); }
enter --no-defaults -u root || enter --defaults-file=${rootOptionsFile} || { export MYSQL_PWD="$wanted"; enter --no-defaults -u root; } || { printf '%s\\n' "$said" >&2; exit 1; }`,
            {
                input: `${password}\nSET PASSWORD FOR 'root'@'localhost' = PASSWORD(${text(password)}); ${others} FLUSH PRIVILEGES;`,
            },
        );
        await writeFile(run, connection, rootOptionsFile, optionsFile(password), {
            owner: "root",
            group: "root",
            mode: "0600",
        });
    };
    return {
        inputs: ["password"],
        access: ["connection"],
        replaceOn: [],
        check({ password }) {
            return password !== undefined && /[\n\r]/.test(password)
                ? [{ property: "password", reason: "must be one line" }]
                : [];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:mysql-root`, outputs: {} };
        },
        async read(_id, recorded) {
            const file = await readFile(run, recorded.connection, rootOptionsFile);
            const stands =
                file?.content === optionsFile(recorded.password) && file.mode === "0600" && (await enters(recorded));
            return { ...recorded, password: stands ? recorded.password : differs };
        },
        async update(_id, _recorded, inputs) {
            await put(inputs);
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

/** The database server's root password, set without a prompt (D1). */
export class DatabaseRoot extends LiveResource {
    constructor(name: string, args: DatabaseRootArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/database-root", "DatabaseRoot", name, { ...args, password: pulumi.secret(args.password) }, opts);
    }
}
