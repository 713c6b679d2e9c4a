import type * as pulumi from "@pulumi/pulumi";
import type { NodeName } from "../config/nodes";
import { AptArchive } from "../providers/guest/apt-archive";
import { File, type FileArgs } from "../providers/guest/file";
import { HostsEntries } from "../providers/guest/hosts-entries";
import { OptionsFile } from "../providers/guest/options-file";
import { Packages } from "../providers/guest/packages";
import type { Ready } from "../providers/guest/restarts";
import { Service } from "../providers/guest/service";
import { Step } from "../providers/guest/step";
import type { Credentials } from "../config/credentials";
import { configFiles, softwareOf } from "../releases/own-options";
import type { OpenFacts, Release, ServiceFacts, Software, SyncStep } from "../releases/release";
import { openrc } from "../releases/tutorial";
import type { Machine } from "./machine";
import { marks, type Passwords } from "./passwords";

export type After = readonly pulumi.Resource[];

/**
 * Makes resources inside a machine: each is a child of the node's component, goes with the machine when that is
 * destroyed, and is made anew when the machine is.
 */
export class Guest {
    constructor(
        readonly node: NodeName,
        private readonly name: string,
        readonly machine: Machine,
        readonly release: Release,
        readonly cloud: OpenFacts,
        private readonly passwords: Passwords,
        private readonly parent: pulumi.Resource,
    ) {}

    get connection() {
        return this.machine.connection;
    }

    options(after: After = []): pulumi.CustomResourceOptions {
        const { resource, made, running } = this.machine;
        return { parent: this.parent, dependsOn: [running, ...after], deletedWith: resource, replaceWith: made };
    }

    /** The beginning of every node: names, archive, and the packages, time service included (A1, A2). */
    base(): Packages {
        const { connection } = this,
            entries = this.cloud.plan.hostsEntries(),
            { ground } = this.machine;
        new HostsEntries(`${this.name}-names`, { connection, block: "nodes", entries }, this.options());
        const archive = new AptArchive(`${this.name}-archive`, { connection, ...this.machine.archive }, this.options());
        const packages = [...new Set(softwareOf(this.release, this.node).flatMap(s => s.packages))];
        ground?.expect([entries, this.machine.archive, packages]);
        const installed = new Packages(
            `${this.name}-packages`,
            { connection, packages, ...(this.release.recommends && { recommends: true }) },
            this.options([archive]),
        );
        this.services(this.release.common.services, [installed]);
        return installed;
    }

    /**
     * Files of one piece of software, option by option. Each has its own passwords: another's change is none of it.
     * Returns what to wait for: the files or, of software without any, `after`.
     */
    config(software: Software, after: After): After {
        const files = (credentials: Credentials) => configFiles(software, { ...this.cloud, credentials }, this.node);
        const made = files(marks).map(({ key, secretOptions, readBy, ...facts }, i) => {
            const secretsOf = (credentials: Credentials) => files(credentials)[i]!.secretOptions!,
                held = this.passwords.namesIn(secretsOf);
            const file = new OptionsFile(
                `${this.name}-${key}`,
                {
                    connection: this.connection,
                    ...facts,
                    ...(secretOptions && { secretOptions: this.passwords.in(secretsOf) }),
                    ...restarting(readBy, software.services),
                },
                this.options([...after, ...this.passwords.accountsOf(held)]),
            );
            this.passwords.heldBy(held, file);
            for (const sections of [facts.options, secretOptions ?? {}])
                this.machine.ground?.manageOptions(facts.path, sections);
            this.machine.ground?.expect(facts);
            return file;
        });
        return made.length > 0 ? made : after;
    }

    file(key: string, args: Omit<FileArgs, "connection" | "path"> & { path: string }, after: After = []): File {
        this.machine.ground?.manage(args.path);
        return new File(`${this.name}-${key}`, { connection: this.connection, ...args }, this.options(after));
    }

    /**
     * Steps that run once each, in order, per what they work on; `services` are those that one may restart. Returns
     * what to wait for: the last of them.
     */
    steps(
        steps: readonly SyncStep[],
        per: pulumi.Input<string>,
        after: After,
        services: readonly ServiceFacts[] = [],
    ): After {
        let last = after;
        for (const { step, input, restarts, ...rest } of steps) {
            const secret = input && this.passwords.in(credentials => input({ ...this.cloud, credentials }));
            last = [
                new Step(
                    `${this.name}-${step}`,
                    {
                        connection: this.connection,
                        step,
                        per,
                        ...rest,
                        ...(secret !== undefined && { input: secret }),
                        ...(restarts && restarting(restarts, services)),
                    },
                    this.options(last),
                ),
            ];
        }
        return last;
    }

    /** @param per the database that they work on: with another one, the running services restart */
    services(services: readonly ServiceFacts[], after: After, per?: pulumi.Input<string>): Service[] {
        const { internalAddress } = this.cloud.plan.node("db-node");
        return services.map(({ worksAlone, queue, database, ...facts }) => {
            this.machine.ground?.service(facts);
            return new Service(
                `${this.name}-${facts.service}`,
                {
                    connection: this.connection,
                    ...facts,
                    ...(queue && { queue: `${internalAddress}:5672` }),
                    ...(database && { database: `${internalAddress}:3306` }),
                    ...(per !== undefined && !worksAlone && { per }),
                },
                this.options(after),
            );
        });
    }

    /**
     * Removes the certificates that services have stored where keystone has others now; a service fetches a certificate
     * that it lacks.
     */
    certificates(of: pulumi.Input<string>, after: After): void {
        const { certificates } = this.release;
        if (certificates) this.steps([certificates], of, after);
    }

    /**
     * The admin's environment for the command-line clients, of root's own (K8).
     * @param after what works with it: who waits for this file waits for all of it, and the state names one resource
     */
    openrc(after: After): File {
        return this.file(
            "openrc",
            {
                path: "/root/openrc",
                secretContent: this.passwords.in(credentials => openrc({ ...this.cloud, credentials })),
            },
            after,
        );
    }
}

/** The services to restart, and the ports that show them ready again. */
function restarting(restarts: string[], services: readonly ServiceFacts[]): { restarts: string[]; ready?: Ready } {
    const listening = services.filter(s => s.port !== undefined && restarts.includes(s.service));
    const ready: Ready = Object.fromEntries(listening.map(s => [s.service, s.port!]));
    return { restarts, ...(listening.length > 0 && { ready }) };
}
