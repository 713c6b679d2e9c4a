import { quote } from "../../../clients/ssh";
import { name as sqlName, text as sqlText } from "../mysql";
import { apart, type Kind, nonEmpty } from "./kind";

/** The server of this node, whatever root's own settings name. */
const asking = (statement: string): string =>
    `[ -d /var/lib/mysql/mysql ] && timeout 10 mysql --protocol=socket -N -B -e ${quote(statement)}`;

/** Commands of mending have more time than questions: they change something, and a cut one may have done half. */
export const sql = (statement: string): string => `timeout 30 mysql --protocol=socket -e ${quote(statement)}`;

/** `nova.instances`, in SQL; none where a name is not plain. */
const inSql = (name: string): string | undefined =>
    /^\w{1,64}\.\w{1,64}$/.test(name) ? name.split(".").map(sqlName).join(".") : undefined;

/** What of the running server keeps services from their work where it is another; a restart takes it from the files. */
const SETTINGS =
    "autocommit character_set_server connect_timeout default_storage_engine enforce_storage_engine event_scheduler foreign_key_checks general_log innodb_lock_wait_timeout interactive_timeout lock_wait_timeout max_allowed_packet max_connect_errors max_connections max_execution_time max_heap_table_size max_join_size max_password_errors max_session_mem_used max_statement_time net_read_timeout net_write_timeout offline_mode require_secure_transport slow_query_log sql_mode sql_safe_updates sql_select_limit time_zone transaction_isolation tx_isolation unique_checks wait_timeout";

/** An empty value, so that its line has two words. */
const EMPTY = "''";
const value = (said: string): string => (/^-?\d+(\.\d+)?$/.test(said) || said === EMPTY ? said : sqlText(said));

const kindOf = (name: string): [what: string, name: string] => {
    const at = name.indexOf(":");
    return [name.slice(0, at), name.slice(at + 1)];
};

/** What MySQL has in it beside the accounts. */
export const databaseKinds = {
    tables: {
        // The engine stands in a table's own small file: no table is opened.
        ask: asking(
            "SELECT CONCAT(table_schema, '.', table_name), engine FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')",
        ),
        lines: printed =>
            nonEmpty(printed)
                .map(line => line.replace(/\t/g, " "))
                // One that is being altered has a copy with another name.
                .filter(line => /^\w+\.\w+ \w+$/.test(line)),
        named: true,
        kept: true,
        words: {
            added: line => line,
            gone: line =>
                `MySQL's table ${apart(line)[0]} is gone (a restore point brings it back with its rows; rebuild of db-node makes all databases anew, without any)`,
            changed: (name, now, before) =>
                now === "NULL"
                    ? `MySQL's table ${name} cannot be read (a restore point brings it back)`
                    : `MySQL's table ${name} is kept by ${now} instead of ${before}`,
        },
        mend: {
            changed(name, now, before) {
                const table = inSql(name);
                return table === undefined || now === "NULL" || !/^\w+$/.test(before)
                    ? undefined
                    : sql(`ALTER TABLE ${table} ENGINE = ${before}`);
            },
        },
    },
    databaseSettings: {
        ask: asking(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${SETTINGS.split(" ").map(sqlText).join(", ")})`),
        lines: printed =>
            nonEmpty(printed)
                .map(line => line.split("\t"))
                .map(([name, ...said]) => `${name} ${said.join(" ") || EMPTY}`)
                .filter(line => /^[a-z_]+ ./.test(line)),
        named: true,
        words: {
            added: line => line,
            gone: line => line,
            changed: (name, now, before) => `${name} of the running MySQL server is ${now} instead of ${before}`,
        },
        mend: { changed: (name, _now, before) => sql(`SET GLOBAL ${name} = ${value(before)}`) },
    },
    databaseEvents: {
        ask: asking(
            "SELECT CONCAT('event:', event_schema, '.', event_name), 'there' FROM information_schema.events WHERE status = 'ENABLED' UNION ALL SELECT CONCAT('trigger:', trigger_schema, '.', trigger_name), 'there' FROM information_schema.triggers WHERE trigger_schema NOT IN ('mysql', 'sys')",
        ),
        lines: printed => nonEmpty(printed).map(line => `${line.replace(/\tthere$/, "").replace(/\s/g, "_")} there`),
        named: true,
        words: {
            added: line => `MySQL's ${kindOf(apart(line)[0]).join(" ")} was added: it changes tables by itself`,
            gone: line => line,
        },
        mend: {
            added(line) {
                const [what, name] = kindOf(apart(line)[0]),
                    quoted = inSql(name);
                if (quoted === undefined) return undefined;
                if (what === "event") return sql(`ALTER EVENT ${quoted} DISABLE`);
                // A trigger cannot be switched off: what it was goes aside.
                return `umask 077; mkdir -p "$a"; ${sql(`SHOW CREATE TRIGGER ${quoted}`)} > "$a"/${quote(`trigger-${name}`)} && ${sql(`DROP TRIGGER ${quoted}`)}`;
            },
        },
    },
} as const satisfies Record<string, Kind>;
