import { checkAllowed, choose, type Chosen, filtered, named, nameOf, whyNot } from "../../../cli/sabotage/choose";
import { difficulties, exerciseKinds } from "../../../cli/sabotage/exercise";
import { readSettings } from "../../../config/settings";
import { exercises } from "./loaded";

const hosts = { central: { address: "a" }, compute: { address: "b" } };
const tutorial = exercises.filter(e => e.id.startsWith("S"));

test("an exercise, one way of it, one of a node, and any: by the seed, always the same", () => {
    expect(nameOf(choose(exercises, "S4-mysql", undefined, false, 1))).toBe("S4-mysql");
    expect(choose(exercises, "s2", "compute-2", false, 3).variant.node).toBe("compute-2");
    const draw = (seed: number) => nameOf(choose(tutorial, undefined, undefined, true, seed));
    const drawn = Array.from({ length: 200 }, (_, seed) => draw(seed));
    expect(drawn).toEqual(Array.from({ length: 200 }, (_, seed) => draw(seed)));
    expect(new Set(drawn.map(name => name.split("-")[0])).size).toBe(tutorial.length);
});

test.each<[string, () => unknown, string]>([
    [
        "an exercise",
        () => choose(tutorial, "S11", undefined, false, 1),
        'there is no exercise "S11"; there are S1, S2, S3, S4, S5, S6, S7, S8, S9, S10',
    ],
    [
        "a way",
        () => choose(exercises, "S7-x", undefined, false, 1),
        'there is no exercise "S7-x"; there are S7-wrong, S7-removed',
    ],
    [
        "a way on a node",
        () => choose(exercises, "S7", "api-node", false, 1),
        "S7 is not done on api-node, but on volume-node",
    ],
    ["a node", () => choose(exercises, "S7", "node", false, 1), '--node "node" is not a node; there are db-node'],
    [
        "a choice",
        () => choose(exercises, undefined, undefined, false, 1),
        "which exercise? Give one, or --random; --list shows them",
    ],
    ["one choice", () => choose(exercises, "S1", undefined, true, 1), "give either an exercise or --random"],
    [
        "anything like that",
        () => choose([], undefined, undefined, true, 1),
        "no exercise is like that; --list shows them",
    ],
    [
        "a kind",
        () => filtered(exercises, { kind: "net" }),
        `--kind "net" is not a kind of exercise; there are ${exerciseKinds.join(", ")}`,
    ],
    [
        "a difficulty",
        () => filtered(exercises, { difficulty: "easy" }),
        `--difficulty "easy" is not one; there are ${difficulties.join(", ")}`,
    ],
])("%s that there is not is said with what there is", (_what, work, message) => {
    expect(work).toThrow(message);
});

test("exercises that nobody has done on a lab are left out, unless all are wanted", () => {
    expect(filtered(exercises, {}).filter(e => e.tried.length === 0)).toEqual([]);
    expect(filtered(exercises, { all: true })).toEqual(exercises);
});

test("of a kind and a difficulty are those that have both", () => {
    const found = filtered(exercises, { all: true, kind: "network", difficulty: "beginner" });
    expect(found.map(e => e.id)).toEqual(
        exercises.filter(e => e.kind === "network" && e.difficulty === "beginner").map(e => e.id),
    );
    expect(found.length).toBeGreaterThan(0);
});

const stopped = named(exercises, "S4-mysql")[0]!;
const given = { number: 1, hosts, training: true };

test("a stack that is not there to practise on is not broken", () => {
    expect(() => checkAllowed("team01", readSettings("team01", { number: 1, hosts }), stopped)).toThrow(
        "stack team01 is not there to practise on, so nothing was broken; if it is, put training: true into Pulumi.team01.yaml",
    );
});

test("a stack that is there to practise on is", () => {
    expect(() => checkAllowed("team01", readSettings("team01", given), stopped)).not.toThrow();
});

test.each<[string, object, Chosen, string]>([
    [
        "is off",
        { nodes: { "db-node": { power: "off" } } },
        stopped,
        "db-node is off by configuration (nodes.db-node.power), so nothing in it can be broken",
    ],
    [
        "of another step is off",
        { nodes: { "db-node": { power: "off" } } },
        {
            ...stopped,
            variant: {
                ...stopped.variant,
                node: "api-node",
                steps: [{ do: "stop", service: "mysql", node: "db-node" }],
            },
        },
        "db-node is off by configuration (nodes.db-node.power), so nothing in it can be broken",
    ],
    [
        "does not exist yet",
        { upTo: "auth-node" },
        named(exercises, "S4-nova-api")[0]!,
        "api-node does not exist yet (upTo), so nothing in it can be broken",
    ],
    [
        "is of another release",
        {},
        { ...stopped, exercise: { ...stopped.exercise, releases: ["ocata"] } },
        "S4 is for release ocata, and the stack's is grizzly, so nothing was broken",
    ],
    [
        "is of another kind",
        {},
        { ...stopped, exercise: { ...stopped.exercise, machines: ["container"] } },
        "S4 is for machines of the kind container, and db-node is of the kind vm, so nothing was broken",
    ],
])("a node that %s is not broken", (_what, own, chosen, reason) => {
    expect(whyNot(chosen, readSettings("team01", { ...given, ...own }))).toBe(reason);
});
