import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { killAll, processesWith, variableOf } from "../lab/hosts/processes";
import { TEST_PART } from "../system/handed-over";
import { projectDir } from "../system/paths";
import { run } from "../system/run";

/** Ends the commands of a stopped part of the tests; its labs go on. @param mark of the part */
export const endCommands = (mark: string): Promise<void> =>
    killAll(() => processesWith(TEST_PART, mark).filter(pid => variableOf(pid, "CLASSROOM_LAB_DIR") === undefined));

/**
 * Takes away all that a stopped part of the tests has left: its commands, then its labs, with their stacks' files and the state folders
 * that it made for itself.
 * @param mark of the part
 * @returns the names of the labs
 */
export async function removeLeftovers(mark: string): Promise<string[]> {
    const folders = new Set<string>();
    // The commands end first: one of them could begin another lab. With them end the labs' own processes.
    await killAll(() => {
        const left = processesWith(TEST_PART, mark);
        for (const pid of left) {
            const folder = variableOf(pid, "CLASSROOM_LAB_DIR");
            if (folder !== undefined) folders.add(folder);
        }
        return left;
    }, 120);
    const names = [...folders].sort().map(folder => path.basename(folder));
    for (const folder of folders) await removeLab(folder);
    return names;
}

async function removeLab(folder: string): Promise<void> {
    const name = path.basename(folder),
        state = path.dirname(path.dirname(folder));
    await run(process.execPath, [path.join(projectDir(), "bin/cli/main.js"), "lab", "down", name], {
        cwd: projectDir(),
        env: { CLASSROOM_STATE: state },
        timeoutSeconds: 300,
    });
    fs.rmSync(path.join(projectDir(), `Pulumi.${name}.yaml`), { force: true });
    if (state.startsWith(path.join(os.tmpdir(), "classroom-"))) fs.rmSync(state, { recursive: true, force: true });
}
