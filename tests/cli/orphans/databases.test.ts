import { databasesAnew, noteDatabases, noteFormerDatabases } from "../../../cli/orphans/databases";
import { stackStore } from "../../../engine/stack-store";
import type { RecordedResource } from "../../../engine/state";
import { ownState } from "../../system/own-state";

ownState("classroom-databases-");
afterEach(() => stackStore.removeNotes("lab"));

/** A state in which the databases with these marks are recorded, and something else. */
const state = (...marks: string[]): RecordedResource[] => [
    ...marks.map(mark => ({
        urn: `urn:${mark}`,
        type: "pulumi-nodejs:dynamic/guest:Database",
        custom: true,
        id: `nova#${mark}`,
    })),
    { urn: "urn:grant", type: "pulumi-nodejs:dynamic/guest:DatabaseGrant", custom: true, id: `grant#${marks.length}` },
    { urn: "urn:component", type: "classroom:Database", custom: false },
];

test("a first `up` makes databases, and nothing can be unknown to them, also where it was cut off", () => {
    noteFormerDatabases("lab", state());
    expect(databasesAnew("lab", state("a", "b"))).toBe(false);
    noteDatabases("lab", state("a", "b"));
    expect(databasesAnew("lab", state("b", "a"))).toBe(false);
});

test("one made anew is known as such until the nodes were searched, also by a later run", () => {
    noteFormerDatabases("lab", state("a", "b"));
    // Cut off when one of them was made; the other one is gone.
    noteFormerDatabases("lab", state("c"));
    expect(databasesAnew("lab", state("c", "b"))).toBe(true);
    expect(databasesAnew("lab", state("c", "d"))).toBe(true);
    noteDatabases("lab", state("c", "d"));
    expect(databasesAnew("lab", state("c", "d"))).toBe(false);
    expect(databasesAnew("lab", state("c"))).toBe(false);
});

test("with the cloud it is forgotten", () => {
    noteDatabases("lab", state("a"));
    stackStore.removeNotes("lab");
    expect(databasesAnew("lab", state("b"))).toBe(false);
});
