import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { perform } from "../../../cli/operate/engine-run";
import * as operations from "../../../cli/operate/operations";
import { Run } from "../../../cli/operate/run";
import { RunLog } from "../../../cli/shell/run-log";
import type { RecordedResource } from "../../../engine/state";

/** What the engine is asked to do, in turn; what the cloud answers meanwhile. */
const world = {
    done: [] as string[],
    report: "",
    resources: [] as RecordedResource[],
    refreshes: [] as { mute?: string[]; drifted?: string[]; fails?: true }[],
    /** What each mending cannot mend. */
    ups: [] as string[][],
    /** What each mending mends. */
    mended: [] as string[],
};

const step = (urn: string, op: string, before: object, after: object): EngineEvent =>
    ({
        sequence: 1,
        timestamp: 1,
        resOutputsEvent: {
            metadata: {
                op,
                urn,
                type: "pulumi-nodejs:dynamic/guest:Database",
                old: { custom: true, inputs: before, outputs: before },
                new: { custom: true, id: urn.split("::").pop(), inputs: after, outputs: after },
            },
        },
    }) as unknown as EngineEvent;

const stack = {
    workspace: { envVars: {} },
    getAllConfig: async () => ({}),
    exportStack: async () => ({}),
    up: async ({ onEvent, continueOnError }: { onEvent: (event: EngineEvent) => void; continueOnError?: boolean }) => {
        world.done.push("up");
        const failed = world.ups.shift() ?? [];
        for (const urn of world.mended) onEvent(step(urn, "update", { characterSet: "a" }, { characterSet: "b" }));
        for (const name of failed) {
            const urn = world.resources.find(r => r.id === name)!.urn;
            onEvent({
                diagnosticEvent: { urn, severity: "error", message: "db-node: no room" },
            } as unknown as EngineEvent);
            onEvent({
                resOpFailedEvent: {
                    metadata: {
                        op: "update",
                        urn,
                        type: "pulumi-nodejs:dynamic/guest:Database",
                        new: { custom: true, inputs: { connection: { name: "db-node" } } },
                    },
                },
            } as unknown as EngineEvent);
        }
        if (failed.length > 0) throw new Error(`error: update failed${continueOnError ? ", and went on" : ""}`);
    },
    refresh: async ({ onEvent, target }: { onEvent: (event: EngineEvent) => void; target?: string[] }) => {
        const names = (target ?? world.resources.map(r => r.urn)).map(urn => urn.split("::").pop()!);
        world.done.push(`refresh ${names.join(" ")}`);
        const { mute = [], drifted = [], fails } = world.refreshes.shift() ?? {};
        if (fails) throw new Error("error: no plugin");
        for (const name of names) {
            const reason = "db-node: the database cannot be asked";
            const line = { event: mute.includes(name) ? "unreachable" : "asked", kind: "guest/database", id: name };
            fs.appendFileSync(world.report, `${JSON.stringify({ ...line, reason })}\n`);
            const urn = world.resources.find(r => r.id === name)!.urn,
                is = drifted.includes(name) ? "latin1" : "utf8";
            onEvent(step(urn, "update", { characterSet: "utf8" }, { characterSet: is }));
        }
    },
};

jest.mock("../../../engine/automation", () => ({
    PROJECT: "p",
    openStack: async (...[, , , , env]: [unknown, unknown, unknown, unknown, { CLASSROOM_REPORT: string }]) => {
        world.report = env.CLASSROOM_REPORT;
        return stack;
    },
}));
jest.mock("../../../engine/obtain", () => ({ obtainEngine: async () => ({}) }));
jest.mock("../../../engine/package-plugins", () => ({ needRandomPlugin: async () => undefined }));
jest.mock("../../../engine/leftovers", () => ({
    clearPending: async () => undefined,
    recordWays: async () => undefined,
}));
jest.mock("../../../engine/state", () => ({
    ...jest.requireActual<object>("../../../engine/state"),
    exported: () => world.resources,
}));
jest.mock("../../../engine/stack-store", () => ({
    stackStore: {
        resources: () => world.resources,
        backUp: () => undefined,
        checkFree: () => undefined,
        removeNotes: () => undefined,
    },
}));
jest.mock("../../../components/team-cloud", () => ({ program: () => undefined }));
jest.mock("../../../cli/hosts/hosts-check", () => ({
    checkReady: async () => undefined,
    checkLibvirt: async () => undefined,
}));
jest.mock("../../../cli/hosts/libvirt-ssh", () => ({
    libvirtSsh: async () => ({ env: {}, close: async () => undefined }),
}));
jest.mock("../../../components/host-pair", () => ({ libvirtWays: () => [] }));
jest.mock("../../../cli/hosts/libvirt-objects", () => ({ findLibvirt: () => undefined, withoutDisks: async () => [] }));
jest.mock("../../../cli/operate/unrecorded", () => ({ takeIn: async () => undefined }));
jest.mock("../../../cli/orphans/databases", () => ({
    databasesAnew: () => false,
    noteDatabases: () => undefined,
    noteFormerDatabases: () => undefined,
}));
jest.mock("../../../cli/stack/reach", () => ({
    labOf: () => undefined,
    decryptedSettings: () => ({
        hosts: { central: { address: "a" }, compute: { address: "b" } },
        nodes: {},
        secrets: "tutorial",
        powerOf: () => "on",
        made: [],
    }),
}));
jest.mock("../../../cli/stack/secrets", () => ({
    adminFacts: () => ({}),
    generatedPasswords: () => ({}),
    knownSecrets: () => [],
    recordedSecrets: () => [],
}));
jest.mock("../../../cli/stack/openrc", () => ({
    ...jest.requireActual<object>("../../../cli/stack/openrc"),
    writeOpenrc: () => "/openrc",
}));

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-operation-"));
const said: string[] = [];
let result: Record<string, unknown>;
beforeAll(() => {
    process.env.CLASSROOM_STATE = dir;
    jest.spyOn(process.stderr, "write").mockImplementation(
        text => said.push(...String(text).trimEnd().split("\n")) > 0,
    );
    jest.spyOn(process.stdout, "write").mockImplementation(text => {
        result = JSON.parse(String(text)) as Record<string, unknown>;
        return true;
    });
});
beforeEach(() => {
    said.length = world.done.length = world.mended.length = 0;
    world.resources = ["nova", "glance", "keystone"].map(id => ({
        urn: `urn:pulumi:lab::p::pulumi-nodejs:dynamic/guest:Database::${id}`,
        type: "pulumi-nodejs:dynamic/guest:Database",
        custom: true,
        id,
    }));
});
afterAll(() => {
    delete process.env.CLASSROOM_STATE;
    fs.rmSync(dir, { recursive: true });
    jest.restoreAllMocks();
});

