import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { Connection } from "../../../clients/connection";
import { differs, placesOf } from "../../../providers/dynamic";
import { optionsFileHandler } from "../../../providers/guest/options-file";
import { localHost } from "../machine/local-host";

/** A node on which services say what they are told. */
const host = localHost({
    systemctl:
        'case "$1" in is-active) ;; restart) echo "restart $2" >> "$LOG" ;; show) case $4 in -p) cat "$ROOT/began" ;; *) cat "$ROOT/units/$4" ;; esac ;; *) false ;; esac',
    chown: ":",
});
const { username: owner } = os.userInfo(),
    connection = { name: "api-node", host: "10.0.0.6", port: 22 } as Connection,
    handler = optionsFileHandler(host.run);
beforeEach(() => {
    for (const folder of ["etc", "units", "run"])
        fs.rmSync(path.join(host.dir, folder), { recursive: true, force: true });
    host.put("run/systemd/system/x", "");
    host.put("began", "");
    host.said();
});
afterAll(() => host.remove());

const secret = "mysql://nova:s3cret@10.0.0.3/nova";
const inputs = (file: string, more: object = {}) => ({
    connection,
    path: file,
    owner,
    group: owner,
    mode: "0640",
    options: { DEFAULT: { rabbit_host: "10.0.0.3", my_ip: "10.0.0.6" } },
    secretOptions: { DEFAULT: { sql_connection: secret } },
    restarts: ["nova-api"],
    ...more,
});
const sound = `[DEFAULT]\nverbose = True\nrabbit_host = 10.0.0.3\nmy_ip = 10.0.0.6\nsql_connection = ${secret}\n`;
const nova = inputs("/etc/nova/nova.conf");
const mode = (file: string, is = 0o640) => fs.chmodSync(path.join(host.dir, file), is);

/** What is read of a file, and where from; then mended, whether services restarted, and read once more. */
async function found(wanted: typeof nova, files: Record<string, string>) {
    for (const [file, text] of Object.entries(files)) host.put(file, text);
    mode(wanted.path.slice(1));
    const live = await handler.read("", wanted);
    await handler.update("", wanted, wanted);
    return { live, places: placesOf(live), restarts: host.said(), after: await handler.read("", wanted) };
}

test("where nothing shadows anything, what is read is what is recorded, and nothing is written", async () => {
    const { live, places, restarts, after } = await found(nova, { "etc/nova/nova.conf": sound });
    expect([live, places, restarts, after]).toEqual([nova, {}, "", nova]);
    expect(host.there("etc/nova/nova.conf")).toBe(sound);
});

describe("services that run since before the file's last change", () => {
    const two = inputs("/etc/nova/nova.conf", { restarts: ["nova-api", "nova-cert"], unread: [] });
    const unit = (state: string, at: string) => `ActiveState=${state}\nStateChangeTimestamp=${at}\n`;
    const put = (changed: string, ...units: string[]) => {
        host.put("etc/nova/nova.conf", sound);
        mode("etc/nova/nova.conf");
        fs.utimesSync(path.join(host.dir, "etc/nova/nova.conf"), new Date(), new Date(changed));
        host.put("began", units.join("\n"));
    };
    const [before, after] = ["Tue 2013-08-27 09:59:59 UTC", "Tue 2013-08-27 10:00:00 UTC"],
        changed = "2013-08-27T10:00:00.900Z";

    test("are found, those that started since are not", async () => {
        put(changed, unit("active", before), unit("active", after));
        expect(await handler.read("", two)).toEqual({ ...two, unread: ["nova-api"] });
    });
    test("are not those that do not run, or whose start is not known", async () => {
        put(changed, unit("inactive", before), unit("active", ""));
        expect(await handler.read("", two)).toEqual(two);
    });
    test("are restarted alone, and the file stays", async () => {
        put(changed, unit("active", after), unit("active", before));
        const { ino } = fs.statSync(path.join(host.dir, "etc/nova/nova.conf"));
        await handler.update("", { ...two, unread: ["nova-cert"] }, two);
        expect([host.said(), fs.statSync(path.join(host.dir, "etc/nova/nova.conf")).ino]).toEqual([
            "restart nova-cert\n",
            ino,
        ]);
    });
    test("are restarted where a run was cut off between its change and the restart", async () => {
        put(changed, unit("active", before), unit("active", before));
        await handler.create(two);
        expect(host.said().split("\n").sort()).toEqual(["", "restart nova-api", "restart nova-cert"]);
    });
    test("are not known of a file of the future: the clock was set", async () => {
        put("2113-08-27T10:00:00Z", unit("active", before), unit("active", before));
        expect(await handler.read("", two)).toEqual(two);
    });
    test("are no property of a file that was recorded by a former version", async () => {
        put(changed, unit("active", before), unit("active", before));
        expect(await handler.read("", nova)).toEqual(nova);
    });
});

