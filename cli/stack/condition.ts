import { type NodeName, nodeNames } from "../../config/nodes";
import { stackStore } from "../../engine/stack-store";

/**
 * How a node is: as it was made; something in it drifted; it cannot be asked; it is off by configuration. `up` is all that a team is told
 * of one that answers.
 */
export type NodeState = "sound" | "drifted" | "mute" | "off" | "up";

export interface NodeCondition {
    state: NodeState;
    /** Its services that do not run though they should. */
    stopped: string[];
}

/** How a stack's nodes were at the last `diagnose`. */
export interface Condition {
    /** ISO 8601, by this machine's clock. */
    time: string;
    nodes: Partial<Record<NodeName, NodeCondition>>;
}

/** The note of a stack: a cloud that is no more has none. */
const NOTE = "condition.json";

export const keepCondition = (stack: string, condition: Condition): unknown =>
    stackStore.putNote(stack, NOTE, `${JSON.stringify(condition)}\n`);

/** What the last `diagnose` found; undefined where there was none, or its note cannot be understood. */
export function conditionOf(stack: string): Condition | undefined {
    try {
        const found = JSON.parse(stackStore.note(stack, NOTE) ?? "null") as Condition | null;
        return typeof found?.time === "string" && typeof found.nodes === "object" ? found : undefined;
    } catch {
        return undefined;
    }
}

/** The same without what gives a cause away: of each node, whether it answers. */
export const withoutCauses = ({ time, nodes }: Condition): Condition => ({
    time,
    nodes: Object.fromEntries(
        nodeNames.flatMap(name => {
            const found = nodes[name];
            if (!found) return [];
            const state = found.state === "mute" || found.state === "off" ? found.state : "up";
            return [[name, { state, stopped: [] }]];
        }),
    ),
});
