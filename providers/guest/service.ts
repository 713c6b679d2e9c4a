import type * as pulumi from "@pulumi/pulumi";
import { ask, bytes, list, optional, text, yesOrNo } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { type OperatorClock, operatorClock } from "../../clients/operator-clock";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { askUntil, NOT_YET, waitUntil } from "../../clients/waiting";
import { type Handler, LiveResource, type Problem, withPlaces } from "../dynamic";
import { holderShell, isAddress, signsShell } from "./signs";
import { hex, initShell, isName, listeningShell, READY_SECONDS, readyShell } from "./init";

interface Inputs {
    connection: Connection;
    service: string;
    running: boolean;
    enabled: boolean;
    port?: number;
    process?: string;
    per?: string;
    lacks?: string[];
    queue?: string;
    database?: string;
    dnsmasqs?: string;
}

/** The functions of init.ts, for a service that is known by its process where that is given. */
const shellFor = ({ service, process }: Pick<Inputs, "service" | "process">): string =>
    `${initShell}${process === undefined ? "" : `\nis_running() { pgrep -x ${quote(process)} > /dev/null; }`}\ns=${quote(service)}`;

/** How long one that does not run yet is waited for while its machine boots. */
const BOOT_SECONDS = 60;

/**
 * Time for a restarted service to show its signs of life, in seconds in which its machine has a processor to spare.
 * cinder's services take 35 s in an emulated machine. A service without a way to its queue does not get one later.
 */
const SIGN_SECONDS = 60;

/** The last that it said. */
const lastWords = (known: KnownService): string => `${shellFor(known)}\nlast_words "$s"`;

/** The facts about a service that ran. */
export type KnownService = Pick<Inputs, "service" | "port" | "process">;

/** Whether a service runs. */
export async function isRunning(connection: Connection, known: KnownService, run: RunScript = exec): Promise<boolean> {
    return (
        (await run(connection, `${shellFor(known)}\nis_running "$s"`, { allowFailure: true, timeoutSeconds: 60 }))
            .code === 0
    );
}

/** Waits until a service runs and listens, which somebody else starts. */
export async function untilRunning(
    connection: Connection,
    known: KnownService,
    seconds: number,
    run: RunScript = exec,
    clock = operatorClock,
): Promise<void> {
    const { service, port } = known;
    const listens = port === undefined ? "" : ` && listening ${hex(port)}`,
        and = port === undefined ? "" : ` and listen on port ${port}`;
    const ask = `${shellFor(known)}
${listeningShell}
is_running "$s"${listens} || { echo "service ${service} does not run${and}" >&2; exit ${NOT_YET}; }`;
    await waitUntil(run, connection, { ask, seconds, every: 1, words: lastWords(known), computes: true }, clock);
}

function check({ service, process, queue, database, dnsmasqs }: Partial<Inputs>): Problem[] {
    const addresses = { queue, database };
    return [
        ...(["queue", "database"] as const).flatMap(property => {
            const at = addresses[property];
            return at === undefined || isAddress(at)
                ? []
                : [{ property, reason: `"${at}" is not an address and a port such as 10.0.0.3:5672` }];
        }),
        ...(dnsmasqs === undefined || /^\/[A-Za-z0-9/_.-]+$/.test(dnsmasqs)
            ? []
            : [{ property: "dnsmasqs", reason: `"${dnsmasqs}" is not the absolute path of a folder` }]),
        ...(service === undefined || isName(service)
            ? []
            : [{ property: "service", reason: `"${service}" is not the name of a service` }]),
        ...(process === undefined || isName(process)
            ? []
            : [{ property: "process", reason: `"${process}" is not the name of a program` }]),
    ];
}

/** How machines are asked; replaced in tests. */
interface Asking {
    run: RunScript;
    clock: OperatorClock;
    /** How long a service may take until it is ready. */
    readySeconds: number;
}

/** Why one that runs may have to restart: it works on something new, or was found without a sign of life. */
interface Reasons {
    anew?: boolean;
    lifeless?: boolean;
}

/** Has the service $s run. */
function upShell({ port }: Inputs, { anew = false, lifeless = false }: Reasons): string {
    // A process that a signal stopped does not end before it goes on.
    const restarted = lifeless ? 'go_on "$s"; restart "$s"' : 'restart "$s"';
    if (anew) return restarted;
    // What it lacked may have come back when what it works on was mended.
    if (lifeless) return `{ is_running "$s" && l=$(signs "$s") && [ -z "$l" ]; } || { ${restarted}; }`;
    const free = port === undefined ? ":" : `free "$s" ${port} ${hex(port)}`;
    return `is_running "$s" || { ${free}; start "$s"; }`;
}

/** Shell that asks whether the service listens; empty for one without a port. */
const readyOf = ({ service, port }: Inputs): string =>
    port === undefined ? "" : readyShell(new Map([[service, port]]));

function putShell(inputs: Inputs, reasons: Reasons): string {
    const { running, enabled } = inputs;
    return `${shellFor(inputs)}
${enabled ? 'is_enabled "$s" || enable "$s"' : '! is_enabled "$s" || disable "$s"'}
${reasons.lifeless ? signsShell(inputs) : holderShell}
${running ? `${upShell(inputs, reasons)} || { echo "service $s cannot be started:" >&2; last_words "$s" >&2; exit 1; }${readyOf(inputs)}` : '! is_running "$s" || stop "$s"'}`;
}

async function put(asking: Asking, inputs: Inputs, reasons: Reasons = {}): Promise<void> {
    const { run, clock, readySeconds } = asking;
    const begun = await run(inputs.connection, putShell(inputs, reasons), {
        allowFailure: true,
        timeoutSeconds: readySeconds + 60,
    });
    const question = {
        ask: `${shellFor(inputs)}${readyOf(inputs)}`,
        begun,
        seconds: readySeconds,
        words: lastWords(inputs),
        computes: true,
    } as const;
    await waitUntil(run, inputs.connection, question, clock);
    if (inputs.running && reasons.lifeless) await untilAlive(asking, inputs);
}

