import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { labsIn, memoryObstacle } from "../../../lab/hosts/memory";

const lab = (usedMiB: number) => ({ cgroup: "classroom-x", usedMiB });

test("a lab fits where what is available is what it may take, beside what others may still take", () => {
    expect(memoryObstacle({ availableMiB: 5120, labs: [] })).toBeUndefined();
    expect(memoryObstacle({ availableMiB: 6144, labs: [lab(4096)] })).toBeUndefined();
    // One that takes more than it should has no more to come.
    expect(memoryObstacle({ availableMiB: 5120, labs: [lab(9000)] })).toBeUndefined();
});

test("one that does not is refused in a sentence with the figures", () => {
    expect(memoryObstacle({ availableMiB: 4096, labs: [] })).toBe(
        "memory: a lab takes up to 5.0 GiB, but 4.0 GiB are available",
    );
    expect(memoryObstacle({ availableMiB: 12_288, labs: [lab(1024), lab(0)] })).toBe(
        "memory: a lab takes up to 5.0 GiB, but 12.0 GiB are available, of which 2 other labs may still take 9.0 GiB; take one down",
    );
});

describe("the labs of a machine", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "classroom-memory-"));
    afterAll(() => fs.rmSync(folder, { recursive: true }));
    const cgroup = (name: string, stat: string) => {
        fs.mkdirSync(path.join(folder, name));
        fs.writeFileSync(path.join(folder, name, "memory.stat"), stat);
    };
    cgroup("classroom-one", "rss 5\ntotal_cache 999999999\ntotal_rss 2097152\ntotal_shmem 1048576\n");
    cgroup("classroom-two", "anon 4194304\nfile 999999999\nshmem 1048576\n");
    cgroup("classroom-begun", "total_rss 0\n");
    cgroup("user.slice", "anon 4194304\n");

    test("have their processes' memory without the kernel's cache, of both versions of cgroups", () => {
        expect(labsIn(folder)).toEqual(
            expect.arrayContaining([
                { cgroup: "classroom-one", usedMiB: 3 },
                { cgroup: "classroom-two", usedMiB: 5 },
                { cgroup: "classroom-begun", usedMiB: 0 },
            ]),
        );
    });

    test("are not those that were ended by force, whose cgroup is old and has no memory", () => {
        const later = Date.now() + 3_600_000;
        expect(labsIn(folder, later).map(one => one.cgroup)).toEqual(
            expect.not.arrayContaining(["classroom-begun", "user.slice"]),
        );
    });
});
