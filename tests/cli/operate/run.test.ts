import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { Run } from "../../../cli/operate/run";
import { RunLog } from "../../../cli/shell/run-log";
import { listenForInterrupts, onInterrupt } from "../../../system/interrupt";
import { UserError } from "../../../system/errors";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-run-"));
let errors: string[] = [];
beforeAll(() => {
    process.env.CLASSROOM_STATE = dir;
    jest.spyOn(process.stderr, "write").mockImplementation(text => {
        errors.push(String(text));
        return true;
    });
});
beforeEach(() => {
    errors = [];
});
afterAll(() => {
    delete process.env.CLASSROOM_STATE;
    fs.rmSync(dir, { recursive: true });
    jest.restoreAllMocks();
});
const newRun = () => new Run("up", "lab", { json: false }, RunLog.begin("lab", "up"));

test("a mistake is one line and the log's path, without a stack; its exit code is kept", async () => {
    const run = newRun();
    expect(await run.reported(() => Promise.reject(new UserError("host x: no answer; nothing was changed", 2)))).toBe(
        2,
    );
    expect(errors).toEqual(["classroom: host x: no answer; nothing was changed\n", `log: ${run.log.file}\n`]);
});

test("an interruption ends what may be left at once, and tells the engine exactly once", async () => {
    const run = newRun();
    let told = 0;
    run.signal.addEventListener("abort", () => {
        told++;
    });
    const code = run.reported(() => run.leavable(() => new Promise<number>(() => undefined)));
    run.interrupt();
    run.interrupt();
    expect(await code).toBe(130);
    expect(told).toBe(1);
    await expect(run.leavable(() => Promise.resolve(1))).rejects.toThrow("interrupted");
});

test("two signals of one key are one interruption; the handler set last is asked", () => {
    listenForInterrupts();
    const seen: string[] = [];
    const outer = onInterrupt(() => seen.push("outer")),
        inner = onInterrupt(() => seen.push("inner"));
    process.emit("SIGINT");
    process.emit("SIGINT");
    inner();
    jest.spyOn(Date, "now").mockReturnValue(Date.now() + 1000);
    process.emit("SIGTERM");
    outer();
    expect(seen).toEqual(["inner", "outer"]);
});
