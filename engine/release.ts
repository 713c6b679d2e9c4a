import * as fs from "fs";
import * as path from "path";
import { download, type Pinned } from "../system/download";
import type { Progress } from "../system/progress";
import { run } from "../system/run";

/**
 * Downloads an archive and unpacks it into a folder, which is there; the archive itself does not stay.
 * @param within folder of the archive to unpack the content of, in place of all
 * @throws NotReached, UserError as {@link download} does: nothing is unpacked then
 */
export async function unpackRelease(
    title: string,
    release: Pinned,
    dir: string,
    progress: Progress,
    within?: string,
): Promise<void> {
    await progress.step(title, async detail => {
        const archive = path.join(dir, "archive");
        await download(release, archive, { onPercent: percent => percent % 10 === 0 && detail(`${percent} %`) });
        const part = within === undefined ? [] : ["--strip-components=1", within];
        await run("tar", ["-xzf", archive, "--no-same-owner", "-C", dir, ...part], { timeoutSeconds: 600 });
        fs.rmSync(archive);
    });
}
