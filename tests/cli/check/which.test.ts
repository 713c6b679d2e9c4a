import { acceptance, chosenOf, listLines } from "../../../cli/check/which";

test("without a choice every check is done", () => {
    expect(chosenOf(undefined)).toEqual(Array.from({ length: 12 }, (_, i) => `T${i + 1}`));
});

test.each([
    ["T12", ["T12"]],
    ["T5,T9", ["T2", "T4", "T5", "T9"]],
    ["T3,T10", ["T3", "T10"]],
    ["t8, T1", ["T1", "T8"]],
    ["T4,T2", ["T2", "T4"]],
])("of --only %s come %j: what it stands on, in the checks' order", (only, expected) => {
    expect(chosenOf(only)).toEqual(expected);
});

test.each(["T13", "T1;T2", "", "ssh"])("--only %j is refused with what there is", only => {
    expect(() => chosenOf(only)).toThrow(
        `--only "${only}": there is no check "${only.toUpperCase()}"; there are T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, with commas between them`,
    );
});

test("what a check stands on comes before it, whole", () => {
    const all: readonly { id: string; needs: readonly string[] }[] = acceptance;
    all.forEach(({ needs }, i) => {
        for (const need of needs) {
            const at = all.findIndex(a => a.id === need);
            expect([0, at < i ? 0 : 1]).toEqual([0, 0]);
            expect(needs).toEqual(expect.arrayContaining([...all[at]!.needs]));
        }
    });
});

test("the list has a line for each check", () => {
    expect(listLines()[4]).toBe("T5   ssh from api-node (T2, T4)");
    expect(listLines()).toHaveLength(12);
});
