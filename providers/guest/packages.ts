import * as pulumi from "@pulumi/pulumi";
import { ask, lines, list, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, RemoteError, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { type Apt, aptShell, withApt } from "./apt";
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

function check({ packages }: Partial<Inputs>): Problem[] {
    const bad = packages?.find(p => !isName(p));
    return bad === undefined ? [] : [{ property: "packages", reason: `"${bad}" is not the name of a package` }];
}

/** Those of the packages that are installed. */
async function installed(run: RunScript, { connection, packages }: Inputs): Promise<string[]> {
    // It ends with 1 where it does not know one of them.
    const { known } = await ask(
        run,
        connection,
        `known=$(dpkg-query -W -f '\${Package} \${Status}\\n' ${packages.join(" ")} 2> /dev/null) || [ $? -eq 1 ]; say known "$known"`,
        { known: lines(/(\S+) ([a-z]+ [a-z]+ [a-z-]+)/) },
    );
    const there = new Set(known.flatMap(([name, status]) => (status!.endsWith(" ok installed") ? [name!] : [])));
    return packages.filter(p => there.has(p));
}

// A removed package may be on hold, which apt would respect.
const released = (
    packages: readonly string[],
): string => `held=$(dpkg-query -W -f '\${Package} \${Status}\\n' ${packages.join(" ")} 2> /dev/null | awk '$2 == "hold" && $4 != "installed" { print $1 }')
[ -z "$held" ] || apt-mark unhold $held > /dev/null`;

/** @param trial apt only says what it would do */
const installShell = ({ packages, answers, recommends }: Inputs, trial: boolean): string =>
    `${APT(recommends)}\n${answers ? "debconf-set-selections\n" : ""}${trial ? "" : `${released(packages)}\n`}apt ${trial ? "-s " : ""}install ${packages.join(" ")}`;

/** The archives that a machine knows, as its sources have them. */
async function archivesOf(run: RunScript, connection: Connection): Promise<string[]> {
    const { archive } = await ask(
        run,
        connection,
        `cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null | sed -n 's/^deb  *//p' | while IFS= read -r line; do say archive "$line"; done`,
        { archive: list(text()) },
    );
    return archive;
}

/** An error of apt's. One about a package that an archive does not have, or has otherwise, comes with its meaning. */
async function inWords(run: RunScript, connection: Connection, error: unknown): Promise<unknown> {
    if (!(error instanceof RemoteError)) return error;
    const { stderr } = error.result;
    const [, url, said] = ANOTHER.exec(stderr) ?? [];
    if (url !== undefined)
        return new Error(
            `${connection.name}: ${url} is another file than the archive's index says (apt: ${said}); nothing was installed. Put the archive's own file back, or correct archiveUrl`,
        );
    const unknown = [...stderr.matchAll(UNKNOWN)].map(m => m[1] ?? m[2]!);
    if (unknown.length === 0) return error;
    const archives = await archivesOf(run, connection).catch(() => undefined);
    if (archives === undefined) return error;
    return new Error(
        `${connection.name}: no archive has ${unknown.map(name => `"${name}"`).join(", ")}; nothing was installed. ` +
            `Its archives: ${archives.length > 0 ? archives.join("; ") : "none"}. Correct the name, or the archive (archiveUrl)`,
    );
}

/** apt itself installs either all of them or, where one is unknown, none. */
async function install({ run, clock }: Apt, inputs: Inputs, { trial = false } = {}): Promise<void> {
    const { connection, answers } = inputs;
    try {
        await withApt(run, connection, installShell(inputs, trial), 1800, answers ?? "", clock);
    } catch (e) {
        throw await inWords(run, connection, e);
    }
}

async function remove({ run, clock }: Apt, connection: Connection, packages: readonly string[]): Promise<void> {
    await withApt(run, connection, `${APT()}\napt remove ${packages.join(" ")}`, 600, "", clock);
}

async function update(apt: Apt, recorded: Inputs, inputs: Inputs): Promise<void> {
    const dropped = recorded.packages.filter(p => !inputs.packages.includes(p));
    if (dropped.length > 0) {
        // Nothing is dropped before it is known that the others can be had.
        await install(apt, inputs, { trial: true });
        await remove(apt, inputs.connection, dropped);
    }
    await install(apt, inputs);
}

/** Packages of a machine, installed from the archives that it knows. */
export function packagesHandler(run: RunScript = exec, clock = operatorClock): Handler<Inputs> {
    const apt = { run, clock };
    return {
        inputs: ["packages"],
        access: ["connection", "answers", "recommends"],
        replaceOn: [],
        check,
        async create(inputs) {
            await install(apt, inputs);
            return { id: `${inputs.connection.name}:packages`, outputs: {} };
        },
        async read(_id, recorded) {
            return { ...recorded, packages: await installed(run, recorded) };
        },
        async update(_id, recorded, inputs) {
            await update(apt, recorded, inputs);
            return {};
        },
        async delete(_id, recorded) {
            const there = await installed(run, recorded);
            if (there.length > 0) await remove(apt, recorded.connection, there);
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
