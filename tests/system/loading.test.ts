import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { onceWanted } from "../../system/loading";
import { projectDir } from "../../system/paths";

test("a module is loaded once something of it is wanted, and no second time", () => {
    let loads = 0;
    const stub = onceWanted(() => {
        loads++;
        return { one: 1, two: () => 2 };
    }) as { one: number; two(): number };
    expect(loads).toBe(0);
    expect([stub.one, stub.two(), "one" in stub, "three" in stub, loads]).toEqual([1, 2, true, false, 1]);
});

test("compiled imports take all of a module without loading it, and its default", () => {
    const module = Object.assign(() => "called", { version: "1" });
    let loads = 0;
    const stub = onceWanted(() => (loads++, module)) as { __esModule: unknown; default: typeof module };
    expect([stub.__esModule, loads]).toEqual([true, 0]);
    expect([stub.default(), stub.default.version]).toEqual(["called", "1"]);
});

describe("a process that begins with it", () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-loading-"));
    afterAll(() => fs.rmSync(dir, { recursive: true }));
    const asked = (script: string, cache = dir) =>
        spawnSync(process.execPath, ["-e", `require("./bin/system/loading").quickenLoading(); ${script}`], {
            cwd: projectDir(),
            encoding: "utf8",
            env: { PATH: process.env.PATH, HOME: dir, CLASSROOM_CACHE: cache },
        }).stdout.trim();

    test("has Pulumi's SDK without the modules that only write functions into a state", () => {
        const loaded = 'require("@pulumi/pulumi"); console.log(Object.keys(require.cache).join("\\n"))';
        expect(asked(loaded)).toMatch(/@pulumi\/pulumi\/index\.js/);
        expect(asked(loaded)).not.toMatch(/node_modules\/(typescript|@npmcli)\//);
    });

    test("writes such a function all the same", () => {
        const written = 'require("@pulumi/pulumi").runtime.serializeFunction(() => 7).then(f => console.log(f.text))';
        expect(asked(written)).toMatch(/return \(\) => 7/);
    });

    test("makes no folder of the cache where there is no cache yet", () => {
        const cache = path.join(dir, "none");
        asked("", cache);
        expect(fs.existsSync(cache)).toBe(false);
    });

    test("keeps no compiled code where others may write", () => {
        const compiled = path.join(dir, "compiled");
        fs.rmSync(compiled, { recursive: true, force: true });
        fs.mkdirSync(compiled);
        fs.chmodSync(compiled, 0o777);
        asked('require("commander")');
        expect(fs.readdirSync(compiled)).toEqual([]);
    });
});
