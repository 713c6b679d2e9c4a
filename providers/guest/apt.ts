import type { Connection } from "../../clients/connection";
import { type OperatorClock, operatorClock } from "../../clients/operator-clock";
import type { RunScript } from "../../clients/ssh";
import { NOT_YET, waitUntil } from "../../clients/waiting";
import { alone } from "./machine-files";

/** The words for a lock that another apt, or another dpkg below it, has: of apt 0.8.16, and of apt and dpkg since. */
const LOCKED = "^(E: Could not get lock|dpkg: .*locked by another process)";

/** How long another apt may be at work on a machine, e.g. that of its cron. */
const LOCK_SECONDS = 300;

/** How apt is run on a machine; replaced in tests. */
export interface Apt {
    run: RunScript;
    clock: OperatorClock;
}

/** The file of apt's words, which goes with the script; in shell. */
export const LOG = '"$log"';

/**
 * Shell functions: `try_apt ARGUMENT…` ends with 1 where apt-get fails, `apt ARGUMENT…` ends the script then, with its words.
 * Where another apt is at work, the script ends with {@link NOT_YET}: apt of 2012 cannot wait (`DPkg::Lock::Timeout` came in 2019).
 */
export const aptShell = (options: string): string => `export DEBIAN_FRONTEND=noninteractive
log=$(mktemp); trap 'rm -f "$log"' EXIT
try_apt() { apt-get -q -y ${options} "$@" > ${LOG} 2>&1 || { ! grep -E '${LOCKED}' ${LOG} >&2 || exit ${NOT_YET}; return 1; }; }
apt() { try_apt "$@" || { grep -E '^(E|W|dpkg): ?' ${LOG} >&2 || tail -n 5 ${LOG} >&2; exit 1; }; }`;

/**
 * Runs a script that begins with {@link aptShell}, again as long as another apt is at work; ours come one after another.
 * @param askSeconds how long it may take by itself
 */
export async function withApt(
    run: RunScript,
    on: Connection,
    script: string,
    askSeconds: number,
    input = "",
    clock = operatorClock,
): Promise<void> {
    const question = { ask: script, input, seconds: LOCK_SECONDS, every: 2, askSeconds };
    await alone(on, "apt", () => waitUntil(run, on, question, clock));
}
