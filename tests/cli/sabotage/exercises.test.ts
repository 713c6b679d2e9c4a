import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { difficulties, exerciseKinds, type Variant } from "../../../cli/sabotage/exercise";
import { readExercise } from "../../../cli/sabotage/exercise-file";
import { loadExercises } from "../../../cli/sabotage/exercises";
import { hasUndo, scriptsOf, undosOf } from "../../../cli/sabotage/render";
import { stepNames } from "../../../cli/sabotage/steps";
import { tutorialCredentials } from "../../../config/credentials";
import { releaseOf } from "../../../releases";
import { configFiles, softwareOf } from "../../../releases/own-options";
import { isCause } from "../../e2e/sabotaged";
import { exercises, inReleases, own, type ReleaseName, scriptNamed, settings, ways } from "./loaded";

const tutorial = exercises.filter(e => e.id.startsWith("S"));

test("every sabotage of the tutorial is there, and names are unique", () => {
    expect(tutorial.map(e => e.id)).toEqual(["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10"]);
    expect(new Set(ways.map(a => a.name)).size).toBe(ways.length);
    // The tutorial's own list of S1, S4, S5.
    const names = (id: string) =>
        exercises
            .find(e => e.id === id)!
            .ways.map(v => v.name)
            .sort();
    expect(names("S1")).toEqual(["cinder", "glance", "nova"]);
    expect(names("S4")).toEqual(["glance-api", "glance-registry", "mysql", "nova-api", "nova-network", "rabbitmq"]);
    expect(names("S5")).toEqual(["cinder", "glance-api", "glance-registry", "nova"]);
});

test("a symptom gives nothing away, nor does a title or a story", () => {
    for (const { symptom, title, story } of exercises)
        expect(`${symptom} ${title} ${story}`).not.toMatch(
            /\brole\b|rabbit|queue|\bdisk\b|\bfull of\b|stopped|mysql|password|iscsi|deleted|\boption\b|auto_assign|iptables|firewall|blackhole|\.conf\b/i,
        );
});

/** What each of the tutorial's sabotages ran on its node before exercises were files. */
const recorded = JSON.parse(
    fs.readFileSync(path.join(__dirname, "../../data/tutorial/sabotages.json"), "utf8"),
) as Record<string, { node: string; script?: string; scripts?: Record<ReleaseName, string> }>;

test("the tutorial's sabotages are the recorded ones", () => {
    expect(ways.map(w => w.name).filter(name => name.startsWith("S"))).toEqual(Object.keys(recorded));
});

test.each(inReleases.filter(([name]) => name.startsWith("S")))(
    "%s does the same as ever, byte for byte (%s)",
    (name, release, { variant }) => {
        const { node, script, scripts } = recorded[name]!;
        const now = scriptsOf(variant, { settings: settings[release], scriptNamed });
        expect(now.map(s => ({ ...s, script: own(s.script) }))).toEqual([
            { machine: node, script: script ?? scripts![release] },
        ]);
    },
);

/** What `diagnose` said on a lab, by the table of docs/drift.md. */
const said = fs
    .readFileSync(path.join(__dirname, "../../../docs/drift.md"), "utf8")
    .split("\n")
    .flatMap(line => /^\| (S\d+-[\w-]+)(?: \*)? \| (.*?) \| [\d.]+ \|/.exec(line) ?? [])
    .flatMap((part, i, all) => (i % 3 === 1 ? [[part, all[i + 1]!] as const] : []));

test.each(said)("%s is expected as what diagnose said of it on a lab", (name, cause) => {
    const { causes } = ways.find(w => w.name === name)!.variant;
    expect(causes.filter(expected => isCause(expected, cause))).toEqual(causes);
});

test("every way that is said to be tried was tried on a lab", () => {
    const tried = ways.filter(w => w.exercise.tried.length > 0).map(w => w.name);
    const page = fs.readFileSync(path.join(__dirname, "../../../docs/exercises-solved.md"), "utf8"),
        oneRun = page.slice(page.indexOf("## One run")).match(/\bE\d+-[\w-]+/g) ?? [];
    const done = new Set<string>([...said.map(([name]) => name), ...oneRun]);
    expect(tried.filter(name => !done.has(name))).toEqual([]);
});

test.each(inReleases)("%s is shell, and so is what takes it back (%s)", (_name, release, { variant }) => {
    const given = { settings: settings[release], scriptNamed };
    for (const { script } of [...scriptsOf(variant, given), ...undosOf(variant, given)]) {
        const { status, stderr } = spawnSync("sh", ["-n"], { input: script, encoding: "utf8" });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    }
});

/** What a release writes into a file of a node, one option a line, and who reads it. */
function fileOf(node: Variant["node"], file: string, release: ReleaseName): { text: string; readBy: string[] } {
    const found = softwareOf(releaseOf(release), node)
        .flatMap(s => configFiles(s, { ...settings[release], credentials: tutorialCredentials }, node))
        .filter(f => f.path === file);
    const lines = found
        .flatMap(f => [f.options, f.secretOptions ?? {}])
        .flatMap(sections =>
            Object.entries(sections).flatMap(([section, options]) => [
                `[${section}]`,
                ...Object.entries(options).map(([k, v]) => `${k} = ${v}`),
            ]),
        );
    return { text: `${lines.join("\n")}\n`, readBy: found.flatMap(f => f.readBy) };
}

const edits = inReleases.flatMap(([name, release, { variant }]) =>
    variant.steps.flatMap((step, i) =>
        "option" in step ? [[`${name}, step ${i}`, release, variant, step] as const] : [],
    ),
);