test.each<[what: string, text: string, value: string, place: string]>([
    ["a second [DEFAULT] at the end", `${sound}\n[DEFAULT]\nrabbit_host = 10.0.0.99\n`, "10.0.0.99", "line 8"],
    ["a second line", sound.replace("my_ip", "rabbit_host=10.0.0.99\nmy_ip"), "10.0.0.99", "line 4"],
    ["a colon", sound.replace("rabbit_host = 10.0.0.3", "rabbit_host: 10.0.0.99"), "10.0.0.99", "line 3"],
    [
        "an indented line below",
        sound.replace("my_ip", "  verbose = False\nmy_ip"),
        "10.0.0.3 (goes on in the next line)",
        "line 3",
    ],
    ["a changed value", sound.replace("= 10.0.0.3\n", "= 10.0.0.99\n"), "10.0.0.99", "line 3"],
    [
        "a newer name",
        `${sound}[oslo_messaging_rabbit]\nrabbit_host = 10.0.0.99\n`,
        "10.0.0.99",
        "[oslo_messaging_rabbit] rabbit_host, line 7",
    ],
    [
        "a URL for all of the queue",
        `${sound}transport_url = rabbit://guest:pw@10.0.0.99//\n`,
        "([DEFAULT] transport_url is read instead)",
        "[DEFAULT] transport_url, line 6",
    ],
    [
        "a list of queues",
        `${sound}rabbit_hosts = 10.0.0.99:5672\n`,
        "([DEFAULT] rabbit_hosts is read instead)",
        "[DEFAULT] rabbit_hosts, line 6",
    ],
])("%s: found with its line, taken away, its readers restarted", async (_what, text, value, place) => {
    const { live, places, restarts, after } = await found(nova, { "etc/nova/nova.conf": text });
    expect(live).toEqual({ ...nova, options: { DEFAULT: { rabbit_host: value, my_ip: "10.0.0.6" } } });
    expect(places).toEqual({ "options.DEFAULT.rabbit_host": place });
    expect([restarts, after]).toEqual(["restart nova-api\n", nova]);
    expect(host.there("etc/nova/nova.conf")!.replace(/\n*\[(DEFAULT|oslo_messaging_rabbit)\]\n*$/, "\n")).toBe(sound);
});

test.each<[what: string, text: string, place: string]>([
    ["in a second section", `${sound}[DEFAULT]\nsql_connection = mysql://x:other@y/z\n`, "line 7"],
    ["by its newer name", `${sound}[database]\nconnection = mysql://x:other@y/z\n`, "[database] connection, line 7"],
])("a secret that is shadowed %s is not shown", async (_what, text, place) => {
    const { live, places, after } = await found(nova, { "etc/nova/nova.conf": text });
    expect(live).toEqual({ ...nova, secretOptions: { DEFAULT: { sql_connection: differs } } });
    expect(places).toEqual({ "secretOptions.DEFAULT.sql_connection": place });
    expect(after).toEqual(nova);
});

test("a secret's own line, indented, is not shown as the value that it goes on with", async () => {
    const { live, after } = await found(nova, { "etc/nova/nova.conf": sound.replace("sql_", "  sql_") });
    expect(live).toEqual({
        ...nova,
        options: { DEFAULT: { rabbit_host: "10.0.0.3", my_ip: "10.0.0.6 (goes on in the next line)" } },
        secretOptions: {},
    });
    expect(after).toEqual(nova);
});

test("a secret in another option's value is not shown", async () => {
    const { live } = await found(nova, { "etc/nova/nova.conf": sound.replace("= 10.0.0.3\n", `= ${secret}\n`) });
    expect(live!.options.DEFAULT.rabbit_host).toBe(differs);
});

test("a file that its services give up for one line is told once, and that line alone is taken out", async () => {
    const { live, places, after } = await found(nova, { "etc/nova/nova.conf": `\ufeff${sound}rubbish\n` });
    expect(live!.options.DEFAULT.rabbit_host).toBe("(nothing of the file is read: it begins with a byte order mark)");
    expect(places).toEqual({ "options.DEFAULT.rabbit_host": "line 1" });
    expect([after, host.there("etc/nova/nova.conf")]).toEqual([nova, sound]);
});

