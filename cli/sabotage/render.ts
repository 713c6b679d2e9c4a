import { quote } from "../../clients/ssh";
import { tutorialCredentials } from "../../config/credentials";
import { type HostRole, type NetworkName, type NodeName, nodes } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { initShell } from "../../providers/guest/init";
import { killsOf, name as sqlName, text as sqlText } from "../../providers/guest/mysql";
import { releaseOf } from "../../releases";
import { softwareOf } from "../../releases/own-options";
import { databaseAccount } from "../../releases/tutorial";
import type { Variant } from "./exercise";
import { INSTANCES, nodeOf, type Step, type StepOf, WRONG_PASSWORD } from "./steps";

/** Where a step is done: what it may ask of the stack. */
interface Scene {
    node: NodeName;
    settings: Settings;
    /** The text of a trusted script. @throws UserError where no folder is trusted, or has no such file */
    scriptNamed(file: string): string;
}

/** A step as shell. */
interface Effect {
    /** POSIX, for Ubuntu 12.04's tools and today's. */
    script: string;
    /** Takes back what no refresh sees; does nothing where it has been taken back. */
    undo?: string;
    /** The file that it changes: the services that read it restart. */
    file?: string;
    /** Where it runs. Default: the step's node. */
    on?: NodeName | HostRole;
}

const identityAdmin = ". /root/openrc; export OS_AUTH_URL=http://auth-node.example.org:35357/v2.0";
const cloudAdmin = ". /root/openrc";
/** An address that nobody has. */
const NOWHERE = "10.0.0.99";

