import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { breakDeadLocks, holderOf } from "../../engine/locks";

const backend = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-locks-"));
const dir = path.join(backend, ".pulumi/locks/organization/p/lab");
beforeAll(() => {
    fs.mkdirSync(dir, { recursive: true });
});
afterAll(() => {
    fs.rmSync(backend, { recursive: true });
});

test("a lock that cannot be read is broken when nobody can be writing it any more", () => {
    const half = path.join(dir, "half.json");
    for (const text of ["", "{"]) {
        fs.writeFileSync(half, text);
        expect([breakDeadLocks(backend, "p", "lab"), holderOf(backend, "p", "lab")]).toEqual([
            [],
            "a process that has just begun",
        ]);
        const earlier = Date.now() / 1000 - 61;
        fs.utimesSync(half, earlier, earlier);
        expect([breakDeadLocks(backend, "p", "lab"), holderOf(backend, "p", "lab")]).toEqual([
            ["stack lab was locked by a file that cannot be read; the lock was broken"],
            undefined,
        ]);
    }
});

test("only a lock of a dead process of this machine is broken", () => {
    const locks = {
        dead: { pid: 11, hostname: "here" },
        live: { pid: 12, hostname: "here" },
        elsewhere: { pid: 11, hostname: "there" },
    };
    for (const [name, lock] of Object.entries(locks))
        fs.writeFileSync(path.join(dir, `${name}.json`), JSON.stringify(lock));
    fs.writeFileSync(path.join(dir, "half.json"), "{");
    const notes = breakDeadLocks(backend, "p", "lab", { hostname: "here", isEngine: pid => pid === 12 });
    expect(notes).toEqual(["stack lab was locked by process 11 of this machine, which has died; the lock was broken"]);
    expect(fs.readdirSync(dir).sort()).toEqual(["elsewhere.json", "half.json", "live.json"]);
    expect(breakDeadLocks(backend, "p", "never-used")).toEqual([]);
    fs.rmSync(path.join(dir, "half.json"));
    fs.writeFileSync(path.join(dir, "elsewhere.json"), JSON.stringify({ pid: 11, hostname: "there", username: "ann" }));
    expect(holderOf(backend, "p", "lab")).toBe("process 11 of ann on there");
    expect(holderOf(backend, "p", "never-used")).toBeUndefined();
});