test("what is as wanted stays as it is written, quotes, colons and carriage returns too", async () => {
    const text = sound.replace("rabbit_host = 10.0.0.3", 'rabbit_host: "10.0.0.3"').replace(/\n/g, "\r\n");
    const { live, restarts } = await found(nova, { "etc/nova/nova.conf": text });
    expect([live, restarts, host.there("etc/nova/nova.conf")]).toEqual([nova, "", text]);
});

test("of what shadows an option only that is taken away: other lines of the second section stay", async () => {
    await found(nova, { "etc/nova/nova.conf": `${sound}[DEFAULT]\n# mine\ndebug = True\nrabbit_host = x\n` });
    expect(host.there("etc/nova/nova.conf")).toBe(`${sound}[DEFAULT]\n# mine\ndebug = True\n`);
});

test("a file that is read after it is looked at and mended, mode kept; one that is read before it is not", async () => {
    const compute = inputs("/etc/nova/nova.conf", { restarts: ["nova-compute"] });
    const files = {
        "etc/nova/nova.conf": sound,
        "etc/nova/nova-compute.conf": "[DEFAULT]\nlibvirt_type = qemu\nmy_ip = 10.0.0.99\n",
        "etc/nova/nova.conf.d/x.conf": "[DEFAULT]\nmy_ip = 10.0.0.98\n",
    };
    host.put("etc/nova/nova-compute.conf", "");
    mode("etc/nova/nova-compute.conf", 0o600);
    const { live, places, restarts, after } = await found(compute, files);
    expect(live!.options.DEFAULT.my_ip).toBe("10.0.0.99");
    expect(places["options.DEFAULT.my_ip"]).toMatch(/^line 3 of .*\/etc\/nova\/nova-compute\.conf$/);
    expect([restarts, after]).toEqual(["restart nova-compute\n", compute]);
    expect(host.there("etc/nova/nova-compute.conf")).toBe("[DEFAULT]\nlibvirt_type = qemu\n");
    expect(fs.statSync(path.join(host.dir, "etc/nova/nova-compute.conf")).mode & 0o777).toBe(0o600);
    expect(host.there("etc/nova/nova.conf.d/x.conf")).toBe(files["etc/nova/nova.conf.d/x.conf"]);
});

test("in a folder of drop-ins the last name counts, for a service that reads it after the file", async () => {
    const keystone = inputs("/etc/keystone/keystone.conf", {
        restarts: ["keystone"],
        options: { DEFAULT: { my_ip: "1" } },
        secretOptions: { sql: { connection: secret } },
    }) as unknown as typeof nova;
    const { live, places, after } = await found(keystone, {
        "etc/keystone/keystone.conf": `[DEFAULT]\nmy_ip = 1\n[sql]\nconnection = ${secret}\n`,
        "etc/keystone/keystone.conf.d/a.conf": "[DEFAULT]\nmy_ip = 3\n",
        "etc/keystone/keystone.conf.d/b.conf": "[DEFAULT]\nmy_ip = 2\n[database]\nconnection = sqlite://\n",
        "etc/keystone/keystone.conf.d/c.txt": "[DEFAULT]\nmy_ip = 4\n",
    });
    expect(live!.options.DEFAULT.my_ip).toBe("2");
    expect(live!.secretOptions).toEqual({ sql: { connection: differs } });
    expect(places["options.DEFAULT.my_ip"]).toMatch(/^line 2 of .*\/b\.conf$/);
    expect(places["secretOptions.sql.connection"]).toMatch(/^\[database\] connection, line 4 of .*\/b\.conf$/);
    expect(after).toEqual(keystone);
    expect(host.there("etc/keystone/keystone.conf.d/c.txt")).toBe("[DEFAULT]\nmy_ip = 4\n");
});

test("a URL of the queue counts wherever it is, be it in a file that is read before", async () => {
    const { live, after } = await found(nova, {
        "etc/nova/nova.conf": sound,
        "etc/nova/nova.conf.d/x.conf": "[DEFAULT]\ntransport_url = rabbit://g:pw@h//\n",
    });
    expect(live!.options.DEFAULT.rabbit_host).toBe("([DEFAULT] transport_url is read instead)");
    expect([after, host.there("etc/nova/nova.conf.d/x.conf")]).toEqual([nova, "[DEFAULT]\n"]);
});

