import * as fs from "fs";
import * as path from "path";
import { drawn, nameOf, waysOf } from "../../cli/sabotage/choose";
import { loadExercises } from "../../cli/sabotage/exercises";
import { PlainProgress } from "../../system/progress";
import { projectDir, stateDir } from "../../system/paths";
import { buildParts } from "./roots";
import { mended, type Row } from "./sabotaged";
import { TestCloud } from "./test-cloud";

// The lab and what was found so far stay when this is interrupted, and it goes on from there: `./classroom test exercises` again.
const cloud = new TestCloud("test-exercises", path.join(stateDir(), "test-exercises"));
const folder = path.join(projectDir(), "reports"),
    results = path.join(folder, "exercises.json"),
    table = path.join(folder, "exercises.md");

/** What one row of the table took, and the checks that failed while the exercise was under way. */
type TriedRow = Row & { failed: string[] };
const found: { seed: number; rows: TriedRow[] } = fs.existsSync(results)
    ? (JSON.parse(fs.readFileSync(results, "utf8")) as { seed: number; rows: TriedRow[] })
    : { seed: Math.floor(Math.random() * 100_000), rows: [] };

/** Nobody who wrote an exercise has chosen the order. */
const all = waysOf(loadExercises().filter(e => e.tried.length === 0 && e.releases.includes("ocata")))
    .map((chosen, i) => ({ ...chosen, name: nameOf(chosen), order: drawn(found.seed + i) }))
    .sort((a, b) => a.order - b.order);

const keep = (): void => {
    fs.writeFileSync(results, JSON.stringify(found, undefined, 1));
    const lines = found.rows.map(
        r =>
            `| ${r.name} | ${r.failed.join(", ")} | ${r.causes.join("; ")} | ${r.diagnose} s | ${r.mend} s | ${r.check} s |`,
    );
    const head = [
        `Order by the seed ${found.seed}.`,
        "",
        "| exercise | checks that fail | what diagnose says | diagnose | mending | check |",
        "|---|---|---|---|---|---|",
    ];
    fs.writeFileSync(table, [...head, ...lines, ""].join("\n"));
};

beforeAll(async () => {
    await buildParts(new PlainProgress());
    fs.mkdirSync(folder, { recursive: true });
    await cloud.make();
}, 60 * 60_000);
afterAll(async () => {
    if (found.rows.length >= all.length) await cloud.remove();
}, 5 * 60_000);

test.each(all.map(chosen => [chosen.name, chosen] as const))(
    "%s is noticed, found, named where it can be, and mended",
    async (name, { variant }) => {
        if (found.rows.some(row => row.name === name)) return;
        const { code, stdout, stderr } = await cloud.classroom("sabotage", cloud.stack, name);
        // Another machine's kind: the lab cannot try it.
        if (code === 1 && stderr.includes("is for machines of the kind")) return;
        expect([stdout, stderr, code]).toEqual([expect.anything(), expect.anything(), 0]);
        const { checks = [] } = JSON.parse((await cloud.classroom("check", cloud.stack, "--json")).stdout) as {
            checks?: { id: string; result: string }[];
        };
        const failed = checks.filter(c => c.result === "fail").map(c => c.id);
        found.rows.push({ ...(await mended(cloud, [{ name, variant }])), failed });
        keep();
    },
    20 * 60_000,
);
