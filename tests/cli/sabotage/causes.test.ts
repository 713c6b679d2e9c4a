import { isCause } from "../../e2e/sabotaged";
import { inReleases } from "./loaded";
import { saidOf } from "./sayings";

test.each(inReleases)(
    "each cause that is expected of %s is one that diagnose may say of its steps (%s)",
    (_n, release, c) => {
        const { node, steps, causes } = c.variant;
        const possible = steps.flatMap(step => saidOf(step, node, release));
        expect(causes.filter(cause => !possible.some(line => isCause(cause, line)))).toEqual([]);
    },
);
