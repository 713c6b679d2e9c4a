import * as fs from "fs";
import * as path from "path";
import { nameOf, waysOf } from "../../cli/sabotage/choose";
import type { Variant } from "../../cli/sabotage/exercise";
import { nodesOf } from "../../cli/sabotage/render";
import { PlainProgress } from "../../system/progress";
import { projectDir, stateDir } from "../../system/paths";
import { buildParts } from "./roots";
import { brokenBy, mended, type Row, sabotage, tried } from "./sabotaged";
import { TestCloud } from "./test-cloud";

// The lab and what was found so far stay when this is interrupted, and it goes on from there: `./classroom test sabotage` again.
const cloud = new TestCloud("test-sabotage", path.join(stateDir(), "test-sabotage"));
const folder = path.join(projectDir(), "reports"),
    results = path.join(folder, "sabotage.json"),
    table = path.join(folder, "sabotage.md");
const rows: Row[] = fs.existsSync(results) ? (JSON.parse(fs.readFileSync(results, "utf8")) as Row[]) : [];

const singles = waysOf(tried).map(chosen => brokenBy(nameOf(chosen)));
const filesOf = ({ steps }: Variant): string =>
    steps
        .flatMap(step => ("file" in step ? [step.file] : []))
        .sort()
        .join();
/** The same file of a node, or two services of it: not at once. */
const clash = (a: Variant, b: Variant): boolean =>
    nodesOf(a).some(node => nodesOf(b).includes(node)) && filesOf(a) === filesOf(b);
/** Two at once, drawn by seed; twenty. */
const pairs = Array.from({ length: 40 }, (_, i) => [2 * i, 2 * i + 1].map(seed => brokenBy(undefined, seed)))
    .filter(([a, b]) => !clash(a!.variant, b!.variant))
    .slice(0, 20);
const all = [...singles.map(single => [single]), ...pairs];

beforeAll(async () => {
    await buildParts(new PlainProgress());
    fs.mkdirSync(folder, { recursive: true });
    await cloud.make();
}, 60 * 60_000);
afterAll(async () => {
    if (rows.length < all.length) return;
    const lines = rows.map(
        r => `| ${r.name} | ${r.causes.join("; ")} | ${r.diagnose} s | ${r.mend} s${r.ups > 1 ? ` in ${r.ups}` : ""} |`,
    );
    fs.writeFileSync(
        table,
        ["| exercise | what diagnose says | diagnose | up --refresh |", "|---|---|---|---|", ...lines, ""].join("\n"),
    );
    await cloud.remove();
}, 5 * 60_000);

test(
    "a sound cloud, diagnosed ten times in a row, is said to be sound",
    async () => {
        for (let i = 0; i < 10; i++)
            expect(await cloud.classroom("diagnose", cloud.stack)).toMatchObject({
                code: 0,
                stdout: expect.stringMatching(/ resources examined in [\d.]+ s: all as they were made$/m),
            });
    },
    10 * 60_000,
);

test.each(all.map(broken => [broken.map(b => b.name).join(" and "), broken] as const))(
    "%s is found, named, mended",
    async (_name, broken) => {
        if (rows.some(r => r.name === broken.map(b => b.name).join(" + "))) return;
        await sabotage(cloud, broken);
        rows.push(await mended(cloud, broken));
        fs.writeFileSync(results, JSON.stringify(rows, undefined, 1));
    },
    20 * 60_000,
);
