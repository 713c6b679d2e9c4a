import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { ClassStore, type Clocks } from "../../engine/class-store";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-journal-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));
let number = 0;
const file = () => path.join(dir, `${++number}.sqlite`);

/** Clocks that a test sets. */
class Set implements Clocks {
    start = "first";
    seconds = 5000;
    calendar = 1_000_000;
    steady = () => this.seconds;
    wall = () => this.calendar;
    pass(seconds: number): void {
        this.seconds += seconds;
        this.calendar += seconds;
    }
}

test("entries come back in their order, of a team or of all", () => {
    const store = new ClassStore(file());
    store.add("team01", "hint", { number: 1 });
    store.add("team02", "stop", {});
    expect([store.entries().map(e => e.team), store.entries("team01")[0]!.detail, store.version()]).toEqual([
        ["team01", "team02"],
        { number: 1 },
        2,
    ]);
    store.close();
});

test("a calendar that is set back or ahead neither gives time nor takes it while the machine runs", () => {
    const clocks = new Set(),
        store = new ClassStore(file(), clocks);
    store.add("team01", "start", {});
    clocks.pass(60);
    clocks.calendar -= 3600;
    expect(store.add("team01", "hint", {}).at - store.entries()[0]!.at).toBe(60);
    clocks.calendar += 7200;
    expect(store.now() - store.entries()[0]!.at).toBe(60);
    store.close();
});

test("over a restart of the machine the calendar counts, and none that was set back", () => {
    const clocks = new Set(),
        store = new ClassStore(file(), clocks);
    store.add("team01", "start", {});
    clocks.pass(100);
    Object.assign(clocks, { start: "second", seconds: 3 });
    expect(store.now() - store.entries()[0]!.at).toBe(100);
    clocks.calendar = 0;
    expect(store.now() - store.entries()[0]!.at).toBe(0);
    store.close();
});

test("what is not allowed is not added", () => {
    const store = new ClassStore(file());
    const refuse = () => {
        throw new Error("no");
    };
    expect(() => store.add("team01", "hint", {}, refuse)).toThrow("no");
    expect(store.entries()).toEqual([]);
    store.add("team01", "hint", {});
    store.close();
});

test("a process that is killed leaves all entries that it has added, and a journal that goes on", () => {
    const name = file(),
        compiled = path.resolve(__dirname, "../../bin/engine/class-store.js");
    const script = `const { ClassStore } = require(${JSON.stringify(compiled)}); const s = new ClassStore(${JSON.stringify(name)});
        for (let i = 0; i < 20; i++) s.add("team01", "hint", { i });
        process.kill(process.pid, "SIGKILL");`;
    const { signal, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    // Nothing is said of SQLite's being experimental.
    expect([signal, stderr]).toEqual(["SIGKILL", ""]);
    const store = new ClassStore(name);
    store.add("team01", "hint", {});
    expect(store.entries().length).toBe(21);
    store.close();
});

test("nobody else reads the journal", () => {
    const name = file(),
        store = new ClassStore(name);
    store.add("team01", "hint", {});
    const modes = fs.readdirSync(dir).filter(f => f.startsWith(path.basename(name)));
    expect(modes.map(f => fs.statSync(path.join(dir, f)).mode & 0o777)).toEqual(modes.map(() => 0o600));
    store.close();
});
