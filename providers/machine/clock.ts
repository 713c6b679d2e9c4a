import * as fs from "fs";
import type * as pulumi from "@pulumi/pulumi";
import { ask, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { ALLOWED_SECONDS, aheadBy, readClock, type Reading, speedOf } from "../../clients/machine-clock";
import { type OperatorClock, operatorClock } from "../../clients/operator-clock";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { NOT_YET, waitUntil } from "../../clients/waiting";
import { serviceNames } from "../../config/credentials";
import { type Handler, LiveResource } from "../dynamic";
import { goesOnShell, initShell, listenedShell, listeningShell, READY_SECONDS, runningShell } from "../guest/init";
import { restart } from "../guest/restarts";

interface Inputs {
    connection: Connection;
    offset: string;
    speed: string;
}

/** How a clock is wanted, and found where it is right. */
const OFFSET = `within ${ALLOWED_SECONDS} s`,
    SPEED = "true";

const offsetInWords = (ahead: number): string =>
    ahead === 0 ? OFFSET : `${Math.round(Math.abs(ahead))} s ${ahead > 0 ? "ahead" : "behind"}`;
/** The same in a sentence: `42 s ahead of this machine's`. */
export const besideThisOne = (ahead: number): string =>
    `${offsetInWords(ahead)} ${ahead > 0 ? "of " : ""}this machine's`;
const speedInWords = (speed: number): string => {
    if (speed === 1) return SPEED;
    const times = speed > 1 ? speed : 1 / Math.max(speed, 1e-3);
    return `${times.toFixed(1)} times too ${speed > 1 ? "fast" : "slow"}`;
};

/** Programs that keep a clock by time servers, by the names of their services. */
const keepers = ["ntp", "ntpsec", "chrony", "chronyd", "systemd-timesyncd"];

/** Sets a machine's clock and its hardware's clock. A program that keeps it by time servers goes on from there. */
export const setShell = (epochSeconds: number): string => `date -u -s @${epochSeconds.toFixed(3)} > /dev/null
[ ! -e /dev/rtc0 ] || hwclock --systohc 2> /dev/null || true
${initShell}
for s in ${keepers.join(" ")}; do if is_running "$s"; then restart "$s" > /dev/null; fi; done`;

/** How often a clock is set until it is right. */
const SETS = 5;

/** Where the kernel has its clock sources. */
const SOURCES = "/sys/devices/system/clocksource/clocksource0";
/** Clock sources of an emulated machine that cannot be calibrated wrongly, the better one first. */
const STEADY = ["hpet", "acpi_pm"];

/** This machine's own start of its kernel. */
const ownBoot = (): string => fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/**
 * Sets a clock until it is right. On a busy machine the way there takes another time each time; half of the last way is
 * added.
 */
async function setFrom(run: RunScript, on: Connection, clock: OperatorClock, first: Reading): Promise<void> {
    let now = first;
    for (let times = 0; aheadBy(now) !== 0; times++) {
        if (times === SETS)
            throw new Error(`${on.name}: its clock was set ${SETS} times, and is ${besideThisOne(aheadBy(now))}`);
        await run(on, setShell(clock.now() + (now.to - now.from) / 2));
        now = await readClock(run, on, clock);
    }
}

/**
 * Puts right the clock of a virtual machine that has stood still.
 * @throws Unreachable where it does not answer, Error where its clock is not right after five times
 */
export const setClock = async (run: RunScript, on: Connection, clock: OperatorClock): Promise<void> =>
    setFrom(run, on, clock, await readClock(run, on, clock));

/** Looks at machines' clocks and puts them right. */
class Clocks {
    constructor(
        private readonly run: RunScript,
        private readonly clock: OperatorClock,
        private readonly operatorBoot: () => string,
    ) {}

    /** Where it is and how fast it runs, in words. */
    async look(on: Connection): Promise<Pick<Inputs, "offset" | "speed">> {
        const reading = await this.read(on);
        return { offset: offsetInWords(aheadBy(reading)), speed: speedInWords(await this.speed(on, reading)) };
    }

    /** @param wasAhead when it was last looked at; whoever set it since then may not have come to the services */
    async put(on: Connection, wasAhead = false): Promise<void> {
        let reading = await this.read(on);
        const speed = await this.speed(on, reading);
        if (speed !== 1) {
            await this.mendSpeed(on, speed);
            reading = await this.read(on);
        }
        const isAhead = wasAhead || aheadBy(reading) > 0;
        if (aheadBy(reading) !== 0) await this.set(on, reading);
        if (on.jump && isAhead) await wake(this.run, on, this.clock);
    }

    private read(on: Connection): Promise<Reading> {
        return readClock(this.run, on, this.clock);
    }

    /** A host that is a namespace of the operator's machine has that one's clock, which nobody sets. */
    private isOperators({ boot }: Reading): boolean {
        return boot === this.operatorBoot();
    }

    private async speed(on: Connection, first: Reading): Promise<number> {
        return this.isOperators(first) ? 1 : await speedOf(this.run, on, first, this.clock);
    }

    /** Has another clock source tried until one counts rightly. */
    private async mendSpeed(on: Connection, found: number): Promise<void> {
        const script = `sources=$(cat ${SOURCES}/available_clocksource); say sources "$sources"`,
            { sources } = await ask(this.run, on, script, { sources: text(/[a-z0-9_ -]*/) }),
            there = sources.trim().split(/\s+/);
        for (const source of STEADY.filter(s => there.includes(s))) {
            await this.run(on, `echo ${source} > ${SOURCES}/current_clocksource`);
            if ((await this.speed(on, await this.read(on))) === 1) return;
        }
        throw new Error(
            `${on.name}: its clock runs ${speedInWords(found)}, by every clock source that its kernel has; switch the machine off and on again, or rebuild it`,
        );
    }

    private async set(on: Connection, reading: Reading): Promise<void> {
        const off = `${on.name}: its clock is ${besideThisOne(aheadBy(reading))}`;
        if (this.isOperators(reading)) throw new Error(`${off}, though it has the same kernel; nothing was set`);
        if (!on.jump && (await this.isKept(on)))
            throw new Error(
                `${off}, and a server of time keeps it (NTPSynchronized): look which of the two is wrong, and set that one; nothing was set`,
            );
        await setFrom(this.run, on, this.clock, reading);
    }

    /** Of a physical host. A virtual machine's answer about it does not count: the machine may have stood still. */
    private async isKept(host: Connection): Promise<boolean> {
        const script = `kept=$(timedatectl show -p NTPSynchronized --value 2> /dev/null) || true; say kept "$kept"`;
        return (await ask(this.run, host, script, { kept: text(/yes|no|/) })).kept === "yes";
    }
}

/**
 * Services whose timers wait by the clock: set back from two hours ahead it would leave them without a report for two
 * hours.
 */
const isOpenStack = (service: string): boolean => openStack.test(service);
const openStack = new RegExp(`^(${serviceNames.join("|")})(-[a-z]+)*$`);

/** Restarts those of them that run, and waits until the machine listens on each port again that it listened on. */
async function wake(run: RunScript, on: Connection, clock: OperatorClock): Promise<void> {
    const script = `${runningShell}
all=$(running); for s in $all; do say running "$s"; done
ports=$(${listenedShell}); for p in $ports; do say port "$p"; done`,
        { running, port } = await ask(run, on, script, { running: list(text()), port: list(text(/[0-9A-F]{4}/)) }),
        services = running.filter(isOpenStack);
    if (services.length === 0) return;
    await restart(run, on, services);
    const again = `${initShell}
${listeningShell}
${goesOnShell}
for s in ${services.map(quote).join(" ")}; do goes_on "$s"; done
${port.map(p => `listening ${p} || { echo "nothing listens on port ${parseInt(p, 16)}" >&2; exit ${NOT_YET}; }`).join("\n")}`;
    await waitUntil(run, on, { ask: again, seconds: READY_SECONDS, computes: true }, clock);
}

/** Whether a machine's clock is right: how far it is from the operator's, and how fast it runs. */
export function clockHandler(
    run: RunScript = exec,
    clock = operatorClock,
    operatorBoot: () => string = ownBoot,
): Handler<Inputs> {
    const clocks = new Clocks(run, clock, operatorBoot);
    return {
        inputs: ["offset", "speed"],
        access: ["connection"],
        replaceOn: [],
        async create({ connection }) {
            await clocks.put(connection);
            return { id: `${connection.name}:clock`, outputs: {} };
        },
        async read(_id, recorded) {
            return { ...recorded, ...(await clocks.look(recorded.connection)) };
        },
        async update(_id, recorded, { connection }) {
            await clocks.put(connection, recorded.offset.endsWith(" ahead"));
            return {};
        },
        // It goes with its machine.
        async delete() {
            return;
        },
    };
}
export const handler = clockHandler();

export interface ClockArgs {
    /** The machine: a physical host, or a node that is a virtual machine. A container has its host's clock. */
    connection: pulumi.Input<Connection>;
}

/** A machine's clock, against that of the operator's machine: where it is and how fast it runs. `up` puts it right. */
export class Clock extends LiveResource {
    constructor(name: string, { connection }: ClockArgs, opts?: pulumi.CustomResourceOptions) {
        super("machine/clock", "Clock", name, { connection, offset: OFFSET, speed: SPEED }, opts);
    }
}
