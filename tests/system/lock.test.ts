import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { lockHolder, processStart, withLock } from "../../system/lock";

// One object for the test and for what is tested, so that the test can do something in between.
jest.mock("fs", () => ({ __esModule: true, ...jest.requireActual<typeof fs>("fs") }));

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-lock-")),
    file = path.join(dir, "lock");
afterEach(() => {
    jest.restoreAllMocks();
    expect(fs.readdirSync(dir)).toEqual([]);
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** A process that is there as long as the test. */
const other = `${process.ppid} ${processStart(process.ppid)}`,
    dead = `${2 ** 22} 1`;
const take = (waiting?: (owner: number) => void) => withLock(file, () => Promise.resolve("done"), waiting);

test("while it is held the file names the process, and afterwards there is none", async () => {
    await withLock(file, async () => {
        expect([lockHolder(file), fs.readdirSync(dir), fs.statSync(file).mode & 0o777]).toEqual([
            process.pid,
            ["lock"],
            0o600,
        ]);
    });
    await expect(withLock(file, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
});

test.each([
    ["names a process that has died", dead],
    ["names another start of a process", `${process.ppid} 1`],
    ["is empty", ""],
    ["is cut short", `${process.ppid}`],
    ["holds something else", "half\0of it"],
])("a lock file that %s is nobody's, and not waited for", async (_what, text) => {
    fs.writeFileSync(file, text);
    expect(lockHolder(file)).toBeUndefined();
    expect(
        await take(owner => {
            throw new Error(`waits for ${owner}`);
        }),
    ).toBe("done");
});

test("one that a live process holds is waited for, and who that is is told once", async () => {
    fs.writeFileSync(file, other);
    setTimeout(() => fs.rmSync(file), 450);
    const told: number[] = [];
    expect(await take(owner => told.push(owner))).toBe("done");
    expect(told).toEqual([process.ppid]);
});

test("a dead one that somebody else has taken over meanwhile is left to them", async () => {
    fs.writeFileSync(file, dead);
    const read = fs.readFileSync;
    jest.spyOn(fs, "readFileSync").mockImplementation(((name: string, ...rest: [BufferEncoding]) => {
        const text = read(name, ...rest);
        // Just read as dead: now it is the other one's.
        if (name === file && text === dead) fs.writeFileSync(file, other);
        return text;
    }) as typeof fs.readFileSync);
    const told: string[] = [];
    const taken = take(() => {
        told.push(read(file, "utf8"));
        fs.rmSync(file);
    });
    expect([await taken, told]).toEqual(["done", [other]]);
});

test("who died while taking over does not stand in the way", async () => {
    fs.writeFileSync(file, dead);
    fs.writeFileSync(`${file}.${dead.replace(" ", "-")}`, `${2 ** 22} 2`);
    expect(await take()).toBe("done");
});

test("who is about to take over is waited for", async () => {
    fs.writeFileSync(file, dead);
    const guard = `${file}.${dead.replace(" ", "-")}`;
    fs.writeFileSync(guard, other);
    const told: number[] = [];
    const taken = take(owner => {
        told.push(owner);
        fs.rmSync(guard);
    });
    expect([await taken, told]).toEqual(["done", [process.ppid]]);
});
