import { ask, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, type RunScript } from "../../clients/ssh";
import { type NodeName, nodeNames } from "../../config/nodes";
import type { RecordedResource } from "../../engine/state";
import { visible } from "../../system/output";
import { type Cause, isSymptom } from "./diagnosis";
import { inUnits } from "./words";

/** What changed on a node since the last `up`. */
export interface Suspect {
    node: NodeName;
    /** `/etc/nova/policy.json`, or `process 812 (dnsmasq)`. */
    what: string;
    secondsAgo: number;
}

/** How many of a node are named. */
const NAMED = 8;
const SECONDS = 20;

/** The node whose service answers for a part of the cloud. */
const homes: Readonly<Record<string, NodeName>> = { keystone: "auth-node", glance: "image-node", nova: "api-node" };

/** Nodes on which the reason lies that no resource tells; none where a resource does. */
function concerned({ of, beside }: Cause): NodeName[] {
    const mute = of.verdict.found === "unasked" && of.type !== "host" && of.type !== "ssh";
    if (!mute && !isSymptom(of)) return [];
    const at = [of, ...beside].map(({ area, inputs }) =>
        area in homes && typeof inputs.host === "string" ? inputs.host : (homes[area] ?? area),
    );
    return nodeNames.filter(node => at.includes(node));
}

/**
 * Lists the newest files under /etc and the newest processes. A file counts by the kernel's change time, so a new owner or mode counts
 * too. The kernel's processes and those of logins are left out. Names are limited. Arguments may hold secrets and are left out.
 */
const script = (seconds: number): string => `now=$(date +%s)
find /etc -xdev \\( -type f -o -type l \\) -newerct "@$((now - ${seconds}))" -printf '%C@ %p\\n' 2> /dev/null | sort -rn | head -n ${NAMED} | while read -r at path; do say file "$((now - \${at%%.*})) $path"; done
read -r up _ < /proc/uptime
cat /proc/[0-9]*/stat 2> /dev/null | awk -v up="$up" -v most=${seconds} '{
    pid = $1; name = $0; rest = $0
    sub(/^[0-9]+ [(]/, "", name); sub(/[)] [A-Za-z] [0-9 -]*$/, "", name); sub(/^.*[)] /, "", rest); split(rest, f, " ")
    age = int(up - f[20] / 100)
    if (f[2] != 2 && pid != 2 && name !~ /^sshd/ && age > 5 && age < most) print age, pid, name
}' | sort -n | head -n ${NAMED} | while read -r age pid name; do say process "$age $pid $name"; done`;

async function ofNode(node: NodeName, on: Connection, seconds: number, run: RunScript): Promise<Suspect[]> {
    const fields = {
        file: list(text(/-?\d{1,12} [^\0]{1,4096}/)),
        process: list(text(/\d{1,12} \d{1,9} [^\0]{1,64}/)),
    };
    const said = await ask(run, on, script(seconds), fields, { timeoutSeconds: SECONDS });
    const words = (line: string): [number, string] => [Number(line.split(" ")[0]), line.slice(line.indexOf(" ") + 1)];
    const files = said.file.map(line => {
        const [secondsAgo, what] = words(line);
        return { node, what, secondsAgo };
    });
    const processes = said.process.map(line => {
        const [secondsAgo, rest] = words(line),
            [pid, name] = words(rest);
        return { node, what: `process ${pid} (${name})`, secondsAgo };
    });
    return [...files, ...processes].sort((a, b) => a.secondsAgo - b.secondsAgo).slice(0, NAMED);
}

/**
 * For causes that nothing explains: what changed on the nodes concerned, the newest first. A node that does not tell has none.
 * @param seconds since the last `up`
 */
export async function suspectsOf(
    causes: readonly Cause[],
    resources: readonly RecordedResource[],
    seconds: number,
    run: RunScript = exec,
): Promise<Map<Cause, Suspect[]>> {
    const wayTo = (node: NodeName): Connection | undefined =>
        resources
            .map(({ inputs }) => inputs?.connection as Connection | undefined)
            .find(connection => connection?.name === node);
    const asked = new Map<NodeName, Promise<Suspect[]>>();
    const of = (node: NodeName): Promise<Suspect[]> => {
        const way = wayTo(node),
            known = asked.get(node) ?? (way ? ofNode(node, way, seconds, run).catch(() => []) : Promise.resolve([]));
        asked.set(node, known);
        return known;
    };
    const all = await Promise.all(
        causes.map(async cause => [cause, (await Promise.all(concerned(cause).map(of))).flat()] as const),
    );
    return new Map(all.filter(([, found]) => found.length > 0));
}

const ago = (seconds: number): string => `${inUnits(seconds)} ago`;

/** The suspects of a cause, as lines. @param seconds since the last `up` */
export function suspectLines(suspects: readonly Suspect[], seconds: number): string[] {
    if (suspects.length === 0) return [];
    const nodes = [...new Set(suspects.map(s => s.node))];
    return [
        `    suspects, changed since the last up (${ago(seconds)}), the newest first`,
        ...nodes.flatMap(node => [
            `        ${node}`,
            ...suspects
                .filter(s => s.node === node)
                .map(s => `            ${s.what.slice(0, 200)}, ${ago(s.secondsAgo)}`),
        ]),
    ].map(visible);
}
