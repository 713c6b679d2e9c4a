import * as fs from "fs";
import * as path from "path";
import { projectDir } from "../../system/paths";
import { run, type RunResult } from "../../system/run";

/** Runs a tool of the checkout's own. */
const tool = (script: string, ...args: string[]): Promise<RunResult> =>
    run(process.execPath, [path.join(projectDir(), "node_modules", script), ...args], {
        cwd: projectDir(),
        allowFailure: true,
    });
const prettier = (...args: string[]) => tool("prettier/bin/prettier.cjs", "--check", "--log-level", "warn", ...args);
const eslint = (...args: string[]) => tool("eslint/bin/eslint.js", "--max-warnings", "0", ...args);

const knip = () => tool("knip/bin/knip.js", "--no-progress", "--no-config-hints");
const imports = (...folders: string[]) => tool("dependency-cruiser/bin/dependency-cruise.mjs", ...folders);

/** Adds a file for the time of a test. */
async function withFile<T>(name: string, text: string, work: (name: string) => Promise<T>): Promise<T> {
    const file = path.join(projectDir(), name);
    fs.writeFileSync(file, text, { flag: "wx" });
    try {
        return await work(name);
    } finally {
        fs.rmSync(file);
    }
}

const folders = ["cli", "lab", "components", "providers", "releases", "engine", "clients", "config", "system"];
/** What each tool says of the whole checkout. They run side by side, before a test adds a file. */
let whole: Record<"prettier" | "eslint" | "imports" | "knip" | "types", RunResult>;
beforeAll(async () => {
    const [formatted, linted, imported, used, typed] = await Promise.all([
        prettier("."),
        eslint("."),
        imports("index.ts", "bench", ...folders),
        knip(),
        tool("typescript/bin/tsc", "-p", "tests"),
    ]);
    whole = { prettier: formatted, eslint: linted, imports: imported, knip: used, types: typed };
});

test("everything is formatted as Prettier does it", () => {
    expect(whole.prettier).toMatchObject({ stdout: "", stderr: "", code: 0 });
});

test("what is not formatted is found", async () => {
    await withFile("bench/unformatted.ts", "export const  a=1\n", async name => {
        expect(await prettier(name)).toMatchObject({ stderr: expect.stringContaining(name), code: 1 });
    });
});

test("the linter finds nothing", () => {
    expect(whole.eslint).toMatchObject({ stdout: "", stderr: "", code: 0 });
});

test("a promise that nobody awaits is found", async () => {
    await withFile("bench/floating.ts", "Promise.resolve(1);\n", async name => {
        expect(await eslint(name)).toMatchObject({ stdout: expect.stringContaining("no-floating-promises"), code: 1 });
    });
});

test("imports point downwards, as docs/architecture.md draws it, and in no circle", () => {
    expect(whole.imports).toMatchObject({ code: 0 });
});

test.each([
    ["system/upwards.ts", "../cli/test", "system imports downwards"],
    ["cli/hosts/upwards.ts", "../operate/run", "cli/hosts imports downwards"],
])("an import upwards is found: %s", async (name, of, rule) => {
    await withFile(name, `import "${of}";\n`, async file => {
        expect(await imports(file)).toMatchObject({ stdout: expect.stringContaining(rule), code: 1 });
    });
});

test("nothing is exported that nobody imports, and no package is declared that nobody uses", () => {
    expect(whole.knip).toMatchObject({ stdout: "", code: 0 });
});

test("an export that nobody imports is found", async () => {
    await withFile("system/unused.ts", "export const unused = 1;\n", async name => {
        expect(await knip()).toMatchObject({ stdout: expect.stringContaining(name), code: 1 });
    });
});

test("the tests' types fit", () => {
    expect(whole.types).toMatchObject({ stdout: "", code: 0 });
});
