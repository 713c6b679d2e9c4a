import { ask, bytes, list, number, optional, text, VALUE_BYTES } from "../../clients/answer";
import { type Connection, Unreachable } from "../../clients/connection";
import { quote, type RunScript } from "../../clients/ssh";
import type { Problem } from "../dynamic";
import { toBytes, toText } from "./file-text";
import { beganShell } from "./init";

/** Where a node keeps what was taken away: nothing is deleted. */
export const asideDir = "/var/lib/classroom/aside";

/** A file as it lies on a machine. Its content is as file-text.ts has it. */
export interface RemoteFile {
    content: string;
    owner: string;
    group: string;
    mode: string;
}

/** A file that was read, and those of its readers that run since before its last change. */
export interface SeenFile extends RemoteFile {
    unread: string[];
}

/** Whose a file is, and who may read it. */
export type FileAccess = Omit<RemoteFile, "content">;

/** Whether a file is whose it is to be, and may be read by those alone. */
export const hasAccess = (file: FileAccess, { owner, group, mode }: FileAccess): boolean =>
    file.owner === owner && file.group === group && file.mode === mode;

/** What is wrong with the path of a machine's file. */
export const pathProblems = (path: string | undefined): Problem[] =>
    path === undefined || path.startsWith("/")
        ? []
        : [{ property: "path", reason: `"${path}" is not an absolute path` }];

const attributes = /(?<size>\d+):(?<mode>[0-7]{1,4}):(?<owner>[^:\n]+):(?<group>[^:\n]+)/;
const inMiB = (bytes: number): string => `${Math.ceil((bytes / (1 << 20)) * 10) / 10} MiB`;

/**
 * Opens a file as number 7, or ends the script where there is none. A link in a folder that is not root's is none: whoever
 * the folder belongs to could have root read any file, and write it down for others to read. It is opened before it is
 * looked at, so that it is not changed in between.
 */
const opening = (p: string): string =>
    `[ -f ${p} ] || exit 0; exec 7< ${p}; [ "$(stat -L -c %d:%i /dev/fd/7)" = "$(stat -c %d:%i ${p})" ] || [ -O "$(dirname ${p})" ] || exit 0`;

/**
 * Those of some services that run since before the file's last change: they have not read it. Where the file is of the
 * future, the clock was changed, and nothing is known.
 */
const unreadBy = (services: readonly string[]): string => `${beganShell}
changed=$(stat -L -c %Y /dev/fd/7)
[ "$changed" -gt "$(date +%s)" ] || began ${services.map(quote).join(" ")} |
    while read -r s at; do [ "$at" -ge "$changed" ] || say unread "$s"; done`;

/**
 * The file, or undefined when there is none.
 * @param readBy services that read it when they start
 * @throws Unreachable for one of more than 1 MiB, which is not read
 */
export async function readFile(
    run: RunScript,
    on: Connection,
    path: string,
    readBy: readonly string[] = [],
): Promise<SeenFile | undefined> {
    const said = await ask(
        run,
        on,
        `${opening(quote(path))}
file=$(stat -L -c '%s:%a:%U:%G' /dev/fd/7); say file "$file"
[ "\${file%%:*}" -gt ${VALUE_BYTES} ] || tell content <&7
${readBy.length === 0 ? "" : unreadBy(readBy)}`,
        { file: optional(text(attributes)), content: optional(bytes), unread: list(text(/[A-Za-z0-9@+._-]+/)) },
    );
    if (said.file === undefined) return undefined;
    const { size, mode, owner, group } = attributes.exec(said.file)!.groups as Record<string, string>;
    if (said.content === undefined)
        throw new Unreachable(`${on.name}: ${path} has ${inMiB(Number(size))}; allowed is ${inMiB(VALUE_BYTES)}`);
    const unread = readBy.filter(s => said.unread.includes(s));
    return { content: toText(said.content), owner: owner!, group: group!, mode: mode!.padStart(4, "0"), unread };
}

