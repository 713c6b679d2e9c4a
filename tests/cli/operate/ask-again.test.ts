import { askAgain, leftLines, type Round, together, urnsOf, withoutDisk } from "../../../cli/operate/ask-again";
import type { Unasked } from "../../../cli/operate/report";
import type { RecordedResource } from "../../../engine/state";

const grant = (id: string): Unasked => ({
    resource: `guest/database-grant ${id}`,
    type: "guest:DatabaseGrant",
    id,
    reason: "db-node: the database cannot be asked",
});
const recorded = (id: string, type = "guest:DatabaseGrant"): RecordedResource => ({
    urn: `urn:pulumi:lab::p::pulumi-nodejs:dynamic/${type}::${id}`,
    type: `pulumi-nodejs:dynamic/${type}`,
    custom: true,
    id,
});
const all = [recorded("nova"), recorded("glance"), recorded("nova", "guest:Database")];

/** A cloud after the mending; what it does not answer each time, what has drifted, what each mending leaves, and what was done. */
async function again(
    unasked: Unasked[],
    {
        mute = [],
        drifted = [],
        over = false,
        now = all,
        lost = [],
        failed = [[]],
    }: {
        mute?: Unasked[][];
        drifted?: string[];
        over?: boolean;
        now?: RecordedResource[];
        lost?: RecordedResource[];
        failed?: string[][];
    } = {},
) {
    const done: string[] = [],
        [first, ...later] = failed;
    const { rounds, left } = await askAgain<Round>({ unasked, failed: first! }, all, {
        recorded: () => now,
        lost: async () => lost.map(({ urn, id }) => ({ urn, id: id!, reason: "its disk is gone" })),
        ask: async urns => {
            done.push(`ask ${urns.map(urn => urn.split("::").slice(2).join(" ")).join(", ")}`);
            return { round: { drifted, failed: [], over }, unasked: mute.shift() ?? [] };
        },
        mend: async () => {
            done.push("mend");
            return { drifted: [], failed: later.shift() ?? [], over: false };
        },
    });
    return { done, rounds: rounds.length, left };
}

test("where all could be asked, nothing is asked again", async () => {
    expect(await again([])).toEqual({ done: [], rounds: 0, left: [] });
});

test("what could not be asked is asked again, and nothing else", async () => {
    expect(await again([grant("nova")])).toEqual({
        done: ["ask pulumi-nodejs:dynamic/guest:DatabaseGrant nova"],
        rounds: 1,
        left: [],
    });
});

test("what has drifted of it is mended, once", async () => {
    const { done, left } = await again([grant("nova")], { drifted: ["nova"] });
    expect([done.slice(1), left]).toEqual([["mend"], []]);
});

test("what cannot be asked this time either is left, and asked no more where that leads no further", async () => {
    const mute = [[grant("glance")], [grant("glance")], []];
    expect(await again([grant("nova"), grant("glance")], { mute })).toMatchObject({
        rounds: 2,
        left: [grant("glance")],
    });
    expect(await again([grant("glance")], { mute: [[grant("glance")], []] })).toMatchObject({
        rounds: 1,
        left: [grant("glance")],
    });
});

test("what fails is mended again as long as less fails, three rounds in all", async () => {
    expect((await again([], { failed: [["a", "b"], ["a"], []] })).done).toEqual(["mend", "mend"]);
    expect((await again([], { failed: [["a", "b"], ["a"], ["c"], []] })).done).toEqual(["mend", "mend"]);
    expect((await again([], { failed: [["a"], ["a"], []] })).done).toEqual(["mend"]);
});

test("what could not be mended is tried again after what could not be asked is asked", async () => {
    expect((await again([grant("nova")], { failed: [["a"], []] })).done).toEqual([
        "ask pulumi-nodejs:dynamic/guest:DatabaseGrant nova",
        "mend",
    ]);
});

test("after a run that failed or was interrupted nothing is mended", async () => {
    expect((await again([grant("nova")], { drifted: ["nova"], over: true })).done).toHaveLength(1);
});

test("what was made anew in the meantime is as it was made", async () => {
    expect(await again([grant("nova")], { now: all.slice(1) })).toEqual({ done: [], rounds: 0, left: [] });
});

test("a machine that still has no disk is left, and not asked", async () => {
    const machine = recorded("vm", "domain:Domain");
    expect(await again([grant("nova")], { lost: [machine] })).toMatchObject({
        rounds: 1,
        left: [withoutDisk({ urn: machine.urn, id: "vm", reason: "its disk is gone" })],
    });
});

test("the engine's names are those of the same type and id", () => {
    expect(urnsOf([grant("nova")], all)).toEqual([all[0]!.urn]);
});

test("what two runs did is counted together, what is unchanged is not counted twice", () => {
    const tally = { created: 1, updated: 2, replaced: 0, deleted: 0, unchanged: 199, failed: 0, drifted: ["a"] };
    expect(together(tally, { ...tally, unchanged: 198, drifted: [] })).toEqual({
        created: 2,
        updated: 4,
        replaced: 0,
        deleted: 0,
        unchanged: 198,
        failed: 0,
        drifted: ["a"],
    });
});

test("the last words name what is left and what to do; without anything left there are none", () => {
    expect(leftLines("lab", [])).toEqual([]);
    const here = { ...recorded("nova"), inputs: { connection: { name: "db-node" } } };
    expect(
        leftLines(
            "lab",
            [grant("nova")],
            [{ resource: "cloud-x", node: "api-node", reason: "does not listen" }],
            [here],
        ),
    ).toEqual([
        "could not be mended: cloud-x: does not listen",
        "could not be asked: guest/database-grant nova: db-node: the database cannot be asked",
        "one resource could not be asked, before the mending and after it: whether they are as they should be is not known",
        "See to the reason (./classroom diagnose lab says where it lies), then run: ./classroom up lab --refresh",
        "Or make anew where it is: ./classroom rebuild lab api-node db-node",
    ]);
});

test("what differs from a node's record can be taken for right", () => {
    const unmended = [{ resource: "db-node", node: "db-node", reason: "the package tcpdump was installed" }];
    expect(leftLines("lab", [], unmended).slice(-2)).toEqual([
        "Or make anew where it is: ./classroom rebuild lab db-node",
        "Or take for right what differs in it: ./classroom accept lab db-node",
    ]);
});
