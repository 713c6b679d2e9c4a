import { registered } from "../../components/registered";

/** A program in whose course promises are rejected that nobody handles: jest's own process tells none. */
const rejecting =
    (...reasons: unknown[]) =>
    async () => {
        for (const reason of reasons) process.emit("unhandledRejection", reason, Promise.resolve());
        return { nodes: 8 };
    };
const grpc = Object.assign(new Error("14 UNAVAILABLE: read ECONNRESET"), { code: 14 });
const ofPulumi = new Error('error serializing property "content": resource cloud-db [guest:File] failed to register');

test("a program that ends well gives its outputs, and listens no longer", async () => {
    const before = process.listenerCount("unhandledRejection");
    expect(await registered(rejecting())).toEqual({ nodes: 8 });
    expect(process.listenerCount("unhandledRejection")).toBe(before);
});

test("what only follows from a failure of the engine's is not called the reason", async () => {
    await expect(registered(rejecting(grpc, ofPulumi))).rejects.toThrow(
        /^whatever depends on a failed resource is left as it was$/,
    );
});

test.each([
    ["no such file", [new Error("no such file\nat open"), new Error("later")]],
    ["of its own", [ofPulumi, new Error("of its own")]],
    ["a text", ["a text"]],
    ["no reason is told", [undefined]],
    [
        "failed to register new resource cloud-db [guest:File]: it has no name",
        [new Error("failed to register new resource cloud-db [guest:File]: it has no name")],
    ],
])("the first rejection of another kind is named: %s", async (words, reasons) => {
    await expect(registered(rejecting(...reasons))).rejects.toThrow(
        `the program failed itself: ${words}; whatever depends on a failed resource is left as it was`,
    );
});
