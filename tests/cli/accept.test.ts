import { recordedIn } from "../../cli/accept";

const ground = (name: string) => ({
    urn: name,
    type: "pulumi-nodejs:dynamic/guest:Ground",
    custom: true,
    inputs: { connection: { name }, expects: "e", managed: { paths: [], lines: [] } },
    outputs: { key: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '"KEY"' } },
});

test("of a state the records of the chosen nodes are found, with their keys", () => {
    const state = [ground("db-node"), ground("compute-1"), { urn: "x", type: "x:y:Z", custom: true }];
    expect(recordedIn(state, ["compute-1"])).toEqual([
        { connection: { name: "compute-1" }, expects: "e", managed: { paths: [], lines: [] }, key: "KEY" },
    ]);
});
