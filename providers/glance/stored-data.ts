import * as fs from "fs";
import { ask, number, optional, text } from "../../clients/answer";
import type { Connection } from "../../clients/connection";
import { quote, type RunScript } from "../../clients/ssh";
import { asideDir } from "../guest/machine-files";
import { inHome } from "../../system/paths";

/** Where glance keeps the data of images: a file each, which its id names. Only glance may enter. */
const folder = "/var/lib/glance/images";

/** Nothing is wrong with an image's data. */
export const whole = "whole";

/** As much of an image as is sent through ssh at once; the data of a larger one go in by glance alone. */
export const MOST_BYTES = 64 << 20;

/**
 * What is wrong with an image's data in the store, as what follows "its data"; {@link whole} where nothing is. Undefined where this folder
 * does not hold it: a store may be elsewhere. A folder that glance may not enter is told by the node's record. Its bytes are read: one that was overwritten has the same size.
 */
export async function foundWrong(
    run: RunScript,
    store: Connection,
    id: string,
    { size, checksum }: { size: number; checksum: string },
): Promise<string | undefined> {
    const said = await ask(
        run,
        store,
        `f=${folder}/${quote(id)}; [ -f "$f" ] || exit 0
n=$(stat -L -c %s "$f"); say size "$n"
m=$([ "$n" -ne ${size} ] || md5sum < "$f" | cut -c 1-32); say sum "$m"
r=yes; su -s /bin/sh -c "[ ! -x ${folder} ] || head -c 1 $f" glance > /dev/null 2>&1 || r=no; say readable "$r"`,
        { size: optional(number), sum: optional(text(/[0-9a-f]{32}|/)), readable: optional(text(/yes|no/)) },
        { timeoutSeconds: 120 },
    );
    if (said.size === undefined) return undefined;
    if (said.size !== size) return `have ${said.size} bytes instead of ${size}`;
    if (said.sum !== checksum) return "are others than those that were put in";
    return said.readable === "no" ? "cannot be read by glance" : whole;
}

/** Puts an image's data back into the store, under the id that people know; what is there goes aside. */
export async function putBack(run: RunScript, store: Connection, id: string, file: string): Promise<void> {
    const data = await fs.promises.readFile(inHome(file));
    await run(
        store,
        `umask 077; f=${folder}/${quote(id)}; a=${asideDir}/$(date +%Y%m%d-%H%M%S)${folder}
# In the folder's place there may be a file, or a link to nowhere.
[ -d ${folder} ] || { [ ! -e ${folder} -a ! -h ${folder} ] || { mkdir -p "$a"; mv -f ${folder} "$a"/; }; mkdir -p ${folder}; chown glance:glance ${folder}; chmod 0755 ${folder}; }
t=$(mktemp -d ${folder}/.new.XXXXXX); trap 'rm -rf "$t"' EXIT; cd "$t"
[ -O . ] && [ "$(stat -c %a .)" = 700 ] || { echo "somebody has put another folder in place of $t" >&2; exit 1; }
set -C; base64 -d > new; chown glance:glance new; chmod 0640 new
[ ! -e "$f" ] || { mkdir -p "$a"; mv -f "$f" "$a"/; }
mv -fT new "$f"; cd /`,
        { input: data.toString("base64"), timeoutSeconds: 600 },
    );
}
