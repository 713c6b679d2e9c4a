import * as pulumi from "@pulumi/pulumi";
import { ask, optional, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { exec, quote, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { isName } from "./init";
import { type Ready, restart } from "./restarts";

interface Inputs {
    connection: Connection;
    step: string;
    command: string;
    per: string;
    input?: string;
    timeoutSeconds?: number;
    restarts?: string[];
    ready?: Ready;
}

const marker = (step: string): string => quote(`/var/lib/classroom/steps/${step}`);

/** A command that has to have run once, such as a schema's making; a mark on the machine says that it has. */
export function stepHandler(run: RunScript = exec): Handler<Inputs> {
    const perform = ({ connection, step, command, per, input, timeoutSeconds = 600 }: Inputs) =>
        run(
            connection,
            `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root; exec 2>&1
${command}
mkdir -p /var/lib/classroom/steps; printf %s ${quote(per)} > ${marker(step)}`,
            { input: input ?? "", timeoutSeconds },
        );
    return {
        inputs: ["step", "command", "per", "input"],
        access: ["connection", "timeoutSeconds", "restarts", "ready"],
        replaceOn: ["step", "per"],
        check({ step }): Problem[] {
            return step === undefined || isName(step)
                ? []
                : [{ property: "step", reason: `"${step}" is not the name of a step: letters, digits, dashes` }];
        },
        async create(inputs) {
            await perform(inputs);
            return { id: `${inputs.connection.name}:${inputs.step}`, outputs: {} };
        },
        async read(_id, recorded) {
            const { connection, step } = recorded;
            const { per } = await ask(run, connection, `[ ! -f ${marker(step)} ] || tell per < ${marker(step)}`, {
                per: optional(text()),
            });
            return per === undefined ? undefined : { ...recorded, per };
        },
        async update(_id, recorded, inputs) {
            await perform(inputs);
            if (inputs.input !== recorded.input)
                await restart(run, inputs.connection, inputs.restarts ?? [], inputs.ready);
            return {};
        },
        async delete(_id, { connection, step }) {
            await run(connection, `rm -f ${marker(step)}`);
        },
    };
}
export const handler = stepHandler();

export interface StepArgs {
    connection: pulumi.Input<Connection>;
    /** Names the mark: letters, digits, dashes. */
    step: pulumi.Input<string>;
    /** Shell; must do no harm when it runs again. */
    command: pulumi.Input<string>;
    /** Runs anew when this changes: the identity of its data, e.g. a database's. */
    per: pulumi.Input<string>;
    /** Standard input of the command; secret. The command runs again with another. */
    input?: pulumi.Input<string>;
    /** Default 600. */
    timeoutSeconds?: pulumi.Input<number>;
    /** Services that keep its results. Running ones are restarted after a run with another input. */
    restarts?: pulumi.Input<string[]>;
    /** Of these, those that are waited for when they restart. */
    ready?: pulumi.Input<Ready>;
}

/** A command that runs once for each identity of its data. */
export class Step extends LiveResource {
    constructor(name: string, args: StepArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/step",
            "Step",
            name,
            { ...args, input: args.input === undefined ? undefined : pulumi.secret(args.input) },
            opts,
        );
    }
}
