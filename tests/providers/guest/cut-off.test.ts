import * as fc from "fast-check";
import type { RunScript } from "../../../clients/ssh";
import { baselineHandler } from "../../../providers/guest/baseline";
import { groundHandler } from "../../../providers/guest/ground";
import type { FileFacts, Reading } from "../../../providers/guest/manifest/reading";
import { digestOf } from "../../../providers/guest/manifest/store";
import { connection, FakeNode } from "./manifest/node";

jest.setTimeout(300_000);

const file = (name: string): FileFacts => {
    const text = `content of ${name}\n`,
        digest = digestOf(Buffer.from(text));
    return { type: "f", mode: "640", owner: "root", group: "nova", size: text.length, digest };
};
const etc: FileFacts = { type: "d", mode: "755", owner: "root", group: "root" };
const right: Reading = {
    files: { "/etc": etc, "/etc/nova.conf": file("/etc/nova.conf") },
    lines: { stopped: [], rules: [], full: [] },
};
const managed = { paths: [], lines: [] };
const shared = { connection, mends: false, managed, services: [], ready: {}, differences: [] };

/** What a run makes of a node for a configuration, one resource after another; the second changes what is recorded. */
const makes: Readonly<Record<string, readonly { file: string; facts?: FileFacts; rules?: string[] }[]>> = {
    one: [{ file: "/etc/made" }, { file: "/etc/nova.conf", facts: file("/etc/nova.conf"), rules: [] }],
    two: [
        { file: "/etc/made", facts: file("/etc/made") },
        { file: "/etc/nova.conf", facts: file("/etc/made"), rules: ["*nat", "-A POSTROUTING -j MASQUERADE"] },
    ],
};
const BROKEN = "/etc/broken was added";

/** A reading with another file, or without it. */
function changed({ files, lines }: Reading, { file: path, facts, rules }: (typeof makes)[string][number]): Reading {
    const { [path]: _former, ...others } = files;
    return { files: { ...others, ...(facts && { [path]: facts }) }, lines: { ...lines, ...(rules && { rules }) } };
}

/** Where a run is cut off: at a question to the node or its host, before or after its effect. */
interface Cut {
    at: number;
    done: boolean;
}

/** A node with the engine's state of its first and its last resource, and of what is between; it has what has ended alone. */
class World {
    readonly node = new FakeNode(right);
    private ground!: { expects: string; key: string; differences: string[] } & typeof shared;
    private readonly between = ["one", "one"];
    private last = "one";
    /** Whether a run's own changes may have begun, and whether it has recorded them. */
    begun = false;
    recorded = false;
    private left = Infinity;
    private afterwards = false;
    private readonly run: RunScript = async (on, script, options) => {
        const isCut = --this.left < 0;
        if (isCut && !this.afterwards) throw new Error("cut off");
        const result = await this.node.run(on, script, options);
        if (script.includes("manifest-") && script.includes("mv -f") && this.begun) this.recorded = true;
        if (isCut) throw new Error("cut off");
        return result;
    };
    private readonly first = groundHandler(this.run);
    private readonly end = baselineHandler(this.run);

    async made(): Promise<void> {
        const { outputs } = await this.first.create({ ...shared, expects: "one" });
        this.ground = { ...shared, ...outputs, expects: "one", differences: [] };
        await this.end.create({ connection, managed, key: this.ground.key, expects: "one", recorded: true });
    }
    broken(): void {
        this.node.now = changed(this.node.now, { file: "/etc/broken", facts: file("/etc/broken") });
    }
    async differences(): Promise<string[]> {
        return (await this.first.read("", this.ground))!.differences;
    }

    /** `up --refresh`. @returns whether it came to its end */
    async up(expects: string, cut?: Cut, whileItRuns: () => void = () => undefined): Promise<boolean> {
        [this.left, this.afterwards] = [cut?.at ?? Infinity, cut?.done ?? false];
        try {
            const seen = (await this.first.read("", this.ground))!;
            const inputs = { ...shared, expects };
            if (seen.differences.length > 0 || seen.expects !== expects)
                this.ground = { ...this.ground, ...inputs, ...(await this.first.update("", seen, inputs)) };
            this.begun = true;
            for (const [i, one] of makes[expects]!.entries()) {
                if (this.between[i] === expects) continue;
                // A resource's own questions.
                if (--this.left < 0) throw new Error("cut off");
                this.node.now = changed(this.node.now, one);
                this.between[i] = expects;
                whileItRuns();
            }
            const of = { connection, managed, key: this.ground.key, expects, recorded: true };
            if (this.last !== expects) await this.end.update("", { ...of, expects: this.last }, of);
            this.last = expects;
            return true;
        } catch (e) {
            expect((e as Error).message).toBe("cut off");
            return false;
        } finally {
            this.left = Infinity;
        }
    }
}

const cuts = fc.record({ at: fc.nat({ max: 24 }), done: fc.boolean() });
const seed = Number(process.env.CLASSROOM_SEED) || 21;
/** A world for each pair of moments at which two runs one after the other are cut off. */
const whenever = (story: (world: World, first: Cut, second: Cut) => Promise<void>): Promise<void> =>
    fc.assert(
        fc.asyncProperty(cuts, cuts, async (first, second) => {
            const world = new World();
            try {
                await world.made();
                await story(world, first, second);
            } finally {
                world.node.remove();
            }
        }),
        { seed, numRuns: 25 },
    );

let warn: jest.SpyInstance;
beforeEach(() => (warn = jest.spyOn(console, "warn").mockReturnValue()));
afterEach(() => warn.mockRestore());

test("what was broken before a run is never recorded as right, and what the run made is no difference", () =>
    whenever(async (world, first, second) => {
        world.broken();
        for (const cut of [first, second, undefined]) {
            await world.up("two", cut);
            expect(await world.differences()).toEqual([BROKEN]);
        }
    }));

test("what is broken after a run that was cut off is found, unless the run had begun and not recorded", () =>
    whenever(async (world, first) => {
        await world.up("two", first);
        const isKnown = !world.begun || world.recorded;
        world.broken();
        expect(await world.differences()).toEqual(isKnown ? [BROKEN] : []);
        await world.up("two");
        if (isKnown) expect(await world.differences()).toEqual([BROKEN]);
        expect((await world.differences()).filter(words => words !== BROKEN)).toEqual([]);
    }));

test("what is broken while a run works is taken for the run's, and nothing that the run made is", () =>
    whenever(async (world, first, second) => {
        await world.up("two", first, () => world.broken());
        await world.up("two", second);
        await world.up("two");
        expect(await world.differences()).toEqual([]);
    }));

test("going back to the former configuration after a run that was cut off takes nothing of it for broken, and hides nothing", () =>
    whenever(async (world, first, second) => {
        world.broken();
        for (const [expects, cut] of [
            ["two", first],
            ["one", second],
            ["one", undefined],
        ] as const) {
            await world.up(expects, cut);
            expect((await world.differences()).filter(words => words !== BROKEN)).toEqual([]);
        }
        expect(await world.differences()).toEqual([BROKEN]);
    }));
