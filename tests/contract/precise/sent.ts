import * as yaml from "yaml";
import { Checks } from "../../../cli/check/checks";
import { forgetLeases, searches } from "../../../cli/orphans/orphans";
import { cloudBy } from "../../../cli/restore/agents";
import { forget } from "../../../cli/restore/scripts";
import { loadExercises } from "../../../cli/sabotage/exercises";
import type { Variant } from "../../../cli/sabotage/exercise";
import { scriptsOf, undosOf } from "../../../cli/sabotage/render";
import { stepSchema } from "../../../cli/sabotage/steps";
import { answerShell } from "../../../clients/answer";
import type { Connection } from "../../../clients/connection";
import { exec } from "../../../clients/ssh";
import { foundWrong, putBack } from "../../../providers/glance/stored-data";
import { optionsFile } from "../../../providers/guest/database-root";
import { restart } from "../../../providers/guest/restarts";
import { isRunning, untilRunning } from "../../../providers/guest/service";
import { newKey } from "../../../providers/guest/manifest/store";
import type { Handler } from "../../../providers/dynamic";
import { readSettings } from "../../../config/settings";
import { FakeCloud } from "../../cli/check/fake-cloud";
import { hostKeys } from "../../clients/keys";
import { sound } from "../../cli/sabotage/sound-steps";
import { cloudResources, open } from "../../components/cloud-resources";
import { byGround } from "./ground";
import { now, record, type Sent, sent } from "./node-double";
import { unseen } from "./places";
import { PRELUDES } from "./shell";

type Inputs = Record<string, unknown>;

const given = {
    number: 1,
    release: "grizzly",
    sshKeyFile: "/keys/operator",
    knownHostsFile: "/keys/known_hosts",
    hosts: {
        central: { address: "gks-125.scc.kit.edu", hostKey: hostKeys.central },
        compute: { address: "gks-126.scc.kit.edu", hostKey: hostKeys.compute },
    },
};
const settings = readSettings("team01", given);
const node = (name: string): Connection => ({
    name,
    host: "192.168.122.6",
    port: 22,
    hostKey: hostKeys.central,
    keyFile: "/keys/operator",
    jump: { host: "gks-125.scc.kit.edu", port: 24, hostKey: hostKeys.central },
});

const strings = (value: unknown): string[] =>
    typeof value === "string"
        ? [value]
        : typeof value === "object" && value !== null
          ? Object.entries(value).flatMap(([key, of]) => [key, ...strings(of)])
          : [];

/** Inputs of another content, as an update has them: lists shorter, switches turned, texts others. */
function changed(inputs: object, handler: Handler<object>): object {
    const same = new Set<string>([...handler.replaceOn, ...handler.access]);
    const other = (value: unknown) =>
        Array.isArray(value)
            ? (value as unknown[]).slice(1)
            : typeof value === "boolean"
              ? !value
              : typeof value === "string"
                ? `${value} `.trim().concat(/^[\w.-]+$/.test(value) ? "1" : "")
                : value;
    return Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, same.has(k) ? v : other(v)]));
}

/** What else a machine may say that means something to a handler. */
const means: Readonly<Record<string, string[]>> = {
    "guest/database-root": ["read_only\tON"],
    "machine/clock": ["nova-api"],
};

/** Has a handler do all that it can, by the answers of a machine that says now this, now that. */
async function everyCall(kind: string, inputs: Inputs, rounds: number, instead?: object): Promise<void> {
    const { handler } = (await import(`../../../providers/${kind}`)) as { handler: Handler<object> },
        others = instead ?? changed(inputs, handler);
    const calls: Record<string, () => Promise<unknown>> = {
        create: () => handler.create(inputs),
        read: () => handler.read("id", inputs),
        update: () => handler.update("id", inputs, others),
        delete: () => handler.delete("id", inputs),
        "update ": () => handler.update("id", others, inputs),
    };
    now.words = [
        ...(means[kind] ?? []),
        ...strings([inputs.ready, optionsFile(String(inputs.password))]),
        ...strings({ ...inputs, connection: undefined, guest: undefined }),
    ]
        .filter(word => word.length < 60)
        .slice(0, 12);
    for (let round = 0; round < rounds; round++)
        for (const [name, call] of Object.entries(calls)) {
            now.by = `${kind} ${name.trim()}`;
            // A machine that says something else each time is refused now and then.
            await call().catch(() => undefined);
        }
}

