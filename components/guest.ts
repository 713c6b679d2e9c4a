import * as pulumi from "@pulumi/pulumi";
import type { NodeName } from "../config/nodes";
import { AptArchive } from "../providers/guest/apt-archive";
import { File, FileArgs } from "../providers/guest/file";
import { HostsEntries } from "../providers/guest/hosts-entries";
import { OptionsFile } from "../providers/guest/options-file";
import { Packages } from "../providers/guest/packages";
import { Service } from "../providers/guest/service";
import { Step } from "../providers/guest/step";
import { configFiles, softwareOf } from "../releases/own-options";
import type { CloudFacts, Release, ServiceFacts, Software, SyncStep } from "../releases/release";
import { openrc } from "../releases/tutorial";
import type { Machine } from "./machine";

export type After = readonly pulumi.Resource[];

/**
 * Makes resources inside a machine: each is a child of the node's component, goes with the machine when that is
 * destroyed, and is made anew when the machine is.
 */
export class Guest {
    constructor(
        readonly node: NodeName, private readonly name: string, readonly machine: Machine,
        readonly release: Release, private readonly cloud: CloudFacts, private readonly parent: pulumi.Resource,
    ) {}

    get connection() { return this.machine.connection; }

    options(after: After = []): pulumi.CustomResourceOptions {
        const { resource, made, running } = this.machine;
        return { parent: this.parent, dependsOn: [running, ...after], deletedWith: resource, replaceWith: made };
    }

    /** What every node has before anything of its own: names, archive, and the packages, time service included (A1, A2). */
    base(): Packages {
        const { connection } = this;
        new HostsEntries(`${this.name}-names`, { connection, block: "nodes", entries: this.cloud.plan.hostsEntries() }, this.options());
        const archive = new AptArchive(`${this.name}-archive`, { connection, ...this.machine.archive }, this.options());
        const packages = [...new Set(softwareOf(this.release, this.node).flatMap(s => s.packages))];
        const installed = new Packages(`${this.name}-packages`, { connection, packages, ...(this.release.recommends && { recommends: true }) }, this.options([archive]));
        this.services(this.release.common.services, [installed]);
        return installed;
    }

    /** Files of one piece of software, option by option. */
    config(software: Software, after: After): OptionsFile[] {
        return configFiles(software, this.cloud, this.node).map(({ key, path, options, secretOptions, readBy }) =>
            new OptionsFile(`${this.name}-${key}`, { connection: this.connection, path, options, ...(secretOptions && { secretOptions }), restarts: readBy }, this.options(after)));
    }

    file(key: string, args: Omit<FileArgs, "connection">, after: After = []): File {
        return new File(`${this.name}-${key}`, { connection: this.connection, ...args }, this.options(after));
    }

    /** Steps that run once each, in order, per what they work on. Returns what to wait for: the last of them. */
    steps(steps: readonly SyncStep[], per: pulumi.Input<string>, after: After): After {
        let last = after;
        for (const { step, input, ...rest } of steps) {
            last = [new Step(`${this.name}-${step}`, { connection: this.connection, step, per, ...rest, ...(input && { input: input(this.cloud) }) }, this.options(last))];
        }
        return last;
    }

    /** @param per what they work on: with another one, those that do restart */
    services(services: readonly ServiceFacts[], after: After, per?: pulumi.Input<string>): Service[] {
        return services.map(({ worksAlone, ...facts }) =>
            new Service(`${this.name}-${facts.service}`, { connection: this.connection, ...facts, ...(per !== undefined && !worksAlone && { per }) }, this.options(after)));
    }

    /** That what services keep of the certificates of tokens is that of those there are: they fetch what they have not. */
    certificates(of: pulumi.Input<string>, after: After): void {
        const { certificates } = this.release;
        if (certificates) this.steps([certificates], of, after);
    }

    /**
     * The admin's environment for the command-line clients, of root's own (K8).
     * @param after what works with it: who waits for this file waits for all of it, and the state names one resource
     */
    openrc(after: After): File {
        return this.file("openrc", { path: "/root/openrc", secretContent: openrc(this.cloud) }, after);
    }
}
