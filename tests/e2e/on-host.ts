import type { HostRole } from "../../config/nodes";
import { enterOperator, type Lab } from "../../lab";
import { run, type RunOptions, type RunResult } from "../../system/run";

/** Runs a script on a host of a lab as a resource's handler does: from the operator's side, with `sh -e`. */
export async function scriptOn(
    lab: Lab,
    role: HostRole,
    script: string,
    { input = "", allowFailure = false }: Pick<RunOptions, "input" | "allowFailure"> = {},
): Promise<RunResult> {
    const { address, port } = lab.hosts[role],
        [enter, ...rest] = enterOperator(lab.name);
    const known = ["-o", `UserKnownHostsFile=${lab.knownHostsFile}`, "-o", "StrictHostKeyChecking=yes"];
    const ssh = ["ssh", "-p", String(port), "-i", lab.operatorKeyFile, ...known, `root@${address}`];
    return await run(enter!, [...rest, ...ssh, `sh -ec '${script.replace(/'/g, `'\\''`)}'`], {
        input: input.toString(),
        allowFailure,
        timeoutSeconds: 120,
    });
}
