import * as fs from "fs";
import { hasUndo } from "../../cli/sabotage/render";
import { operatorClock } from "../../clients/operator-clock";
import { inHome } from "../../system/paths";
import { waitFor } from "./noticed";
import { type Broken, isNamed, seconds, type Told } from "./sabotaged";
import { sessionsOf } from "../../cli/sabotage/solution";
import type { TestCloud } from "./test-cloud";

/** What became of an exercise; seconds of each part. */
export interface Tried {
    name: string;
    /** Why this lab cannot do it. */
    skipped?: string;
    /** Until its symptom was there; 0 where it has none that can be looked for. */
    noticed: number;
    /** What `diagnose` said of it, and which expected causes it did not name. */
    causes: string[];
    unnamed: string[];
    diagnose: number;
    /** By the written solution, until the symptom was gone and `diagnose` had nothing more to say. */
    solved: number;
    /** By `up --refresh`, or `--undo` where no refresh sees all of it; until the symptom was gone. */
    mended: number;
}

/** A service that was started has its first connections and rules after some minutes, where the machine is busy. */
const SETTLED_SECONDS = 300;
/** Things that get another id when a person makes them anew. The program takes them for its own at its next `up`. */
const madeAnew = ["delete-image", "delete-service"];

/** Waits until `diagnose` calls the cloud sound, which ends the exercise. It asks all that a refresh asks, and more. */
async function isSound(cloud: TestCloud, what: string): Promise<void> {
    const start = operatorClock.elapsed();
    for (;;) {
        const { code, stdout, stderr } = await cloud.classroom("diagnose", cloud.stack);
        if (code === 0) break;
        if (operatorClock.elapsed() - start > SETTLED_SECONDS)
            throw new Error(`after ${what} diagnose ended with ${code}:\n${stdout}${stderr}`);
        await operatorClock.pause(5);
    }
}

/** Breaks the cloud. @returns why this lab cannot */
async function sabotaged(cloud: TestCloud, name: string): Promise<string | undefined> {
    const { code, stdout, stderr } = await cloud.classroom("sabotage", cloud.stack, name);
    // Another machine's kind: the lab cannot try it.
    if (code === 1 && stderr.includes("is for machines of the kind")) return stderr.trim();
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    return undefined;
}

/** The image's file, which the person who uploads an image has in the folder where the session begins. */
function imageAtHand(cloud: TestCloud, { variant }: Broken): string | undefined {
    if (!variant.steps.some(step => step.do === "delete-image")) return undefined;
    const image = cloud.recorded().resources.find(r => /\bglance\b.*:Image$/.test(r.type));
    return inHome(String(image?.inputs?.file));
}

/** Does what a person would type; a session's last command is the one that mends. */
async function solve(cloud: TestCloud, broken: Broken): Promise<void> {
    const image = imageAtHand(cloud, broken),
        copy = "cirros-0.3.0-x86_64-disk.img";
    if (image !== undefined) {
        const input = fs.readFileSync(image);
        expect(await cloud.ask("image-node", `cat > ${copy}`, 300, { input })).toMatchObject({ code: 0 });
    }
    for (const { machine, script } of sessionsOf(broken.variant.solution)) await cloud.on(machine, script);
    if (image !== undefined) await cloud.on("image-node", `rm ${copy}`);
}

async function diagnosed(cloud: TestCloud, broken: Broken): Promise<Pick<Tried, "causes" | "unnamed" | "diagnose">> {
    const [diagnose, { code, stdout }] = await seconds(() => cloud.classroom("diagnose", cloud.stack, "--json")),
        told = (JSON.parse(stdout) as { causes?: Told[] }).causes ?? [],
        causes = told.map(t => t.cause);
    const unnamed = broken.variant.causes.filter(expected => !isNamed(broken, [expected], told));
    // One fault may hide another: of several one has to be named. Code 2 says that something beside it does not answer.
    const named = unnamed.length < broken.variant.causes.length;
    if (broken.variant.causes.length > 0)
        expect({ causes, found: code === 2 || code === 3, named }).toEqual({ causes, found: true, named: true });
    return { causes, unnamed, diagnose };
}

/** Mends the cloud as its team would, by the written solution. */
async function bySolution(cloud: TestCloud, broken: Broken): Promise<number> {
    const { variant } = broken;
    const [solved] = await seconds(async () => {
        await solve(cloud, broken);
        await waitFor(cloud, variant, "gone");
        if (variant.steps.some(step => madeAnew.includes(step.do)))
            await cloud.succeeds("up", cloud.stack, "--refresh");
        await isSound(cloud, "the solution");
    });
    // The note of such an exercise is there until its undo, which has nothing to do any more.
    if (hasUndo(variant)) await cloud.succeeds("sabotage", cloud.stack, "--undo");
    return solved;
}

/** Mends the cloud as the program does. */
async function byProgram(cloud: TestCloud, { variant }: Broken): Promise<number> {
    const [mended] = await seconds(async () => {
        await cloud.succeeds(
            ...(hasUndo(variant) ? ["sabotage", cloud.stack, "--undo"] : ["up", cloud.stack, "--refresh"]),
        );
        await waitFor(cloud, variant, "gone");
    });
    await isSound(cloud, hasUndo(variant) ? "--undo" : "up --refresh");
    return mended;
}

/**
 * Does an exercise twice, as a team would. Its symptom comes, `diagnose` names a cause, and the written solution mends it; then it is
 * done again, and the program mends it. After each of the two the symptom is gone, and `diagnose` finds nothing.
 */
export async function triedOut(cloud: TestCloud, broken: Broken): Promise<Tried> {
    const { name, variant } = broken;
    const row: Tried = { name, noticed: 0, causes: [], unnamed: [], diagnose: 0, solved: 0, mended: 0 };
    // A symptom that is there before would prove nothing.
    await waitFor(cloud, variant, "gone");
    const skipped = await sabotaged(cloud, name);
    if (skipped !== undefined) return { ...row, skipped };
    const noticed = await waitFor(cloud, variant, "there"),
        found = await diagnosed(cloud, broken),
        solved = await bySolution(cloud, broken);
    await sabotaged(cloud, name);
    return { ...row, noticed, ...found, solved, mended: await byProgram(cloud, broken) };
}
