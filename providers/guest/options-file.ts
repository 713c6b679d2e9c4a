import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../../clients/connection";
import { exec, type RunScript } from "../../clients/ssh";
import { type Handler, LiveResource, type Problem, withPlaces } from "../dynamic";
import { mended, type Wanted } from "./in-force/mending";
import { amongst, type Matching, type Reader, type Source, Understood } from "./in-force/reader";
import { readerOf } from "./in-force/readers";
import { entriesOf, inForceOf } from "./in-force/shown";
import { type OptionName, type Options, writeOptions } from "./ini";
import { isName } from "./init";
import {
    alone,
    type Beside,
    hasAccess,
    pathProblems,
    readBeside,
    readFile,
    type SeenFile,
    writeFile,
} from "./machine-files";
import { type Ready, restart } from "./restarts";

interface Inputs {
    connection: Connection;
    path: string;
    options: Options;
    secretOptions?: Options;
    owner: string;
    group: string;
    mode: string;
    unread?: string[];
    restarts?: string[];
    ready?: Ready;
}

/** The faults of a file's owner, group and mode. */
function accessProblems({ owner, group, mode, secretOptions }: Partial<Inputs>): Problem[] {
    const found: Problem[] = [];
    for (const [property, name] of [
        ["owner", owner],
        ["group", group],
    ] as const)
        if (name !== undefined && !/^[a-z_][a-z0-9_-]*$/.test(name))
            found.push({ property, reason: `"${name}" is not the name of a user or a group` });
    if (mode !== undefined && !/^[0-7]{4}$/.test(mode))
        found.push({ property: "mode", reason: `"${mode}" is not a mode of four octal digits such as 0640` });
    else if (mode !== undefined && secretOptions !== undefined && !mode.endsWith("0"))
        found.push({ property: "mode", reason: `"${mode}" lets everybody read what is secret; allowed is 0640, say` });
    return found;
}

/** The file, its services' other files, and their way of reading. */
interface Looked {
    file: SeenFile | undefined;
    sources: Source[];
    reader: Reader;
    matching: Matching;
}

async function look(run: RunScript, inputs: Inputs): Promise<Looked> {
    const { connection, path, restarts } = inputs,
        managed = entriesOf(inputs).map(([name]) => name),
        reader = amongst(readerOf(path, restarts), managed);
    const { before, after, isStartedWith } = reader;
    const [file, beside] = await Promise.all([
        readFile(run, connection, path, restarts),
        readBeside(run, connection, [...before, ...after], isStartedWith ? restarts : []),
    ]);
    // A file that the service's arguments name before this one is read before it.
    const own = beside.findIndex(f => f.path === path && f.pattern === undefined);
    const standing = ({ pattern }: Beside, i: number): Source["stands"] =>
        (pattern === undefined ? i < own : pattern < before.length) ? "before" : "after";
    const others = beside
        .map((f, i): Source => ({ path: f.path, text: f.content, stands: standing(f, i) }))
        .filter((f, i, all) => f.path !== path && all.findIndex(other => other.path === f.path) === i);
    const itself: Source = { path, text: file?.content ?? "", stands: "itself" },
        sources = [...others.filter(f => f.stands === "before"), itself, ...others.filter(f => f.stands === "after")],
        matching = new Map<string, string[]>();
    for (let i = 0; i < sources.length; i++)
        for (const { pattern } of reader.grammar.read(sources[i]!.text).includes ?? []) {
            if (matching.has(pattern)) continue;
            const within = await readBeside(run, connection, [pattern]);
            matching.set(
                pattern,
                within.map(f => f.path),
            );
            for (const f of within)
                if (!sources.some(s => s.path === f.path))
                    sources.push({ path: f.path, text: f.content, stands: "within" });
        }
    return { file, reader, sources, matching };
}

const understoodOf = ({ reader, sources, matching }: Looked): Understood => new Understood(reader, sources, matching);

/** The changes that give services the options. Options in force already stay as they are. */
function wantedOf(understood: Understood, inputs: Inputs, before?: Inputs): Wanted {
    const wanted: Wanted = {};
    const now = entriesOf(inputs),
        isStill = ([s, k]: OptionName) => now.some(([[section, key]]) => section === s && key === k);
    for (const [name] of before ? entriesOf(before) : [])
        if (!isStill(name)) (wanted[name[0]] ??= {})[name[1]] = undefined;
    for (const [name, value] of now) if (!understood.gives(name, value)) (wanted[name[0]] ??= {})[name[1]] = value;
    return wanted;
}

/** The faults of options' names and values. No value of a secret option is told. */
function optionProblems(property: "options" | "secretOptions", given: Options | undefined): Problem[] {
    return entriesOf({ options: given ?? {} }).flatMap(([[section, key], value]): Problem[] => {
        const at = `${property}.${section}.${key}`,
            shown = property === "options" ? ` ${JSON.stringify(value)}` : "";
        return [
            ...(/^[A-Za-z0-9_.$%-]+$/.test(key) ? [] : [{ property: at, reason: "is not the name of an option" }]),
            ...(typeof value !== "string" || /\n/.test(value) || value !== value.trim()
                ? [{ property: at, reason: `the value${shown} must be one line without spaces around it` }]
                : []),
        ];
    });
}

