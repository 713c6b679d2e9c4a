import { createHash } from "crypto";
import * as pulumi from "@pulumi/pulumi";
import { ask, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, quote, type RunScript, waitForSsh } from "../../clients/ssh";
import { askUntil, NOT_YET } from "../../clients/waiting";
import { rangeLimits } from "../../config/id-ranges";
import { type Handler, incarnationOf, LiveResource, type Problem } from "../dynamic";
import { unlessUnknown } from "./gone";
import { type ContainerDomain, type ContainerInterface, domainXml, parseDomainXml, rootsDir } from "./container-xml";

/** A file that a container has from the start. */
export interface SeedFile {
    path: string;
    content: string;
    mode: string;
}

interface Inputs extends ContainerDomain {
    connection: Connection;
    /** Folders of the host that its root lies on, the uppermost first; it writes above them. */
    lower: string[];
    files: SeedFile[];
    secretFiles?: SeedFile[];
    power: "on" | "off";
    generation?: number;
    guest?: Connection;
}

const VIRSH = "virsh -q -c lxc:///system";
const START_SECONDS = 180;
/** How long it may take to end by itself, and its root to be let go. */
const END_SECONDS = 10;
const UNMOUNT_SECONDS = 5;

/** How hosts and machines are reached, and the time. */
interface Means {
    run: RunScript;
    reachable: typeof waitForSsh;
    clock: typeof operatorClock;
}

async function describe(run: RunScript, { connection, name }: Inputs) {
    const script = `xml=$(${VIRSH} dumpxml --inactive ${name}); say xml "$xml"
state=$(${VIRSH} domstate ${name}); say state "$state"`;
    const asked = ask(run, connection, script, { xml: text(), state: text(/[a-z ]+/) });
    const said = await unlessUnknown(connection, `the container ${name}`, asked);
    return (
        said && {
            ...parseDomainXml(said.xml),
            power: said.state === "running" ? ("on" as const) : ("off" as const),
        }
    );
}

function define(run: RunScript, { connection }: Inputs, xml: string) {
    return run(connection, `f=$(mktemp); trap 'rm -f $f' EXIT; cat > $f; ${VIRSH} define $f > /dev/null`, {
        input: xml,
    });
}

async function setPower({ run, reachable, clock }: Means, inputs: Inputs, now: "on" | "off"): Promise<void> {
    const { connection, name, power, guest } = inputs;
    if (power === now) return;
    if (power === "off") {
        // Asked to end first; then ended.
        const ask = `! ${VIRSH} domstate ${name} | grep -q running || exit ${NOT_YET}`;
        await run(connection, `${VIRSH} shutdown ${name} > /dev/null 2>&1 || true`);
        const { code } = await askUntil(run, connection, { ask, seconds: END_SECONDS, every: 0.1 }, clock);
        if (code !== 0) await run(connection, `${VIRSH} destroy ${name} > /dev/null`);
        return;
    }
    await run(connection, `${VIRSH} start ${name} > /dev/null`);
    if (guest) await reachable(guest, START_SECONDS);
}

function seed(run: RunScript, { connection, name, lower, files, secretFiles = [] }: Inputs) {
    return run(
        connection,
        `d=${rootsDir}/${name}
umask 022; mkdir -p $d/upper $d/work $d/root
printf %s ${quote(lower.join(":"))} > $d/lower
while IFS='|' read -r mode path content; do
    [ -n "$mode" ] || continue
    mkdir -p "$d/upper$(dirname "$path")"
    (umask 077; printf %s "$content" | base64 -d > "$d/upper$path"; chmod "$mode" "$d/upper$path")
done`,
        {
            input: [...files, ...secretFiles]
                .map(f => `${f.mode}|${f.path}|${Buffer.from(f.content).toString("base64")}\n`)
                .join(""),
        },
    );
}

