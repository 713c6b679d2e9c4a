import * as path from "path";
import { machineCertificates } from "../../system/certificates";
import { projectDir } from "../../system/paths";
import { run, type RunOptions, type RunResult } from "../../system/run";

export interface InRootOptions extends Pick<RunOptions, "input" | "timeoutSeconds" | "onLine" | "allowFailure"> {
    /**
     * Root folders below an overlay, mounted at `root` while the command runs. The command's writes stay in
     * `root.upper`.
     */
    lower?: readonly string[];
    /** Folders of this machine that the command sees: path inside the root → folder. */
    binds?: Readonly<Record<string, string>>;
    env?: Readonly<Record<string, string>>;
    /**
     * Words before the whole, for another network than this machine's: those of `lab exec`. No proxy can be reached
     * from there.
     */
    through?: readonly string[];
}

/** Where a command in a root finds those certificates. */
export const CERTIFICATES_INSIDE = "/run/machine/ca.crt";

/**
 * Runs a command in a root folder as if it were the machine's own, with this machine's network. Its mounts are in a
 * namespace of their own and its processes in a pid namespace, so both are gone however this process ends.
 */
export async function inRoot(
    root: string,
    command: readonly string[],
    options: InRootOptions = {},
): Promise<RunResult> {
    const { lower, binds = {}, env = {}, through = [], ...rest } = options;
    const proxies = Object.fromEntries(
        (through.length > 0 ? [] : ["http_proxy", "https_proxy", "no_proxy"])
            .map(name => [name, process.env[name] ?? process.env[name.toUpperCase()]])
            .filter(([, value]) => value),
    );
    const lines = (pairs: [string, string][], between: string): string =>
        pairs.map(pair => pair.join(between)).join("\n");
    const parameters = {
        IN_ROOT_LOWER: lower?.join("\n") ?? "",
        IN_ROOT_BINDS: lines(Object.entries(binds), "\t"),
        IN_ROOT_ENV: lines(Object.entries({ ...proxies, ...env }), "="),
        IN_ROOT_CA: machineCertificates() ?? "",
    };
    const [program, ...args] = [
        ...through,
        // `lab exec` gives a command none of its caller's variables.
        ...(through.length > 0 ? ["env", ...Object.entries(parameters).map(pair => pair.join("="))] : []),
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
        "--",
        "sh",
        path.join(projectDir(), "lab/golden/data/in-root.sh"),
        root,
        ...command,
    ];
    return await run(program!, args, { ...rest, env: parameters });
}

/** Runs a shell script given as text; it ends at the first command that fails. */
export async function scriptInRoot(root: string, script: string, options: InRootOptions = {}): Promise<RunResult> {
    return await inRoot(root, ["sh", "-eu", "-s"], { ...options, input: script });
}
