import type * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { operatorClock } from "../../clients/operator-clock";
import { exec, quote, RemoteError, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem } from "../dynamic";
import { type Apt, aptShell, LOG, withApt } from "./apt";
import { isName } from "./init";
import { hasAccess, readFile, type RemoteFile, writeFile } from "./machine-files";

interface Inputs {
    connection: Connection;
    archive: string;
    line: string;
    key?: string;
    keyringPackage?: string;
    base?: string;
    settings?: string;
}

export const fileOf = (archive: string): string => `/etc/apt/sources.list.d/${archive}.list`;
/** Where a machine has the key that an archive is signed by. */
export const keyringOf = (archive: string): string => `/etc/apt/keyrings/${archive}.asc`;

/** The system's own archives, and the settings of apt beside the packages' own; the last one of a setting counts. */
const BASE = "/etc/apt/sources.list",
    SETTINGS = "/etc/apt/apt.conf.d/95classroom";

/** The line as a machine has it: with a key it holds for this archive alone, and no other key does. */
const fullLine = ({ archive, line, key }: Pick<Inputs, "archive" | "line" | "key">): string =>
    key === undefined
        ? line
        : line.replace(
              /^deb\s+(?:\[([^\]]*)\]\s+)?/,
              (_, options = "") => `deb [${`signed-by=${keyringOf(archive)} ${options}`.trim()}] `,
          );

/** Whether a text is a public key as `gpg --armor --export` writes it. */
export function isPublicKey(text: string): boolean {
    const [, body] =
        /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:\S+: .*\n)*\n([A-Za-z0-9+/\n]+={0,2})\n(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP PUBLIC KEY BLOCK-----$/.exec(
            text.trim(),
        ) ?? [];
    // The first packet of a public key is one: tag 6, in the old form of a packet or the new one.
    const first = Buffer.from(body ?? "", "base64")[0] ?? 0;
    return (first & 0xfc) === 0x98 || first === 0xc6;
}

const ROOTS = { owner: "root", group: "root", mode: "0644" };

/** The key on a machine, or the words for its absence. A key that others can write to does not count. */
function keyringAsKey(found: RemoteFile | undefined, key: string): string {
    if (found === undefined) return "none";
    if (found.content.trim() !== key.trim()) return "another one";
    return hasAccess(found, ROOTS)
        ? key
        : `the key, in a file of ${found.owner}:${found.group} with mode ${found.mode}`;
}

/** apt's words about an archive whose signature it cannot trust; undefined for other errors. */
function distrust(said: string): string | undefined {
    const because = /\b(?:NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|EXPSIG|NODATA)\b[^\n]*/.exec(said)?.[0];
    return because ?? (/^[EW]: .*\bis not signed\b/m.test(said) ? "it has no signature that fits" : undefined);
}

/** An error of apt's. An error about the archive's signature comes with its meaning. */
function inWords(error: unknown, { connection, line, key }: Inputs): unknown {
    const reason = error instanceof RemoteError ? distrust(error.result.stderr) : undefined;
    if (reason === undefined) return error;
    const url = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1];
    const by = key === undefined ? "a key that the machine knows" : "the key that it has to be signed by";
    return new Error(
        `${connection.name}: the package archive ${url} is not signed by ${by} (apt: ${reason}); nothing was installed from it. ` +
            "A lab's archive has the lab's own key: take the lab down and make it anew; for another archive correct archiveKey or archiveUrl",
    );
}

/** The faults of a line of apt's sources. */
function lineFaults(line: string): string[] {
    return [
        ...(/^deb[ \t]+(\[[^\]\n]*\][ \t]+)?[^\s:]+:\S+[ \t]+\S[ -~]*$/.test(line)
            ? []
            : [`"${line}" is not a line of apt's sources: deb URL SUITE COMPONENT…`]),
        ...(/\[[^[\]]*\b(trusted|allow-insecure|signed-by)\b/i.test(line)
            ? [`"${line}" sets its own trust; sign an archive of your own, and give its key as archiveKey`]
            : []),
    ];
}

function check({ archive, line, key }: Partial<Inputs>): Problem[] {
    return [
        ...(archive !== undefined && !isName(archive)
            ? [{ property: "archive", reason: `"${archive}" is not a file's name` }]
            : []),
        ...(line === undefined ? [] : lineFaults(line).map(reason => ({ property: "line", reason }))),
        ...(key !== undefined && !isPublicKey(key)
            ? [{ property: "key", reason: "it is not a public key as gpg --armor --export writes it" }]
            : []),
    ];
}

const shell = aptShell("-o Acquire::Retries=3 -o Dpkg::Options::=--force-confold");

/** apt's general settings: its proxy, and the archives of the system itself. */
async function writeSettings(run: RunScript, { connection, base, settings }: Inputs): Promise<void> {
    if (settings !== undefined) await writeFile(run, connection, SETTINGS, settings, ROOTS);
    if (base !== undefined) await writeFile(run, connection, BASE, base, ROOTS);
}

