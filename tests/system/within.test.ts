import { setTimeout as sleep } from "timers/promises";
import { within } from "../../system/within";

const never = new Promise<string>(() => undefined);

test("work that ends in time gives its own outcome", async () => {
    expect(await within(60, Promise.resolve("done"), () => "late")).toBe("done");
});

test("work that fails in time fails", async () => {
    await expect(within(60, Promise.reject(new Error("broken")), () => "late")).rejects.toThrow("broken");
});

test("work that does not end gives the value that stands for it", async () => {
    expect(await within(0.01, never, () => "late")).toBe("late");
});

test("work that does not end fails where that is an error", async () => {
    const late = (): string => {
        throw new Error("no answer");
    };
    await expect(within(0.01, never, late)).rejects.toThrow("no answer");
});

test("nothing happens at the end of the time where the work was done before", async () => {
    const late = jest.fn(() => "late");
    await within(0.01, Promise.resolve("done"), late);
    await sleep(30);
    expect(late).not.toHaveBeenCalled();
});
