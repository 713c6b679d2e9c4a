import { CommandError, run } from "../../system/run";

test.each(["yes", "yes >&2", "cat /dev/zero"])("a command that prints without end is stopped: %s", async endless => {
    const [start, before] = [Date.now(), process.memoryUsage().rss];
    const failed = (await run("sh", ["-c", endless]).catch(e => e as Error)) as CommandError;
    expect(failed).toBeInstanceOf(CommandError);
    expect(failed.message.split("\n")[0]).toBe("sh: printed more than 16 MiB and was stopped");
    expect(Date.now() - start).toBeLessThan(5000);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
});

test("what is heard line by line is heard to its end, and the end of it kept", async () => {
    let lines = 0;
    const { stdout, code } = await run("sh", ["-c", "seq 3000000; echo end"], { onLine: () => lines++ });
    expect([lines, code, stdout.length, stdout.slice(-12)]).toEqual([3_000_001, 0, 64 << 10, "3000000\nend\n"]);
});

test("up to sixteen megabytes it is an answer", async () => {
    expect((await run("head", ["-c", String(16 << 20), "/dev/zero"])).stdout).toHaveLength(16 << 20);
});

test("one that does not end is stopped, one that fails is told by what it said last", async () => {
    await expect(run("sleep", ["100"], { timeoutSeconds: 0.2 })).rejects.toThrow(
        "sleep: did not end within 0.2 s and was stopped",
    );
    await expect(run("sh", ["-c", "seq 9; exit 3"])).rejects.toThrow("sh: ended with code 3\n5\n6\n7\n8\n9");
});