/** One that another state has made has other keys: nobody would reach it with this one's. */
async function refuseAnother(run: RunScript, inputs: Inputs, uuid: string): Promise<void> {
    const { connection, name, secretFiles = [] } = inputs;
    const { other } = await ask(
        run,
        connection,
        // Its root's content may be the container's own work: only a regular file is read.
        `u=$(realpath ${rootsDir}/${name}/upper)
while IFS='|' read -r sum path; do
    [ -n "$sum" ] || continue
    [ "$(realpath -m "$u$path")" = "$u$path" ] && [ -f "$u$path" ] && [ "$(sha256sum < "$u$path" | cut -d ' ' -f 1)" = "$sum" ] || say other "$path"
done`,
        { other: list(text()) },
        {
            input: secretFiles.map(f => `${createHash("sha256").update(f.content).digest("hex")}|${f.path}\n`).join(""),
        },
    );
    if (other.length > 0) {
        throw new Error(
            `${connection.name}: the container ${name} (${uuid}) is there without being in the state, and has another ${other.join(", ")} than the state wants; it was left as it is. ` +
                `Put the state that it was made with in its place (the newest backup), or remove it: virsh -c lxc:///system destroy ${name}; virsh -c lxc:///system undefine ${name}`,
        );
    }
}

function numberProblems({ memoryMiB, cpus, idmap }: Partial<Inputs>): Problem[] {
    const found: Problem[] = [];
    const isWhole = (value: number, least: number, most = Infinity): boolean =>
        Number.isInteger(value) && value >= least && value <= most;
    if (memoryMiB !== undefined && !isWhole(memoryMiB, 64))
        found.push({ property: "memoryMiB", reason: `${memoryMiB} is not a whole number of at least 64` });
    if (cpus !== undefined && !isWhole(cpus, 1))
        found.push({ property: "cpus", reason: `${cpus} is not a whole number of at least 1` });
    const { least, most } = rangeLimits;
    if (idmap !== undefined && !isWhole(idmap, least, most))
        found.push({ property: "idmap", reason: `${idmap} is not a whole number from ${least} to ${most}` });
    return found;
}

function fileProblems({ lower, files }: Partial<Inputs>): Problem[] {
    const found: Problem[] = [];
    const bad = lower?.find(d => !/^\/[A-Za-z0-9/._-]+$/.test(d));
    if (bad !== undefined)
        found.push({
            property: "lower",
            reason: `"${bad}" is not an absolute path of letters, digits, dots, dashes`,
        });
    const file = files?.find(f => !/^\/[^|\n]+$/.test(f.path) || !/^[0-7]{4}$/.test(f.mode));
    if (file)
        found.push({
            property: "files",
            reason: `"${file.path}" needs an absolute path and a mode of four octal digits`,
        });
    return found;
}

function check(inputs: Partial<Inputs>): Problem[] {
    const { name, interfaces = [] } = inputs,
        found: Problem[] = [];
    if (name !== undefined && !/^[a-z0-9][a-z0-9.-]*$/.test(name))
        found.push({ property: "name", reason: `"${name}" is not a host name` });
    found.push(...fileProblems(inputs), ...numberProblems(inputs));
    const macs = interfaces.map(i => i.mac);
    const twice = macs.find((m, i) => macs.indexOf(m) !== i);
    if (twice !== undefined) found.push({ property: "interfaces", reason: `the address ${twice} is given twice` });
    return found;
}

async function create(means: Means, inputs: Inputs): Promise<{ id: string; outputs: object }> {
    const { run } = means;
    const there = await describe(run, inputs);
    if (there) await refuseAnother(run, inputs, there.uuid);
    else {
        // A folder without a domain comes from an interrupted create or delete. Where a golden clone alone was undefined, roots
        // of running machines lie on its folder: without it they would miss most of their files.
        await run(
            inputs.connection,
            `d=${rootsDir}/${inputs.name} used=; ! mountpoint -q $d/root || umount -l $d/root
for l in $(grep -lsF "$d/upper" ${rootsDir}/*/lower); do ! mountpoint -q "$(dirname "$l")/root" || used=1; done
[ -n "$used" ] || rm -rf $d`,
        );
        await seed(run, inputs);
        await define(run, inputs, domainXml(inputs));
    }
    const live = there ?? (await describe(run, inputs))!;
    await setPower(means, inputs, live.power);
    return { id: incarnationOf(inputs.name, live.uuid), outputs: {} };
}

async function read(run: RunScript, id: string, recorded: Inputs): Promise<Inputs | undefined> {
    const live = await describe(run, recorded);
    if (!live) return undefined;
    const { uuid, idmap = 0, ...rest } = live;
    // Another one of that name is not this one; `create` takes it in.
    if (id !== incarnationOf(recorded.name, uuid)) return undefined;
    // One that has lost its range differs from one that never had one.
    return { ...recorded, ...rest, ...(recorded.idmap !== undefined && { idmap }) };
}

