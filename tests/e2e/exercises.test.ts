import * as fs from "fs";
import * as path from "path";
import { drawn, named, nameOf, waysOf } from "../../cli/sabotage/choose";
import { loadExercises } from "../../cli/sabotage/exercises";
import { PlainProgress } from "../../system/progress";
import { projectDir, stateDir } from "../../system/paths";
import { buildParts } from "./roots";
import { TestCloud } from "./test-cloud";
import { type Tried, triedOut } from "./tried-out";

// The lab and what was found so far stay when this is interrupted, and it goes on from there: `./classroom test exercises` again.
const cloud = new TestCloud("test-exercises", path.join(stateDir(), "test-exercises"));
const folder = path.join(projectDir(), "reports"),
    results = path.join(folder, "exercises.json"),
    table = path.join(folder, "exercises.md");
/** After so many exercises `check` tells whether something was left that none of them looks for. */
const GROUP = 10;

interface Found {
    seed: number;
    rows: Tried[];
    /** How many rows were there at the last `check`. */
    checked: number;
}
const found: Found = { seed: Math.floor(Math.random() * 100_000), rows: [], checked: 0 };
if (fs.existsSync(results)) Object.assign(found, JSON.parse(fs.readFileSync(results, "utf8")));
// Rows of a time before symptoms were looked for.
found.rows = found.rows.filter(row => "noticed" in row);

const ofOcata = loadExercises().filter(e => e.releases.includes("ocata"));
/** Nobody who wrote an exercise has chosen the order. */
const all = waysOf(ofOcata)
    .map((chosen, i) => ({ ...chosen, name: nameOf(chosen), order: drawn(found.seed + i) }))
    .sort((a, b) => a.order - b.order);
/** `E1,S4-mysql` of CLASSROOM_EXERCISES, or all. */
const wanted = (process.env.CLASSROOM_EXERCISES ?? "")
    .split(",")
    .filter(word => word !== "")
    .flatMap(word => named(ofOcata, word).map(nameOf));
const asked = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

const keep = (): void => {
    fs.writeFileSync(results, JSON.stringify(found, undefined, 1));
    const lines = found.rows.map(({ name, skipped, ...r }) =>
        skipped === undefined
            ? `| ${name} | ${r.noticed} | ${r.causes.join("; ")} | ${r.unnamed.join("; ")} | ${r.diagnose} | ${r.solved} | ${r.mended} |`
            : `| ${name} | ${skipped} |||||`,
    );
    const head = [
        `Order by the seed ${found.seed}. ${found.checked} of ${found.rows.length} rows stood before the last \`check\`, which passed.`,
        "",
        "| exercise | noticed after, s | what diagnose says | expected and not named | diagnose, s | by the solution, s | by the program, s |",
        "|---|---|---|---|---|---|---|",
    ];
    fs.writeFileSync(table, [...head, ...lines, ""].join("\n"));
};

async function checkAll(): Promise<void> {
    const { code, stdout } = await cloud.classroom("check", cloud.stack);
    expect([stdout, code]).toEqual([expect.stringMatching(/ 0 failed, /), 0]);
    found.checked = found.rows.length;
    keep();
}

beforeAll(async () => {
    await buildParts(new PlainProgress());
    fs.mkdirSync(folder, { recursive: true });
    await cloud.make();
    // What was under way when an earlier run was interrupted.
    await cloud.succeeds("sabotage", cloud.stack, "--undo");
}, 60 * 60_000);
afterAll(async () => {
    if (found.rows.length > found.checked) await checkAll();
    if (found.rows.length >= all.length) await cloud.remove();
}, 20 * 60_000);

test.each(asked.map(chosen => [chosen.name, chosen] as const))(
    "%s is noticed, named, and mended by its solution and by the program",
    async (name, { variant }) => {
        if (found.rows.some(row => row.name === name)) return;
        try {
            found.rows.push(await triedOut(cloud, { name, variant }));
        } catch (e) {
            // The next one begins with a cloud that is sound.
            await cloud.classroom("sabotage", cloud.stack, "--undo");
            throw e;
        }
        keep();
        if (found.rows.length - found.checked >= GROUP) await checkAll();
    },
    60 * 60_000,
);
