import type * as pulumi from "@pulumi/pulumi";
import { ask, text } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, quote, type RunScript, waitForSsh } from "../../clients/ssh";
import { askUntil, NOT_YET } from "../../clients/waiting";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { setClock } from "./clock";
import { unlessUnknown } from "./gone";

/** libvirt pauses a machine whose disk finds no room. Nobody asks for that state. */
type Power = "on" | "off" | "paused";
interface Inputs {
    connection: Connection;
    domain: string;
    incarnation: string;
    power: Power;
    guest?: Connection;
    seconds?: number;
}

const VIRSH = "virsh -q -c qemu:///system";
/** How long a machine may take to end by itself. Emulated ones take 20 s. */
const END_SECONDS = 90;

/** How hosts and machines are reached, and the time. */
interface Means {
    run: RunScript;
    reachable: typeof waitForSsh;
    clock: typeof operatorClock;
}

async function live(run: RunScript, { connection, domain }: Inputs): Promise<Power | undefined> {
    const script = `state=$(${VIRSH} domstate ${quote(domain)}); say state "$state"`;
    const asked = ask(run, connection, script, { state: text(/[a-z ]+/) });
    const said = await unlessUnknown(connection, `the virtual machine ${domain}`, asked);
    return said && (({ "shut off": "off", paused: "paused" } as Record<string, Power>)[said.state] ?? "on");
}

/**
 * A start can go wrong in the machine itself, a network card without an address say: then it is started once more, as
 * its keeper would do.
 */
async function answered(
    { run, reachable }: Means,
    { connection, domain, seconds = 120 }: Inputs,
    guest: Connection,
): Promise<void> {
    try {
        await reachable(guest, seconds);
    } catch (e) {
        if (!(e instanceof Unreachable)) throw e;
        await run(
            connection,
            `${VIRSH} reset ${quote(domain)} > /dev/null 2>&1 || ${VIRSH} start ${quote(domain)} > /dev/null`,
        );
        await reachable(guest, seconds).catch((again: unknown) => {
            throw again instanceof Unreachable
                ? new Unreachable(
                      `${again.message}; it was started twice. Its console: virsh console ${domain}, on ${connection.name}`,
                  )
                : again;
        });
    }
}

/** Asks it to end by its own system and by its power button, so that nothing in it is lost. Then ends it. */
async function end({ run, clock }: Means, { connection, domain, guest }: Inputs): Promise<void> {
    const name = quote(domain);
    if (guest) await run(guest, "poweroff", { timeoutSeconds: END_SECONDS }).catch(() => undefined);
    const ask = `[ "$(${VIRSH} domstate ${name})" = "shut off" ] || exit ${NOT_YET}`;
    await run(connection, `${VIRSH} shutdown ${name} > /dev/null 2>&1 || true`);
    const { code } = await askUntil(run, connection, { ask, seconds: END_SECONDS }, clock);
    if (code !== 0) await run(connection, `${VIRSH} destroy ${name} > /dev/null`);
}

/** @param now whether it runs, was off or paused */
async function begin(means: Means, inputs: Inputs, now: Power): Promise<void> {
    const { run, clock } = means,
        { connection, domain, guest } = inputs;
    if (now === "off") await run(connection, `${VIRSH} start ${quote(domain)} > /dev/null`);
    if (guest) await answered(means, inputs, guest);
    // Its clock stood still with it.
    if (guest && now === "paused") await setClock(run, guest, clock);
}

async function put(means: Means, inputs: Inputs): Promise<void> {
    const { connection, domain, power } = inputs,
        now = await live(means.run, inputs);
    if (now === undefined) throw new Error(`${connection.name}: there is no virtual machine ${domain}`);
    if (now === "paused") await means.run(connection, `${VIRSH} resume ${quote(domain)} > /dev/null`);
    if (power === "off" && now !== "off") await end(means, inputs);
    if (power === "on") await begin(means, inputs, now);
}

/** Whether a virtual machine runs: @pulumi/libvirt starts domains but never stops one, and starts none again. */
export function domainPowerHandler(
    run: RunScript = exec,
    reachable: typeof waitForSsh = waitForSsh,
    clock = operatorClock,
): Handler<Inputs> {
    return {
        inputs: ["domain", "incarnation", "power"],
        access: ["connection", "guest", "seconds"],
        replaceOn: ["domain", "incarnation"],
        machineOf: ({ domain }) => domain,
        check({ domain }): Problem[] {
            return domain === undefined || /^[a-z0-9][a-z0-9.-]*$/.test(domain)
                ? []
                : [{ property: "domain", reason: `"${domain}" is not a host name` }];
        },
        async create(inputs) {
            await put({ run, reachable, clock }, inputs);
            return { id: `${inputs.connection.name}/${inputs.domain}`, outputs: {} };
        },
        async read(_id, recorded) {
            const power = await live(run, recorded);
            return power && { ...recorded, power };
        },
        async update(_id, _recorded, inputs) {
            await put({ run, reachable, clock }, inputs);
            return {};
        },
        // The domain itself is another resource's, which takes it away.
        async delete() {
            return;
        },
    };
}
export const handler = domainPowerHandler();

export interface DomainPowerArgs {
    /** The physical host. */
    connection: pulumi.Input<Connection>;
    domain: pulumi.Input<string>;
    /** The domain's id: new each time that it is made. */
    incarnation: pulumi.Input<string>;
    power: pulumi.Input<"on" | "off">;
    /**
     * How it is reached once it runs; it counts as started when this answers, with the host key that the program made.
     */
    guest?: pulumi.Input<Connection>;
    /**
     * How long its start may take; after that it is reset and waited for once more. An emulated machine needs half a
     * minute, several at once two. Default 120.
     */
    seconds?: pulumi.Input<number>;
}

/** Whether a virtual machine runs, far enough to be worked in. */
export class DomainPower extends LiveResource {
    constructor(name: string, args: DomainPowerArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/domain-power", "DomainPower", name, args as unknown as pulumi.Inputs, opts);
    }
}
