import * as fs from "fs";
import * as path from "path";
import { newRanges, recordedRoots, wantedRoots } from "../../../cli/operate/ranges";
import { otherIds } from "../../../cli/restore/point";
import { restore } from "../../../cli/restore/restore";
import type { PointRun } from "../../../cli/restore/hosts";
import type { RecordedResource } from "../../../engine/state";
import { stateFile } from "../../../engine/stack-store";
import { readSettings } from "../../../config/settings";
import { ownState } from "../../system/own-state";

const dir = ownState("classroom-ids-");

const hosts = { central: { address: "a" }, compute: { address: "b" } };
const settings = (own: object = {}) =>
    readSettings("team01", {
        number: 1,
        hosts,
        goldenRoot: "/srv/golden",
        upTo: "image-node",
        machine: "container",
        ...own,
    });
const container = (name: string, idmap?: number): RecordedResource => ({
    urn: `urn:pulumi:team01::p::pulumi-nodejs:dynamic/machine:Container::cloud-${name}`,
    type: "pulumi-nodejs:dynamic/machine:Container",
    custom: true,
    id: `${name}#1`,
    inputs: { name, ...(idmap !== undefined && { idmap }) },
});
/** A state as containers without a range are recorded in, those of before among them. */
const bare = [container("db-node-golden"), container("db-node"), container("auth-node")];
const mapped = [container("db-node-golden", 5), container("db-node", 5), container("auth-node", 6)];

test("of which nodes root is root of the host is told by what is recorded", () => {
    expect(recordedRoots(bare)).toEqual([
        "containers with the ids of their host: root in db-node, auth-node is root of it",
    ]);
    expect(recordedRoots(mapped)).toEqual([]);
});

test("where containers are to have the host's ids it is said, of no virtual machine", () => {
    expect(wantedRoots(settings({ containerIds: "host", nodes: { "auth-node": { kind: "vm" } } }), undefined)).toEqual([
        "root in db-node, image-node is root of the machine that it runs on: containerIds is host",
    ]);
    expect(wantedRoots(settings(), undefined)).toEqual([]);
});

test("containers made before are told to be started again, not to be made anew", () => {
    const line =
        "db-node, auth-node: made before containers had ids of their own; what is in them stays, but they are started again";
    expect(newRanges(settings(), bare)).toEqual([line]);
    expect(newRanges(settings({ upTo: "db-node" }), bare)).toEqual([line.replace(", auth-node", "")]);
    expect([newRanges(settings(), mapped), newRanges(settings({ containerIds: "host" }), bare)]).toEqual([[], []]);
});

test("what is kept of a container fits one that has the same ids, or none then and now", () => {
    expect([otherIds(mapped, mapped), otherIds(bare, bare)]).toEqual([undefined, undefined]);
    expect(otherIds(bare, mapped)).toBe("It was made before these containers had ids of their own: db-node, auth-node");
    expect(otherIds(mapped, [container("db-node", 5), container("auth-node", 7)])).toBe(
        "It was made before these containers had the ids that they have: auth-node",
    );
});

test("a restore point from before is refused in words, before a host is asked", async () => {
    const state = (resources: RecordedResource[]) => ({ version: 3, checkpoint: { latest: { resources } } });
    const put = (file: string, value: object) => {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, JSON.stringify(value));
    };
    put(stateFile("team01"), state(mapped));
    put(path.join(dir, "restore-points/team01/old.json"), {
        name: "old",
        stack: "team01",
        time: "2026-11-25T01:00:00Z",
        id: "i",
        machines: [],
        state: state(bare),
    });
    const run = { stack: "team01", signal: new AbortController().signal } as PointRun;
    await expect(restore(run, "old")).rejects.toThrow(
        'restore point "old" of stack team01 cannot be put back; nothing was changed. It was made before these containers had ids of their own: db-node, auth-node. Remove it: ./classroom snapshot team01 old --remove',
    );
});
