import * as fs from "fs";
import * as path from "path";
import { unknownValue } from "@pulumi/pulumi/runtime";
import { type Connection, jumpOf } from "../clients/connection";
import { handed } from "../system/handed-over";
import { followsOf, type Handler, idOf, objectOf, placesOf, type Problem } from "./dynamic";
import { machineIsGone } from "./machine/gone";

/** The engine's message: inputs or state, with the stored provider beside them. */
type Sent = Record<string, unknown>;
type AnyHandler = Handler<Sent, Sent>;

const loadHandler = (kind: string): AnyHandler => require(path.resolve("bin/providers", kind)).handler;

/** Inputs or state without the engine's own fields. */
const plain = ({ __provider, ...rest }: Sent): Sent => rest;

/** Key order does not make a difference, in objects at any depth. */
function canonical(value: unknown): string {
    return (
        JSON.stringify(value, (_key, v) =>
            v && typeof v === "object" && !Array.isArray(v)
                ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
                : v,
        ) ?? "undefined"
    );
}
const same = (a: unknown, b: unknown): boolean => canonical(a ?? undefined) === canonical(b ?? undefined);
const isUnknown = (value: unknown): boolean => canonical(value).includes(unknownValue);

/** The path of every leaf in which two values differ. */
function different(a: unknown, b: unknown, at: string): string[] {
    const isRecord = (v: unknown): v is Sent => typeof v === "object" && v !== null && !Array.isArray(v);
    if (!isRecord(a) || !(isRecord(b) || b === undefined)) return same(a, b) ? [] : [at];
    return [...new Set([...Object.keys(a), ...Object.keys(b ?? {})])].flatMap(key =>
        different(a[key], b?.[key], `${at}.${key}`),
    );
}

/** By name, not by class: the handler may have been loaded from another copy of the module. */
const named = (e: unknown, name: string): e is Error => e instanceof Error && e.name === name;

/**
 * Whether a read failed by something of its machine's own: nothing is known then of what it was about, and everything else
 * is asked all the same. In a machine whose programs are broken, a script fails or does not end.
 */
const tellsNothing = (e: unknown): e is Error =>
    ["Unreachable", "RemoteError", "TimedOut"].some(name => named(e, name));

/**
 * Tells the command line what was asked and what could not be, one JSON line each, where it asked for it:
 * the engine itself has no way to say that a resource was kept because it could not be read.
 */
function report(line: object): void {
    const file = handed.report();
    if (file) fs.appendFileSync(file, JSON.stringify(line) + "\n", { mode: 0o600 });
}

/** Objects that this process made or found equal. A resource of another name for the same object must not delete it. */
const held = new Set<string>();
const objectKey = (kind: string, id: string): string => `${kind} ${objectOf(id)}`;

/** Machines that this process makes anew: the records of their inside go with the old ones. */
const condemned = new Set(handed.rebuilding());

/** The node of an object. For an object of the cloud it is the node of its database. */
const homeOf = (props: Sent): string | undefined =>
    ((props.connection ?? props.guest) as Connection | undefined)?.name ?? (isStored(props) ? "db-node" : undefined);

/** The node that a resource is in, where that is off. */
function offNode(props: Sent): string | undefined {
    // A machine's connection is its host's: the machine itself is switched and asked.
    const { name } = (props.connection ?? props.guest ?? {}) as { name?: string };
    return handed.off().find(node => node === name);
}

/** Whether it is stored in the cloud, not in a node. */
const isStored = (props: Sent): boolean => Boolean(props.cloud ?? props.identity);

/** Of the nodes without which nothing that is stored in the cloud can be asked, one that is off. */
const storeOff = (): string | undefined => handed.off().find(node => node === "db-node" || node === "auth-node");

/** Whether the machine of a mute resource is missing. For an object of the cloud it is the machine of its database. */
async function wentWithItsMachine(props: Sent): Promise<boolean> {
    const connection = (props.connection ?? props.guest) as Connection | undefined;
    const host = connection && jumpOf(connection);
    if (connection) return host !== undefined && (await machineIsGone(connection.name, host));
    const via = ((props.cloud ?? props.identity) as { via?: Connection } | undefined)?.via;
    return via !== undefined && (await machineIsGone("db-node", via));
}

/** @throws where there is nothing to be changed in: the node is off, by configuration */
function refuseOff(props: Sent): void {
    const node = offNode(props);
    if (node)
        throw clean(
            new Error(
                `${node} is off by configuration (nodes.${node}.power), so nothing in it can be changed; switch it on first`,
            ),
        );
}

/** The engine's view of a handler: the object whose methods the dynamic-provider process calls. */
export function provider(kind: string) {
    return {
        check: (_olds: Sent, news: Sent) => check(kind, news),
        diff: (_id: string, olds: Sent, news: Sent) => diff(kind, olds, news),
        create: (inputs: Sent) => create(kind, inputs),
        read: (id: string, props: Sent) => read(kind, id, props),
        update: (id: string, olds: Sent, news: Sent) => update(kind, id, olds, news),
        delete: (id: string, props: Sent) => remove(kind, id, props),
    };
}

async function check(kind: string, news: Sent): Promise<{ inputs: Sent; failures: Problem[] }> {
    const known = Object.fromEntries(Object.entries(plain(news)).filter(([, v]) => !isUnknown(v)));
    return { inputs: news, failures: loadHandler(kind).check?.(known) ?? [] };
}

