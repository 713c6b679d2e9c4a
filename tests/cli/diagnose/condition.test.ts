import { conditionIn } from "../../../cli/diagnose/condition";
import type { Examined, Verdict } from "../../../cli/diagnose/diagnosis";
import { conditionOf, keepCondition, withoutCauses } from "../../../cli/stack/condition";
import { ownState } from "../../system/own-state";

ownState("classroom-condition-");
const sound: Verdict = { found: "sound" };
const thing = (type: string, area: string, verdict: Verdict, inputs = {}): Examined => {
    const name = `${type} ${area}`;
    return { id: name, resourceId: name, type, name, area, needs: [], verdict, inputs };
};
const way = (node: string, verdict: Verdict): Examined => {
    const { resourceId: _none, ...rest } = thing("ssh", node, verdict);
    return { ...rest, id: `ssh ${node}` };
};
const stopped: Verdict = { found: "drifted", changes: [{ path: "running", old: true, new: false }] };
const all = [
    thing("guest:Service", "db-node", sound, { service: "mysql" }),
    thing("guest:Service", "auth-node", stopped, { service: "keystone" }),
    thing("guest:File", "image-node", { found: "gone" }),
    way("api-node", { found: "unasked", reason: "no answer" }),
    thing("guest:Service", "api-node", { found: "unasked", reason: "no answer" }, { service: "apache2" }),
    thing("machine:Container", "compute-2", { found: "off", node: "compute-2" }),
];
const now = new Date("2026-11-30T02:00:00Z");

test("a diagnosis says of each node how it is, and which of its services stand still", () => {
    expect(conditionIn(all, now)).toEqual({
        time: "2026-11-30T02:00:00.000Z",
        nodes: {
            "db-node": { state: "sound", stopped: [] },
            "auth-node": { state: "drifted", stopped: ["keystone"] },
            "image-node": { state: "drifted", stopped: [] },
            "api-node": { state: "mute", stopped: [] },
            "compute-2": { state: "off", stopped: [] },
        },
    });
});

test("a team is told which nodes answer, and nothing else", () => {
    const { nodes } = withoutCauses(conditionIn(all, now));
    expect(Object.entries(nodes).map(([name, { state }]) => `${name} ${state}`)).toEqual([
        "db-node up",
        "auth-node up",
        "image-node up",
        "api-node mute",
        "compute-2 off",
    ]);
    expect(JSON.stringify(nodes)).not.toMatch(/keystone|drifted/);
});

test("the last diagnosis is kept; there is none before it", () => {
    expect(conditionOf("team01")).toBeUndefined();
    keepCondition("team01", conditionIn(all, now));
    expect(conditionOf("team01")).toEqual(conditionIn(all, now));
});
