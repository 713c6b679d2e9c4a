/**
 * Pulumi's SDK takes a stack trace for each promise, for a message about promises that never end. Jest maps each trace to its
 * source: more than half of the time of a test that runs the whole program.
 */
jest.mock("@pulumi/pulumi/runtime/debuggable", () => ({
    ...jest.requireActual("@pulumi/pulumi/runtime/debuggable"),
    debuggablePromise: promise => promise,
}));