/** Whether an object is in a node, or is one whose handler talks to it. */
const isOfNode = ({ connection, guest }: Inputs): boolean =>
    guest !== undefined || (connection as Partial<Connection> | undefined)?.jump !== undefined;

/**
 * How often a handler is asked with the first inputs of its kind, and with others. `most`: database-root tries its login only where
 * its own file has the right content, owner and mode at once. The sequence of answers is always the same, and comes to that late.
 */
const ROUNDS = { first: 24, more: 1, most: 4000 };
/** What an input may be beside what this stack has. */
const also: Readonly<Record<string, object>> = {
    "guest/apt-archive": { key: "KEY", settings: undefined },
    "guest/volume-group": { devices: ["/dev/vdb", "/dev/vdc"] },
    "guest/service": { lacks: ["port"] },
    "machine/domain-power": { power: "off", guest: node("db-node") },
};

/** Asks a handler again until each place of its file has sent something: some do so for rare answers alone. */
async function untilSeen(kind: string, inputs: Inputs): Promise<void> {
    for (let i = 0; i < ROUNDS.most && unseen(`providers/${kind}.ts`).length > 0; i += 8) {
        await everyCall(kind, inputs, 8);
        const others = { ...inputs, ...also[kind] };
        if (also[kind]) await everyCall(kind, others, 4, inputs).then(() => everyCall(kind, inputs, 4, others));
    }
}

async function byHandlers(resources: Inputs[]): Promise<void> {
    const first = new Map<string, Inputs>();
    for (const { __provider, ...inputs } of resources) {
        const kind = /provider\('((?:guest|machine)\/.*)'\)/.exec(String(__provider))?.[1];
        if (kind === undefined || !isOfNode(inputs)) continue;
        await everyCall(kind, inputs, first.has(kind) ? ROUNDS.more : ROUNDS.first);
        if (also[kind] && !first.has(kind)) await everyCall(kind, { ...inputs, ...also[kind] }, ROUNDS.first, inputs);
        if (!first.has(kind)) first.set(kind, inputs);
    }
    for (const [kind, inputs] of first) await untilSeen(kind, inputs);
}

/** Kinds that a stack has only where its file asks for them: a record of each node, and members of a class. */
async function byOtherHandlers(): Promise<void> {
    const on = { connection: node("db-node") },
        recorded = { ...on, key: newKey(), expects: "x", managed: { paths: [], lines: [] } };
    // Reports of what a refresh found go to the operator.
    const warn = jest.spyOn(console, "warn").mockImplementation();
    const ground = { ...recorded, mends: true, services: ["mysql"], ready: {}, differences: [] };
    await everyCall("guest/ground", ground, ROUNDS.first);
    await everyCall("guest/baseline", { ...recorded, recorded: true }, ROUNDS.more);
    warn.mockRestore();
    await everyCall("guest/authorized-keys", { ...on, member: "Ada", keys: ["ssh-rsa AAAA"] }, ROUNDS.first);
}

/** A file that changes restarts its services; a snapshot asks which run, a restore waits for them. */
async function byServices(): Promise<void> {
    now.by = "guest/restarts";
    now.words = ["nova-api"];
    for (let i = 0; i < ROUNDS.most && unseen("providers/guest/restarts.ts").length > 0; i++)
        await restart(exec, node("api-node"), ["nova-api"], { "nova-api": 8774 }).catch(() => undefined);
    now.by = "snapshot and restore";
    for (const service of [
        { service: "nova-api", port: 8774 },
        { service: "tgt", process: "tgtd" },
    ]) {
        await isRunning(node("api-node"), service).catch(() => undefined);
        await untilRunning(node("api-node"), service, 10).catch(() => undefined);
    }
}

