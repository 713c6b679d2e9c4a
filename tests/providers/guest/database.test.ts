import { type Connection, Unreachable } from "../../../clients/connection";
import { differs, placesOf } from "../../../providers/dynamic";
import { databaseHandler } from "../../../providers/guest/database";
import { databaseGrantHandler, grantedDatabases } from "../../../providers/guest/database-grant";
import { databaseRootHandler } from "../../../providers/guest/database-root";
import { isDatabaseName, name, otherPassword, refusalOf, sql, text } from "../../../providers/guest/mysql";
import { FakeClock } from "../../clients/fake-clock";
import { localHost } from "../machine/local-host";

/** The server's client: what it is asked, with whose password, goes into the log; the file `answer` is shell that answers. */
const host = localHost({
    chown: 'echo "$1" > "$ROOT/owner"',
    my_print_defaults: 'cat "$ROOT/own"',
    mysql: 'said=$(cat); echo "mysql $*${MYSQL_PWD:+ by $MYSQL_PWD}: $said" >> "$LOG"; . "$ROOT/answer"',
});
afterAll(() => host.remove());
beforeEach(() => {
    host.said();
    host.put("answer", "");
});
const connection = { name: "db-node" } as Connection,
    asRoot = "mysql --batch --skip-column-names --connect-timeout=5: ";
const asksFor = (database: string) =>
    `${asRoot}SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = '${database}';\n`;

test("what is put into SQL is quoted", () => {
    expect(text("it's a \\")).toBe("'it''s a \\\\'");
    expect(name("a`b`")).toBe("`a``b```");
    expect(["nova_1", "d".repeat(64), "", "d".repeat(65), "a-b", "-a", "a-"].map(isDatabaseName)).toEqual([
        true,
        true,
        false,
        false,
        false,
        false,
        false,
    ]);
});

test("SQL is root's, its rows come back; a server that is down is not asked, a mistake is one", async () => {
    host.put("answer", "echo one; echo; echo two");
    expect(await sql(host.run, connection, "SELECT 1;")).toEqual(["one", "two"]);
    expect(host.said()).toBe(`${asRoot}SELECT 1;\n`);
    for (const code of ["2002", "2003", "2006", "2013", "1045"]) {
        host.put("answer", `echo 'ERROR ${code} (HY000): no' >&2; exit 1`);
        await expect(sql(host.run, connection, "SELECT 1;")).rejects.toThrow(
            new Unreachable(`db-node: the database cannot be asked: ERROR ${code} (HY000): no`),
        );
    }
    host.put("answer", "echo 'ERROR 1064 (42000): syntax' >&2; exit 1");
    await expect(sql(host.run, connection, "SELEC;")).rejects.toMatchObject({
        name: "RemoteError",
        result: { code: 1, stderr: "ERROR 1064 (42000): syntax" },
    });
});

test("a password is tried from the network; one that is not let in is another thing than nobody who answers", async () => {
    const tried = () => refusalOf(host.run, connection, "nova", "pw", "10.0.0.3");
    expect(await tried()).toBeUndefined();
    expect(host.said()).toBe(
        "mysql --no-defaults --protocol=tcp -h 10.0.0.3 -u nova --connect-timeout=5 -e SELECT 1 by pw: \n",
    );
    for (const [code, why] of [
        ["1045", otherPassword],
        ["1044", otherPassword],
        ["1820", "its password has expired"],
        ["1862", "its password has expired"],
        ["3118", "the account is locked"],
        ["4151", "the account is locked"],
    ]) {
        host.put("answer", `echo 'ERROR ${code}: denied' >&2; exit 1`);
        expect(await tried()).toBe(why);
    }
    host.put("answer", "echo 'ERROR 2003: no' >&2; exit 1");
    await expect(tried()).rejects.toThrow(new Unreachable("db-node: the database cannot be asked: ERROR 2003: no"));
});

