import { serviceNames } from "../../../config/credentials";
import type { OptionName } from "../ini";
import { myCnf } from "./my-cnf";
import { oslo } from "./oslo";
import { paste } from "./paste";
import { pythonSettings } from "./python-settings";
import { type Reader, simple } from "./reader";

/** Names of one option by their ages: the first that is set in a file counts. */
type Names = readonly OptionName[];

const database: Names = [
    ["database", "connection"],
    ["DEFAULT", "sql_connection"],
    ["database", "sql_connection"],
    ["sql", "connection"],
];
const moved = (section: string, ...keys: string[]): Names[] =>
    keys.map(key => [
        [section, key],
        ["DEFAULT", key],
    ]);
const renamed = (section: string, key: string, former: string): Names => [
    [section, key],
    ["DEFAULT", former],
];

/** Of all services: their database, queue, logs and locks (oslo.db, oslo.messaging, oslo.log, oslo.concurrency). */
const common: readonly Names[] = [
    database,
    ...moved("oslo_messaging_rabbit", "rabbit_host", "rabbit_hosts", "rabbit_userid", "rabbit_password"),
    [
        ["DEFAULT", "log_dir"],
        ["DEFAULT", "log-dir"],
        ["DEFAULT", "logdir"],
    ],
    ...moved("oslo_concurrency", "lock_path"),
];

/** Those of nova 15 beside, and what the lab's packages read by its name of 2013; nova of 2013 knows the latter alone. */
const nova: readonly Names[] = [
    ...moved("api", "auth_strategy"),
    ...moved("vnc", "novncproxy_base_url", "novncproxy_port", "vncserver_proxyclient_address", "vncserver_listen"),
    ...moved("wsgi", "api_paste_config"),
    [
        ["placement", "auth_type"],
        ["placement", "auth_plugin"],
    ],
    renamed("libvirt", "virt_type", "libvirt_type"),
    renamed("libvirt", "cpu_mode", "libvirt_cpu_mode"),
    renamed("libvirt", "use_virtio_for_bridges", "libvirt_use_virtio_for_bridges"),
    renamed("glance", "api_servers", "glance_api_servers"),
    renamed("cinder", "catalog_info", "cinder_catalog_info"),
];

/** Options in whose place another is read: one URL, or a list, says all of the queue. */
const queue = ["rabbit_host", "rabbit_userid", "rabbit_password"];
const queueUrl: readonly OptionName[] = [["DEFAULT", "transport_url"]],
    queueHosts: readonly OptionName[] = [
        ["oslo_messaging_rabbit", "rabbit_hosts"],
        ["DEFAULT", "rabbit_hosts"],
    ];

/** Services that take `PROJECT.conf.d` after the files that they are started with; all others are given those, and take it before. */
const folderAfter: readonly string[] = ["keystone", "nova-placement-api", "nova-network"];

const isName = (names: Names, section: string, key: string): boolean =>
    names.some(([s, k]) => oslo.section(s) === oslo.section(section) && k === key);

function osloReader(project: string, file: string, services: readonly string[]): Reader {
    const known = project === "nova" ? [...common, ...nova] : common;
    const folders = [...new Set([project, ...services])].map(name => `/etc/${project}/${name}.conf.d/*.conf`),
        isAfter = services.some(s => folderAfter.includes(s));
    const own = file === "nova.conf" && services.includes("nova-compute") ? ["/etc/nova/nova-compute.conf"] : [];
    return {
        grammar: oslo,
        names: (section, key) =>
            (known.find(names => isName(names, section, key)) ?? [[section, key] as OptionName]).map(name => [name]),
        instead: (section, key) =>
            section === "DEFAULT" && queue.includes(key)
                ? [...queueUrl, ...(key === "rabbit_host" ? queueHosts : [])]
                : [],
        multi: (section, key) => section === "DEFAULT" && key === "dhcpbridge_flagfile",
        before: isAfter ? [] : folders,
        after: [...own, ...(isAfter ? folders : [])],
        isStartedWith: true,
    };
}

/**
 * For a part of a pipeline Paste prefers the value of [DEFAULT] to the value of the part's own section. It prefers to both a value that the
 * section takes from another name (`get admin_user = name`).
 */
const pasteReader: Reader = {
    ...simple,
    grammar: paste,
    names: (section, key) =>
        [
            [section, `get ${key}`],
            ["DEFAULT", `get ${key}`],
            ["DEFAULT", key],
            [section, key],
        ].map(([s, k]) => [[s!, k!]]),
};

/** Groups that the server reads, of MySQL 5.5 and MariaDB 10.5: to it they are one. */
const serverGroups = ["mysqld", "mariadb", "mariadbd"].flatMap(group => [group, `${group}-5.5`, `${group}-10.5`]);
const databaseReader: Reader = {
    ...simple,
    grammar: myCnf,
    names: (section, key) => [
        section === "mysqld"
            ? ["server", "client-server", "galera", ...serverGroups].map(s => [s, key] as const)
            : [[section, key]],
    ],
};

const projects = serviceNames.join("|");
const osloFile = new RegExp(`^/etc/(${projects})/([a-z-]+\\.conf)$`);
const pasteFile = new RegExp(`^/etc/(${projects})/[a-z-]*paste\\.ini$`);

/** How the services that read a file of a node find its options. */
export function readerOf(path: string, services: readonly string[] = []): Reader {
    const [, project, file] = osloFile.exec(path) ?? [];
    if (project !== undefined) return osloReader(project, file!, services);
    if (pasteFile.test(path)) return pasteReader;
    if (path === "/etc/openstack-dashboard/local_settings.py") return { ...simple, grammar: pythonSettings };
    return path === "/etc/mysql/my.cnf" ? databaseReader : simple;
}