test("an option that the program sets by two of its names has both", async () => {
    const both = inputs("/etc/nova/nova.conf", {
        options: { DEFAULT: { rabbit_host: "1", transport_url: "x" }, oslo_messaging_rabbit: { rabbit_host: "2" } },
        secretOptions: undefined,
    }) as unknown as typeof nova;
    await handler.create(both);
    expect(await handler.read("", both)).toEqual(both);
});

test("a file beside it that is too large is told as what cannot be asked", async () => {
    host.put("etc/nova/nova.conf.d/x.conf", "#".repeat((1 << 20) + 1));
    await expect(found(nova, { "etc/nova/nova.conf": sound })).rejects.toThrow(
        /nova\.conf\.d\/x\.conf has more than 1 MiB/,
    );
});

describe("the database's file", () => {
    const database = inputs("/etc/mysql/my.cnf", {
        restarts: ["mysql"],
        options: { mysqld: { "bind-address": "10.0.0.3", max_connections: "500" } },
        secretOptions: undefined,
    }) as unknown as typeof nova;
    const text = "[mysqld]\nbind-address = 10.0.0.3\nmax_connections = 500\n!includedir /etc/mysql/conf.d/\n";

    test("an underscore for a dash below the option is found, with its line, and taken away", async () => {
        const { live, places, restarts, after } = await found(database, {
            "etc/mysql/my.cnf": text.replace("max_", "  bind_address=127.0.0.1\nmax_"),
        });
        expect(live).toEqual({
            ...database,
            options: { mysqld: { "bind-address": "127.0.0.1", max_connections: "500" } },
        });
        expect(places).toEqual({ "options.mysqld.bind-address": "[mysqld] bind_address, line 3" });
        expect([restarts, after, host.there("etc/mysql/my.cnf")]).toEqual(["restart mysql\n", database, text]);
    });

    test("a file that it has read is found and mended; one that it has read before the option is left alone", async () => {
        const { live, places, after } = await found(database, {
            "etc/mysql/my.cnf": `!includedir /etc/mysql/first.d\n${text}`,
            "etc/mysql/first.d/a.cnf": "[mysqld]\nbind-address = 127.0.0.1\n",
            "etc/mysql/conf.d/b.cnf": "[mysqld]\n# mine\nmax-connections = 1\n",
        });
        expect(live!.options).toEqual({ mysqld: { "bind-address": "10.0.0.3", max_connections: "1" } });
        expect(places["options.mysqld.max_connections"]).toMatch(
            /^\[mysqld\] max-connections, line 3 of .*\/conf\.d\/b\.cnf$/,
        );
        expect(after).toEqual(database);
        expect(host.there("etc/mysql/conf.d/b.cnf")).toBe("[mysqld]\n# mine\n");
        expect(host.there("etc/mysql/first.d/a.cnf")).toBe("[mysqld]\nbind-address = 127.0.0.1\n");
    });
});

test("of a paste file what [DEFAULT] says counts before the section, secrets masked, and is taken away", async () => {
    const paste = inputs("/etc/nova/api-paste.ini", {
        options: { "filter:authtoken": { auth_host: "10.0.0.4" } },
        secretOptions: { "filter:authtoken": { admin_password: "s3cret" } },
    }) as unknown as typeof nova;
    const text = "[filter:authtoken]\nauth_host = 10.0.0.4\nadmin_password = s3cret\n";
    const { live, places, after } = await found(paste, {
        "etc/nova/api-paste.ini": `[DEFAULT]\nadmin_password = 0ther\n${text}  auth_host = 1\nauth_host: 10.0.0.9\n`,
    });
    expect([live!.options, live!.secretOptions]).toEqual([
        { "filter:authtoken": { auth_host: "10.0.0.9" } },
        { "filter:authtoken": { admin_password: differs } },
    ]);
    expect(places).toEqual({
        "options.filter:authtoken.auth_host": "line 7",
        "secretOptions.filter:authtoken.admin_password": "[DEFAULT] admin_password, line 2",
    });
    expect([after, host.there("etc/nova/api-paste.ini")]).toEqual([paste, `[DEFAULT]\n${text}`]);
});

