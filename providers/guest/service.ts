import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, quote, RunScript } from "../../clients/ssh";
import { Handler, LiveResource, Problem } from "../dynamic";
import { initShell, isName, untilListening } from "./init";

interface Inputs { connection: Connection; service: string; running: boolean; enabled: boolean; port?: number; readySeconds?: number; process?: string }

/** How long a service may take to listen where nothing else is said. */
export const READY_SECONDS = 90;

/** The functions of init.ts, for a service that is known by its process where that is given. */
const shellFor = ({ service, process }: Pick<Inputs, "service" | "process">): string =>
    `${initShell}${process === undefined ? "" : `\nis_running() { pgrep -x ${quote(process)} > /dev/null; }`}\ns=${quote(service)}`;

/** A service of a machine: whether it runs now, and after the next boot. */
export function serviceHandler(run: RunScript = exec): Handler<Inputs> {
    const put = async (inputs: Inputs) => {
        const { connection, running, enabled, port, readySeconds = READY_SECONDS } = inputs;
        const listening = port === undefined ? "" : untilListening(port, readySeconds);
        await run(connection, `${shellFor(inputs)}
${enabled ? "is_enabled \"$s\" || enable \"$s\"" : "! is_enabled \"$s\" || disable \"$s\""}
${running ? `is_running "$s" || start "$s" || { echo "service $s cannot be started:" >&2; last_words "$s" >&2; exit 1; }${listening}` : "! is_running \"$s\" || stop \"$s\""}`,
        { timeoutSeconds: readySeconds + 60 });
    };
    return {
        inputs: ["service", "running", "enabled"], access: ["connection", "port", "readySeconds", "process"], replaceOn: ["service"],
        check({ service, process }): Problem[] {
            return [
                ...(service === undefined || isName(service) ? [] : [{ property: "service", reason: `"${service}" is not the name of a service` }]),
                ...(process === undefined || isName(process) ? [] : [{ property: "process", reason: `"${process}" is not the name of a program` }]),
            ];
        },
        async create(inputs) {
            await put(inputs);
            return { id: `${inputs.connection.name}:${inputs.service}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { stdout } = await run(recorded.connection, `${shellFor(recorded)}\nif is_running "$s"; then echo running; fi; if is_enabled "$s"; then echo enabled; fi`);
            const said = stdout.split("\n");
            return { ...recorded, running: said.includes("running"), enabled: said.includes("enabled") };
        },
        async update(_id, _recorded, inputs) { await put(inputs); return {}; },
        async delete(_id, recorded) {
            await run(recorded.connection, `${shellFor(recorded)}\n! is_running "$s" || stop "$s"; ! is_enabled "$s" || disable "$s"`);
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
    /** How long it may take until it listens. Default 90. */
    readySeconds?: pulumi.Input<number>;
    /** The process by which it is known to run, where its init script cannot tell. */
    process?: pulumi.Input<string>;
}

/** A service of a machine. It restarts when a file that names it in `restarts` changes. */
export class Service extends LiveResource {
    constructor(name: string, args: ServiceArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/service", "Service", name, { running: true, enabled: true, ...args }, opts);
    }
}
