import * as os from "os";
import { memoryAvailable } from "../../system/memory";

test("what is available is read in MiB, and is none where the kernel does not say", () => {
    expect(memoryAvailable("MemTotal:       24684000 kB\nMemFree: 1 kB\nMemAvailable:    2097152 kB\n")).toBe(2048);
    expect(memoryAvailable("MemTotal:       24684000 kB\n")).toBe(0);
});

test("this machine has some, and not more than all", () => {
    expect(memoryAvailable()).toBeGreaterThan(0);
    expect(memoryAvailable()).toBeLessThan(os.totalmem() / 2 ** 20);
});
