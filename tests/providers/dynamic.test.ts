import { differs, incarnationOf, objectOf } from "../../providers/dynamic";

test("an object is the same in each of its incarnations; a secret that differs is told by a word", () => {
    expect(incarnationOf("nova", "45f1")).toBe("nova#45f1");
    expect(["nova#45f1", "nova", "#x"].map(objectOf)).toEqual(["nova", "nova", ""]);
    expect(differs).toBe("(differs)");
});