/** What a machine is told at its first start. */
function atFirstStart(resources: Inputs[]): void {
    for (const { script, instanceId } of resources) {
        const { bootcmd } = (typeof script === "string" ? yaml.parse(script) : {}) as { bootcmd?: string[][] };
        now.by = "machine/seed-disk, at the first start,";
        for (const [, , command] of bootcmd ?? []) record(node(String(instanceId)), command!, "components/seed.ts");
    }
}

async function byChecks(): Promise<void> {
    const cloud = new FakeCloud(undefined, true),
        { onApiNode } = cloud;
    cloud.onApiNode = script => {
        record(node("api-node"), script);
        return onApiNode(script);
    };
    now.by = "check";
    await new Checks(cloud, () => undefined).run(() => undefined);
}

/** Steps that take another turn than {@link sound} and the exercises of Grizzly. */
const turns: object[] = [
    { do: "signal", service: "nova-api", signal: "KILL" },
    { do: "firewall", direction: "out", protocol: "udp", port: 53, action: "REJECT" },
    { do: "delete-rule", protocol: "icmp" },
    ...["clear-permissions", "change-password", "stop-app"].map(action => ({ do: "queue", action })),
    ...["drop-account", "change-password"].map(statement => ({ do: "sql", statement, account: "nova" })),
];

/** What exercises do to nodes: the program's own, and those that a teacher may write of the same steps. */
function bySabotage(): void {
    const set = { settings, scriptNamed: () => ":" };
    const done = (by: string, variant: Variant) => {
        now.by = `sabotage ${by}`;
        for (const { machine, script } of [...scriptsOf(variant, set), ...undosOf(variant, set)])
            if (machine !== "central" && machine !== "compute") record(node(machine), script, "cli/sabotage/render.ts");
    };
    for (const { id, ways, releases } of loadExercises())
        for (const variant of releases.includes("grizzly") ? ways : []) done(`${id}/${variant.name}`, variant);
    for (const step of [...Object.entries(sound).map(([name, keys]) => ({ do: name, ...keys })), ...turns]) {
        const steps = [stepSchema.parse(step)];
        done(steps[0]!.do, { name: "x", node: "api-node", steps, causes: [], solution: "none" });
    }
}

/** What compares an image's bytes in its node and puts them back. */
async function byImage(store: Connection): Promise<void> {
    now.by = "glance/image";
    const facts = { size: 1, checksum: "0" };
    await foundWrong(exec, store, "id", facts).catch(() => undefined);
    await putBack(exec, store, "id", __filename).catch(() => undefined);
}

function byOrphans(): void {
    now.by = "rebuild, what belongs to nothing";
    for (const { node: name, list, remove, keep } of searches(settings)) {
        record(node(name), answerShell + list, "cli/orphans/orphans.ts");
        for (const script of [...Object.values(remove), ...Object.values(keep ?? {})])
            record(node(name), script("10.10.0.2"), "cli/orphans/orphans.ts");
    }
    record(node("network-node"), forgetLeases, "cli/orphans/orphans.ts");
}

async function byRestore(): Promise<void> {
    now.by = "restore";
    record(node("db-node"), forget(["10.10.0.2", "10.10.0.3"]), "cli/restore/scripts.ts");
    await cloudBy(node("api-node"), settings, () => undefined).catch(() => undefined);
}

/** Every script that the program sends to nodes of Grizzly. */
export async function sentToNodes(): Promise<Sent[]> {
    const resources = (await cloudResources(given)).map(({ inputs }) => open(inputs) as Inputs);
    await byHandlers(resources);
    await byOtherHandlers();
    await byGround(node("db-node"));
    await byImage(node("image-node"));
    await byServices();
    atFirstStart(resources);
    await byChecks();
    bySabotage();
    byOrphans();
    await byRestore();
    return [...sent.values(), ...PRELUDES.map(script => ({ by: "many scripts", from: ["PRELUDES"], script }))];
}
