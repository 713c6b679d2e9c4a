import * as pulumi from "@pulumi/pulumi";
import { Connection, Unreachable } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, quote, RunScript, waitForSsh } from "../../clients/ssh";
import { askUntil, NOT_YET } from "../../clients/waiting";
import { Handler, LiveResource, Problem } from "../dynamic";
import { setShell } from "./clock";
import { noSuchDomain } from "./gone";

/** Paused is what libvirt makes of a machine whose disk finds no room, and what nobody asks for. */
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

/** Whether a virtual machine runs: @pulumi/libvirt starts domains but never stops one, and starts none again. */
export function domainPowerHandler(
    run: RunScript = exec,
    reachable: typeof waitForSsh = waitForSsh,
    clock = operatorClock,
): Handler<Inputs> {
    const live = async ({ connection, domain }: Inputs): Promise<Power | undefined> => {
        const { code, stdout, stderr } = await run(connection, `${VIRSH} domstate ${quote(domain)}`, {
            allowFailure: true,
        });
        if (code === 0)
            return ({ "shut off": "off", paused: "paused" } as Record<string, Power>)[stdout.trim()] ?? "on";
        if (noSuchDomain.test(stderr)) return undefined;
        throw new Unreachable(`${connection.name}: the virtual machine ${domain} cannot be asked: ${stderr.trim()}`);
    };
    /** A start can go wrong in the machine itself, a network card without an address say: then it is started once more, as its keeper would do. */
    const answered = async ({ connection, domain, seconds = 120 }: Inputs, guest: Connection) => {
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
    };
    const put = async (inputs: Inputs) => {
        const { connection, domain, power, guest } = inputs,
            now = await live(inputs),
            name = quote(domain);
        if (now === undefined) throw new Error(`${connection.name}: there is no virtual machine ${domain}`);
        if (now === "paused") await run(connection, `${VIRSH} resume ${name} > /dev/null`);
        if (power === "off" && now !== "off") {
            // Told first, by its own system and by its power button, so that nothing in it is lost; what does not end by itself is ended.
            if (guest) await run(guest, "poweroff", { timeoutSeconds: END_SECONDS }).catch(() => undefined);
            const ask = `[ "$(${VIRSH} domstate ${name})" = "shut off" ] || exit ${NOT_YET}`;
            await run(connection, `${VIRSH} shutdown ${name} > /dev/null 2>&1 || true`);
            const { code } = await askUntil(run, connection, { ask, seconds: END_SECONDS }, clock);
            if (code !== 0) await run(connection, `${VIRSH} destroy ${name} > /dev/null`);
        }
        if (power === "on") {
            if (now === "off") await run(connection, `${VIRSH} start ${name} > /dev/null`);
            if (guest) await answered(inputs, guest);
            // Its clock stood still with it.
            if (guest && now === "paused") await run(guest, setShell(clock.now()));
        }
    };
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
            await put(inputs);
            return { id: `${inputs.connection.name}/${inputs.domain}`, outputs: {} };
        },
        async read(_id, recorded) {
            const power = await live(recorded);
            return power && { ...recorded, power };
        },
        async update(_id, _recorded, inputs) {
            await put(inputs);
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
    /** How it is reached once it runs; it counts as started when this answers, with the host key that the program made. */
    guest?: pulumi.Input<Connection>;
    /** How long its start may take; after that it is reset and waited for once more. An emulated machine needs half a minute, several at once two. Default 120. */
    seconds?: pulumi.Input<number>;
}

/** Whether a virtual machine runs, far enough to be worked in. */
export class DomainPower extends LiveResource {
    constructor(name: string, args: DomainPowerArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/domain-power", "DomainPower", name, args as unknown as pulumi.Inputs, opts);
    }
}
