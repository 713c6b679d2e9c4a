import { type NodeName, nodeNames } from "../../config/nodes";
import type { Condition, NodeCondition } from "../stack/condition";
import type { Examined } from "./diagnosis";

/** What a diagnosis found, by node: what the picture of the cloud is coloured with. */
export const conditionIn = (all: readonly Examined[], now = new Date()): Condition => ({
    time: now.toISOString(),
    nodes: Object.fromEntries(
        nodeNames.flatMap(name => {
            const inside = all.filter(e => e.area === name);
            return inside.some(e => e.resourceId !== undefined) ? [[name, nodeIn(name, all, inside)]] : [];
        }),
    ),
});

function nodeIn(name: NodeName, all: readonly Examined[], inside: readonly Examined[]): NodeCondition {
    const found = inside.map(e => e.verdict.found),
        ssh = all.find(e => e.id === `ssh ${name}`);
    const stopped = inside.flatMap(({ type, inputs, verdict }) =>
        type === "guest:Service" &&
        verdict.found === "drifted" &&
        verdict.changes.some(c => c.path === "running" && c.new !== true && c.new !== "true")
            ? [String(inputs.service)]
            : [],
    );
    if (found.every(f => f === "off" || f === "sound") && found.includes("off")) return { state: "off", stopped: [] };
    if (ssh?.verdict.found === "unasked") return { state: "mute", stopped: [] };
    const drifted = found.some(f => f === "drifted" || f === "gone");
    return { state: drifted ? "drifted" : "sound", stopped };
}
