import { choose, filtered, nameOf } from "../../cli/sabotage/choose";
import type { Variant } from "../../cli/sabotage/exercise";
import { loadExercises } from "../../cli/sabotage/exercises";
import { hasUndo } from "../../cli/sabotage/render";
import type { TestCloud } from "./test-cloud";

/** What one row of the table took, in seconds, and what was found. */
export interface Row {
    name: string;
    causes: string[];
    diagnose: number;
    mend: number;
    check: number;
    ups: number;
}

/** Whether a cause of a diagnosis is one that an exercise's file expects. */
export const isCause = (expected: string, cause: string): boolean =>
    new RegExp(
        `^${expected
            .split("*")
            .map(part => part.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&"))
            .join(".*")}`,
    ).test(cause);

/** The seconds that something takes, and its result. */
export async function seconds<T>(work: () => Promise<T>): Promise<[number, T]> {
    const start = Date.now(),
        result = await work();
    return [Math.round((Date.now() - start) / 100) / 10, result];
}

/** One way to break a cloud. */
export interface Broken {
    name: string;
    variant: Variant;
}

/** A cause, as `diagnose --json` tells it. */
export interface Told {
    cause: string;
    brokenByIt: string[];
}

/** Whether a diagnosis names one of the expected causes. A service that is stopped is told beneath a broken file that it reads. */
export const isNamed = ({ name, variant }: Broken, expected: readonly string[], told: readonly Told[]): boolean =>
    told.some(
        ({ cause, brokenByIt }) =>
            expected.some(one => isCause(one, cause)) ||
            (name.startsWith("S4-") && brokenByIt.some(resource => resource.endsWith(`-${variant.name}`))),
    );

/** Those that are known to be found and mended by `diagnose` and `up --refresh`. */
export const tried = filtered(loadExercises(), {});

/** @param seed chooses among the ways of `wanted`, or among all there are */
export function brokenBy(wanted: string | undefined, seed = 0): Broken {
    const chosen = choose(tried, wanted, undefined, wanted === undefined, seed);
    return { name: nameOf(chosen), variant: chosen.variant };
}

/** Breaks a cloud. What is done by way of the cloud comes first, while that answers. */
export async function sabotage(cloud: TestCloud, broken: readonly Broken[]): Promise<void> {
    const asks = ({ name }: Broken): boolean => /^S[189]-/.test(name);
    for (const { name } of [...broken.filter(asks), ...broken.filter(b => !asks(b))])
        await cloud.succeeds("sabotage", cloud.stack, name);
}

/**
 * Follows a broken cloud until it is sound again. `diagnose` names each sabotage that it can see. Of several it names at least one, and a
 * hidden one after the mending of the other. `up --refresh` mends, or `--undo` for a step that no refresh sees. Then `check` passes and `up`
 * has nothing to do.
 * @param only the checks that use what was broken; default: all
 */
export async function mended(cloud: TestCloud, broken: readonly Broken[], only?: string): Promise<Row> {
    const { stack } = cloud;
    const row: Row = { name: broken.map(b => b.name).join(" + "), causes: [], diagnose: 0, mend: 0, check: 0, ups: 0 };
    const mending = broken.some(b => hasUndo(b.variant)) ? ["sabotage", stack, "--undo"] : ["up", stack, "--refresh"];
    let unnamed = broken.filter(b => b.variant.causes.length > 0);
    const seen = unnamed.length > 0;
    do {
        const [diagnose, found] = await seconds(() => cloud.classroom("diagnose", stack, "--json"));
        const told = (JSON.parse(found.stdout) as { causes?: Told[] }).causes ?? [],
            causes = told.map(c => c.cause);
        const still = unnamed.filter(one => !isNamed(one, one.variant.causes, told));
        if (seen)
            expect({ causes, code: found.code, named: unnamed.length > still.length }).toEqual({
                causes,
                code: 3,
                named: true,
            });
        const [mend, up] = await seconds(() => cloud.classroom(...mending));
        expect([up.stdout, up.code]).toEqual([expect.anything(), 0]);
        Object.assign(row, {
            causes: [...row.causes, ...causes],
            diagnose: row.diagnose + diagnose,
            mend: row.mend + mend,
            ups: row.ups + 1,
        });
        unnamed = still;
    } while (unnamed.length > 0);
    const [check, checked] = await seconds(() =>
        cloud.classroom("check", stack, ...(only === undefined ? [] : ["--only", only])),
    );
    expect([checked.stdout, checked.code]).toEqual([expect.stringMatching(/ 0 failed, /), 0]);
    expect(await cloud.classroom("up", stack)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^\d+ unchanged in /m),
    });
    return { ...row, check };
}