test("a database: made, adopted as the same, made anew as another, found, altered, gone", async () => {
    const handler = databaseHandler(host.run),
        inputs = { connection, database: "nova", characterSet: "utf8" };
    const make = async (uuid: string) => {
        host.put("proc/sys/kernel/random/uuid", `${uuid}\n`);
        return await handler.create(inputs);
    };
    expect(await make("first")).toEqual({ id: "nova#first", outputs: {} });
    expect(host.said()).toBe(`${asksFor("nova")}${asRoot}CREATE DATABASE IF NOT EXISTS \`nova\` CHARACTER SET utf8;\n`);
    expect((await make("second")).id).toBe("nova#second");
    host.put("answer", 'case "$said" in SELECT*) echo utf8mb3;; esac');
    expect((await make("third")).id).toBe("nova#second");
    host.put("var/lib/classroom/databases/nova", "");
    expect((await make("fourth")).id).toBe("nova#fourth");
    expect(await handler.read("", inputs)).toEqual(inputs);
    host.put("answer", "echo latin1");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, characterSet: "latin1" });
    host.put("answer", "");
    expect(await handler.read("", inputs)).toBeUndefined();
    host.said();
    expect(await handler.update("", inputs, inputs)).toEqual({});
    await handler.delete("", inputs);
    expect(host.said()).toBe(
        `${asRoot}ALTER DATABASE \`nova\` CHARACTER SET utf8;\n${asRoot}DROP DATABASE IF EXISTS \`nova\`;\n`,
    );
});

const grantsNothing = `case "$said" in SELECT*) echo nova;; esac; [ -z "$MYSQL_PWD" ] || { echo 'ERROR 1045' >&2; exit 1; }`;

describe("an account", () => {
    const handler = databaseGrantHandler(host.run),
        inputs = { connection, address: "10.0.0.3", databases: ["nova", "cells"], user: "nova", password: "it's" };
    const grant = (database: string) => `GRANT ALL ON \`${database}\`.* TO 'nova'@'%' IDENTIFIED BY 'it''s';\n`;
    const known = "SELECT user FROM mysql.user WHERE user = 'nova' AND host = '%';";

    test("is granted, and loses what is wanted no longer", async () => {
        expect(await handler.create(inputs)).toEqual({ id: "nova", outputs: {} });
        expect(host.said()).toBe(`${asRoot}${grant("nova")}${grant("cells")}FLUSH PRIVILEGES;\n`);
        expect(await handler.update("", inputs, { ...inputs, databases: ["nova"] })).toEqual({});
        expect(host.said()).toBe(
            `${asRoot}${grant("nova")}REVOKE ALL ON \`cells\`.* FROM 'nova'@'%';\nFLUSH PRIVILEGES;\n`,
        );
    });

    test("gets its rights back in the connections that are open, too: each ends, or has ended meanwhile", async () => {
        const open = "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'nova';";
        host.put(
            "answer",
            `case "$said" in *CONCAT*) printf 'KILL 7;\\nDROP\\nKILL 8;\\n' ;; "KILL 7"*) echo 'ERROR 1094 (HY000): Unknown thread id: 7' >&2; exit 1 ;; esac`,
        );
        await handler.update("", { ...inputs, databases: ["cells"] }, inputs);
        const asked = `${asRoot}${open}\n${asRoot}KILL 7;\n${asRoot}KILL 8;\n`;
        expect(host.said()).toBe(`${asRoot}${grant("nova")}${grant("cells")}FLUSH PRIVILEGES;\n${asked}`);
    });

    test("is found with what it may, in the order that is wanted, and its password as another where it is not let in", async () => {
        expect(await handler.read("", inputs)).toBeUndefined();
        const grants = (...of: string[]) =>
            `case "$said" in SELECT*) echo nova;; SHOW*) echo "GRANT USAGE ON *.* TO 'nova'@'%'"; ${of.map(d => `echo "GRANT ALL PRIVILEGES ON \\\`${d}\\\`.* TO 'nova'@'%'"`).join("; ")};; esac`;
        host.put("answer", grants("cells", "nova"));
        host.said();
        expect(await handler.read("", inputs)).toEqual(inputs);
        expect(host.said()).toBe(
            `${asRoot}${known}\n${asRoot}SHOW GRANTS FOR 'nova'@'%';\nmysql --no-defaults --protocol=tcp -h 10.0.0.3 -u nova --connect-timeout=5 -e SELECT 1 by it's: \n`,
        );
        host.put("answer", `${grants("other", "nova")}; [ -z "$MYSQL_PWD" ] || { echo 'ERROR 1045' >&2; exit 1; }`);
        expect(await handler.read("", inputs)).toEqual({ ...inputs, databases: ["nova", "other"], password: differs });
    });

    test("that is locked is found as such, and let in again; one that has only another password is not unlocked", async () => {
        const refuse = (code: number) =>
            `case "$said" in *"ACCOUNT UNLOCK"*) : > "$ROOT/free" ;; SELECT*) echo nova;; esac; [ -z "$MYSQL_PWD" ] || [ -e "$ROOT/free" ] || { echo 'ERROR ${code} (HY000): no' >&2; exit 1; }`;
        host.put("answer", refuse(4151));
        const found = await handler.read("", inputs);
        expect(found!.password).toBe(differs);
        expect(placesOf(found)).toEqual({ password: "the account is locked" });
        host.said();
        await handler.update("", found!, inputs);
        expect(host.said()).toContain(
            "SET PASSWORD FOR 'nova'@'%' = PASSWORD('it''s'); ALTER USER 'nova'@'%' ACCOUNT UNLOCK;\n",
        );
        await handler.update("", found!, inputs);
        expect(host.said()).not.toContain("UNLOCK");
        host.put("answer", grantsNothing);
        expect(placesOf(await handler.read("", inputs))).toEqual({});
    });

    test("is dropped where it is, with what it might", async () => {
        const rights = `${asRoot}DELETE FROM mysql.db WHERE user = 'nova' AND host = '%';\n${asRoot}${known}\n`;
        await handler.delete("", inputs);
        expect(host.said()).toBe(rights);
        host.put("answer", 'case "$said" in SELECT*) echo nova;; esac');
        await handler.delete("", inputs);
        expect(host.said()).toBe(`${rights}${asRoot}DROP USER 'nova'@'%'; FLUSH PRIVILEGES;\n`);
    });

    test("may what SHOW GRANTS says of all privileges, whose underscores are escaped", () => {
        expect(
            grantedDatabases([
                "GRANT ALL PRIVILEGES ON `nova\\_cell\\_0`.* TO 'nova'@'%'",
                "GRANT SELECT ON `x`.* TO 'nova'@'%'",
                "x GRANT ALL PRIVILEGES ON `y`.* TO 'nova'@'%'",
            ]),
        ).toEqual(["nova_cell_0"]);
    });
});