/** Waits until a service shows all signs of life. */
async function untilAlive({ run, clock }: Asking, inputs: Inputs): Promise<void> {
    const script = `${shellFor(inputs)}
${signsShell(inputs, 0)}
l=$(signs "$s" | tr '\\n' ' ')
[ -z "$l" ] || { echo "service $s shows no sign of life: $l" >&2; exit ${NOT_YET}; }`;
    const question = {
        ask: script,
        seconds: SIGN_SECONDS,
        every: 1,
        words: `${signsShell(inputs)}\n${shellFor(inputs)}\nlast_error "$s"`,
        computes: true,
    } as const;
    await waitUntil(run, inputs.connection, question, clock);
}

/** Answers with {@link readFields}; ends with {@link NOT_YET} where more is to be expected. */
const readShell = (recorded: Inputs): string => `${shellFor(recorded)}
if is_enabled "$s"; then say enabled yes; else say enabled no; fi
${signsShell(recorded)}
if is_running "$s"; then
    say running yes
    l=$(signs "$s")
    [ -z "$l" ] || {
        while read -r w; do say lacks "$w"; done << LACKS
$l
LACKS
        e=$(last_error "$s"); say error "$e"
        ! may_come "$s" "$l" || exit ${NOT_YET}
    }
else
    say running no; e=$(last_error "$s"); say error "$e"
    ${recorded.port === undefined ? "" : `${holderShell}\n    h=$(holder ${hex(recorded.port)}); say holder "$h"\n    `}! is_booting || exit ${NOT_YET}
fi`;

const readFields = {
    running: yesOrNo,
    enabled: yesOrNo,
    lacks: list(
        text(
            /stopped|port|queue|database|[a-z]+ of [A-Za-z0-9-]{1,15}|firewall rules of [a-z0-9. ]{1,60}|floating address [\d.]{7,15}/,
        ),
    ),
    error: optional(bytes),
    holder: optional(text(/|[\w.:/-]{1,16} \(\d{1,10}\)/)),
};

/** Of a machine that is still starting when the time is up, what is so then. */
const booted =
    ({ run, clock }: Asking): RunScript =>
    async (to, ask) => ({
        ...(await askUntil(run, to, { ask, seconds: BOOT_SECONDS, every: 1, computes: true }, clock)),
        code: 0,
    });

async function read(asking: Asking, recorded: Inputs): Promise<Inputs> {
    const answer = await ask(booted(asking), recorded.connection, readShell(recorded), readFields);
    const { error, lacks, holder, ...live } = answer,
        log = error === undefined || error.length === 0 ? [] : [`its log: ${error.toString()}`],
        held = holder ? [`port ${recorded.port} is held by ${holder}`] : [],
        said = [...held, ...log].join("; ") || undefined;
    return withPlaces(
        { ...recorded, ...live, ...(recorded.lacks !== undefined && { lacks }) },
        said === undefined ? {} : { lacks: said, running: said },
    );
}

/** A service of a machine: whether it runs now, and after the next boot. */
export function serviceHandler(
    run: RunScript = exec,
    readySeconds = READY_SECONDS,
    clock = operatorClock,
): Handler<Inputs> {
    const asking = { run, clock, readySeconds };
    return {
        inputs: ["service", "running", "enabled", "per", "lacks"],
        access: ["connection", "port", "process", "queue", "database", "dnsmasqs"],
        replaceOn: ["service"],
        check,
        async create(inputs) {
            await put(asking, inputs);
            return { id: `${inputs.connection.name}:${inputs.service}`, outputs: {} };
        },
        read: (_id, recorded) => read(asking, recorded),
        async update(_id, recorded, inputs) {
            await put(asking, inputs, {
                anew: recorded.per !== undefined && recorded.per !== inputs.per,
                lifeless: (recorded.lacks ?? []).length > 0,
            });
            return {};
        },
        async delete(_id, recorded) {
            await run(
                recorded.connection,
                `${shellFor(recorded)}\n! is_running "$s" || stop "$s"; ! is_enabled "$s" || disable "$s"`,
            );
        },
    };
}
export const handler = serviceHandler();

export interface ServiceArgs {
    connection: pulumi.Input<Connection>;
    /** Name as `service NAME start` knows it. */
    service: pulumi.Input<string>;
    /** Default true. */
    running?: pulumi.Input<boolean>;
    /** Whether it starts at boot. Default true. */
    enabled?: pulumi.Input<boolean>;
    /** Ready when something listens on this TCP port; without one, when it runs. */
    port?: pulumi.Input<number>;
    /** The process by which it is known to run, where its init script cannot tell. */
    process?: pulumi.Input<string>;
    /** The identity of its data, e.g. a database's: with another one it restarts. */
    per?: pulumi.Input<string>;
    /** Address and port of the queue and of the database to which it keeps a connection while it runs, e.g. 10.0.0.3:5672. */
    queue?: pulumi.Input<string>;
    database?: pulumi.Input<string>;
    /** It keeps a dnsmasq running for each bridge that has a file nova-BRIDGE.conf in this folder. */
    dnsmasqs?: pulumi.Input<string>;
}

/** A service of a machine, and whether it does its work. It restarts without a sign of life, and when it works on something new. A changed file of options restarts those in its `restarts`. */
export class Service extends LiveResource {
    constructor(name: string, args: ServiceArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/service", "Service", name, { running: true, enabled: true, lacks: [], ...args }, opts);
    }
}
