import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { labsOfTestPart } from "../lab";
import { killAll, processesWith, variableOf } from "../lab/hosts/processes";
import { TEST_PART } from "../system/handed-over";
import { projectDir, stateDir } from "../system/paths";
import { run } from "../system/run";

/** A lab that a stopped part has left, and the reason why it is there still, if it is. */
export interface LeftLab {
    name: string;
    error?: string;
}

/** Ends the commands of a stopped part of the tests; its labs go on. @param mark of the part */
export const endCommands = (mark: string): Promise<void> =>
    killAll(() => processesWith(TEST_PART, mark).filter(pid => variableOf(pid, "CLASSROOM_LAB_DIR") === undefined));

/**
 * Takes away all that a stopped part of the tests has left: its commands, then its labs, with their stacks' files and the state folders
 * that it made for itself. A lab that resists keeps no other one.
 * @param mark of the part
 */
export async function removeLeftovers(mark: string): Promise<LeftLab[]> {
    const folders = new Set<string>(),
        states = new Set([stateDir()]);
    // The commands end first: one of them could begin another lab. With them end the labs' own processes.
    const error = await killAll(() => {
        const left = processesWith(TEST_PART, mark);
        for (const pid of left) {
            const folder = variableOf(pid, "CLASSROOM_LAB_DIR"),
                state = variableOf(pid, "CLASSROOM_STATE");
            if (folder !== undefined) folders.add(folder);
            if (state) states.add(state);
        }
        return left;
    }, 120).then(() => undefined, messageOf);
    // One whose hosts had not begun has a folder and no process.
    for (const state of states) for (const folder of labsOfTestPart(state, mark)) folders.add(folder);
    const labs: LeftLab[] = [];
    for (const folder of [...folders].sort()) {
        const error = await removeLab(folder).then(() => undefined, messageOf);
        labs.push({ name: path.basename(folder), ...(error !== undefined && { error }) });
    }
    // Several labs may lie in one.
    for (const state of new Set([...folders].map(stateOf))) removeState(state);
    if (error !== undefined) throw new Error(error);
    return labs;
}

const messageOf = (e: unknown): string => (e as Error).message;

/** The state folder that a lab's folder lies in. */
const stateOf = (folder: string): string => path.dirname(path.dirname(folder));

/** Removes a state folder that a test has made for itself; the user's own may lie anywhere. */
function removeState(state: string): void {
    if (state.startsWith(path.join(os.tmpdir(), "classroom-")) && state !== stateDir())
        fs.rmSync(state, { recursive: true, force: true });
}

async function removeLab(folder: string): Promise<void> {
    const name = path.basename(folder);
    await run(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), "lab", "down", name], {
        cwd: projectDir(),
        env: { CLASSROOM_STATE: stateOf(folder) },
        timeoutSeconds: 300,
    });
    fs.rmSync(path.join(projectDir(), `Pulumi.${name}.yaml`), { force: true });
}
