import type { NodeName } from "../../config/nodes";

/** One way to do an exercise: what is broken, and where. */
export interface Variant {
    /** `S4-mysql` names this one, `S4` any of its exercise. */
    name: string;
    node: NodeName;
    /**
     * Shell, with the tutorial's own commands. `$kind` is the node's kind (vm, container); is_running, stop and the like
     * are there, whatever the release's init system.
     */
    script: string;
    /** A file that the script changes: the services that read it restart. */
    file?: string;
}

/** A sabotage of the tutorial's troubleshooting session (S1–S10). */
export interface Exercise {
    id: string;
    /** What the team will notice; it does not say why. */
    symptom: string;
    variants: readonly Variant[];
}

const identityAdmin = ". /root/openrc; export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0";
/** Changes lines that begin with an option, wherever its section is; there has to be one. */
const edit = (
    file: string,
    option: string,
    command: string,
): string => `grep -q '^${option}[ =]' ${file} || { echo "${file} sets no ${option}: it has been changed already" >&2; exit 1; }
sed -i '/^${option}[ =]/${command}' ${file}`;
const set = (file: string, option: string, value: string): string => edit(file, option, `s#=.*#= ${value}#`);
const remove = (file: string, option: string): string => edit(file, option, "d");
const wrongSql = (file: string): string =>
    edit(file, "sql_connection", "s#://\\([^:]*\\):[^@]*@#://\\1:notThePassword@#");

const option = (name: string, node: NodeName, file: string, script: (file: string) => string): Variant => ({
    name,
    node,
    file,
    script: script(file),
});
const stopped = (service: string, node: NodeName, unit = service): Variant => ({
    name: service,
    node,
    script: `is_running ${unit} || { echo "${unit} does not run as it is" >&2; exit 1; }; stop ${unit} > /dev/null`,
});
const files: readonly (readonly [name: string, node: NodeName, file: string])[] = [
    ["glance-api", "image-node", "/etc/glance/glance-api.conf"],
    ["cinder", "volume-node", "/etc/cinder/cinder.conf"],
    ["nova", "api-node", "/etc/nova/nova.conf"],
    ["network", "network-node", "/etc/nova/nova.conf"],
    ["compute-1", "compute-1", "/etc/nova/nova.conf"],
    ["compute-2", "compute-2", "/etc/nova/nova.conf"],
];
const instances = "/var/lib/nova/instances";

export const exercises: readonly Exercise[] = [
    {
        id: "S1",
        symptom: "one of the services turns everybody away, whoever asks",
        variants: (["nova", "glance", "cinder"] as const).map(user => ({
            name: user,
            node: "auth-node",
            script: `${identityAdmin}; keystone user-role-remove --user ${user} --role admin --tenant service`,
        })),
    },
    {
        id: "S2",
        symptom: "a service answers, but what it is told to do is never begun",
        variants: files.flatMap(([name, node, file]) => [
            option(`${name}-wrong`, node, file, f => set(f, "rabbit_host", "10.0.0.99")),
            option(`${name}-removed`, node, file, f => remove(f, "rabbit_host")),
        ]),
    },
    {
        id: "S3",
        symptom: "new instances end in ERROR, or wait for ever",
        variants: (["compute-1", "compute-2"] as const).map(node => ({
            name: node,
            node,
            // The disk of a container is its host's: what others need is left. The folder is nova's, be it that it has a link there.
            script: `cd ${instances}; rm -f backup.img; free=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$kind" = vm ] || [ "$free" -lt 1048576 ] || free=1048576
fallocate -l "\${free}K" backup.img 2> /dev/null || dd if=/dev/zero of=backup.img bs=1024k count=$((free / 1024)) 2> /dev/null`,
        })),
    },
    {
        id: "S4",
        symptom: "something that worked yesterday does not answer, or takes for ever",
        variants: [
            stopped("rabbitmq", "db-node", "rabbitmq-server"),
            stopped("mysql", "db-node"),
            stopped("nova-api", "api-node"),
            stopped("nova-network", "network-node"),
            stopped("glance-api", "image-node"),
            stopped("glance-registry", "image-node"),
        ],
    },
    {
        id: "S5",
        symptom: "a service answers every question with an error of its own",
        variants: [
            option("nova", "api-node", "/etc/nova/nova.conf", wrongSql),
            option("glance-api", "image-node", "/etc/glance/glance-api.conf", wrongSql),
            option("glance-registry", "image-node", "/etc/glance/glance-registry.conf", wrongSql),
            option("cinder", "volume-node", "/etc/cinder/cinder.conf", wrongSql),
        ],
    },
    {
        id: "S6",
        symptom: "one of the services does not believe anybody's token",
        variants: (
            [
                ["nova", "api-node", "/etc/nova/api-paste.ini"],
                ["cinder", "volume-node", "/etc/cinder/api-paste.ini"],
                ["glance-api", "image-node", "/etc/glance/glance-api-paste.ini"],
                ["glance-registry", "image-node", "/etc/glance/glance-registry-paste.ini"],
            ] as const
        ).map(([name, node, file]) => option(name, node, file, f => set(f, "admin_password", "notThePassword"))),
    },
    {
        id: "S7",
        symptom: "volumes are made, but no instance gets one",
        variants: [
            option("wrong", "volume-node", "/etc/cinder/cinder.conf", f => set(f, "iscsi_ip_address", "10.0.0.99")),
            option("removed", "volume-node", "/etc/cinder/cinder.conf", f => remove(f, "iscsi_ip_address")),
        ],
    },
    {
        id: "S8",
        symptom: "new instances cannot be reached from outside",
        variants: [
            { name: "floating", node: "api-node", script: ". /root/openrc; nova floating-ip-bulk-delete $floating" },
        ],
    },
    {
        id: "S9",
        symptom: "new instances have an address, but nobody reaches them at it",
        variants: [
            {
                name: "floating",
                node: "api-node",
                script: ". /root/openrc; nova floating-ip-bulk-delete $floating; nova floating-ip-bulk-create 172.61.1.0/28 --pool public",
            },
        ],
    },
    {
        id: "S10",
        symptom: "new instances do not get the addresses that they used to get",
        variants: [
            option("network", "network-node", "/etc/nova/nova.conf", f =>
                edit(
                    f,
                    "auto_assign_floating_ip",
                    "{s#= *[Tt]rue#= now_false#;s#= *[Ff]alse#= true#;s#now_false#false#}",
                ),
            ),
        ],
    },
];
