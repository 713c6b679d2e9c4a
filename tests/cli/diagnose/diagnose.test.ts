import { remedies } from "../../../cli/diagnose/diagnose";
import type { Examined } from "../../../cli/diagnose/diagnosis";

const drifted = (type: string, area: string, inputs: Record<string, unknown> = {}): Examined => ({
    id: area,
    resourceId: area,
    type,
    name: area,
    area,
    needs: [],
    verdict: { found: "drifted", changes: [] },
    inputs,
});
const mends = "mends it: ./classroom up lab --refresh";

test.each<[string, Examined[], string[]]>([
    ["nothing", [], []],
    ["a file", [drifted("guest:File", "db-node")], [mends]],
    ["a node's rest, which up mends", [drifted("guest:Ground", "db-node", { mends: true })], [mends]],
    [
        "the rest of two nodes, which up leaves",
        [drifted("guest:Ground", "db-node", { mends: false }), drifted("guest:Ground", "api-node", { mends: false })],
        [
            "up leaves differences of db-node api-node (baseline: report); takes them for right: ./classroom accept lab db-node api-node",
        ],
    ],
    [
        "a node without a record, and a file",
        [drifted("guest:Baseline", "db-node"), drifted("guest:File", "db-node")],
        [mends, "records what is right: ./classroom accept lab"],
    ],
])("%s: the command that puts it right", (_what, found, lines) => expect(remedies("lab", found)).toEqual(lines));