test.each(edits)(
    "%s changes one option of the file that %s writes, and its readers restart",
    (_name, release, variant, step) => {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-exercise-")),
            file = path.join(dir, "file"),
            node = step.node ?? variant.node;
        try {
            const { text, readBy } = fileOf(node, step.file, release);
            fs.writeFileSync(file, text);
            const { script } = scriptsOf(
                { ...variant, steps: [step] },
                { settings: settings[release], scriptNamed },
            )[0]!;
            const body = own(script).split("\n").slice(1, -1).join("\n").split(step.file).join(file);
            expect(spawnSync("sh", ["-ec", body], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
            const before = text.split("\n"),
                after = fs.readFileSync(file, "utf8").split("\n");
            expect(before.filter(line => !after.includes(line))).toHaveLength(1);
            expect(after.filter(line => !before.includes(line)).length).toBeLessThanOrEqual(1);
            for (const service of readBy) expect(script).toContain(`'${service}'`);
            expect(readBy.length).toBeGreaterThan(0);
        } finally {
            fs.rmSync(dir, { recursive: true });
        }
    },
);

describe("a folder of exercises", () => {
    const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "classroom-exercises-")), "mine");
    beforeEach(() => fs.mkdirSync(folder));
    afterEach(() => fs.rmSync(folder, { recursive: true }));
    afterAll(() => fs.rmSync(path.dirname(folder), { recursive: true }));
    const sound = fs.readFileSync(path.join(__dirname, "../../../exercises/S8.yaml"), "utf8");

    test("is read in the order of its numbers, the tutorial's first", () => {
        for (const id of ["A1", "S10", "S9", "B2"])
            fs.writeFileSync(path.join(folder, `${id}.yaml`), sound.replace("id: S8", `id: ${id}`));
        expect(loadExercises([], folder).map(e => e.id)).toEqual(["S9", "S10", "A1", "B2"]);
    });

    test("names every mistake of every file", () => {
        fs.writeFileSync(
            path.join(folder, "A1.yaml"),
            sound.replace("id: S8", "id: A1").replace("minutes: 15", "minutes: 0"),
        );
        fs.writeFileSync(path.join(folder, "A2.yaml"), sound);
        expect(() => loadExercises(["a1", "A2-way"], folder)).toThrow(
            "the exercises have 2 mistakes; nothing was broken\n" +
                "  mine/A1.yaml: line 6: minutes: 0 is not allowed; allowed is 1 or more\n" +
                '  mine/A2.yaml: line 2: id is "S8", the file is A2.yaml: make them equal',
        );
    });

    test("a mistake in one file does not stop the other exercises", () => {
        fs.writeFileSync(path.join(folder, "A1.yaml"), sound.replace("minutes: 15", "minutes: 0"));
        fs.writeFileSync(path.join(folder, "S8.yaml"), sound);
        fs.writeFileSync(path.join(folder, "A3.yml"), sound);
        const told: string[] = [];
        expect(loadExercises(["S8"], folder, text => told.push(text)).map(e => e.id)).toEqual(["S8"]);
        expect(told).toEqual([
            "classroom: mine/A3.yml is not read; call it A3.yaml",
            "classroom: A1 is left out, because it has a mistake\n  mine/A1.yaml: line 6: minutes: 0 is not allowed; allowed is 1 or more",
        ]);
    });

    test("says of a file that is no text that it is none", () => {
        fs.writeFileSync(path.join(folder, "A1.yaml"), Buffer.from([0xff, 0xfe]));
        expect(() => loadExercises(["A1"], folder)).toThrow(
            "mine/A1.yaml: cannot be read: not in UTF-8; save it in that encoding",
        );
    });
});

describe("the page for teachers", () => {
    const read = (name: string): string => fs.readFileSync(path.join(__dirname, "../../../docs", name), "utf8"),
        page = read("exercises.md"),
        solved = read("exercises-solved.md");
    /** A row of the page's table, as an exercise has it. */
    const row = ({ id, title, kind, difficulty, minutes, tried, ways: all }: (typeof exercises)[number]): string => {
        const causes = [...new Set(all.flatMap(way => way.causes))],
            said = all.length > 1 ? `${all.length} ways` : causes.map(c => `\`${c}\``).join("; ") || "nothing";
        const mends = all.some(way => hasUndo(way)) ? "`--undo`" : "`up --refresh`";
        return `| ${id} | ${title} | ${kind} | ${difficulty} | ${minutes} | ${said} | ${mends} | ${tried.join(", ") || "not yet tried on a lab"} |`;
    };

    test("has a row of its table for every exercise, and no other", () => {
        const rows = solved.split("\n").filter(line => /^\| [A-Z]+\d+ \|/.test(line));
        expect(rows).toEqual(exercises.map(row));
    });

    test("gives no cause of an exercise away", () => {
        const said = ways.flatMap(({ exercise, variant }) =>
            exercise.id.startsWith("E") ? variant.causes.filter(cause => page.includes(cause)) : [],
        );
        expect(said).toEqual([]);
        expect(solved).toMatch(/^\*\*Spoilers\.\*\*/m);
    });

    test.each(stepNames)("explains the step %s", name => {
        expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|`, "m"));
    });

    test("has an example that is an exercise", () => {
        const [, example] = /```yaml\n([^`]*^id: [^`]*)```/m.exec(page)!;
        expect(readExercise("exercises/X1.yaml", example!)).toMatchObject({ exercise: { id: "X1" } });
    });
});

test.each(exerciseKinds)("there is an exercise of the kind %s", kind => {
    expect(exercises.some(e => e.kind === kind)).toBe(true);
});

test.each(difficulties)("there are exercises for whoever wants them %s", difficulty => {
    expect(exercises.filter(e => e.difficulty === difficulty).length).toBeGreaterThan(4);
});
