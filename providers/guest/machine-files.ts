import type { Connection } from "../../clients/connection";
import { quote, RunScript } from "../../clients/ssh";

/** A file as it lies on a machine. */
export interface RemoteFile {
    content: string;
    owner: string;
    group: string;
    mode: string;
}

/** The file, or undefined when there is none. */
export async function readFile(run: RunScript, on: Connection, path: string): Promise<RemoteFile | undefined> {
    const p = quote(path);
    const { stdout } = await run(on, `[ -f ${p} ] || exit 0; stat -L -c '%U %G %a' ${p}; cat ${p}`);
    if (stdout === "") return undefined;
    const end = stdout.indexOf("\n");
    const [owner = "", group = "", mode = ""] = stdout.slice(0, end).split(" ");
    return { content: stdout.slice(end + 1), owner, group, mode: mode.padStart(4, "0") };
}

/**
 * Writes a file so that no reader sees half of it: beside it, then renamed. Without `as` a file that exists keeps its
 * owner and mode.
 */
export async function writeFile(
    run: RunScript,
    on: Connection,
    path: string,
    content: string,
    as?: Omit<RemoteFile, "content">,
): Promise<void> {
    const p = quote(path);
    const attributes = as
        ? `chown ${quote(`${as.owner}:${as.group}`)} "$t"; chmod ${quote(as.mode)} "$t"`
        : `if [ -e ${p} ]; then chown --reference=${p} "$t"; chmod --reference=${p} "$t"; else chmod 0644 "$t"; fi`;
    await run(
        on,
        `umask 077; mkdir -p -m 755 "$(dirname ${p})"; t=$(mktemp ${p}.XXXXXX); trap 'rm -f "$t"' EXIT; cat > "$t"; ${attributes}; mv "$t" ${p}`,
        { input: content },
    );
}

const locks = new Map<string, Promise<unknown>>();

/** Runs `work` alone among all that name the same machine and thing: reading and writing back one file, say. */
export async function alone<T>(on: Connection, what: string, work: () => Promise<T>): Promise<T> {
    const key = JSON.stringify([on.host, on.port, on.jump?.host, what]);
    const before = locks.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    locks.set(key, settled);
    try {
        return await mine;
    } finally {
        if (locks.get(key) === settled) locks.delete(key);
    }
}