test("root's password: set by whichever way in stands, in root's own file, tried where it is asked", async () => {
    const handler = databaseRootHandler(host.run),
        inputs = { connection, password: 'p"w' };
    host.put("answer", 'case "$*" in *connect*SELECT*) ;; --no-defaults*) [ -n "$MYSQL_PWD" ];; *) false;; esac');
    expect(await handler.create(inputs)).toEqual({ id: "db-node:mysql-root", outputs: {} });
    expect(host.there("root/.my.cnf")).toBe('[client]\nuser = root\npassword = "p\\"w"\n');
    expect(host.there("owner")).toBe("root:root\n");
    const ways = host.said().trim().split("\n");
    expect(ways.map(way => way.split(": SET ")[0])).toEqual([
        "mysql --no-defaults -u root --connect-timeout=5",
        `mysql --defaults-file=${host.dir}/root/.my.cnf --connect-timeout=5`,
        'mysql --no-defaults -u root --connect-timeout=5 by p"w',
    ]);
    expect(ways[2]).toContain(
        "SET PASSWORD FOR 'root'@'localhost' = PASSWORD('p\"w'); SET @classroom = IFNULL((SELECT CONCAT('DROP USER ', GROUP_CONCAT(QUOTE(user), '@', QUOTE(host))) FROM mysql.user " +
            "WHERE user = '' OR (user = 'root' AND host <> 'localhost' AND password = '')), 'DO 0'); PREPARE classroom FROM @classroom; EXECUTE classroom; FLUSH PRIVILEGES;",
    );
    expect(await handler.read("", inputs)).toEqual(inputs);
    expect(host.said()).toBe('mysql --no-defaults -u root --connect-timeout=5 -e SELECT 1 by p"w: \n');
    for (const code of ["1045", "1698"]) {
        host.put("answer", `echo 'ERROR ${code}' >&2; exit 1`);
        expect(await handler.read("", inputs)).toEqual({ ...inputs, password: differs });
    }
    host.put("answer", "echo ' ERROR 2002' >&2; exit 1");
    await expect(handler.read("", inputs)).rejects.toThrow(
        new Unreachable("db-node: the database cannot be asked: ERROR 2002"),
    );
    host.put("answer", "");
    await host.run(connection, "chmod 0640 /root/.my.cnf");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, password: differs });
    await handler.delete("", inputs);
    await host.run(connection, "chmod 0600 /root/.my.cnf");
    expect(await handler.read("", inputs)).toEqual(inputs);
    host.put("root/.my.cnf", "[client]\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, password: differs });
});

