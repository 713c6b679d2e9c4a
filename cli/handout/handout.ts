import * as fs from "fs";
import * as path from "path";
import type { Command } from "commander";
import { hostKeysOf } from "../../clients/connection";
import { refusals } from "../../components/members";
import { bareKey, type ClassPlan } from "../../config/class-settings";
import { tutorialCredentials } from "../../config/credentials";
import { fingerprintOf } from "../../config/host-keys";
import { hostRoles } from "../../config/nodes";
import type { Settings } from "../../config/settings";
import { classOf, membersOf } from "../../engine/class-file";
import { releaseOf } from "../../releases";
import { replaceFile } from "../../system/files";
import { sayJson, sayLines } from "../../system/output";
import { tokenOf } from "../board/secrets";
import { pictureOf } from "../graph/picture";
import { addHelp, setWork } from "../shell/command";
import { severalStacks } from "../shell/stacks";
import { noMachine, placeholderCredentials } from "../stack/placeholders";
import { configured, plainOf, recordedNodes, settingsFrom } from "../stack/reach";
import { type Handout, page } from "./page";

interface Options {
    output?: string;
    json?: boolean;
}

/** `handout`: a page to print for each team, of this machine's files alone. */
export function addHandoutCommand(cli: Command): void {
    const command = cli
        .command("handout")
        .argument("<stack>", "team01, …: a Pulumi.<stack>.yaml")
        .description("write a page to print for each team: addresses, picture, logins, first commands")
        .option("--output <folder>", "the folder for the pages (default: handouts)")
        .option("--json", "the pages' files, as JSON");
    const write = (stacks: readonly string[]): number => {
        const { output = "handouts", json } = command.opts<Options>(),
            files = stacks.map(stack => writeHandout(stack, output));
        if (json) sayJson({ files });
        else sayLines(files);
        return 0;
    };
    severalStacks(command, { shows: "output", json: true, here: write });
    setWork(command, (stack: string) => write([stack]));
    command.addHelpText(
        "after",
        "\nA page has its own team's password of the dashboard and token of the board: nobody else may read the file (0600).",
    );
    addHelp(command, ["handout team01", "handout --class --output /srv/print"]);
}

/** Writes a team's page, which nobody else may read. @returns its file */
export function writeHandout(stack: string, folder: string): string {
    const text = page(handoutOf(stack));
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, `${stack}.html`);
    replaceFile(file, text, 0o600);
    return file;
}

/** What a team's page tells. @throws UserError where its file or class.yaml has a mistake */
export function handoutOf(stack: string): Handout {
    const given = configured(stack),
        settings = settingsFrom(
            stack,
            { ...given, credentials: { ...placeholderCredentials(given), ...plainOf(given) } },
            noMachine,
        );
    const plan = classOf(),
        boardToken = tokenOf(stack);
    return {
        stack,
        ...(plan && { className: plan.name }),
        times: plan ? timesOf(plan) : [],
        members: membersOf(stack).map(({ name, keys }) => ({
            name,
            fingerprints: keys.map(key => fingerprintOf(bareKey(key))),
        })),
        picture: pictureOf(stack, settings),
        hosts: settings.lab === undefined ? hostRoles.map(role => ({ role, ...settings.hosts[role] })) : [],
        nodes: nodesOf(stack, settings),
        login: { user: "admin", password: passwordOf(given) },
        ...(boardToken !== undefined && { boardToken }),
        ...wayOf(stack, settings),
        notes: refusals(stack, settings),
    };
}

const timesOf = ({ times }: ClassPlan): Handout["times"] =>
    (["begin", "freeze", "end"] as const).flatMap(what => (times[what] === undefined ? [] : [[what, times[what]]]));

function nodesOf(stack: string, { plan, made }: Settings): Handout["nodes"] {
    const recorded = recordedNodes(stack);
    return made.map(name => {
        const { host, interfaces } = plan.node(name);
        return {
            name,
            host,
            addresses: interfaces.flatMap(({ network, address }) => (address ? [`${network} ${address}`] : [])),
            fingerprints: recorded[name] ? hostKeysOf(recorded[name]).map(fingerprintOf) : [],
        };
    });
}

/** The dashboard's password where it is no secret of the engine's. */
function passwordOf(given: Record<string, unknown>): string {
    const own = (given.credentials as Record<string, unknown> | undefined)?.adminPassword;
    if (typeof own === "string") return own;
    return own === undefined && given.secrets !== "generated" ? tutorialCredentials.adminPassword : "ask your teacher";
}

/** How a team gets to its cloud: through its central host, or on a lab by its teacher's hand. */
function wayOf(
    stack: string,
    { lab, hosts: { central }, plan, release }: Settings,
): Pick<Handout, "dashboard" | "commands"> {
    const api = plan.node("api-node"),
        clients: Handout["commands"] = [
            [". /root/openrc", "on a node: who you are to the cloud"],
            ["nova list; keystone tenant-list; glance index", "instances, tenants, images"],
            ["tail -f /var/log/nova/*.log", "what nova does and cannot do"],
        ];
    if (lab !== undefined)
        return {
            dashboard: `./classroom open ${stack}, on the lab's machine, as its teacher`,
            commands: [
                [`./classroom ssh ${stack} api-node`, "root on a node, on the lab's machine, as its teacher"],
                ...clients,
            ],
        };
    // ssh of today refuses a server of 2012 otherwise.
    const olderNodes = releaseOf(release).ssh.rsaSha1
        ? "-o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedKeyTypes=+ssh-rsa "
        : "";
    const through = `root@${central.address}`,
        port = `-p ${central.port}`;
    return {
        dashboard: `http://127.0.0.1:8080/horizon/, while this runs: ssh ${port} -N -L 8080:${api.natAddress}:80 ${through}`,
        commands: [
            [`ssh ${port} ${through}`, "root on your central host"],
            [
                `ssh -J ${through}:${central.port} ${olderNodes}root@${api.natAddress}`,
                "root on api-node; other nodes by their nat address, through their own host",
            ],
            ...clients,
        ],
    };
}
