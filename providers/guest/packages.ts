import * as pulumi from "@pulumi/pulumi";
import { ask, lines, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, RemoteError, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { aptShell, withApt } from "./apt";
import { isName } from "./init";

interface Inputs {
    connection: Connection;
    packages: string[];
    answers?: string;
    recommends?: boolean;
}

// A package's services are started by their Service resources, when their configuration is there.
const APT = (recommends = false): string =>
    `${aptShell(`-o Dpkg::Options::=--force-confold${recommends ? "" : " --no-install-recommends"}`)}
trap 'rm -f "$log" /usr/sbin/policy-rc.d' EXIT
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d`;

/** apt's words for a package that it cannot get, of 2013 and of today. */
const UNKNOWN = /^E: (?:Unable to locate package (\S+)|Package '?([^\s']+)'? has no installation candidate)/gm;

/** apt's words for a package that is another one than the archive's signed index says. */
const ANOTHER = /^E: Failed to fetch (\S+) +(Hash Sum mismatch|File has unexpected size)/m;

/** Packages of a machine, installed from the archives that it knows. */
export function packagesHandler(run: RunScript = exec, clock = operatorClock): Handler<Inputs> {
    const installed = async ({ connection, packages }: Inputs): Promise<string[]> => {
        // It ends with 1 where it does not know one of them.
        const { known } = await ask(
            run,
            connection,
            `known=$(dpkg-query -W -f '\${Package} \${Status}\\n' ${packages.join(" ")} 2> /dev/null) || [ $? -eq 1 ]; say known "$known"`,
            { known: lines(/(\S+) ([a-z]+ [a-z]+ [a-z-]+)/) },
        );
        const there = new Set(known.flatMap(([name, status]) => (status!.endsWith(" ok installed") ? [name!] : [])));
        return packages.filter(p => there.has(p));
    };
    // A removed package may be on hold, which apt would respect.
    const released = (
        packages: readonly string[],
    ): string => `held=$(dpkg-query -W -f '\${Package} \${Status}\\n' ${packages.join(" ")} 2> /dev/null | awk '$2 == "hold" && $4 != "installed" { print $1 }')
[ -z "$held" ] || apt-mark unhold $held > /dev/null`;
    /** apt itself installs either all of them or, where one is unknown, none. */
    const install = async ({ connection, packages, answers, recommends }: Inputs, option = "") => {
        try {
            const script = `${APT(recommends)}\n${answers ? "debconf-set-selections\n" : ""}${option === "" ? `${released(packages)}\n` : ""}apt ${option}install ${packages.join(" ")}`;
            await withApt(run, connection, script, 1800, answers ?? "", clock);
        } catch (e) {
            const [, url, said] = ANOTHER.exec(e instanceof RemoteError ? e.result.stderr : "") ?? [];
            if (url !== undefined)
                throw new Error(
                    `${connection.name}: ${url} is another file than the archive's index says (apt: ${said}); nothing was installed. Put the archive's own file back, or correct archiveUrl`,
                );
            const unknown =
                e instanceof RemoteError ? [...e.result.stderr.matchAll(UNKNOWN)].map(m => m[1] ?? m[2]!) : [];
            if (unknown.length === 0) throw e;
            const { archive: archives } = await ask(
                run,
                connection,
                `cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null | sed -n 's/^deb  *//p' | while IFS= read -r line; do say archive "$line"; done`,
                { archive: list(text()) },
            ).catch(() => {
                throw e;
            });
            throw new Error(
                `${connection.name}: no archive has ${unknown.map(name => `"${name}"`).join(", ")}; nothing was installed. ` +
                    `Its archives: ${archives.length > 0 ? archives.join("; ") : "none"}. Correct the name, or the archive (archiveUrl)`,
            );
        }
    };
    const remove = (connection: Connection, packages: readonly string[]) =>
        withApt(run, connection, `${APT()}\napt remove ${packages.join(" ")}`, 600, "", clock);
    return {
        inputs: ["packages"],
        access: ["connection", "answers", "recommends"],
        replaceOn: [],
        check({ packages }): Problem[] {
            const bad = packages?.find(p => !isName(p));
            return bad === undefined ? [] : [{ property: "packages", reason: `"${bad}" is not the name of a package` }];
        },
        async create(inputs) {
            await install(inputs);
            return { id: `${inputs.connection.name}:packages`, outputs: {} };
        },
        async read(_id, recorded) {
            return { ...recorded, packages: await installed(recorded) };
        },
        async update(_id, recorded, inputs) {
            const dropped = recorded.packages.filter(p => !inputs.packages.includes(p));
            if (dropped.length > 0) {
                // Nothing is dropped before it is known that the others can be had.
                await install(inputs, "-s ");
                await remove(inputs.connection, dropped);
            }
            await install(inputs);
            return {};
        },
        async delete(_id, recorded) {
            const there = await installed(recorded);
            if (there.length > 0) await remove(recorded.connection, there);
        },
    };
}
export const handler = packagesHandler();

export interface PackagesArgs {
    connection: pulumi.Input<Connection>;
    packages: pulumi.Input<string[]>;
    /** Answers to packages' questions at their installation, in debconf-set-selections' form; secret. */
    answers?: pulumi.Input<string>;
    /** Whether recommended packages are installed too. Default false. */
    recommends?: pulumi.Input<boolean>;
}

/** Packages installed on a machine. Their services are not started by this. */
export class Packages extends LiveResource {
    constructor(name: string, args: PackagesArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/packages",
            "Packages",
            name,
            { ...args, answers: args.answers === undefined ? undefined : pulumi.secret(args.answers) },
            opts,
        );
    }
}
