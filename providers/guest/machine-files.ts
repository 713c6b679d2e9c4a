import { ask, bytes, optional, text, VALUE_BYTES } from "../../clients/answer";
import { Connection, Unreachable } from "../../clients/connection";
import { quote, RunScript } from "../../clients/ssh";
import { toBytes, toText } from "./file-text";

/** A file as it lies on a machine. Its content is as file-text.ts has it. */
export interface RemoteFile {
    content: string;
    owner: string;
    group: string;
    mode: string;
}

const attributes = /(?<size>\d+):(?<mode>[0-7]{1,4}):(?<owner>[^:\n]+):(?<group>[^:\n]+)/;
const inMiB = (bytes: number): string => `${Math.ceil((bytes / (1 << 20)) * 10) / 10} MiB`;

/**
 * The file, or undefined when there is none.
 * @throws Unreachable for one of more than 1 MiB, which is not read
 */
export async function readFile(run: RunScript, on: Connection, path: string): Promise<RemoteFile | undefined> {
    const p = quote(path);
    const said = await ask(
        run,
        on,
        `[ -f ${p} ] || exit 0
file=$(stat -L -c '%s:%a:%U:%G' ${p}); say file "$file"
[ "\${file%%:*}" -gt ${VALUE_BYTES} ] || tell content < ${p}`,
        { file: optional(text(attributes)), content: optional(bytes) },
    );
    if (said.file === undefined) return undefined;
    const { size, mode, owner, group } = attributes.exec(said.file)!.groups as Record<string, string>;
    if (said.content === undefined)
        throw new Unreachable(`${on.name}: ${path} has ${inMiB(Number(size))}; allowed is ${inMiB(VALUE_BYTES)}`);
    return { content: toText(said.content), owner: owner!, group: group!, mode: mode!.padStart(4, "0") };
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
    const p = quote(path),
        sent = toBytes(content);
    if (sent.includes(0))
        throw new Error(`${on.name}: ${path} has NUL bytes in it, so it is no text file; it was left as it is`);
    const given = as
        ? `chown ${quote(`${as.owner}:${as.group}`)} "$t"; chmod ${quote(as.mode)} "$t"`
        : `if [ -e ${p} ]; then chown --reference=${p} "$t"; chmod --reference=${p} "$t"; else chmod 0644 "$t"; fi`;
    await run(
        on,
        `umask 077; mkdir -p -m 755 "$(dirname ${p})"; t=$(mktemp ${p}.XXXXXX); trap 'rm -f "$t"' EXIT; cat > "$t"; ${given}; mv "$t" ${p}`,
        { input: sent },
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