async function up(refreshes: typeof world.refreshes, refresh = true) {
    world.refreshes = refreshes;
    const run = new Run("up", "lab", { json: true }, RunLog.begin("lab", "up"));
    const code = await run.reported(() => perform(operations.up(refresh), run));
    return { code, done: [...world.done] };
}
const everything = "refresh nova glance keystone";

test("up --refresh of a cloud that answers: asked, mended, done", async () => {
    expect(await up([{ drifted: ["nova"] }])).toEqual({ code: 0, done: [everything, "up"] });
    expect(result).toMatchObject({ exitCode: 0, drifted: ["nova"], unreachable: [] });
});

test("what could not be asked before the mending is asked again after it, and then all is well", async () => {
    expect(await up([{ mute: ["nova", "glance"] }, {}])).toEqual({
        code: 0,
        done: [everything, "up", "refresh nova glance"],
    });
    expect(result).toMatchObject({ exitCode: 0, unreachable: [] });
    expect(said).toContainEqual(
        "could not be asked before this is mended: 2 resources; they are asked again afterwards",
    );
    expect(said).toContainEqual(expect.stringMatching(/^2 of 2 resources asked, none drifted in /));
});

test("what has drifted where nobody could look is mended too", async () => {
    expect(await up([{ mute: ["nova"] }, { drifted: ["nova"] }])).toEqual({
        code: 0,
        done: [everything, "up", "refresh nova", "up"],
    });
    expect(result).toMatchObject({ exitCode: 0, drifted: ["nova"] });
});

test("what still cannot be asked is named, and up does not end as if all were well", async () => {
    const refreshes = [{ mute: ["nova", "glance"] }, { mute: ["nova"], drifted: ["glance"] }, { mute: ["nova"] }];
    expect(await up(refreshes)).toEqual({
        code: 2,
        done: [everything, "up", "refresh nova glance", "up", "refresh nova"],
    });
    expect(result).toMatchObject({ exitCode: 2, unreachable: [{ id: "nova", type: "guest:Database" }] });
    expect(said.slice(-3)).toEqual([
        "could not be asked: guest/database nova: db-node: the database cannot be asked",
        expect.stringContaining("is not known"),
        expect.stringContaining("then run: ./classroom up lab --refresh"),
    ]);
});

test("what cannot be mended keeps nothing else from it, is tried again, and is named with the command that mends it", async () => {
    world.ups = [["nova", "glance"], ["nova"], ["nova"]];
    world.mended = [world.resources[2]!.urn];
    expect(await up([{ drifted: ["nova"] }])).toEqual({ code: 2, done: [everything, "up", "up", "up"] });
    expect(result).toMatchObject({
        exitCode: 2,
        unmended: [{ resource: "nova", node: "db-node", reason: "db-node: no room" }],
    });
    expect(said.slice(-3)).toEqual([
        "could not be mended: nova: db-node: no room",
        expect.stringContaining("then run: ./classroom up lab --refresh"),
        "Or make anew where it is: ./classroom rebuild lab db-node",
    ]);
});

test("what is mended in a later round is well", async () => {
    world.ups = [["nova"]];
    world.mended = [world.resources[2]!.urn];
    expect(await up([{ drifted: ["nova"] }])).toEqual({ code: 0, done: [everything, "up", "up"] });
});

test("what fails where nothing else is mended is not tried again", async () => {
    world.ups = [["nova"]];
    expect(await up([{ drifted: ["nova"] }])).toEqual({ code: 2, done: [everything, "up"] });
});

test("a plain up ends at what fails", async () => {
    world.ups = [["nova"]];
    expect(await up([], false)).toEqual({ code: 1, done: ["up"] });
});

test("asking again that fails is a failure", async () => {
    expect(await up([{ mute: ["nova"] }, { fails: true }])).toMatchObject({
        code: 1,
        done: [everything, "up", "refresh nova"],
    });
    expect(result).toMatchObject({ exitCode: 1, error: "refresh failed: no plugin" });
});

test("a plain up asks nothing", async () => {
    expect(await up([], false)).toEqual({ code: 0, done: ["up"] });
});

test("a machine with the kernel arguments of an earlier version is told", async () => {
    world.resources.push({
        urn: "urn:pulumi:lab::p::libvirt:index/domain:Domain::volume-node",
        type: "libvirt:index/domain:Domain",
        custom: true,
        id: "volume-node",
        inputs: { name: "volume-node", cmdlines: [{ tsc: "reliable" }] },
    });
    await up([], false);
    expect(said).toContainEqual(
        expect.stringMatching(/^volume-node: its kernel is started with the arguments of an earlier version/),
    );
});
