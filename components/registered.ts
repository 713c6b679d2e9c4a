import * as pulumi from "@pulumi/pulumi";

/** Pulumi's own wait for all registrations under way; its types do not have it. */
const waitForRegistrations = (): Promise<void> =>
    (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();

/**
 * Runs a program to its end: each resource is registered, or depends on one that failed.
 *
 * With `--continue-on-error` the engine goes on after a failure. Nobody registers the dependents of the failed resource. If the
 * program then ends well, the engine takes them for removed ones, and deletes them. Pulumi's runtime (3.258, `run` of
 * automation/server.js) looks for failures only after that. So the program itself ends with an error.
 * @throws RunError where a resource could not be registered
 */
export async function registered<T>(program: () => Promise<T>): Promise<T> {
    let failed = false;
    // The dependents of a resource that failed never get its outputs.
    const note = () => (failed = true);
    process.on("unhandledRejection", note);
    try {
        const outputs = await program();
        await waitForRegistrations();
        // Rejections are told when all promises of this turn are through.
        await new Promise(setImmediate);
        if (failed || pulumi.log.hasErrors())
            throw new pulumi.RunError("whatever depends on a failed resource is left as it was");
        return outputs;
    } finally {
        process.off("unhandledRejection", note);
    }
}