async function diff(kind: string, olds: Sent, news: Sent) {
    const handler = loadHandler(kind);
    const changed = [...handler.inputs, ...handler.access].filter(k => isUnknown(news[k]) || !same(olds[k], news[k]));
    const replaces = changed.filter(k => handler.replaceOn.includes(k));
    if (replaces.length > 0 && handler.machineOf) condemned.add(handler.machineOf(olds));
    return { changes: changed.length > 0, replaces, deleteBeforeReplace: true };
}

async function create(kind: string, inputs: Sent) {
    refuseOff(inputs);
    try {
        const { id, outputs } = await loadHandler(kind).create(plain(inputs));
        held.add(objectKey(kind, id));
        return { id, outs: { ...plain(inputs), ...outputs } };
    } catch (e) {
        if (!named(e, "Incomplete")) throw clean(e);
        const { id, outputs } = e as Error & { id: string; outputs: Sent };
        throw Object.assign(new Error(e.message), {
            id,
            properties: { ...inputs, ...outputs },
            reasons: [e.message],
        });
    }
}

/** The engine's word for an object that is gone. */
const gone = () => ({ id: "", props: {} });

async function read(kind: string, id: string, props: Sent): Promise<{ id: string; props: Sent; inputs?: Sent }> {
    const handler = loadHandler(kind);
    const recorded = plain(props);
    const off = offNode(recorded) ?? (isStored(recorded) ? storeOff() : undefined);
    if (off) {
        report({ event: "off", kind, id, reason: off });
        return { id, props: recorded };
    }
    try {
        const live = await handler.read(id, recorded);
        report({ event: "asked", kind, id, ...(live ? foundOf(handler, id, recorded, live) : { differs: [] }) });
        if (!live) return gone();
        return {
            id: idOf(live, id),
            props: { ...recorded, ...onlyKnown(live, recorded) },
            inputs: inputsOf(handler, recorded, live),
        };
    } catch (e) {
        if (!tellsNothing(e)) throw clean(e);
        return unasked(kind, id, recorded, e);
    }
}

/** After a read that told nothing: it is gone with its machine, or kept as it was recorded. */
async function unasked(kind: string, id: string, recorded: Sent, e: Error): Promise<{ id: string; props: Sent }> {
    if (named(e, "Unreachable") && (await wentWithItsMachine(recorded))) {
        report({ event: "asked", kind, id, differs: [] });
        return gone();
    }
    // An object of the cloud needs several nodes. The failed one cannot be told from here.
    if (handed.off().length > 0 && isStored(recorded)) {
        report({ event: "off", kind, id, reason: handed.off().join(", ") });
        return { id, props: recorded };
    }
    report({ event: "unreachable", kind, id, reason: e.message });
    console.warn(`${kind} ${id}: ${e.message}; what was recorded is kept`);
    return { id, props: recorded };
}

/** What the command line is told of a live object. The engine itself shows two secrets alike, equal or not. */
function foundOf(handler: AnyHandler, id: string, recorded: Sent, live: Sent): object {
    const [newId, follows, places] = [idOf(live, id), followsOf(live), placesOf(live)];
    return {
        differs: differencesOf(handler, recorded, live).filter(path => !follows.includes(path)),
        ...(newId !== id && { newId }),
        ...(follows.length > 0 && { follows }),
        ...(Object.keys(places).length > 0 && { places }),
    };
}

const differencesOf = (handler: AnyHandler, recorded: Sent, live: Sent): string[] =>
    handler.inputs.filter(k => recorded[k] !== undefined).flatMap(k => different(recorded[k], live[k], k));

/** The recorded inputs, with the live object's values. */
function inputsOf(handler: AnyHandler, recorded: Sent, live: Sent): Sent {
    const managed = [...handler.inputs, ...handler.access].filter(k => recorded[k] !== undefined);
    return Object.fromEntries(
        managed.map(k => [k, handler.access.includes(k) ? recorded[k] : live[k]]).filter(([, v]) => v !== undefined),
    );
}

async function update(kind: string, id: string, olds: Sent, news: Sent) {
    const handler = loadHandler(kind);
    const [recorded, inputs] = [plain(olds), plain(news)];
    try {
        if (handler.inputs.every(k => same(recorded[k], inputs[k])) && !initFailed(recorded))
            return { outs: { ...recorded, ...inputs } };
        refuseOff(inputs);
        return { outs: { ...inputs, ...(await handler.update(id, recorded, inputs)) } };
    } catch (e) {
        throw clean(e);
    }
}

async function remove(kind: string, id: string, props: Sent): Promise<void> {
    // A renamed resource: its object has just been taken over under the new name.
    if (held.has(objectKey(kind, id))) return;
    // In a machine that is being replaced nothing is looked for: it need not even answer. Nor is it in the new one.
    const home = homeOf(props);
    if (home !== undefined && condemned.has(home)) return;
    try {
        await loadHandler(kind).delete(id, plain(props));
    } catch (e) {
        throw clean(e);
    }
}

/** A handler marks an object that still has to be finished with the output `incomplete: true`. */
const initFailed = (recorded: Sent): boolean => recorded.incomplete === true;

/** A key that `read` would add goes in plain text into previews and history: only recorded keys come back. */
const onlyKnown = (live: Sent, recorded: Sent): Sent =>
    Object.fromEntries(Object.entries(live).filter(([k, v]) => k in recorded && v !== undefined));

/** An error as the user should see it: its message, without the stack that the engine's process would print. */
function clean(e: unknown): Error {
    const error = e instanceof Error ? e : new Error(String(e));
    if (!process.env.CLASSROOM_DEBUG) error.stack = error.message;
    return error;
}