/** A text that sed's basic regular expressions, between slashes, take for itself. */
const pattern = (text: string): string => text.replace(/[\\/.*[^$]/g, "\\$&");
/** A text that sed's `s` takes for itself as what comes in another's place. */
const replacement = (text: string, delimiter: "#" | "/"): string =>
    text.replace(/[\\&]/g, "\\$&").split(delimiter).join(`\\${delimiter}`);

/** Changes lines that begin with an option, wherever its section is; there has to be one. */
const edit = (file: string, option: string, command: string): Effect => ({
    file,
    script: `grep -q ${quote(`^${pattern(option)}[ =]`)} ${file} || { echo "${file} sets no ${option}: it has been changed already" >&2; exit 1; }
sed -i ${quote(`/^${pattern(option)}[ =]/${command}`)} ${file}`,
});
/** Changes lines that have a text in them; there has to be one. */
const editLines = (file: string, text: string, command: string): Effect => ({
    file,
    script: `grep -qF -e ${quote(text)} ${file} || { echo ${quote(`${file} has no line with "${text}": it has been changed already`)} >&2; exit 1; }
sed -i ${quote(command)} ${file}`,
});
const there = (file: string): string =>
    `[ -e ${file} ] && [ ! -L ${file} ] || { echo "${file} is not there as it was made: it has been changed already" >&2; exit 1; }`;

/** systemd's signal goes to all processes of a service; upstart's jobs may have a shell of another user's between. */
const signalShell = `signal_to() {
    if [ -d /run/systemd/system ]; then systemctl kill --signal="$1" "$2"; return; fi
    p=$(service "$2" status 2> /dev/null | sed -n 's/.* process \\([0-9][0-9]*\\)$/\\1/p')
    [ -n "$p" ] || { echo "the process of $2 cannot be told" >&2; exit 1; }
    kill -s "$1" "$p" $(pgrep -P "$p")
}`;

const deviceOf = ({ settings, node }: Scene, network: NetworkName): string =>
    settings.plan.node(node).interfaces.find(card => card.network === network)!.device;
const addressOf = ({ settings }: Pick<Scene, "settings">, node: NodeName, network: NetworkName): string =>
    settings.plan.node(node).interfaces.find(card => card.network === network)!.address!;

function firewall(step: StepOf<"firewall">, scene: Scene): Effect {
    const { direction, protocol, port, peer, network, action } = step,
        inwards = direction === "in";
    const from = peer === undefined ? "" : ` ${inwards ? "-s" : "-d"} ${addressOf(scene, peer, network)}`;
    const rule = `${inwards ? "INPUT" : "OUTPUT"} -p ${protocol}${from} --dport ${port} -j ${action}`;
    return { script: `iptables -I ${rule}`, undo: `while iptables -D ${rule} 2> /dev/null; do :; done` };
}

function traffic({ network, delay, loss, rate }: StepOf<"traffic">, scene: Scene): Effect {
    const device = deviceOf(scene, network),
        words = [
            ...(delay === undefined ? [] : [`delay ${delay}ms`]),
            ...(loss === undefined ? [] : [`loss ${loss}%`]),
        ];
    // Every kernel has tbf; netem is a module that some lack.
    const how = rate === undefined ? `netem ${words.join(" ")}` : `tbf rate ${rate}kbit burst 3000 latency 800ms`;
    return {
        script: `tc qdisc add dev ${device} root ${how}`,
        undo: `tc qdisc del dev ${device} root 2> /dev/null || true`,
    };
}

/** SQL as root on the database's node; what the account has open is ended, for rights are looked at when a connection begins. */
function sql({ statement, account }: StepOf<"sql">, { settings }: Scene): Effect {
    const user = databaseAccount(account),
        whom = `${sqlText(user)}@'%'`;
    const statements = {
        revoke: releaseOf(settings.release).databases[account].map(d => `REVOKE ALL ON ${sqlName(d)}.* FROM ${whom};`),
        "drop-account": [`DROP USER ${whom};`],
        "change-password": [`SET PASSWORD FOR ${whom} = PASSWORD(${sqlText(WRONG_PASSWORD)});`],
    }[statement];
    return {
        on: "db-node",
        script: `export HOME=/root
printf '%s\\n' ${quote(`${statements.join(" ")} FLUSH PRIVILEGES;`)} | mysql --batch
printf '%s\\n' ${quote(killsOf(user))} | mysql --batch --skip-column-names | mysql --batch --force 2> /dev/null || true`,
    };
}

function queue({ action }: StepOf<"queue">, { settings }: Scene): Effect {
    const user = quote(settings.queueUser),
        begin = "export HOME=/root";
    const all = `${begin}; rabbitmqctl -q set_permissions -p / ${user} '.*' '.*' '.*'`;
    const effects: Record<typeof action, Pick<Effect, "script" | "undo">> = {
        "clear-permissions": { script: `${begin}; rabbitmqctl -q clear_permissions -p / ${user}`, undo: all },
        "no-writing": { script: `${begin}; rabbitmqctl -q set_permissions -p / ${user} '.*' '^$' '.*'`, undo: all },
        "change-password": {
            script: `${begin}; rabbitmqctl -q change_password ${user} ${WRONG_PASSWORD}
rabbitmqctl -q list_connections pid | while read -r p; do case $p in "<"*) rabbitmqctl -q close_connection "$p" over < /dev/null || true ;; esac; done`,
        },
        "stop-app": { script: `${begin}; rabbitmqctl -q stop_app`, undo: `${begin}; rabbitmqctl -q start_app` },
    };
    return { ...effects[action], on: "db-node" };
}

/** Fills what a virtual machine's folder has room for; a container's disk is its host's, so there what others need is left. */
const fill = ({ folder }: StepOf<"fill">): Effect => ({
    // The folder of instances is nova's, be it that it has a link there.
    script: `cd ${folder}; rm -f backup.img; free=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$kind" = vm ] || [ "$free" -lt 1048576 ] || free=1048576
fallocate -l "\${free}K" backup.img 2> /dev/null || dd if=/dev/zero of=backup.img bs=1024k count=$((free / 1024)) 2> /dev/null`,
    undo: `cd ${folder}; rm -f backup.img`,
});

/** The id of the catalogue's service of a name, in $id. */
const serviceId = (name: string): string =>
    `${identityAdmin}; id=$(keystone service-list | awk '$4 == "${name}" { print $2 }'); [ -n "$id" ] || { echo "the catalogue has no service ${name}" >&2; exit 1; }`;

function secondEndpoint({ name }: StepOf<"second-endpoint">, { settings }: Scene): Effect {
    const { url } = releaseOf(settings.release)
        .catalogue(settings.plan)
        .find(s => s.name === name)!;
    return {
        on: "auth-node",
        script: `${serviceId(name)}
url=${quote(url.internal.replace(/^http:\/\/[^:]+/, `http://${NOWHERE}`))}; keystone endpoint-create --region RegionOne --service-id "$id" --publicurl "$url" --adminurl "$url" --internalurl "$url" > /dev/null`,
    };
}

const virsh = ({ settings, node }: Scene): string =>
    `virsh -q -c ${settings.kindOf(node) === "vm" ? "qemu" : "lxc"}:///system`;
const machine = (command: string, undo: string, scene: Scene): Effect => ({
    on: nodes[scene.node].host,
    script: `${virsh(scene)} ${command} ${scene.node} > /dev/null`,
    undo: `${virsh(scene)} ${undo} ${scene.node} > /dev/null 2>&1 || true`,
});
const identity = (command: string): Effect => ({ on: "auth-node", script: `${identityAdmin}; keystone ${command}` });
const nova = (command: string): Effect => ({ on: "api-node", script: `${cloudAdmin}; nova ${command}` });

const effects: { readonly [K in Step["do"]]: (step: StepOf<K>, scene: Scene) => Effect } = {
    stop: ({ service }) => ({
        script: `is_running ${service} || { echo "${service} does not run as it is" >&2; exit 1; }; stop ${service} > /dev/null`,
    }),
    signal: ({ service, signal }) => ({
        script: `${signalShell}\nsignal_to ${signal} ${service}`,
        ...(signal === "STOP" && { undo: `${signalShell}\nsignal_to CONT ${service}` }),
    }),
    disable: ({ service }) => ({ script: `disable ${service}` }),
    "set-option": ({ file, option, value }) => edit(file, option, `s#=.*#= ${replacement(value, "#")}#`),
    "remove-option": ({ file, option }) => edit(file, option, "d"),
    "flip-option": ({ file, option }) =>
        edit(file, option, "{s#= *[Tt]rue#= now_false#;s#= *[Ff]alse#= true#;s#now_false#false#}"),
    "wrong-password": ({ file, option }) => edit(file, option, `s#://\\([^:]*\\):[^@]*@#://\\1:${WRONG_PASSWORD}@#`),
    "replace-text": ({ file, text, with: other }) =>
        editLines(file, text, `s/${pattern(text)}/${replacement(other, "/")}/g`),
    "remove-line": ({ file, text }) => editLines(file, text, `/${pattern(text)}/d`),
    mode: ({ file, mode }) => ({ file, script: `${there(file)}\nchmod ${mode} ${file}` }),
    owner: ({ file, owner, group }) => ({ file, script: `${there(file)}\nchown ${owner}:${group} ${file}` }),
    move: ({ file, to }) => ({
        file,
        script: `${there(file)}\n[ ! -e ${to} ] || { echo "${to} is there already" >&2; exit 1; }\nmv ${file} ${to}`,
        // Whatever was made in its place has the program's options alone.
        undo: `[ ! -e ${to} ] || mv -f ${to} ${file}`,
    }),
    "remove-package": step => ({ script: `dpkg --remove --force-depends ${step.package} > /dev/null 2>&1` }),
    fill,
    clock: ({ seconds }) => ({ script: `date -s "@$(($(date +%s) + ${seconds}))" > /dev/null` }),
    firewall,
    route: ({ to, network }, scene) => {
        const route = `blackhole ${addressOf(scene, to, network)}/32`;
        return { script: `ip route add ${route}`, undo: `ip route del ${route} 2> /dev/null || true` };
    },
    traffic,
    "kernel-setting": ({ key, value }) => ({ script: `echo ${value} > /proc/sys/${key.replace(/\./g, "/")}` }),
    "unplug-bridge": (_step, scene) => ({ script: `ip link set ${deviceOf(scene, "private")} nomaster` }),
    "bridge-down": () => ({ script: "ip link set br100 down" }),
    sql,
    "read-only-database": () => ({
        on: "db-node",
        script: "export HOME=/root; mysql -e 'SET GLOBAL read_only = 1'",
        undo: "export HOME=/root; mysql -e 'SET GLOBAL read_only = 0'",
    }),
    queue,
    "remove-role": ({ user }) => identity(`user-role-remove --user ${user} --role admin --tenant service`),
    "disable-user": ({ user }) => identity(`user-update --enabled false ${user}`),
    "user-password": ({ user }) => identity(`user-password-update --pass ${WRONG_PASSWORD} ${user}`),
    "delete-service": ({ name }) => ({
        on: "auth-node",
        script: `${serviceId(name)}\nkeystone service-delete "$id"`,
    }),
    "second-endpoint": secondEndpoint,
    "disable-agent": ({ agent, host }) => nova(`service-disable ${host} ${agent} > /dev/null`),
    "delete-flavor": () => nova("flavor-delete 6 > /dev/null"),
    "delete-keypair": ({ keypair }) => nova(`keypair-delete ${keypair}`),
    "delete-rule": ({ protocol }) =>
        nova(`secgroup-delete-rule default ${protocol === "tcp" ? "tcp 22 22" : "icmp -1 -1"} 0.0.0.0/0 > /dev/null`),
    "delete-image": ({ image }) => ({
        on: "image-node",
        script: `${cloudAdmin}; glance image-list | awk '$4 == "${image}" { print $2 }' | while read -r id; do glance image-delete "$id"; done`,
    }),
    "delete-floating": () => nova("floating-ip-bulk-delete $floating"),
    "replace-floating": ({ range }) =>
        nova(`floating-ip-bulk-delete $floating; nova floating-ip-bulk-create ${range} --pool public`),
    suspend: (_step, scene) => machine("suspend", "resume", scene),
    "pull-plug": (_step, scene) => machine("destroy", "start", scene),
    script: ({ file, undo }, { scriptNamed }) => ({
        script: scriptNamed(file),
        undo: scriptNamed(undo),
    }),
};

/** What one step does, and where. */
function effectOf(step: Step, { node }: Variant, given: Omit<Scene, "node">): Effect & { on: NodeName | HostRole } {
    const scene = { ...given, node: nodeOf(step, node) };
    // TypeScript cannot tell that the renderer found by a step's name is that step's.
    const effect = (effects[step.do] as (step: Step, scene: Scene) => Effect)(step, scene);
    return { on: scene.node, ...effect };
}

/** The nodes that a way breaks something in, each once. */
export const nodesOf = (variant: Variant): NodeName[] => [
    ...new Set(variant.steps.map(step => nodeOf(step, variant.node))),
];

/** A script for one machine. */
export interface MachineScript {
    machine: NodeName | HostRole;
    script: string;
}

/** The services of a node that read one of some files. */
const readersOf = (files: readonly string[], node: NodeName | HostRole, settings: Settings): string[] =>
    node === "central" || node === "compute" || files.length === 0
        ? []
        : softwareOf(releaseOf(settings.release), node)
              .flatMap(software => software.config({ ...settings, credentials: tutorialCredentials }, node))
              .filter(f => files.includes(f.path))
              .flatMap(f => f.readBy);

/** Scripts with what they may ask for, and at the end the restart of who reads a file that they change. */
function framed(
    on: NodeName | HostRole,
    effects: readonly Pick<Effect, "script" | "file">[],
    settings: Settings,
): string {
    const kind = on === "central" || on === "compute" ? "host" : settings.kindOf(on);
    const readers = [
        ...new Set(
            readersOf(
                effects.flatMap(e => e.file ?? []),
                on,
                settings,
            ),
        ),
    ];
    return `${initShell}\nkind=${kind} floating=${quote(settings.plan.ranges.floating)}\n${effects.map(e => e.script).join("\n")}
${readers.length === 0 ? "" : `for s in ${readers.map(quote).join(" ")}; do if is_running "$s"; then restart "$s" > /dev/null || true; fi; done`}`;
}

/** What a way does, in its order; what comes one after another on the same machine is one script. */
export function scriptsOf(variant: Variant, given: Omit<Scene, "node">): MachineScript[] {
    const groups: { on: NodeName | HostRole; effects: Effect[] }[] = [];
    for (const { on, ...effect } of variant.steps.map(step => effectOf(step, variant, given))) {
        const last = groups.at(-1);
        if (last?.on === on) last.effects.push(effect);
        else groups.push({ on, effects: [effect] });
    }
    return groups.map(({ on, effects }) => ({ machine: on, script: framed(on, effects, given.settings) }));
}

/** Takes back what no refresh sees of a way, the last first; nothing where a refresh sees all of it. */
export const undosOf = (variant: Variant, given: Omit<Scene, "node">): MachineScript[] =>
    variant.steps
        .map(step => effectOf(step, variant, given))
        .reverse()
        .flatMap(({ on, undo }) =>
            undo === undefined ? [] : [{ machine: on, script: framed(on, [{ script: undo }], given.settings) }],
        );

/** Steps that the record of a node sees. Where it does not mend, their own undo alone takes them back. */
const byRecord = (_step: unknown, baseline: Settings["baseline"]): boolean => baseline !== "mend";

/** Steps that their own undo alone takes back whole: no refresh sees them, or a refresh would leave something. */
const ownUndo: { readonly [K in Step["do"]]?: (step: StepOf<K>, baseline: Settings["baseline"]) => boolean } = {
    fill: ({ folder }) => folder !== INSTANCES,
    queue: ({ action }) => action === "stop-app",
    move: () => true,
    firewall: byRecord,
    route: byRecord,
    traffic: byRecord,
    script: () => true,
};

/**
 * Whether something of a way is mended whole by its own undo alone, and by no refresh.
 * @param baseline what becomes of differences from a node's record; default: that of a stack to practise on
 */
export const hasUndo = ({ steps }: Variant, baseline: Settings["baseline"] = "mend"): boolean =>
    steps.some(
        step =>
            (ownUndo[step.do] as ((step: Step, baseline: Settings["baseline"]) => boolean) | undefined)?.(
                step,
                baseline,
            ) ?? false,
    );
