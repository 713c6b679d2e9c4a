import { text as sqlText } from "../mysql";
import { sql } from "./database-kinds";
import { apart, type Kind, nonEmpty } from "./kind";

/** `nova_api.cores 20`: a row of a database's quota classes. */
const quota = (name: string): [database: string, resource: string] => name.split(".", 2) as [string, string];

const rows = (printed: readonly string[]): string[] => nonEmpty(printed).map(line => line.replace(/\t/g, " "));

/** A quota of nothing: of a tenant, `nova.TENANT.cores`, or cinder's default, `cinder.volumes`. */
function nothingOf(line: string): { words: string; row: string } {
    const parts = apart(line)[0].split("."),
        [database = "", tenant = "", resource = ""] = parts.length > 2 ? parts : [parts[0], "", parts[1]],
        service = database.replace(/_api$/, ""),
        of = `resource = ${sqlText(resource)} AND hard_limit = 0`;
    return tenant === ""
        ? {
              words: `${service}'s default quota ${resource}`,
              row: `${database}.quota_classes WHERE class_name = 'default' AND ${of}`,
          }
        : {
              words: `${service}'s quota ${resource} of the tenant ${tenant}`,
              row: `${database}.quotas WHERE project_id = ${sqlText(tenant)} AND ${of}`,
          };
}

/** How much nova and cinder allow, as far as it is not their users' own. */
export const quotaKinds = {
    quotas: {
        // Cinder fills its own from volume-node, after this node is recorded: of these a quota of nothing counts.
        ask: `[ -d /var/lib/mysql/mysql ] && for d in nova nova_api cinder; do
q=; w=; [ $d = nova_api ] || w=" AND deleted = 0"
! ls /var/lib/mysql/$d/quota_classes.* > /dev/null 2>&1 || q="SELECT CONCAT('$d.', resource), hard_limit FROM $d.quota_classes WHERE class_name = 'default';"
! ls /var/lib/mysql/$d/quotas.* > /dev/null 2>&1 || q="$q SELECT CONCAT('$d.', project_id, '.', resource), hard_limit FROM $d.quotas WHERE hard_limit = 0$w LIMIT 1000;"
[ -z "$q" ] || timeout 10 mysql --protocol=socket -N -B -e "$q" || exit 1; done`,
        lines: printed => rows(printed).filter(line => /^nova(_api)?\.\w+ -?\d{1,10}$/.test(line)),
        named: true,
        words: {
            added: line => `nova's default quota ${apart(line).join(" was set to ")}`,
            gone: line => line,
            changed: (name, now, before) => `nova's default quota ${name} is ${now} instead of ${before}`,
        },
        mend: {
            added(line) {
                const [database, resource] = quota(apart(line)[0]);
                return sql(
                    `DELETE FROM ${database}.quota_classes WHERE class_name = 'default' AND resource = '${resource}'`,
                );
            },
            changed(name, _now, before) {
                const [database, resource] = quota(name);
                return sql(
                    `UPDATE ${database}.quota_classes SET hard_limit = ${Number(before)} WHERE class_name = 'default' AND resource = '${resource}'`,
                );
            },
        },
    },
    emptyQuotas: {
        ask: "",
        with: "quotas",
        lines: printed =>
            rows(printed).filter(line =>
                /^((nova|nova_api|cinder)\.[\w-]{1,64}\.\w{1,64}|cinder\.\w{1,64}) 0$/.test(line),
            ),
        named: true,
        words: {
            added: line => `${nothingOf(line).words} was set to 0`,
            gone: line => line,
        },
        // Without a row the service goes by its own default.
        mend: { added: line => sql(`DELETE FROM ${nothingOf(line).row}`) },
    },
} as const satisfies Record<string, Kind>;
