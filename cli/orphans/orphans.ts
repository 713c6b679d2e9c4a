import { isIPv4 } from "net";
import { type Answer, ask, list, text } from "../../clients/answer";
import { compute } from "../../clients/compute";
import type { CloudAccess } from "../../clients/identity";
import { closeAll, exec, quote } from "../../clients/ssh";
import { volumes } from "../../clients/volume";
import { hostConnection } from "../../components/host-pair";
import type { NodeName } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { restart } from "../../providers/guest/restarts";
import { adminAccess, type AdminFacts } from "../../releases/tutorial";
import { connectionOf } from "../stack/reach";

const UUID = "[0-9a-f]{8}-[0-9a-f-]{27}",
    isUuid = (text: string): boolean => new RegExp(`^${UUID}$`).test(text);
/** The allowed form of each kind in a node's answer, because it goes into scripts of root's. */
const kinds = {
    instance: isUuid,
    volume: isUuid,
    "floating address": isIPv4,
    "firewall rule": isIPv4,
} as const;
type Kind = keyof typeof kinds;

/** Something on a node that the cloud knows nothing of: its record was in a database that is no more. */
export interface Orphan {
    kind: Kind;
    id: string;
    node: NodeName;
}

/** The cloud's objects, by kind: ids, and for firewall rules their addresses. */
export type Known = Readonly<Record<Kind, ReadonlySet<string>>>;

const VIRSH = "virsh -q -c qemu:///system";

/** A node's answer: ids, and addresses. */
const fields = {
    instance: list(text(new RegExp(UUID))),
    volume: list(text(new RegExp(UUID))),
    address: list(text(/[0-9.]+/)),
    rule: list(text(/[0-9.]+/)),
};
type Listed = Answer<typeof fields>;
/** Answers with the output of the lines before it, under this name. */
const each = (name: keyof Listed): string => `while read -r found; do say ${name} "$found"; done`;

/**
 * How the leavings of one node are listed, and removed; and what is done with one that stays, so that it is in nobody's
 * way.
 */
interface Search {
    node: NodeName;
    list: string;
    remove: Partial<Record<Kind, (id: string) => string>>;
    keep?: Partial<Record<Kind, (id: string) => string>>;
}

/**
 * Removes the rules of an address. As iptables itself writes and reads them: a shell would take a comment in one apart.
 */
const rulesOf = (table: string, address: string): string =>
    `{ echo '*${table}'; iptables-save -t ${table} | grep -wF -- ${quote(`${address}/32`)} | sed -n 's/^-A/-D/p'; echo COMMIT; } | iptables-restore --noflush`;

/** How the leavings of each node are found and removed, in shell for the tools of Ubuntu 12.04. */
export function searches({ plan }: Pick<Settings, "plan">): Search[] {
    const card = plan.node("network-node").interfaces.find(i => i.network === "public")!.device;
    return [
        ...(["compute-1", "compute-2"] as const).map((node): Search => ({
            node,
            list: `{ ${VIRSH} list --all --uuid; ls /var/lib/nova/instances; } | sed -nr 's/^(${UUID})$/\\1/p' | ${each("instance")}
iptables-save -t filter | sed -nr 's/^-A nova-compute-local -d ([0-9.]+)\\/32 .*/\\1/p' | ${each("rule")}`,
            remove: {
                instance: id =>
                    `${VIRSH} destroy ${id} > /dev/null 2>&1 || true; ${VIRSH} undefine ${id} > /dev/null 2>&1 || true; rm -rf /var/lib/nova/instances/${id}`,
                "firewall rule": address => rulesOf("filter", address),
            },
            // Of an instance's name and address nova knows no more that they are taken, and gives them to others.
            keep: {
                instance: id => `xml=$(${VIRSH} dumpxml --inactive --security-info ${id}) || exit 0
${VIRSH} destroy ${id} > /dev/null 2>&1 || true
${VIRSH} undefine ${id} > /dev/null
printf '%s\\n' "$xml" | sed 's|<name>.*</name>|<name>orphan-${id}</name>|' | ${VIRSH} define /dev/stdin > /dev/null`,
            },
        })),
        {
            node: "volume-node",
            list: `lvs --noheadings -o lv_name cinder-volumes | sed -nr 's/^ *volume-(${UUID}) *$/\\1/p' | ${each("volume")}`,
            remove: {
                volume: id => `t=$(tgtadm --lld iscsi --op show --mode target | sed -n 's/^Target \\([0-9]*\\): .*volume-${id}$/\\1/p')
[ -z "$t" ] || tgt-admin --force --delete "tid=$t"; rm -f /var/lib/cinder/volumes/volume-${id}; lvremove --quiet -f cinder-volumes/volume-${id}`,
            },
        },
        {
            node: "network-node",
            list: `ip -o -4 addr show dev ${card} | sed -nr 's/.* inet ([0-9.]+)\\/32 .*/\\1/p' | ${each("address")}
iptables-save -t nat | sed -nr 's/^-A nova-network-PREROUTING -d ([0-9.]+)\\/32 .*-j DNAT .*/\\1/p' | ${each("rule")}`,
            remove: {
                "floating address": address => `ip addr del ${address}/32 dev ${card}`,
                "firewall rule": address => rulesOf("nat", address),
            },
        },
    ];
}

