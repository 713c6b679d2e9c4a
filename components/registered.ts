import * as pulumi from "@pulumi/pulumi";

/** Pulumi's own wait for all registrations under way; its types do not have it. */
const waitForRegistrations = (): Promise<void> =>
    (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();

/** Pulumi's words (`registerResource` of runtime/resource.js) in the outputs of a resource that the engine could not make. */
const FOLLOWS = /\bresource \S.* \[.+\] failed to register$/;
const LEFT = "whatever depends on a failed resource is left as it was";

const firstLine = (reason: unknown): string =>
    (reason instanceof Error ? reason.message : String(reason)).trim().split("\n")[0]!;

/** Whether a rejection only follows from a failure that the engine tells of itself, or from the engine's end. */
const followsFailure = (reason: unknown): boolean =>
    reason instanceof Error && (pulumi.isGrpcError(reason) || FOLLOWS.test(firstLine(reason)));

/** What the program ends with after these rejections. Any promise of this process may be among them. */
function wordsOf(rejections: readonly unknown[]): string {
    const own = rejections.find(reason => !followsFailure(reason));
    return own === undefined ? LEFT : `the program failed itself: ${firstLine(own) || "no reason is told"}; ${LEFT}`;
}

/**
 * Runs a program to its end: each resource is registered, or depends on one that failed.
 *
 * With `--continue-on-error` the engine goes on after a failure. Nobody registers the dependents of the failed resource. If the
 * program then ends well, the engine takes them for removed ones, and deletes them. Pulumi's runtime (3.258, `run` of
 * automation/server.js) looks for failures only after that. So the program itself ends with an error.
 * @throws RunError where a resource could not be registered
 */
export async function registered<T>(program: () => Promise<T>): Promise<T> {
    // The dependents of a resource that failed never get its outputs.
    const rejections: unknown[] = [];
    const note = (reason: unknown) => void rejections.push(reason ?? "");
    process.on("unhandledRejection", note);
    try {
        const outputs = await program();
        await waitForRegistrations();
        // Rejections are told when all promises of this turn are through.
        await new Promise(setImmediate);
        if (rejections.length > 0 || pulumi.log.hasErrors()) throw new pulumi.RunError(wordsOf(rejections));
        return outputs;
    } finally {
        process.off("unhandledRejection", note);
    }
}