function check(inputs: Partial<Inputs>): Problem[] {
    const { path, options, secretOptions, restarts } = inputs,
        bad = restarts?.find(s => !isName(s));
    return [
        ...accessProblems(inputs),
        ...pathProblems(path),
        ...optionProblems("options", options),
        ...optionProblems("secretOptions", secretOptions),
        ...(bad !== undefined ? [{ property: "restarts", reason: `"${bad}" is not the name of a service` }] : []),
    ];
}

/** Writes those of the files that have to change. Returns whether there were any. */
async function write(run: RunScript, inputs: Inputs, looked: Looked, wanted: Wanted): Promise<boolean> {
    const { connection, owner, group, mode } = inputs,
        { file, sources, reader, matching } = looked;
    let written = false;
    for (const [i, { text: next }] of mended(sources, wanted, reader, matching).entries()) {
        const source = sources[i]!,
            isItself = source.stands === "itself";
        if (next === source.text && (!isItself || !file || hasAccess(file, inputs))) continue;
        await writeFile(run, connection, source.path, next, isItself ? { owner, group, mode } : undefined);
        written = true;
    }
    return written;
}

async function put(run: RunScript, inputs: Inputs, before?: Inputs): Promise<void> {
    const { connection, path, restarts = [], ready } = inputs;
    const late = await alone(connection, path, async () => {
        const looked = await look(run, inputs),
            wanted = wantedOf(understoodOf(looked), inputs, before);
        // A run that was cut off may have changed the file, and not restarted all of them.
        return (await write(run, inputs, looked, wanted)) ? restarts : (looked.file?.unread ?? []);
    });
    await restart(run, connection, late, ready);
}

async function read(run: RunScript, recorded: Inputs): Promise<Inputs | undefined> {
    const looked = await look(run, recorded);
    if (!looked.file) return undefined;
    const { content: _text, unread, ...access } = looked.file,
        { places, ...live } = inForceOf(understoodOf(looked), recorded);
    return withPlaces({ ...recorded, ...access, ...live, ...(recorded.unread !== undefined && { unread }) }, places);
}

/** Takes the options out of the file itself. */
async function remove(run: RunScript, recorded: Inputs): Promise<void> {
    const { connection, path } = recorded,
        gone: Wanted = {};
    for (const [[s, k]] of entriesOf(recorded)) (gone[s] ??= {})[k] = undefined;
    await alone(connection, path, async () => {
        const file = await readFile(run, connection, path);
        if (file) await writeFile(run, connection, path, writeOptions(file.content, gone, readerOf(path).grammar));
    });
}

/**
 * Options of a file of sections and `key = value`, one by one, and who may read it; the rest of the file is left alone. What
 * is read is what the file's services get, wherever they get it from; what is taken out is what they would get instead.
 */
export function optionsFileHandler(run: RunScript = exec): Handler<Inputs> {
    return {
        inputs: ["path", "options", "secretOptions", "owner", "group", "mode", "unread"],
        access: ["connection", "restarts", "ready"],
        replaceOn: ["path"],
        check,
        async create(inputs) {
            await put(run, inputs);
            return { id: `${inputs.connection.name}:${inputs.path}`, outputs: {} };
        },
        read: (_id, recorded) => read(run, recorded),
        async update(_id, recorded, inputs) {
            await put(run, inputs, recorded);
            return {};
        },
        delete: (_id, recorded) => remove(run, recorded),
    };
}
export const handler = optionsFileHandler();

export interface OptionsFileArgs {
    connection: pulumi.Input<Connection>;
    path: pulumi.Input<string>;
    /** Section → option → value; section `""` stands before the first header. */
    options: pulumi.Input<Options>;
    /** Those whose values are secret; shown as such, and as "differs" where they drifted. */
    secretOptions?: pulumi.Input<Options>;
    /** Default root. */
    owner?: pulumi.Input<string>;
    /** Default root. */
    group?: pulumi.Input<string>;
    /** Four octal digits. Default 0644; 0640 with `secretOptions`, which everybody must not read. */
    mode?: pulumi.Input<string>;
    /** Services that read the file: those that run are restarted when it changes, once for all their files. */
    restarts?: pulumi.Input<string[]>;
    /** Of these, those that are waited for when they restart. */
    ready?: pulumi.Input<Ready>;
}

/**
 * Options of a configuration file, managed and shown one by one, with its owner, group and mode. `unread` names those of its services that
 * run since before its last change; they are restarted.
 */
export class OptionsFile extends LiveResource {
    constructor(name: string, args: OptionsFileArgs, opts?: pulumi.CustomResourceOptions) {
        super(
            "guest/options-file",
            "OptionsFile",
            name,
            {
                owner: "root",
                group: "root",
                mode: args.secretOptions === undefined ? "0644" : "0640",
                ...(args.restarts !== undefined && { unread: [] }),
                ...args,
                secretOptions: args.secretOptions && pulumi.secret(args.secretOptions),
            },
            opts,
        );
    }
}
