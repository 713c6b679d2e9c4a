import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { cached, entryDir, isIntact } from "../../system/cache";
import type { Progress } from "../../system/progress";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-cache-")),
    before = process.env.CLASSROOM_CACHE;
beforeAll(() => {
    process.env.CLASSROOM_CACHE = dir;
});
afterAll(() => {
    if (before === undefined) delete process.env.CLASSROOM_CACHE;
    else process.env.CLASSROOM_CACHE = before;
    fs.rmSync(dir, { recursive: true });
});

const entry = { kind: "images", name: "lab", inputs: { recipe: 1 } };
let built: number;
const make = () =>
    cached(entry, into => {
        built++;
        fs.mkdirSync(path.join(into, "below"));
        fs.writeFileSync(path.join(into, "below/vmlinuz"), "a kernel");
        return Promise.resolve();
    });
const file = () => path.join(entryDir(entry), "below/vmlinuz");
beforeEach(async () => {
    await make();
    built = 0;
});

test("a whole entry is used as it is", async () => {
    expect(await make()).toBe(entryDir(entry));
    expect(built).toBe(0);
});

test.each<[string, () => void]>([
    ["a file that was cut short", () => fs.truncateSync(file(), 3)],
    ["a file that was written to", () => fs.writeFileSync(file(), "a Kernel")],
    ["a file that is gone", () => fs.rmSync(file())],
    ["a file that does not belong to it", () => fs.writeFileSync(path.join(entryDir(entry), "more"), "")],
    ["an entry that was cut short before its manifest", () => fs.rmSync(path.join(entryDir(entry), ".complete"))],
    ["a manifest that was cut short", () => fs.truncateSync(path.join(entryDir(entry), ".complete"), 10)],
])("%s is noticed, and the entry is made anew", async (_title, damage) => {
    const whole = fs.statSync(file()).mtimeMs;
    // A file's time goes on in ticks of some milliseconds: until what is written now has a later one.
    const tick = path.join(os.tmpdir(), `tick-${process.pid}`);
    do {
        await new Promise(resolve => setTimeout(resolve, 1));
        fs.writeFileSync(tick, "");
    } while (Math.trunc(fs.statSync(tick).mtimeMs) <= Math.trunc(whole));
    fs.rmSync(tick);
    damage();
    expect(isIntact(entryDir(entry))).toBe(false);
    await make();
    expect([
        built,
        fs.readFileSync(file(), "utf8"),
        isIntact(entryDir(entry)),
        fs.readdirSync(entryDir(entry)).sort(),
    ]).toEqual([1, "a kernel", true, [".complete", "below"]]);
});

test("what a broken-off build left is not built upon, and a build that fails leaves no entry", async () => {
    fs.rmSync(entryDir(entry), { recursive: true });
    fs.mkdirSync(`${entryDir(entry)}.building/below`, { recursive: true });
    await expect(cached(entry, () => Promise.reject(new Error("no space")))).rejects.toThrow("no space");
    expect(fs.existsSync(entryDir(entry))).toBe(false);
    await make();
    const name = path.basename(entryDir(entry));
    expect(fs.readdirSync(path.dirname(entryDir(entry))).sort()).toEqual([name, `${name}.content`]);
});

/** Other bytes in the file, whose size and time stay as they were. */
function rot(): void {
    const script = 'touch -r "$1" "$1.time"; printf "a kErnel" > "$1"; touch -r "$1.time" "$1"; rm "$1.time"';
    execFileSync("sh", ["-c", script, "sh", file()]);
}
const content = () => `${entryDir(entry)}.content`;
/** As if the machine had been started since. */
const startAgain = () =>
    fs.writeFileSync(content(), JSON.stringify({ ...JSON.parse(fs.readFileSync(content(), "utf8")), seen: "before" }));

test("other bytes of the same size and time are noticed after the machine's next start", async () => {
    startAgain();
    await make();
    expect(built).toBe(0);
    rot();
    expect(isIntact(entryDir(entry))).toBe(true);
    startAgain();
    await make();
    expect([built, fs.readFileSync(file(), "utf8")]).toEqual([1, "a kernel"]);
    await make();
    expect(built).toBe(1);
});

test("content is read once after a start of the machine, and shown", async () => {
    const titles: string[] = [];
    const progress: Progress = {
        note: () => undefined,
        step: (title, work) => {
            titles.push(title);
            return work(() => undefined);
        },
    };
    const again = () => cached({ ...entry, progress }, () => Promise.reject(new Error("it is there")));
    await again();
    expect(titles).toEqual([]);
    startAgain();
    await again();
    await again();
    expect(titles).toEqual(["Reading the cache's images"]);
});

test("an entry of a former version, of whose content nothing is known, is used and known from now on", async () => {
    fs.rmSync(content());
    await make();
    expect([built, fs.existsSync(content())]).toEqual([0, true]);
});

test("what is known of a former entry's content is not held against one that was made since", async () => {
    fs.writeFileSync(content(), JSON.stringify({ made: "former", content: "other", seen: "before" }));
    await make();
    expect(built).toBe(0);
});

const root = process.geteuid!() === 0;
(root ? test : test.skip)("what another user could have put there is not used", async () => {
    fs.chownSync(dir, 4711, 4711);
    try {
        await expect(make()).rejects.toThrow(/^the cache folder .* belongs to another user \(4711\)/);
        expect(built).toBe(0);
    } finally {
        fs.chownSync(dir, 0, 0);
    }
});

test("the cache and what is in it are closed to others", async () => {
    const closed = path.join(dir, "closed");
    process.env.CLASSROOM_CACHE = closed;
    try {
        await make();
        expect([closed, path.join(closed, "images")].map(d => (fs.statSync(d).mode & 0o777).toString(8))).toEqual([
            "700",
            "700",
        ]);
    } finally {
        process.env.CLASSROOM_CACHE = dir;
    }
});

test("what several builds of one process need at once is built once, and looked at once", async () => {
    fs.rmSync(entryDir(entry), { recursive: true });
    const dirs = await Promise.all([make(), make(), make()]);
    expect([built, ...dirs]).toEqual([1, entryDir(entry), entryDir(entry), entryDir(entry)]);
});

test("a build that failed is begun anew by the next that needs it", async () => {
    fs.rmSync(entryDir(entry), { recursive: true });
    const failing = () => cached(entry, () => Promise.reject(new Error("no space")));
    await expect(Promise.all([failing(), failing()])).rejects.toThrow("no space");
    await make();
    expect(built).toBe(1);
});