/** Files of one pattern that are read beside another, at most. */
const BESIDE = 100;

/** A file that is read beside another. */
export interface Beside {
    path: string;
    content: string;
    /** Which pattern names it, counted from 0; `undefined`: a service is started with it. */
    pattern?: number;
}

/**
 * Files of OpenStack's that services' units or jobs name as arguments, drop-ins and overrides included, as shell patterns.
 * Paths with other characters than these are none of a package's.
 */
const argumentsOf = (services: readonly string[]): string => {
    const names = services.map(quote).join(" ");
    return `{ [ ! -d /run/systemd/system ] || systemctl show -p ExecStart ${names} || true
for s in ${names}; do cat "/etc/init/$s.conf" "/etc/init/$s.override" || true; done; } 2> /dev/null |
    { grep -oE -e '--config-(dir|file)[= ]/[A-Za-z0-9_./-]+' || true; } |
    sed 's/^--config-file[= ]//; s,^--config-dir[= ]\\(.*\\)$,\\1/*.conf,'`;
};

/**
 * Files that shell patterns name, then those that services are started with, in the order in which programs take them.
 * @throws Unreachable for one of more than 1 MiB, or for more than 100
 */
export async function readBeside(
    run: RunScript,
    on: Connection,
    patterns: readonly string[],
    services: readonly string[] = [],
): Promise<Beside[]> {
    if (patterns.length + services.length === 0) return [];
    // A path's own characters are quoted, but for the star.
    const all = patterns.map(p => `all ${p.split("*").map(quote).join("*")}`);
    const said = await ask(
        run,
        on,
        `LC_ALL=C; export LC_ALL
one() ( ${opening('"$1"')}
[ "$(stat -L -c %s /dev/fd/7)" -le ${VALUE_BYTES} ] || { say large "$1"; exit 0; }
say path "$1"; say pattern $i; tell content <&7 )
n=0 i=0
all() { for f in "$@"; do [ -f "$f" ] || continue; n=$((n + 1)); [ $n -le ${BESIDE} ] || { say large "$f"; break; }; one "$f"; done; i=$((i + 1)); }
${all.join("\n")}
${services.length === 0 ? "" : `named=$(${argumentsOf(services)})\nall $named`}`,
        { path: list(text()), pattern: list(number), content: list(bytes), large: list(text()) },
    );
    const [large] = said.large;
    if (large !== undefined)
        throw new Unreachable(
            `${on.name}: ${large} has more than ${inMiB(VALUE_BYTES)}, or there are more than ${BESIDE} files of its kind`,
        );
    return said.path.map((path, i) => {
        const pattern = said.pattern[i]!;
        return { path, content: toText(said.content[i]!), ...(pattern < patterns.length && { pattern }) };
    });
}

/**
 * Writes a file so that no reader sees half of it: beside it, then renamed. Without `as` a file that exists keeps its
 * owner and mode. Until then it is in a folder that nobody else gets into, be it that the one it goes to is a service's.
 */
export async function writeFile(
    run: RunScript,
    on: Connection,
    path: string,
    content: string,
    as?: FileAccess,
): Promise<void> {
    const p = quote(path),
        sent = toBytes(content);
    if (sent.includes(0))
        throw new Error(`${on.name}: ${path} has NUL bytes in it, so it is no text file; it was left as it is`);
    const given = as
        ? `chown ${quote(`${as.owner}:${as.group}`)} new; chmod ${quote(as.mode)} new`
        : `if [ -e ${p} ]; then chown --reference=${p} new; chmod --reference=${p} new; else chmod 0644 new; fi`;
    await run(
        on,
        `umask 077; mkdir -p -m 755 "$(dirname ${p})"; t=$(mktemp -d ${p}.XXXXXX); trap 'rm -rf "$t"' EXIT; cd "$t"
[ -O . ] && [ "$(stat -c %a .)" = 700 ] || { echo "somebody has put another folder in place of $t" >&2; exit 1; }
set -C; cat > new; ${given}; mv -fT new ${p}; cd /`,
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