/** Installs the package that brings the archive's key, if there is one. */
async function installKeyring({ run, clock }: Apt, { connection, keyringPackage }: Inputs): Promise<void> {
    if (!keyringPackage) return;
    // A machine made of a cloud image has no index yet.
    const install = `install ${quote(keyringPackage)}`,
        script = `${shell}\ntry_apt ${install} || { apt update; apt ${install}; }`;
    await withApt(run, connection, script, 600, "", clock);
}

/** The archive's key and its line. */
async function writeLine(run: RunScript, inputs: Inputs): Promise<void> {
    const { connection, archive, key } = inputs;
    // The key first: nobody is to find the line without it.
    if (key !== undefined) await writeFile(run, connection, keyringOf(archive), `${key.trim()}\n`, ROOTS);
    await writeFile(run, connection, fileOf(archive), `${fullLine(inputs)}\n`, ROOTS);
}

/** Once a machine, before anything is installed: reads the index and upgrades. */
async function upgrade({ run, clock }: Apt, { connection }: Inputs): Promise<void> {
    const script = `${shell}
apt update
if grep '^[EW]: Failed' ${LOG} >&2; then exit 1; fi
apt upgrade`;
    await withApt(run, connection, script, 1800, "", clock);
}

async function put(apt: Apt, inputs: Inputs): Promise<void> {
    try {
        await writeSettings(apt.run, inputs);
        await installKeyring(apt, inputs);
        await writeLine(apt.run, inputs);
        await upgrade(apt, inputs);
    } catch (e) {
        throw inWords(e, inputs);
    }
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const { connection, archive, key, base, settings } = recorded,
        file = await readFile(run, connection, fileOf(archive));
    if (file === undefined) return undefined;
    const contentOf = async (path: string) => (await readFile(run, connection, path))?.content ?? "none";
    const found = file.content.trim(),
        line = found === fullLine(recorded) ? recorded.line : found;
    return {
        ...recorded,
        line,
        ...(key !== undefined && { key: keyringAsKey(await readFile(run, connection, keyringOf(archive)), key) }),
        ...(base !== undefined && { base: await contentOf(BASE) }),
        ...(settings !== undefined && { settings: await contentOf(SETTINGS) }),
    };
}

async function update(apt: Apt, recorded: Inputs, inputs: Inputs): Promise<void> {
    // Settings alone need no new index.
    const onlySettings =
        recorded.settings !== inputs.settings &&
        (["line", "key", "base"] as const).every(part => recorded[part] === inputs[part]);
    if (recorded.settings !== undefined && inputs.settings === undefined)
        await apt.run(inputs.connection, `rm -f ${SETTINGS}`);
    await (onlySettings ? writeSettings(apt.run, inputs) : put(apt, inputs));
}

/** A package archive that a machine installs from (A1). */
export function aptArchiveHandler(run: RunScript = exec, clock = operatorClock): Handler<Inputs> {
    const apt = { run, clock };
    return {
        inputs: ["archive", "line", "key", "base", "settings"],
        access: ["connection", "keyringPackage"],
        replaceOn: ["archive"],
        check,
        async create(inputs) {
            await put(apt, inputs);
            return { id: `${inputs.connection.name}:${inputs.archive}`, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, recorded, inputs) {
            await update(apt, recorded, inputs);
            return {};
        },
        async delete(_id, { connection, archive }) {
            await run(connection, `rm -f ${quote(fileOf(archive))} ${quote(keyringOf(archive))} ${SETTINGS}`);
        },
    };
}
export const handler = aptArchiveHandler();

export interface AptArchiveArgs {
    connection: pulumi.Input<Connection>;
    /** Name of the file below /etc/apt/sources.list.d, without its ending. */
    archive: pulumi.Input<string>;
    /** `deb URL SUITE COMPONENT…` */
    line: pulumi.Input<string>;
    /**
     * The public key that the archive is signed by, in ASCII armour: the machine trusts it for this archive, and no
     * other key.
     */
    key?: pulumi.Input<string>;
    /** Package that brings the archive's key, from the archives that the machine knows already. */
    keyringPackage?: pulumi.Input<string>;
    /** The whole of the machine's /etc/apt/sources.list; left as it is where this is not given. */
    base?: pulumi.Input<string>;
    /** Settings of apt's, a line each, as in /etc/apt/apt.conf. */
    settings?: pulumi.Input<string>;
}

/**
 * A package archive of a machine, and what apt goes by there. When it is made or changed, the index is read and what is
 * installed is upgraded, once (A1).
 */
export class AptArchive extends LiveResource {
    constructor(name: string, args: AptArchiveArgs, opts?: pulumi.CustomResourceOptions) {
        super("guest/apt-archive", "AptArchive", name, args as unknown as pulumi.Inputs, opts);
    }
}