/** The cloud's present objects, of all tenants; no volumes if their node is off. */
async function known(access: CloudAccess, withVolumes: boolean): Promise<Known> {
    const [servers, all, floating] = await Promise.all([
        compute(access).servers(true),
        withVolumes ? volumes(access).list(true) : [],
        compute(access).floatingAddresses(),
    ]);
    const used = floating.filter(f => f.instance_uuid !== null).map(f => f.address);
    return {
        instance: new Set(servers.map(s => s.id)),
        volume: new Set(all.map(v => v.id)),
        "floating address": new Set(used),
        "firewall rule": new Set([
            ...used,
            ...servers.flatMap(s =>
                Object.values(s.addresses)
                    .flat()
                    .map(a => a.addr),
            ),
        ]),
    };
}

/** Of what a search has listed, what is not known; each once. */
export function unknown(node: NodeName, listed: Listed, sets: Known): Orphan[] {
    const found: Record<Kind, string[]> = {
        instance: listed.instance,
        volume: listed.volume,
        "floating address": listed.address,
        "firewall rule": listed.rule,
    };
    // A rule without a tenant's address is the node's own: the metadata service's.
    return (Object.keys(kinds) as Kind[]).flatMap(kind =>
        [...new Set(found[kind])]
            .filter(id => kinds[kind](id) && !sets[kind].has(id) && !id.startsWith("169.254."))
            .map(id => ({ kind, id, node })),
    );
}

/**
 * nova-network's dnsmasq keeps the leases of instances that are in no database, and refuses their addresses to others, until
 * it ends; nova-network starts it again. Nova writes the files: what one names ends only if it is the dnsmasq that was started with it.
 */
export const forgetLeases = `for f in /var/lib/nova/networks/nova-*.pid; do
    [ -f "$f" ] || continue
    pid=$(head -c 12 "$f")
    case $pid in '' | *[!0-9]*) continue ;; esac
    case $(readlink "/proc/$pid/exe") in */dnsmasq | */"dnsmasq (deleted)") ;; *) continue ;; esac
    ! tr '\\0' '\\n' < "/proc/$pid/cmdline" | grep -qxF -e "--pid-file=$f" || kill "$pid" 2> /dev/null || true
done`;

/**
 * Looks on the nodes for what belongs to nothing in the cloud and, if that is wanted, removes it; an instance that stays is
 * stopped, and gets a name of its own. A node that is off or not made yet is left alone.
 */
export async function orphans(
    stack: string,
    settings: Settings,
    admin: AdminFacts,
    remove: boolean,
): Promise<Orphan[]> {
    const there = (node: NodeName) => settings.made.includes(node) && settings.powerOf(node) === "on";
    if (!there("api-node")) return [];
    try {
        // The cloud is asked last, so that objects made meanwhile are in its answer.
        const listed = await Promise.all(
            searches(settings)
                .filter(({ node }) => there(node))
                .map(async search => {
                    const on = connectionOf(stack, search.node);
                    return { search, on, found: await ask(exec, on, search.list, fields) };
                }),
        );
        const sets = await known(adminAccess(admin, hostConnection(settings, "central")), there("volume-node"));
        const found = await Promise.all(
            listed.map(async ({ search, on, found }) => {
                const left = unknown(search.node, found, sets);
                for (const { kind, id } of left) {
                    const script = (remove ? search.remove : search.keep)?.[kind]?.(id);
                    if (script !== undefined) await exec(on, script);
                }
                return left;
            }),
        );
        const all = found.flat();
        if (all.some(({ kind }) => kind === "instance") && there("network-node")) {
            const on = connectionOf(stack, "network-node");
            await exec(on, forgetLeases);
            await restart(exec, on, ["nova-network"]);
        }
        return all;
    } finally {
        await closeAll();
    }
}

/** `instance 3f56… on compute-2` */
export const orphanLine = ({ kind, id, node }: Orphan): string =>
    `${kind === "firewall rule" ? `firewall rules of ${id}` : `${kind} ${id}`} on ${node}`;
/** The words about an orphan that stays. */
export const kept = ({ kind, id }: Orphan): string =>
    kind === "instance" ? ` (stopped, its disk kept, as orphan-${id}: its name and address are others' now)` : "";
