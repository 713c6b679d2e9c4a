import * as fs from "fs";
import * as path from "path";
import { UserError } from "../../system/errors";
import { temporaryFolder } from "../../system/paths";

/** How many bytes the path of a unix socket has at most. */
const SOCKET_PATH = 107;

/** A private folder for sockets of these names. The command removes it. @throws UserError where its path is too long for them */
export function socketFolder(prefix: string, names: readonly string[]): string {
    const dir = temporaryFolder(prefix);
    if (names.every(name => Buffer.byteLength(path.join(dir, name)) <= SOCKET_PATH)) return dir;
    fs.rmdirSync(dir);
    throw new UserError(
        `the folder for temporary files, ${path.dirname(dir)}, has too long a path for sockets; set TMPDIR to a shorter one`,
    );
}