async function update(means: Means, recorded: Inputs, inputs: Inputs): Promise<object> {
    const { run } = means;
    const now = await describe(run, recorded);
    if (!now)
        throw new Error(
            `${inputs.connection.name}: the container ${inputs.name} is gone; refresh the stack and run up again`,
        );
    const redefine = (["memoryMiB", "cpus", "interfaces", "devices", "idmap"] as const).some(
        k => JSON.stringify(now[k]) !== JSON.stringify(inputs[k]),
    );
    if (redefine) {
        // The domain keeps its uuid, and so everything in it.
        const xml = domainXml(inputs).replace("<memory", `<uuid>${now.uuid}</uuid>\n  <memory`);
        await define(run, inputs, xml);
    }
    // Its cards and devices are fixed while it runs.
    if (redefine && now.power === "on" && inputs.power === "on")
        await setPower(means, { ...inputs, power: "off" }, "on").then(() => setPower(means, inputs, "off"));
    else await setPower(means, inputs, now.power);
    return {};
}

async function remove({ run, clock }: Means, { connection, name }: Inputs): Promise<void> {
    const root = `${rootsDir}/${name}/root`,
        there = `${VIRSH} dominfo ${name} > /dev/null 2>&1`,
        ask = `! mountpoint -q ${root} || umount ${root} 2> /dev/null || exit ${NOT_YET}`;
    const begun = await run(
        connection,
        `${VIRSH} destroy ${name} > /dev/null 2>&1 || true
# Somebody else may remove it at the same moment.
if ${there}; then ${VIRSH} undefine ${name} > /dev/null || if ${there}; then exit 1; fi; fi
${ask}`,
        { allowFailure: true },
    );
    // Its last processes may hold it for a moment.
    await askUntil(run, connection, { ask, begun, seconds: UNMOUNT_SECONDS, every: 0.1 }, clock);
    await run(connection, `! mountpoint -q ${root} || umount -l ${root}\nrm -rf ${rootsDir}/${name}`);
}

/** A system container of libvirt's LXC driver, its root an overlay on folders of its host (H4, H5). */
export function containerHandler(
    run: RunScript = exec,
    reachable: typeof waitForSsh = waitForSsh,
    clock = operatorClock,
): Handler<Inputs> {
    const means = { run, reachable, clock };
    return {
        inputs: [
            "name",
            "memoryMiB",
            "cpus",
            "interfaces",
            "devices",
            "idmap",
            "lower",
            "files",
            "secretFiles",
            "power",
            "generation",
        ],
        access: ["connection", "guest"],
        replaceOn: ["name", "lower", "files", "secretFiles", "generation"],
        machineOf: ({ name }) => name,
        check,
        create: inputs => create(means, inputs),
        read: (id, recorded) => read(run, id, recorded),
        update: (_id, recorded, inputs) => update(means, recorded, inputs),
        delete: (_id, recorded) => remove(means, recorded),
    };
}
export const handler = containerHandler();

export interface ContainerArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    name: pulumi.Input<string>;
    memoryMiB: pulumi.Input<number>;
    cpus: pulumi.Input<number>;
    interfaces: pulumi.Input<ContainerInterface[]>;
    /** Character devices of the host, e.g. /dev/net/tun. Default none. */
    devices?: pulumi.Input<string[]>;
    /**
     * The first of 65536 ids of the host that stand for those in it. Default: the host's own, whose root is then root
     * in it.
     */
    idmap?: pulumi.Input<number>;
    /** Folders of the host that its root lies on, the uppermost first. */
    lower: pulumi.Input<string[]>;
    /** Its identity: host name, addresses, keys. A change makes another container. */
    files: pulumi.Input<SeedFile[]>;
    secretFiles?: pulumi.Input<SeedFile[]>;
    power: pulumi.Input<"on" | "off">;
    /** A change makes another container. */
    generation?: pulumi.Input<number>;
    /** How it is reached once it runs; it counts as started when this answers. */
    guest?: pulumi.Input<Connection>;
}

/**
 * A system container: its own processes, network and root, on its host's kernel (H4, H5). Its id is new each time it is
 * made from its golden clone.
 */
export class Container extends LiveResource {
    constructor(name: string, args: ContainerArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "machine/container",
            "Container",
            name,
            {
                devices: [],
                ...args,
                secretFiles: args.secretFiles === undefined ? undefined : pulumi.secret(args.secretFiles),
            },
            opts,
        );
    }
}
