import type * as pulumi from "@pulumi/pulumi";
import { ask, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { Cidr } from "../../config/cidr";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { firewallFields, firewallHindrances, firewallShell, type Ours } from "./firewall";
import { type Hindrance, mend, told, wordsOf } from "./hindrance";

interface Inputs extends Ours {
    connection: Connection;
    /** Pools of libvirt's that machines have disks in, where they are defined. */
    pools: readonly string[];
    /** What holds up the cloud on this host. Wanted: nothing. */
    hindered: readonly string[];
}

interface Outputs {
    /** Rules that were there before the cloud: the host's own. */
    stood: readonly string[];
}

const VIRSH = "virsh -q -c qemu:///system";
const fields = { ...firewallFields, forwards: text(/[01]/), pool: list(text(/\S+ (yes|no) (yes|no)/)) };

const script = (ours: Inputs): string => `f=$(cat /proc/sys/net/ipv4/ip_forward); say forwards "$f"
for n in ${ours.pools.map(quote).join(" ")}; do
    i=$(${VIRSH} pool-info "$n" 2> /dev/null) || continue
    r=no; a=no
    case $i in *State:*running*) r=yes ;; esac
    case $i in *Autostart:*yes*) a=yes ;; esac
    say pool "$n $r $a"
done
${firewallShell(ours)}`;

const poolHindrances = (line: string): Hindrance[] => {
    const [name, runs, starts] = line.split(" "),
        pool = quote(name!);
    return [
        ...(runs === "no"
            ? [{ words: `the pool ${name} of this host is stopped`, mend: `${VIRSH} pool-start ${pool}` }]
            : []),
        ...(starts === "no"
            ? [
                  {
                      words: `the pool ${name} of this host does not start with it`,
                      mend: `${VIRSH} pool-autostart ${pool}`,
                  },
              ]
            : []),
    ];
};

/** What concerns no network alone, and rules by themselves: which of them stood before is not to be seen. */
async function live(run: RunScript, inputs: Inputs): Promise<{ settings: Hindrance[]; rules: Hindrance[] }> {
    const said = await ask(run, inputs.connection, script(inputs), fields, { timeoutSeconds: 60 });
    return {
        settings: [
            ...(said.forwards === "0"
                ? [
                      {
                          words: "this host does not forward (net.ipv4.ip_forward is 0)",
                          mend: "echo 1 > /proc/sys/net/ipv4/ip_forward",
                      },
                  ]
                : []),
            ...said.pool.flatMap(poolHindrances),
        ],
        rules: firewallHindrances(inputs, said),
    };
}

const since = (rules: readonly Hindrance[], { stood }: Outputs): Hindrance[] =>
    rules.filter(rule => !wordsOf([rule]).some(words => stood.includes(words)));

/** Words of the shell, and ranges, as they are. */
function check({ bridges, pools, ranges }: Partial<Inputs>): Problem[] {
    const names = { bridges, pools };
    return [
        ...(["bridges", "pools"] as const).flatMap(property =>
            (names[property] ?? [])
                .filter(name => !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name))
                .map(name => ({ property, reason: `"${name}" is not a name of letters, digits, dots and dashes` })),
        ),
        ...(ranges ?? []).flatMap(range => {
            try {
                Cidr.parse(range);
                return [];
            } catch (e) {
                return [{ property: "ranges", reason: (e as Error).message }];
            }
        }),
    ];
}

/** That a physical host carries the cloud's traffic and keeps its disks at hand (N1, N3, H4). */
export function hostStateHandler(run: RunScript = exec): Handler<Inputs, Outputs> {
    return {
        inputs: ["bridges", "ranges", "pools", "hindered"],
        access: ["connection"],
        replaceOn: [],
        check,
        async create(inputs) {
            const { settings, rules } = await live(run, inputs);
            await mend(run, inputs.connection, settings);
            return { id: `${inputs.connection.name}:host-state`, outputs: { stood: wordsOf(rules) } };
        },
        async read(_id, recorded) {
            const { settings, rules } = await live(run, recorded);
            return { ...recorded, hindered: told([...settings, ...since(rules, recorded)]) };
        },
        async update(_id, recorded, inputs) {
            const { settings, rules } = await live(run, inputs);
            await mend(run, inputs.connection, [...settings, ...since(rules, recorded)]);
            return { stood: recorded.stood };
        },
        // It made nothing: what it put back was the host's before.
        async delete() {
            return;
        },
    };
}
export const handler = hostStateHandler();

export interface HostStateArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    /** The cloud's bridges on it. */
    bridges: pulumi.Input<readonly string[]>;
    /** The cloud's addresses: `192.168.122.0/24`. */
    ranges: pulumi.Input<readonly string[]>;
    /** Pools of libvirt's with disks of the cloud's; one that is not defined is another resource's. */
    pools: pulumi.Input<readonly string[]>;
}

/** A physical host forwards, no rule that came later takes the cloud's traffic away, and its pools run. */
export class HostState extends LiveResource {
    constructor(name: string, args: HostStateArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/host-state", "HostState", name, { ...args, hindered: [] }, opts);
    }
}
