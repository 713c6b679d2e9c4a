import { fits } from "../../engine/obtain";

test.each([
    ["v3.258.0", true],
    ["3.200.0", true],
    ["v3.199.9", false],
    ["v4.0.0", false],
    ["v2.300.0", false],
    ["nonsense", false],
    ["", false],
])("an engine of version %p fits: %p", (version, expected) => {
    expect(fits(version)).toBe(expected);
});
