import { Limits } from "../../../cli/board/limits";

test("a burst, then one after each pause; a name does not count for another", () => {
    let now = 0;
    const limits = new Limits({ burst: 2, seconds: 30 }, () => now);
    expect([1, 2, 3].map(() => limits.take("a"))).toEqual([0, 0, 30]);
    expect(limits.take("b")).toBe(0);
    now = 29;
    expect(limits.take("a")).toBe(1);
    now = 31;
    expect([limits.take("a"), limits.take("a")]).toEqual([0, 29]);
});