describe("a server without a free connection", () => {
    const full = "echo 'ERROR 1040 (08004): Too many connections' >&2; exit 1",
        inputs = { connection, password: "pw", hindered: [] };
    const handler = (clock: FakeClock) => databaseRootHandler(host.run, clock);
    beforeEach(async () => {
        host.put("answer", "");
        await handler(new FakeClock()).create(inputs);
    });

    test("lets root in when whoever has the last one is through", async () => {
        const clock = new FakeClock();
        host.put("answer", `[ -e "$ROOT/asked" ] || { : > "$ROOT/asked"; ${full}; }`);
        expect(await handler(clock).read("", inputs)).toEqual(inputs);
        expect(clock.pauses).toEqual([0.5]);
    });

    test("that lets nobody in is told as one that cannot be asked", async () => {
        const clock = new FakeClock();
        host.put("answer", full);
        await expect(handler(clock).read("", inputs)).rejects.toThrow(
            new Unreachable("db-node: the database cannot be asked: ERROR 1040 (08004): Too many connections"),
        );
        expect(clock.pauses).toHaveLength(19);
    });

    test.each([
        ["1", "--max-connections=200\n", "200"],
        ["150", "", "151"],
        ["50", "--max_connections=50\n", undefined],
        ["160", "--max_connections=1024\n", undefined],
    ])("of %s in all, with %j in its files, is given %s", async (now, own, wanted) => {
        host.put("own", own);
        host.put("answer", `case "$said" in SHOW*) printf 'max_connections\\t${now}\\n' ;; esac`);
        const found = await handler(new FakeClock()).read("", inputs);
        expect(found).toEqual({ ...inputs, hindered: wanted === undefined ? [] : [`max_connections ${now}`] });
        host.said();
        await handler(new FakeClock()).update("", found!, inputs);
        const set = /SET GLOBAL max_connections = (\d+);/.exec(host.said())?.[1];
        host.put("own", "");
        expect(set).toBe(wanted);
    });
});

test("a variable of the running server that keeps services from their work is found and set back; no other is", async () => {
    const handler = databaseRootHandler(host.run),
        inputs = { connection, password: "pw", hindered: [] };
    await handler.create(inputs);
    host.put(
        "answer",
        `case "$said" in SHOW*) printf 'read_only\\tON\\ninit_connect\\t\\nmax_user_connections\\t1\\nother\\tx\\n' ;; esac`,
    );
    const found = await handler.read("", inputs);
    expect(found).toEqual({ ...inputs, hindered: ["read_only ON", "max_user_connections 1"] });
    host.put("own", "--max-user-connections=1\n");
    expect(await handler.read("", inputs)).toEqual({ ...inputs, hindered: ["read_only ON"] });
    host.put("own", "");
    host.said();
    await handler.update("", found!, inputs);
    expect(host.said()).toContain("SET GLOBAL read_only = OFF; SET GLOBAL max_user_connections = 0;\n");
    host.put("answer", `case "$said" in SHOW*) printf 'read_only\\tOFF\\n' ;; esac`);
    expect(await handler.read("", inputs)).toEqual(inputs);
    await handler.update("", inputs, inputs);
    expect(host.said()).not.toContain("SET GLOBAL");
});
