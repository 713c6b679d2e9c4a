import { type Canaries, type Finding } from "./canaries";
import type { RunResult } from "../../system/run";

/** Runs a shell script somewhere with something on its standard input. */
export type Shell = (script: string, input: string) => Promise<RunResult>;

export interface Search {
    /** Folder to search; the whole machine where it is not given, but for what the kernel makes up. */
    root?: string;
    /** What the search leaves out, as find's -path takes it. */
    except?: readonly string[];
    /** Only what a user without any rights can read, by the kernel's own judgement. */
    asNobody?: boolean;
    /** Files that were changed since then, in seconds since 1970. */
    since: number;
}

/** The name of the secret that every search hides for itself. */
export const PLANTED = "planted";

/**
 * Looks for the secrets in files. It first puts one of its own into a file that it has to find, and, searching as
 * nobody, into one that it must not: a search that finds anything else of that is an error.
 * @returns where secrets were found, without the planted one
 */
export async function search(
    canaries: Canaries,
    place: string,
    shell: Shell,
    { root = "/", except = [], asNobody = false, since }: Search,
): Promise<Finding[]> {
    const plantedIn = root === "/" ? "/var/tmp" : root;
    const pruned = ["/proc", "/sys", ...except].map(path => `-path '${path}'`).join(" -o ");
    const { stdout, stderr, code } = await shell(
        `set -eu; umask 077
d=$(mktemp -d); open=$(mktemp '${plantedIn}/planted-open.XXXXXX'); hidden=$(mktemp '${plantedIn}/planted-hidden.XXXXXX'); trap 'rm -rf "$d" "$open" "$hidden"' EXIT
cat > "$d/input"; head -n 1 "$d/input" | tee "$open" > "$hidden"; chmod 644 "$open"; tail -n +2 "$d/input" > "$d/patterns"
cd /
${asNobody ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""}find '${root}' \\( ${pruned} -o -path "$d" \\) -prune -o -type f -newerct @${since} ${asNobody ? "-readable " : ""}-print0 > "$d/files" 2> /dev/null || true
xargs -0 -r grep -D skip -aoHZF -f "$d/patterns" -- < "$d/files" 2> /dev/null | sort -u | tr '\\0' '\\t' || true`,
        `${canaries.value(PLANTED)}\n${canaries.patterns}`,
    );
    if (code !== 0) throw new Error(`${place}: the search ended with ${code}: ${stderr}`);
    const found = stdout
        .split("\n")
        .filter(Boolean)
        .flatMap(line => {
            const [where, form] = line.split("\t");
            return canaries.in(form!).map(secret => ({ secret, where: where! }));
        });
    const planted = found.filter(f => f.secret === PLANTED).map(f => f.where.replace(/\.\w+$/, ""));
    const wanted = [...(asNobody ? [] : ["hidden"]), "open"].map(kind => `${plantedIn}/planted-${kind}`);
    if ([...new Set(planted)].sort().join() !== wanted.join())
        throw new Error(
            `${place}: of what was planted the search found ${planted.join() || "nothing"}, not ${wanted.join()}`,
        );
    const rest = found.filter(f => f.secret !== PLANTED).map(f => `${f.secret}\t${place}: ${f.where}`);
    return [...new Set(rest)]
        .map(line => line.split("\t"))
        .map(([secret, where]) => ({ secret: secret!, where: where! }));
}
