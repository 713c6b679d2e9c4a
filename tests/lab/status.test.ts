import { type ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { labStatus } from "../../lab";
import { LabFiles } from "../../lab/hosts/files";
import { processStart } from "../../system/lock";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-status-")),
    before = process.env.CLASSROOM_STATE;
let files: LabFiles, own: ChildProcess;
beforeAll(() => {
    process.env.CLASSROOM_STATE = dir;
    files = new LabFiles("lab");
    fs.mkdirSync(files.run(), { recursive: true });
    // As the lab's processes are marked.
    own = spawn("sleep", ["600"], { env: { ...process.env, CLASSROOM_LAB_DIR: files.dir }, stdio: "ignore" });
});
afterAll(() => {
    own.kill("SIGKILL");
    if (before === undefined) delete process.env.CLASSROOM_STATE;
    else process.env.CLASSROOM_STATE = before;
    fs.rmSync(dir, { recursive: true });
});
const recorded = (pids: { init: number; operator: number }, started?: object) => {
    for (const [name, pid] of Object.entries(pids)) fs.writeFileSync(files.run(`${name}.pid`), `${pid}\n`);
    fs.writeFileSync(files.facts, JSON.stringify({ name: "lab", ...(started && { started }) }));
    return labStatus("lab") !== undefined;
};

test("a lab is up while the processes that hold its namespaces are those that it was begun with", () => {
    const pid = own.pid!,
        start = processStart(pid);
    expect(recorded({ init: pid, operator: pid }, { init: start, operator: start })).toBe(true);
    // Of one that a former version made, the start is not known.
    expect(recorded({ init: pid, operator: pid })).toBe(true);
});

test("an id that has been given to another process since is not taken for the lab's", () => {
    const pid = own.pid!,
        start = processStart(pid);
    expect(recorded({ init: pid, operator: process.pid })).toBe(false);
    expect(recorded({ init: pid, operator: pid }, { init: start, operator: "1" })).toBe(false);
    expect(recorded({ init: 2 ** 22, operator: pid })).toBe(false);
});