describe("the dashboard's settings", () => {
    const dashboard = inputs("/etc/openstack-dashboard/local_settings.py", {
        options: { "": { OPENSTACK_HOST: '"auth-node"', ALLOWED_HOSTS: "['*'] # all" } },
        secretOptions: undefined,
        restarts: ["apache2"],
    }) as unknown as typeof nova;
    const text = "import os\nALLOWED_HOSTS = ['*'] # all\nOPENSTACK_HOST = \"auth-node\"\nURL = OPENSTACK_HOST\n";

    test("a name that is given another value in a block is found with its line, and what gives it is taken away", async () => {
        const { live, places, restarts, after } = await found(dashboard, {
            "etc/openstack-dashboard/local_settings.py": `${text}if URL:\n    OPENSTACK_HOST = '10.0.0.9'\n`,
        });
        expect((live!.options as Record<string, object>)[""]).toEqual({
            OPENSTACK_HOST: '"10.0.0.9"',
            ALLOWED_HOSTS: "['*'] # all",
        });
        expect(places).toEqual({ "options..OPENSTACK_HOST": "line 6" });
        expect([restarts, after]).toEqual(["restart apache2\n", dashboard]);
        expect(host.there("etc/openstack-dashboard/local_settings.py")).toBe(`${text}if URL:\n    pass\n`);
    });

    test("a value over several lines is taken for one, and exchanged as a whole", async () => {
        const { live, after } = await found(dashboard, {
            "etc/openstack-dashboard/local_settings.py": text.replace("['*'] # all", "\\\n    [\n    'a']"),
        });
        expect((live!.options as Record<string, Record<string, string>>)[""]!.ALLOWED_HOSTS).toBe(
            "[ (goes on in the next line)",
        );
        expect([after, host.there("etc/openstack-dashboard/local_settings.py")]).toEqual([dashboard, text]);
    });

    test("other quotes are the same value", async () => {
        const other = text.replace(/"/g, "'");
        const { live, restarts } = await found(dashboard, { "etc/openstack-dashboard/local_settings.py": other });
        expect([live, restarts]).toEqual([dashboard, ""]);
    });
});

describe("what a service is started with", () => {
    const unit = (words: string) =>
        host.put(
            "units/nova-api",
            `ExecStart={ path=/usr/bin/nova-api ; argv[]=/usr/bin/nova-api ${words} ; ignore_errors=no }\n`,
        );

    test.each(["=", " "])(
        "a folder in a drop-in of its unit counts after the file (--config-dir%sFOLDER)",
        async by => {
            unit(`--config-dir${by}${host.dir}/etc/more`);
            const { live, places, after } = await found(nova, {
                "etc/nova/nova.conf": sound,
                "etc/more/x.conf": "[DEFAULT]\nmy_ip = 10.0.0.99\n# mine\n",
                "etc/more/x.txt": "[DEFAULT]\nmy_ip = 10.0.0.98\n",
            });
            expect(live!.options.DEFAULT.my_ip).toBe("10.0.0.99");
            expect(places["options.DEFAULT.my_ip"]).toMatch(/^line 2 of .*\/etc\/more\/x\.conf$/);
            expect([after, host.there("etc/more/x.conf")]).toEqual([nova, "[DEFAULT]\n# mine\n"]);
        },
    );

    test("a file in an upstart job's override counts too", async () => {
        const { live, after } = await found(nova, {
            "etc/nova/nova.conf": sound,
            "etc/init/nova-api.override": `exec nova-api --config-file=${host.dir}/etc/other.conf\n`,
            "etc/other.conf": "[DEFAULT]\nrabbit_host = 10.0.0.99\n",
        });
        expect(live!.options.DEFAULT.rabbit_host).toBe("10.0.0.99");
        expect(after).toEqual(nova);
    });

    test("what comes before the file itself counts before it, and is left alone", async () => {
        const own = path.join(host.dir, "etc/nova/nova.conf"),
            other = "[DEFAULT]\nrabbit_host = 10.0.0.99\n";
        unit(`--config-file=${host.dir}/etc/other.conf --config-file=${own}`);
        host.put("etc/nova/nova.conf", sound);
        mode("etc/nova/nova.conf");
        host.put("etc/other.conf", other);
        // The file by its own path, as a node would say it.
        const handled = optionsFileHandler(async (...call) => {
            const result = await host.run(...call);
            return { ...result, stdout: result.stdout.replaceAll(`path ${host.dir}/`, "path /") };
        });
        expect(await handled.read("", nova)).toEqual(nova);
        unit(`--config-file=${own} --config-file=${host.dir}/etc/other.conf`);
        expect((await handled.read("", nova))!.options.DEFAULT.rabbit_host).toBe("10.0.0.99");
        expect(host.there("etc/other.conf")).toBe(other);
    });

    test("a service that is not known, or is started with nothing, changes nothing", async () => {
        expect((await found(nova, { "etc/nova/nova.conf": sound })).live).toEqual(nova);
        unit("");
        expect((await found(nova, { "etc/nova/nova.conf": sound })).live).toEqual(nova);
    });
});
