import { limitsOf, preciseReleases, releaseNames } from "../../config/releases";
import { releaseOf } from "../../releases";

test.each(releaseNames)(
    "machines of %s have Ubuntu 12.04 by its limits where its data has that system's archive",
    name => {
        expect(limitsOf(name)!.precise ?? false).toBe(releaseOf(name).base !== undefined);
    },
);

test("the course's release is the one whose machines have Ubuntu 12.04", () => {
    expect(preciseReleases).toEqual(["grizzly"]);
});

test.each(["icehouse", "toString", undefined, 7])("%j is no release and has no limits", name => {
    expect(limitsOf(name)).toBeUndefined();
});
