import * as fs from "fs";
import * as os from "os";
import * as path from "path";

/** A state folder for all tests of a file, and for them alone: gone after the last. @param prefix of its name */
export function ownState(prefix: string): string {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), prefix)),
        before = process.env.CLASSROOM_STATE;
    beforeAll(() => {
        process.env.CLASSROOM_STATE = dir;
    });
    afterAll(() => {
        if (before === undefined) delete process.env.CLASSROOM_STATE;
        else process.env.CLASSROOM_STATE = before;
        fs.rmSync(dir, { recursive: true });
    });
    return dir;
}
