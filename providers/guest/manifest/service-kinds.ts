import { softwareNames } from "../../../config/credentials";
import { text as sqlText } from "../mysql";
import { databaseKinds, sql } from "./database-kinds";
import { MODULE_FOLDERS } from "./installed-kinds";
import { apart, isPlain, type Kind, nonEmpty } from "./kind";
import { processKinds } from "./process-kinds";
import { queueKinds } from "./queue-kinds";
import { quotaKinds } from "./quota-kinds";
import { unitKinds } from "./unit-kinds";
import { volumeKinds } from "./volume-kinds";

/** Packages of Python modules, each with the folder of its service's settings. */
const MODULES = [
    ...softwareNames.map(name => `${name}:${name}`),
    ...["horizon", "openstack_dashboard"].map(name => `${name}:openstack-dashboard`),
].join(" ");

/** `cinderUser@%`, apart. */
const account = (line: string): [user: string, host: string] => {
    const [name] = apart(line),
        at = name.lastIndexOf("@");
    return [name.slice(0, at), name.slice(at + 1)];
};

/** What OpenStack's services, the queue and the database have beside their files, and beside the program's own resources. One that a signal has stopped does not answer: each question has ten seconds. */
export const serviceKinds = {
    packages: {
        ask: "dpkg-query -W -f '${Package} ${Version}\\n'",
        lines: nonEmpty,
        named: true,
        words: {
            added: line => `the package ${line} was installed`,
            gone: line => line,
            changed: (name, now, before) => `the package ${name} has version ${now} instead of ${before}`,
        },
        // Told alone: its files are the package's own (manifest/mend.ts).
        mend: { added: () => undefined },
    },
    programs: {
        // Of the services that are configured here: a lab's nodes have the modules of all, and reading those takes an emulated node long.
        ask: `for d in ${MODULE_FOLDERS}; do for x in ${MODULES}; do p=\${x%%:*}; [ -d $d/$p ] && [ -d /etc/\${x#*:} ] || continue
found=$(find $d/$p -name '*.py' -type f -printf '%P %s %T@\\n' | sort)
echo $d/$p $(printf '%s\\n' "$found" | sha256sum | cut -c 1-16) $(printf '%s\\n' "$found" | sort -k 3 -n | tail -n 1 | cut -d ' ' -f 1); done; done`,
        lines: nonEmpty,
        named: true,
        words: {
            added: line => line,
            gone: line => line,
            changed: (name, now) =>
                `the Python modules in ${name} are others than were recorded (the newest is ${apart(now)[1]})`,
        },
    },
    ...queueKinds,
    accounts: {
        // The server of this node, whatever root's own settings name.
        ask: `[ -d /var/lib/mysql/mysql ] && timeout 10 mysql --protocol=socket -N -B -e "SELECT CONCAT(user, '@', host) FROM mysql.user"`,
        // One that is gone is found by the resource that made it. Those of the packages are never in question.
        lines: printed =>
            nonEmpty(printed)
                .filter(line => !/^(root|mysql|mysql\.\w+|mariadb\.sys|debian-sys-maint)@/.test(line))
                .map(line => `${line.replace(/ /g, "_")} there`),
        named: true,
        words: {
            added: line => `MySQL's account ${account(line).join("@")} was added`,
            gone: line => line,
        },
        mend: {
            added(line) {
                const [user, host] = account(line);
                return isPlain(user) && isPlain(host) ? sql(`DROP USER ${sqlText(user)}@${sqlText(host)}`) : undefined;
            },
        },
    },
    ...quotaKinds,
    ...databaseKinds,
    ...processKinds,
    ...volumeKinds,
    ...unitKinds,
} as const satisfies Record<string, Kind>;
